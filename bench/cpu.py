"""CPU time by process, as the operating system counts it."""

from collections.abc import Iterable, Mapping

import psutil

from onebox.processes import Process

LOAD = "load"  # this very process: the buyers
ELSEWHERE = "elsewhere"  # what the rest of the machine took meanwhile


class CpuMeter:
    """Reads the CPU time of named groups of processes, their children included, dead or alive."""

    def __init__(self, groups: Mapping[str, Iterable[Process]]) -> None:
        self._buyers = psutil.Process()
        self._groups = {
            name: [psutil.Process(process.pid) for process in processes]
            for name, processes in groups.items()
        }

    def seconds(self) -> dict[str, float]:
        """Return the CPU seconds of each group so far, and of what else the machine did."""
        times = {
            name: sum(_of_family(process) for process in processes)
            for name, processes in self._groups.items()
        }
        own, machine = self._buyers.cpu_times(), psutil.cpu_times()
        times[LOAD] = own.user + own.system
        busy = sum(machine) - machine.idle - getattr(machine, "iowait", 0.0)
        return times | {ELSEWHERE: busy - sum(times.values())}


def _of_family(process: psutil.Process) -> float:
    """Return the CPU seconds of a process and its children.

    PostgreSQL's backends are such: those that ended are in their parent's account.
    """
    times = process.cpu_times()
    total = times.user + times.system + times.children_user + times.children_system
    for child in process.children():
        try:
            own = child.cpu_times()
        except psutil.NoSuchProcess:
            continue
        total += own.user + own.system
    return total
