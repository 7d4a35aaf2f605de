"""A ClamAV daemon of the tests' own, with one hand-written signature: that of the EICAR test file."""

import shutil
import subprocess
import time
from pathlib import Path

import pytest

from carnet.foundation.clamd import ClamdAway, ClamdSession

# Written in two halves, so that an antivirus does not take this file for the test file itself.
EICAR = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-STANDARD" + b"-ANTIVIRUS-TEST-FILE!$H+H*"
SIGNATURE = "Eicar-Carnet-Test"
STREAM_BYTES = 300_000


class Clamd:
    """Starts and stops; `address` is its socket, there or not."""

    def __init__(self, folder: Path) -> None:
        program = shutil.which("clamd") or shutil.which("clamd", path="/usr/sbin")
        if program is None:
            pytest.skip("clamd (Debian: clamav-daemon) is not installed: run tools/test-programs")
        self._program = program
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        self.address = str(folder / "clamd.ctl")
        base = folder / "base"
        base.mkdir()
        (base / "test.ndb").write_text(f"{SIGNATURE}:0:*:{EICAR.hex()}\n")
        (folder / "clamd.conf").write_text(
            f"DatabaseDirectory {base}\nLocalSocket {self.address}\nLocalSocketMode 600\nForeground yes\n"
            f"LogFile {folder}/log\nStreamMaxLength {STREAM_BYTES}\nMaxThreads 4\nTemporaryDirectory {folder}\n"
        )

    def start(self) -> None:
        self._process = subprocess.Popen(
            [self._program, "--config-file", str(self._folder / "clamd.conf")],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        ends = time.monotonic() + 60
        while True:
            try:
                with ClamdSession(self.address, 5) as session:
                    session.ping()
                return
            except ClamdAway:
                assert self._process.poll() is None, (self._folder / "log").read_text()
                assert time.monotonic() < ends
                time.sleep(0.05)

    def stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None
        Path(self.address).unlink(missing_ok=True)
