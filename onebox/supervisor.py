"""Starts processes, notices when one dies, stops them in reverse order."""

import asyncio
from collections.abc import Callable

import aiohttp

from onebox.processes import Process

_READY_WITHIN_SECONDS = 60
_PAUSE_SECONDS = 0.05


class ProcessFailed(Exception):
    """A process died or did not get ready; the text has the end of its log."""

    def __init__(self, process: Process, what: str) -> None:
        super().__init__(
            f"{process.name} {what}. The end of {process.log}:\n\n{process.last_lines()}"
        )


class Supervisor:
    """The processes that run, in the order of their start. `http` asks them if they are ready."""

    def __init__(self, http: aiohttp.ClientSession) -> None:
        self._http = http
        self._running: list[Process] = []

    def start(self, process: Process) -> None:
        """Start it; `ready` tells when it can be used."""
        process.start()
        self.adopt(process)

    def adopt(self, process: Process) -> None:
        """Look after a process that runs already."""
        self._running.append(process)

    async def ready(self, process: Process, sign: str | Callable[[], bool]) -> float:
        """Wait for `sign`, a URL that answers 200 or a condition; return the seconds since start.

        Raises ProcessFailed after 60 s. That it died is for `watch` to say.
        """
        while not (await self._answers(sign) if isinstance(sign, str) else sign()):
            if process.age_seconds > _READY_WITHIN_SECONDS:
                raise ProcessFailed(process, f"was not ready after {_READY_WITHIN_SECONDS} s")
            await asyncio.sleep(_PAUSE_SECONDS)
        return process.age_seconds

    async def run(self, process: Process) -> float:
        """Start it and wait for its end; return the seconds it took.

        Raises ProcessFailed unless it exits with 0.
        """
        process.start()
        try:
            while process.exit_code is None:  # noqa: ASYNC110 - the kernel has no event for it
                await asyncio.sleep(_PAUSE_SECONDS)
        finally:
            process.stop()
        if process.exit_code:
            raise ProcessFailed(process, f"exited with {process.exit_code}")
        return process.age_seconds

    def stop(self, process: Process) -> None:
        """Stop this one; the others run on."""
        self._running.remove(process)
        process.stop()

    def stop_all(self) -> None:
        """Stop all, the last one first."""
        while self._running:
            self._running.pop().stop()

    async def watch(self) -> None:
        """Wait until a process dies that was not stopped. Raises ProcessFailed."""
        while True:
            for process in self._running:
                if process.exit_code is not None:
                    raise ProcessFailed(process, f"ended with {process.exit_code}")
            await asyncio.sleep(_PAUSE_SECONDS)

    async def _answers(self, url: str) -> bool:
        try:
            async with self._http.get(url) as answer:
                return answer.status == 200
        except (aiohttp.ClientError, TimeoutError):
            return False
