"""The data folder: who may enter it, who holds it, and what Carnet itself keeps in it.

::

    <data_dir>/                 0700
        launcher.lock           held (flock) by the launcher; tells that the folder is Carnet's
        cluster/                PostgreSQL's own data directory
        log/                    PostgreSQL's log, one file a weekday
        start.log               what PostgreSQL said before its log was open
        tcp-access              0600, only when the path is too long for a socket: port and password
        .s.PGSQL.5432           the socket
"""

import contextlib
import fcntl
import os
import secrets
import socket
from dataclasses import dataclass, field
from pathlib import Path

from carnet.foundation.postgres.refusal import OTHER_FOLDER, PostgresRefused

LOCK = "launcher.lock"
CLUSTER = "cluster"
TCP_ACCESS = "tcp-access"
PORT = 5432  # names the socket file; no TCP port is opened in socket mode
LOOPBACK = "127.0.0.1"
_SOCKET_LIMIT = 107  # bytes: sockaddr_un.sun_path is 108 with its final NUL (unix(7))

# When PostgreSQL runs as a dedicated user the folder is that user's, and root must not follow a link it could plant.
_NO_FOLLOW = os.O_NOFOLLOW | os.O_CLOEXEC


def prepare(data_dir: Path) -> None:
    """Make the data folder, or check that an existing one is empty or Carnet's, and close it to others (0700).

    Raises ``PostgresRefused`` when it cannot be used. Parent folders are never changed.
    """
    if any(ord(character) < 32 for character in str(data_dir)):
        raise PostgresRefused(f"The path of the data folder holds a control character: {OTHER_FOLDER}.")
    try:
        data_dir.parent.mkdir(parents=True, exist_ok=True)
        data_dir.mkdir(mode=0o700, exist_ok=True)
        state = data_dir.stat()
        foreign = os.geteuid() not in (0, state.st_uid)
        content = set() if foreign else set(os.listdir(data_dir))
    except OSError as problem:
        raise PostgresRefused(
            f"The data folder {data_dir} cannot be used ({problem.strerror}): {OTHER_FOLDER}."
        ) from problem
    if foreign:
        raise PostgresRefused(
            f"The data folder {data_dir} belongs to user {state.st_uid} and Carnet runs as user {os.geteuid()}: "
            f"start Carnet as that user, or {OTHER_FOLDER}."
        )
    if content and LOCK not in content:
        raise PostgresRefused(
            f"The folder {data_dir} is not empty and Carnet did not make it: nothing was changed; {OTHER_FOLDER}."
        )
    if state.st_mode & 0o777 != 0o700:
        data_dir.chmod(0o700)


class FolderLock:
    """Held while a launcher answers for the folder; the kernel lets go of it when its process ends, however it ends."""

    def __init__(self, data_dir: Path) -> None:
        """Take the lock at once. Raises ``PostgresRefused`` when another launcher holds it."""
        self._file = os.open(data_dir / LOCK, os.O_RDWR | os.O_CREAT | _NO_FOLLOW, 0o600)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(self._file, 20, 0).decode("ascii", "replace").strip() or "unknown"
            os.close(self._file)
            raise PostgresRefused(
                f"Another Carnet (process {holder}) already runs PostgreSQL on {data_dir}: stop it first, "
                f"or {OTHER_FOLDER}."
            ) from None
        except OSError:
            os.close(self._file)
            raise
        os.ftruncate(self._file, 0)
        os.pwrite(self._file, f"{os.getpid()}\n".encode(), 0)

    def release(self) -> None:
        os.close(self._file)


def socket_file(data_dir: Path) -> Path:
    """Where the server's socket is, when it has one."""
    return data_dir / f".s.PGSQL.{PORT}"


def fits_socket(data_dir: Path) -> bool:
    """Whether a client can be told to find a socket in this folder.

    The path has to fit ``sun_path``; a comma separates hosts in a libpq connection string; the rest of a connection
    string is UTF-8.
    """
    name = str(socket_file(data_dir))
    try:
        return len(name.encode()) <= _SOCKET_LIMIT and "," not in name
    except UnicodeEncodeError:
        return False


@dataclass(frozen=True)
class TcpAccess:
    """How to reach a server whose folder is too deep for a socket: a loopback port and a password."""

    port: int
    password: str = field(repr=False)


def read_tcp_access(data_dir: Path) -> TcpAccess | None:
    """The port and password last used, or None when there are none that can be read."""
    try:
        file = os.open(data_dir / TCP_ACCESS, os.O_RDONLY | _NO_FOLLOW)
        try:
            port, password = os.read(file, 200).decode("ascii").split()
        finally:
            os.close(file)
        return TcpAccess(int(port), password) if password.isalnum() else None
    except (OSError, ValueError):
        return None


def renew_tcp_access(data_dir: Path) -> TcpAccess:
    """The access of before when its port is free (clients keep their address), else a new port; written 0600."""
    before = read_tcp_access(data_dir)
    if before is not None and port_is_free(before.port):
        return before
    password = before.password if before is not None else secrets.token_hex(32)
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        access = TcpAccess(probe.getsockname()[1], password)
    target, new = data_dir / TCP_ACCESS, data_dir / f"{TCP_ACCESS}.new"
    with contextlib.suppress(FileNotFoundError):
        new.unlink()
    file = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _NO_FOLLOW, 0o600)
    try:
        os.write(file, f"{access.port}\n{access.password}\n".encode())
        os.fsync(file)
    finally:
        os.close(file)
    new.rename(target)
    return access


def port_is_free(port: int) -> bool:
    """Whether a server could listen on this loopback port now."""
    with socket.socket() as probe:
        # As PostgreSQL does, so that connections still in TIME_WAIT do not count.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except (OSError, OverflowError):
            return False
    return True


def somebody_answers(data_dir: Path) -> bool:
    """Whether some process accepts connections on the folder's socket."""
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(2)
        try:
            probe.connect(str(socket_file(data_dir)))
        except OSError:
            return False
    return True


def sync(data_dir: Path) -> None:
    """Make the names in this folder durable."""
    handle = os.open(data_dir, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
