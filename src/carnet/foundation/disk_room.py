"""Whether a disk has room for what is about to be promised."""

import os
import time
from pathlib import Path

ASKED_AGAIN_SECONDS = 1.0


class DiskRoom:
    """Whether the file system of `folder` has at least `least` bytes free; asked once a second."""

    def __init__(self, folder: Path, least: int) -> None:
        self._folder = folder
        self._least = least
        self._asked = float("-inf")
        self._enough = True

    def enough(self) -> bool:
        """True as well when the file system does not say."""
        now = time.monotonic()
        if now - self._asked >= ASKED_AGAIN_SECONDS:
            self._asked = now
            try:
                found = os.statvfs(self._folder)
                self._enough = found.f_bavail * found.f_frsize >= self._least
            except OSError:
                self._enough = True
        return self._enough
