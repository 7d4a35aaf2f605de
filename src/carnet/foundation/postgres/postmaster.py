"""Is a PostgreSQL running on this cluster? ``postmaster.pid`` says so; the kernel is asked whether it is true."""

import contextlib
import os
import select
import signal
import time
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class PidFile:
    """``postmaster.pid`` (PostgreSQL source, ``src/include/utils/pidfile.h``); later lines appear as it starts."""

    pid: int  # negative for a server in single-user mode
    port: int  # 0 while not known yet
    socket_folder: str
    status: str  # starting, ready, stopping, standby; "" while not known yet


def read_pid_file(cluster: Path) -> PidFile | None:
    """The pid file, or None when there is none or its first line is not a process number."""
    try:
        with open(cluster / "postmaster.pid", encoding="utf-8", errors="replace") as file:
            lines = [line.strip() for line in file.read(8192).splitlines()]
        pid = int(lines[0])
    except (OSError, ValueError, IndexError):
        return None
    lines += [""] * 8
    port = int(lines[3]) if lines[3].isdecimal() else 0
    return PidFile(pid, port, lines[4], lines[7])


def is_alive(pid: int) -> bool:
    """Whether the process runs; a zombie does not."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
            return file.read().rpartition(")")[2].split()[0] not in ("Z", "X")
    except (OSError, IndexError):
        return False


def works_in(pid: int, cluster: Path) -> bool:
    """Whether the process is a living PostgreSQL of exactly this cluster: a number may have gone to another process."""
    try:
        # The server's working folder is its cluster.
        if not os.path.samefile(f"/proc/{pid}/cwd", cluster):
            return False
        program = os.readlink(f"/proc/{pid}/exe")
    except PermissionError:
        # Root without CAP_SYS_PTRACE (a usual container) may not look there for another user's process.
        return is_alive(pid) and _command_names(pid, cluster)
    except OSError:
        return False
    return _is_server(program) and is_alive(pid)


def _may_hold(pid: int, cluster: Path) -> bool:
    """Whether the process may still be attached to the cluster's shared memory.

    Also one that is ending: it gives back its program first, then its shared memory, then its working folder.
    """
    try:
        if not os.path.samefile(f"/proc/{pid}/cwd", cluster):
            return False
    except PermissionError:
        return _is_postgres_of(pid, cluster.stat().st_uid)
    except OSError:
        return False
    try:
        return _is_server(os.readlink(f"/proc/{pid}/exe"))
    except OSError:
        return is_alive(pid)


def _is_server(program: str) -> bool:
    # An upgrade of the wheel leaves a running server with the program ".../postgres (deleted)".
    return os.path.basename(program).removesuffix(" (deleted)") == "postgres"


def _is_postgres_of(pid: int, user: int) -> bool:
    """Whether a PostgreSQL process of this user runs under this number, by what everybody may see of a process."""
    try:
        return (
            os.stat(f"/proc/{pid}").st_uid == user
            and Path(f"/proc/{pid}/comm").read_bytes().strip() == b"postgres"
            and is_alive(pid)
        )
    except OSError:
        return False


def _command_names(pid: int, cluster: Path) -> bool:
    """Whether the process was started as ``.../postgres -D <cluster> ...``."""
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            words = file.read(65536).split(b"\0")
        return (
            len(words) > 2
            and os.path.basename(words[0]) == b"postgres"
            and words[1] == b"-D"
            and os.path.samefile(words[2], cluster)
        )
    except OSError:
        return False


def running(cluster: Path) -> PidFile | None:
    """The pid file of the server that serves this cluster now, or None."""
    told = read_pid_file(cluster)
    return told if told is not None and told.pid > 0 and works_in(told.pid, cluster) else None


def left_alone(cluster: Path) -> list[int]:
    """Processes of a server of this cluster that outlived it (a backend busy when its postmaster was killed)."""
    return [
        int(name)
        for name in os.listdir("/proc")
        if name.isdecimal() and int(name) != os.getpid() and _may_hold(int(name), cluster)
    ]


class Process:
    """A handle (pidfd) on a process, which never comes to mean another one. Any process, not only a child."""

    def __init__(self, pid: int) -> None:
        """Raises ``ProcessLookupError`` when there is no such process."""
        self.pid = pid
        self.handle = os.pidfd_open(pid)

    def wait(self, seconds: float) -> bool:
        """Whether it has ended, waiting up to so many seconds."""
        poll = select.poll()
        poll.register(self.handle, select.POLLIN)
        return bool(poll.poll(max(0.0, seconds) * 1000))

    def signal(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(self.handle, number)

    def close(self) -> None:
        os.close(self.handle)


def clear(cluster: Path, socket: Path, patience: float = 5.0) -> None:
    """Take away what a killed server left: wait for its last backends, end those that stay, remove its files.

    Only to be called when ``running`` is None and nobody answers on ``socket``. Backends leave by themselves when they
    notice that their postmaster is gone; one that computes does not notice, and two servers on one cluster would
    destroy it. The files matter too: PostgreSQL would believe a number that now belongs to another process of the same
    user, or to a zombie that nobody reaps, which is common in containers.
    """
    files = [cluster / "postmaster.pid", socket.with_name(f"{socket.name}.lock"), socket]
    if not any(file.exists() for file in files):
        return
    deadline = time.monotonic() + patience
    for pid in left_alone(cluster):
        try:
            process = Process(pid)
        except ProcessLookupError:
            continue
        try:
            if not process.wait(deadline - time.monotonic()) and works_in(pid, cluster):
                process.signal(signal.SIGKILL)
                process.wait(patience)
        finally:
            process.close()
    for file in files:
        file.unlink(missing_ok=True)
