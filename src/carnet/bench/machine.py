"""What a figure was measured on: without it a number says nothing."""

import os
import platform
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

_GIB = 1 << 30
_SYNC_SECONDS = 1.0
_BLOCK = b"\0" * 4096


def describe(folder: Path, **versions: str) -> dict[str, Any]:
    """The machine, the disk under ``folder`` (what it flushes in a second), and the versions that were compared."""
    return {
        "cores": os.cpu_count() or 0,
        "processor": _processor(),
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / _GIB, 1),
        "system": f"{platform.system()} {platform.release()}",
        "load_1min": round(os.getloadavg()[0], 2),
        "filesystem": filesystem(folder),
        "fdatasync_per_s": round(flushes_per_second(folder)),
        "python": platform.python_version(),
        "carnet": version("carnet"),
        **versions,
    }


def flushes_per_second(folder: Path, seconds: float = _SYNC_SECONDS) -> float:
    """How often a second this disk makes one appended block of 4 KiB durable (one writer, one after the other)."""
    path = folder / "flush-probe"
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        began = time.perf_counter()
        count = 0
        while time.perf_counter() - began < seconds:
            os.write(file, _BLOCK)
            os.fdatasync(file)
            count += 1
        return count / (time.perf_counter() - began)
    finally:
        os.close(file)
        path.unlink()


def filesystem(folder: Path) -> str:
    """The kind of file system under ``folder`` (``ext4``, ``tmpfs`` …); empty when it cannot be told."""
    best = ("", "")
    try:
        mounts = Path("/proc/self/mounts").read_text().splitlines()
    except OSError:
        return ""
    resolved = str(folder.resolve()) + "/"
    for line in mounts:
        _, point, kind, *_ = line.split(" ")
        if resolved.startswith(point.rstrip("/") + "/") and len(point) >= len(best[0]):
            best = (point, kind)
    return best[1]


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()
