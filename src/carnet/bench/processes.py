"""What the processes below one process have used: processor time and memory, from ``/proc``."""

import os
from dataclasses import dataclass
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Used:
    """One process: its command line, the processor seconds that it and its ended children have used, the octets that
    it holds in memory.
    """

    command: str
    cpu_seconds: float
    resident: int


def below(pid: int) -> list[Used]:
    """The process and all its descendants; one that ends meanwhile is left out."""
    parents: dict[int, int] = {}
    used: dict[int, Used] = {}
    for path in Path("/proc").glob("[0-9]*"):
        try:
            told = (path / "stat").read_text().rpartition(")")[2].split()
            command = (path / "cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace").strip()
        except OSError:
            continue
        parents[int(path.name)] = int(told[1])
        cpu_seconds = sum(map(int, told[11:15])) / _TICKS
        used[int(path.name)] = Used(command, cpu_seconds, int(told[21]) * os.sysconf("SC_PAGE_SIZE"))
    return [one for number, one in used.items() if _is_below(number, pid, parents)]


def _is_below(number: int, pid: int, parents: dict[int, int]) -> bool:
    while number > 1:
        if number == pid:
            return True
        number = parents.get(number, 0)
    return False
