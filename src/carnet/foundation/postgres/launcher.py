"""Start, find again and stop the PostgreSQL of one data folder."""

import contextlib
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Literal
from urllib.parse import quote

import psycopg
from psycopg import sql

from carnet.foundation.postgres import binaries, cluster, folder, identity, postmaster, settings
from carnet.foundation.postgres.folder import FolderLock, TcpAccess
from carnet.foundation.postgres.postmaster import PidFile, Process
from carnet.foundation.postgres.refusal import OTHER_FOLDER, OTHER_SERVER, PostgresRefused

StopMode = Literal["smart", "fast", "immediate"]
_SIGNALS = {"smart": signal.SIGTERM, "fast": signal.SIGINT, "immediate": signal.SIGQUIT}
_PORT_ATTEMPTS = 5
_LOOK_EVERY = 0.01  # seconds between two looks at postmaster.pid while the server starts


class EmbeddedPostgres:
    """The PostgreSQL of one data folder.

    It outlives a killed launcher, whose successor finds it again; a launcher that ends in order stops it. While
    started, this object holds the folder: a second one is refused (``running_url`` is for those who only connect).
    """

    def __init__(
        self,
        data_dir: Path,
        *,
        shared_buffers_mib: int | None = None,
        max_connections: int = 200,
        start_timeout: float = 300.0,
        settings: Mapping[str, str] | None = None,
    ) -> None:
        """Nothing happens yet.

        ``shared_buffers_mib``: by default a quarter of the memory, 1024 at most. ``start_timeout``: seconds, which
        includes the recovery after a crash. ``settings``: other tuning, by PostgreSQL's names.
        """
        self.data_dir = data_dir.resolve()
        self._cluster = self.data_dir / folder.CLUSTER
        self._shared_buffers_mib = shared_buffers_mib
        self._max_connections = max_connections
        self._start_timeout = start_timeout
        self._settings = dict(settings or {})
        self._lock: FolderLock | None = None
        self._process: Process | None = None
        self._child: subprocess.Popen[str] | None = None
        self._tcp: TcpAccess | None = None

    def start(self) -> None:
        """Have PostgreSQL run and answer, with the database ``carnet``; nothing to do when it does already.

        1. The folder is made or checked, and locked.
        2. A cluster of another major version is refused.
        3. A server left behind by a killed launcher is adopted.
        4. Otherwise the cluster is made if there is none, what a killed server left is cleared, and a server started.

        Raises ``PostgresRefused``; then nothing runs that did not run before, and the folder is free.
        """
        if self.is_running():
            return
        if sys.platform != "linux":
            raise PostgresRefused(f"Carnet runs its own PostgreSQL on Linux only: {OTHER_SERVER}.")
        if self._lock is None:
            folder.prepare(self.data_dir)
            self._lock = FolderLock(self.data_dir)
        try:
            self._forget()
            programs = binaries.locate()
            if self._cluster.exists():
                cluster.check_version(self._cluster, programs)
            if not self._adopt():
                self._launch(programs)
            self.ensure_database(cluster.DATABASE)
        except BaseException as problem:
            # Interrupted half-way, a server of ours would have nobody to answer for it.
            if self._child is not None:
                self._end("immediate", 10.0)
            self._forget()
            self._unlock()
            if isinstance(problem, psycopg.Error):
                raise PostgresRefused(
                    f"PostgreSQL runs on {self.data_dir} but does not let Carnet in ({type(problem).__name__}): "
                    f"see {self.data_dir / 'log'}."
                ) from problem
            raise

    def stop(self, mode: StopMode = "fast", timeout: float = 60.0) -> None:
        """Stop the server and let go of the folder; nothing to do when not started.

        ``fast`` ends the sessions and writes everything out, ``smart`` waits for the sessions first, ``immediate`` is
        a crash in good order (the next start recovers, nothing committed is lost). A server that has not ended after
        ``timeout`` seconds is stopped by ``immediate``, then killed.
        """
        if self._lock is None:
            return
        try:
            if self._process is not None:
                self._end(mode, timeout)
        finally:
            self._forget()
            self._unlock()

    def release(self) -> None:
        """Let go of the folder and leave the server running, for another process that adopts it (``keep``)."""
        self._forget()
        self._unlock()

    def is_running(self) -> bool:
        """Whether the server that was started or adopted here still runs."""
        return self._process is not None and not self._process.wait(0)

    def pidfd(self) -> int:
        """A pidfd of the server, readable once it has ended; for a selector. It belongs to this object."""
        return self._started().handle

    def pid(self) -> int:
        """The process number of the server (the postmaster)."""
        return self._started().pid

    def url(self, database: str = cluster.DATABASE) -> str:
        """The connection string (libpq URI) of a database. Over TCP it holds the password: never log it."""
        self._started()
        return _url(self.data_dir, self._tcp, database)

    def ensure_database(self, name: str) -> None:
        """Create this database if it does not exist. Raises ``PostgresRefused`` when not started."""
        with psycopg.connect(self.url("postgres"), autocommit=True, connect_timeout=30) as connection:
            if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone():
                return
            # Somebody else may have wanted it at the same moment: either error means that it exists now.
            with contextlib.suppress(psycopg.errors.DuplicateDatabase, psycopg.errors.UniqueViolation):
                connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))

    def _started(self) -> Process:
        if self._process is None:
            raise PostgresRefused(f"The PostgreSQL of {self.data_dir} is not started.")
        return self._process

    def _adopt(self) -> bool:
        """Take over a server that runs on this cluster. False when there is none; refused when it does not answer."""
        deadline = time.monotonic() + self._start_timeout
        while (told := postmaster.running(self._cluster)) is not None:
            process = Process(told.pid)
            if told.status == "ready":
                self._process = process
                self._tcp = _access(self.data_dir, told)
                self._check_answer()
                return True
            ended = process.wait(_LOOK_EVERY)  # it starts, or it stops: a moment, and we shall know
            process.close()
            if not ended and time.monotonic() > deadline:
                raise PostgresRefused(
                    f"A PostgreSQL (process {told.pid}) runs on {self.data_dir} but is not ready (it says "
                    f"{told.status or 'nothing'!r}): stop it with `kill -INT {told.pid}`, then start again."
                )
        return False

    def _check_answer(self) -> None:
        """The server that answers must be the one of this cluster."""
        with psycopg.connect(self.url("postgres"), autocommit=True, connect_timeout=30) as connection:
            row = connection.execute("SHOW data_directory").fetchone()
        if row is None or not Path(row[0]).exists() or not self._cluster.samefile(row[0]):
            raise PostgresRefused(
                f"Another PostgreSQL answers where the one of {self.data_dir} should: stop it, or {OTHER_FOLDER}."
            )

    def _launch(self, programs: binaries.Binaries) -> None:
        told = postmaster.read_pid_file(self._cluster)
        if told is not None and told.pid < 0 and postmaster.is_alive(-told.pid):
            raise PostgresRefused(
                f"Somebody works on {self._cluster} in single-user mode (process {-told.pid}): let them finish."
            )
        over_socket = folder.fits_socket(self.data_dir)
        if over_socket and folder.somebody_answers(self.data_dir):
            raise PostgresRefused(
                f"A PostgreSQL answers on the socket in {self.data_dir}, but its process cannot be seen from here "
                f"(another container on the same folder?): stop it there, or {OTHER_FOLDER}."
            )
        who = identity.choose(self.data_dir, programs)
        if not self._cluster.exists():
            cluster.create(self.data_dir, who, programs)
        elif not who.owns(self._cluster.stat()):
            raise PostgresRefused(
                f"{self._cluster} belongs to user {self._cluster.stat().st_uid} but its folder does not: give both to "
                f"one user (chown -R), or {OTHER_FOLDER}."
            )
        postmaster.clear(self._cluster, folder.socket_file(self.data_dir))
        if over_socket:
            self._tcp = None
            self._spawn(who, programs)
            return
        for attempt in range(1, _PORT_ATTEMPTS + 1):
            self._tcp = folder.renew_tcp_access(self.data_dir)
            password = f"ALTER ROLE {cluster.ROLE} PASSWORD '{self._tcp.password}'"
            cluster.single_user(who, self.data_dir, programs, self._cluster, (password,))
            try:
                self._spawn(who, programs)
                return
            except PostgresRefused:
                # Somebody took the port between the look and the start: another one; any other reason stands.
                if attempt == _PORT_ATTEMPTS or folder.port_is_free(self._tcp.port):
                    raise

    def _spawn(self, who: identity.Identity, programs: binaries.Binaries) -> None:
        """Start the server and wait until it takes connections. Raises ``PostgresRefused`` with its last words."""
        server = [str(programs.postgres), "-D", str(self._cluster)]
        server += settings.arguments(
            self.data_dir,
            self._tcp,
            shared_buffers_mib=self._shared_buffers_mib,
            max_connections=self._max_connections,
            extra=self._settings,
        )
        self._child = subprocess.Popen(
            who.command(self.data_dir, server, output="start.log"),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            text=True,
            env=binaries.clean_environment(),
            start_new_session=True,  # Ctrl-C is for us, who then stop the server in order
        )
        self._process = Process(self._child.pid)
        deadline = time.monotonic() + self._start_timeout
        while not self._process.wait(_LOOK_EVERY):
            told = postmaster.read_pid_file(self._cluster)
            if told is not None and told.pid == self._child.pid and told.status == "ready":
                return
            if time.monotonic() > deadline:
                raise PostgresRefused(
                    f"PostgreSQL was not ready after {self._start_timeout:.0f} s on {self.data_dir}: "
                    f"see {self.data_dir / 'log'}."
                )
        status = self._child.wait()
        self._forget()
        raise PostgresRefused(
            f"PostgreSQL did not start on {self.data_dir} (status {status}): {self._last_words()} "
            f"See {self.data_dir / 'log'}."
        )

    def _last_words(self) -> str:
        """The last lines of what the server said before its log was open; it served nobody yet, so nobody's data."""
        try:
            with open(self.data_dir / "start.log", encoding="utf-8", errors="replace") as file:
                return " / ".join(line.strip() for line in file.read(20_000).splitlines()[-3:])
        except OSError:
            return ""

    def _end(self, mode: StopMode, timeout: float) -> None:
        process = self._started()
        for number, patience in ((_SIGNALS[mode], timeout), (signal.SIGQUIT, 10.0), (signal.SIGKILL, 10.0)):
            process.signal(number)
            if process.wait(patience):
                break
        if self._child is not None:
            self._child.wait()

    def _forget(self) -> None:
        if self._process is not None:
            if self._child is not None:
                self._child.poll()
            self._process.close()
        self._process = self._child = None

    def _unlock(self) -> None:
        if self._lock is not None:
            self._lock.release()
            self._lock = None


def running_url(data_dir: Path, database: str = cluster.DATABASE) -> str | None:
    """How to reach the server that somebody else keeps running on this folder; None when none runs."""
    data_dir = data_dir.resolve()
    told = postmaster.running(data_dir / folder.CLUSTER)
    return None if told is None or told.status != "ready" else _url(data_dir, _access(data_dir, told), database)


def _access(data_dir: Path, told: PidFile) -> TcpAccess | None:
    """How a running server listens: None for the socket."""
    if told.socket_folder:
        return None
    kept = folder.read_tcp_access(data_dir)
    return TcpAccess(told.port, kept.password if kept is not None else "")


def _url(data_dir: Path, tcp: TcpAccess | None, database: str) -> str:
    name = quote(database, safe="")
    if tcp is None:
        return f"postgresql://{cluster.ROLE}@/{name}?host={quote(str(data_dir), safe='')}&port={folder.PORT}"
    # require_auth: whoever took the port while the server was down must not be told the password.
    options = "require_auth=scram-sha-256&sslmode=disable&gssencmode=disable"
    return f"postgresql://{cluster.ROLE}:{tcp.password}@{folder.LOOPBACK}:{tcp.port}/{name}?{options}"
