"""The peer's programs: found, or installed from the distribution without starting anything."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from carnet.bench.problems import CannotMeasure

POSTFIX_PACKAGES = ("postfix",)
PEER_PACKAGES = ("postfix", "dovecot-core", "dovecot-imapd", "dovecot-lmtpd")
_NEEDED = {
    "postfix": "/usr/sbin/postfix",
    "dovecot-core": "/usr/sbin/dovecot",
    "dovecot-imapd": "/usr/lib/dovecot/imap",
    "dovecot-lmtpd": "/usr/lib/dovecot/lmtp",
}
_POLICY = Path("/usr/sbin/policy-rc.d")
_INSTALL_SECONDS = 600


def missing(packages: tuple[str, ...]) -> list[str]:
    """Which of these packages have not put their program where Debian puts it."""
    return [package for package in packages if not Path(_NEEDED[package]).exists()]


def ensure(packages: tuple[str, ...]) -> None:
    """Install what is missing. Raises ``CannotMeasure`` where that cannot be done."""
    wanted = missing(packages)
    if not wanted:
        return
    names = ", ".join(wanted)
    if shutil.which("apt-get") is None:
        raise CannotMeasure(f"{names} not installed, and there is no apt-get to install it with")
    if os.geteuid() != 0:
        raise CannotMeasure(f"{names} not installed: run this as root, or `apt-get install {' '.join(wanted)}` first")
    with _no_daemons():
        installed = _apt("install", "--yes", "--no-install-recommends", *wanted)
        if not installed:
            _apt("update")
            installed = _apt("install", "--yes", "--no-install-recommends", *wanted)
    if not installed or missing(packages):
        raise CannotMeasure(f"apt-get could not install {names}")


def _apt(*arguments: str) -> bool:
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    try:
        done = subprocess.run(
            ["apt-get", "--quiet", *arguments],
            env=quiet,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=_INSTALL_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0


@contextmanager
def _no_daemons() -> Iterator[None]:
    """Debian starts what it installs unless a policy says no (invoke-rc.d(8)): ours does, for as long as we install."""
    if _POLICY.exists():
        yield
        return
    _POLICY.write_text("#!/bin/sh\nexit 101\n")
    _POLICY.chmod(0o755)
    try:
        yield
    finally:
        _POLICY.unlink(missing_ok=True)


def said_version(argv: list[str]) -> str:
    """The first word that looks like a version in what a program says; empty when it says none."""
    try:
        done = subprocess.run(argv, capture_output=True, text=True, timeout=30, check=False)
    except OSError:
        return ""
    return next((word for word in (done.stdout + done.stderr).split() if word[:1].isdigit()), "")
