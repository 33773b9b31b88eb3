"""The one clock of the sandbox: real time plus an offset that tests may move."""

import time

from stripe_sandbox.store import Store


class Clock:
    """Tells the sandbox's time; its offset survives a restart."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._offset_seconds = float((store.get("setting", "clock") or {}).get("offset_seconds", 0))

    @property
    def offset_seconds(self) -> float:
        """How far the sandbox is ahead of real time."""
        return self._offset_seconds

    def set_offset(self, seconds: float) -> None:
        """Move the clock."""
        self._offset_seconds = seconds
        self._store.put("setting", "clock", {"offset_seconds": seconds})

    def now(self) -> float:
        """Return the seconds since 1970."""
        return time.time() + self._offset_seconds

    def timestamp(self) -> int:
        """Return the time as Stripe writes it, in whole seconds."""
        return int(self.now())
