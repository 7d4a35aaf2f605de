"""The embedded PostgreSQL: really started, killed, found again and stopped."""

import contextlib
import os
import pwd
import re
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from carnet.foundation.postgres import EmbeddedPostgres, PostgresRefused, postmaster, running_url
from carnet.foundation.postgres import folder as folders

SOURCES = Path(__file__).resolve().parents[2] / "src"
PACKAGES = Path(psycopg.__file__).resolve().parents[1]
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")

START_AND_WAIT = """
import sys, time
from pathlib import Path
from carnet.foundation.postgres import EmbeddedPostgres
postgres = EmbeddedPostgres(Path(sys.argv[1]), shared_buffers_mib=32)
postgres.start()
print(postgres.pid(), flush=True)
time.sleep(120)
"""

WHOLE_LIFE = """
import os, sys
from pathlib import Path
import psycopg
from carnet.foundation.postgres import EmbeddedPostgres, PostgresRefused
data = Path(sys.argv[1])
try:
    for _ in range(2):
        postgres = EmbeddedPostgres(data, shared_buffers_mib=32)
        postgres.start()
        with psycopg.connect(postgres.url()) as connection:
            connection.execute("CREATE TABLE IF NOT EXISTS kept (n int)")
            connection.execute("INSERT INTO kept VALUES (1)")
            rows = connection.execute("SELECT count(*) FROM kept").fetchone()[0]
        owner, runs_as = os.stat(data / "cluster").st_uid, os.stat(f"/proc/{postgres.pid()}").st_uid
        postgres.stop()
    print("rows", rows, "owner", owner, "runs as", runs_as)
except PostgresRefused as refused:
    print("refused:", refused)
"""


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder with a short path that everybody may enter (pytest's own is deep, and closed to other users)."""
    memory = Path("/dev/shm")  # quicker, where it is large enough (a container has 64 MB by default)
    quick = memory.is_dir() and os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > 1 << 30
    path = Path(tempfile.mkdtemp(prefix="carnet", dir=memory if quick else "/tmp"))
    path.chmod(0o755)
    yield path
    for pid_file in path.rglob("postmaster.pid"):
        told = postmaster.running(pid_file.parent)
        if told is not None:
            end(told.pid)
    shutil.rmtree(path)


@pytest.fixture
def data_dir(place: Path) -> Path:
    return place / "data"


def end(pid: int, number: signal.Signals = signal.SIGQUIT) -> None:
    process = postmaster.Process(pid)
    process.signal(number)
    assert process.wait(20)
    process.close()
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)


def postgres_on(data_dir: Path, **options: object) -> EmbeddedPostgres:
    return EmbeddedPostgres(data_dir, shared_buffers_mib=32, **options)  # type: ignore[arg-type]


def ask(url: str, question: str) -> object:
    with psycopg.connect(url, autocommit=True) as connection:
        row = connection.execute(question).fetchone()
    assert row is not None
    return row[0]


def tell(url: str, statement: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(statement)


def launched_elsewhere(data_dir: Path) -> tuple["subprocess.Popen[str]", int]:
    """A launcher in a process of its own, and the server that it started."""
    launcher = subprocess.Popen(
        [sys.executable, "-c", START_AND_WAIT, str(data_dir)],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": str(SOURCES)},
    )
    assert launcher.stdout is not None
    return launcher, int(launcher.stdout.readline())


def kill(launcher: "subprocess.Popen[str]") -> None:
    launcher.kill()
    launcher.wait()
    assert launcher.stdout is not None
    launcher.stdout.close()


def listening_ports(pid: int) -> list[str]:
    """The TCP ports on which a process listens, from its own descriptors."""
    inodes = set()
    for name in os.listdir(f"/proc/{pid}/fd"):
        with contextlib.suppress(OSError):
            inodes.add(os.readlink(f"/proc/{pid}/fd/{name}").removeprefix("socket:[").removesuffix("]"))
    found = []
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A" and fields[9] in inodes:
                found.append(fields[1])
    return found


def test_it_starts_answers_and_stops(data_dir: Path) -> None:
    postgres = postgres_on(data_dir)
    before = time.monotonic()
    postgres.start()
    assert time.monotonic() - before < 6
    assert ask(postgres.url(), "SELECT current_database()") == "carnet"
    assert ask(postgres.url(), "SHOW data_checksums") == "on"
    assert ask(postgres.url(), "SHOW fsync") == "on"
    assert ask(postgres.url(), "SHOW timezone") == "UTC"
    assert ask(postgres.url(), "SHOW max_connections") == "200"
    pid = postgres.pid()
    postgres.stop()
    assert not postgres.is_running()
    assert not postmaster.is_alive(pid)
    assert not (data_dir / "cluster/postmaster.pid").exists()
    with pytest.raises(PostgresRefused):
        postgres.url()


def test_a_second_start_keeps_the_data_and_is_quick(data_dir: Path) -> None:
    postgres = postgres_on(data_dir)
    postgres.start()
    tell(postgres.url(), "CREATE TABLE kept AS SELECT 42 AS n")
    postgres.stop()
    before = time.monotonic()
    postgres.start()
    assert time.monotonic() - before < 2
    assert ask(postgres.url(), "SELECT n FROM kept") == 42
    postgres.stop()


def test_the_folder_is_closed_and_no_tcp_port_is_open(data_dir: Path) -> None:
    data_dir.mkdir(mode=0o755)
    postgres = postgres_on(data_dir)
    postgres.start()
    assert stat.S_IMODE(data_dir.stat().st_mode) == 0o700
    assert stat.S_IMODE((data_dir / "cluster").stat().st_mode) == 0o700
    assert all(stat.S_IMODE(log.stat().st_mode) == 0o600 for log in (data_dir / "log").iterdir())
    assert ask(postgres.url(), "SHOW listen_addresses") == ""
    assert listening_ports(postgres.pid()) == []
    assert stat.S_IMODE((data_dir / ".s.PGSQL.5432").stat().st_mode) == 0o700
    postgres.stop()


def test_order_and_case_do_not_depend_on_the_machine(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "fr_FR.UTF-8")
    monkeypatch.setenv("PGOPTIONS", "-c search_path=nowhere")
    monkeypatch.setenv("PGDATA", "/nowhere")
    postgres = postgres_on(data_dir)
    postgres.start()
    row = "SELECT datlocprovider::text || ' ' || datlocale || ' ' || pg_encoding_to_char(encoding) FROM pg_database"
    assert ask(postgres.url(), f"{row} WHERE datname = 'carnet'") == "b C.UTF-8 UTF8"
    assert ask(postgres.url(), "SELECT lower('ÉLOÏSE')") == "éloïse"
    postgres.stop()


def test_carnet_connects_as_an_ordinary_role(data_dir: Path) -> None:
    postgres = postgres_on(data_dir)
    postgres.start()
    assert ask(postgres.url(), "SELECT rolsuper FROM pg_roles WHERE rolname = current_user") is False
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        tell(postgres.url(), "COPY (SELECT 1) TO PROGRAM 'true'")
    tell(postgres.url(), "CREATE EXTENSION pg_trgm")
    postgres.stop()


def test_a_database_is_created_once_whatever_its_name(data_dir: Path) -> None:
    postgres = postgres_on(data_dir)
    postgres.start()
    name = 'un "autre" & plus'
    threads = [threading.Thread(target=postgres.ensure_database, args=[name]) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert ask(postgres.url(name), "SELECT current_database()") == name
    assert ask(postgres.url(), "SELECT count(*) FROM pg_database WHERE datname LIKE 'un %'") == 1
    postgres.stop()


def test_nothing_of_a_statement_reaches_the_log(data_dir: Path) -> None:
    postgres = postgres_on(data_dir, settings={"log_statement": "all", "fsync": "off"})
    postgres.start()
    assert ask(postgres.url(), "SHOW fsync") == "on"
    limits = Path(f"/proc/{postgres.pid()}/limits").read_text()
    assert re.search(r"^Max core file size +0 +0 ", limits, re.MULTILINE)
    with psycopg.connect(postgres.url(), autocommit=True) as connection:
        connection.execute("CREATE TABLE people (name text PRIMARY KEY, born date CHECK (born > '1800-01-01'))")
        connection.execute("INSERT INTO people VALUES (%s, now())", ["SECRETNAME"])
        with pytest.raises(psycopg.errors.UniqueViolation):
            connection.execute("INSERT INTO people VALUES (%s, now())", ["SECRETNAME"])
        with pytest.raises(psycopg.errors.InvalidDatetimeFormat):
            connection.execute("INSERT INTO people VALUES ('x', 'SECRETNAME')")
        with pytest.raises(psycopg.errors.InvalidTextRepresentation):
            connection.execute("SELECT %s::text::int", ["SECRETNAME"])
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("SET log_min_messages = 'error'")
        # A backend that crashes: the server tells which statement it was running.
        threading.Timer(0.3, os.kill, [connection.info.backend_pid, signal.SIGSEGV]).start()
        with pytest.raises(psycopg.OperationalError):
            connection.execute("SELECT 'SECRETNAME', pg_sleep(20)")
    postgres.stop()
    logs = [*(data_dir / "log").iterdir(), data_dir / "start.log"]
    text = "".join(log.read_text() for log in logs)
    assert "was terminated by signal 11" in text
    assert "SECRETNAME" not in text
    assert not list((data_dir / "cluster").glob("core*"))


def test_a_server_left_by_a_killed_launcher_is_adopted(data_dir: Path) -> None:
    launcher, pid = launched_elsewhere(data_dir)
    kill(launcher)
    assert postmaster.is_alive(pid)
    postgres = postgres_on(data_dir)
    postgres.start()
    assert postgres.pid() == pid
    assert ask(postgres.url(), "SELECT 1") == 1
    postgres.stop()
    assert not postmaster.is_alive(pid)


def test_two_launchers_on_one_folder_are_refused_in_words(data_dir: Path) -> None:
    launcher, pid = launched_elsewhere(data_dir)
    with pytest.raises(PostgresRefused, match=rf"Another Carnet \(process {launcher.pid}\)"):
        postgres_on(data_dir).start()
    url = running_url(data_dir)
    assert url is not None
    assert ask(url, "SELECT 1") == 1
    kill(launcher)
    end(pid)
    assert running_url(data_dir) is None


def test_a_released_server_stays_for_another_to_adopt(data_dir: Path) -> None:
    first, second = postgres_on(data_dir), postgres_on(data_dir)
    first.start()
    pid = first.pid()
    first.release()
    second.start()
    assert second.pid() == pid
    second.stop()
    end_of_child(pid)


def end_of_child(pid: int) -> None:
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, 0)


def test_a_killed_server_is_started_again_with_its_committed_data(data_dir: Path) -> None:
    postgres = postgres_on(data_dir)
    postgres.start()
    tell(postgres.url(), "CREATE TABLE kept AS SELECT 42 AS n")
    first = postgres.pid()
    os.kill(first, signal.SIGKILL)
    assert postmaster.Process(first).wait(10)
    assert not postgres.is_running()
    postgres.start()
    assert postgres.pid() != first
    assert ask(postgres.url(), "SELECT n FROM kept") == 42
    postgres.stop()


def test_a_backend_that_outlives_its_server_is_ended_before_the_next_start(data_dir: Path) -> None:
    postgres = postgres_on(data_dir)
    postgres.start()
    busy = psycopg.connect(postgres.url(), autocommit=True)
    os.kill(busy.info.backend_pid, signal.SIGSTOP)  # will not notice that its postmaster is gone
    os.kill(postgres.pid(), signal.SIGKILL)
    assert postmaster.Process(postgres.pid()).wait(10)
    postgres.stop()
    cluster = data_dir / "cluster"
    assert busy.info.backend_pid in postmaster.left_alone(cluster)
    postmaster.clear(cluster, folders.socket_file(data_dir), patience=0.5)
    assert postmaster.left_alone(cluster) == []
    postgres.start()
    postgres.stop()
    busy.close()


@pytest.mark.parametrize("number", ["self", "free", "words"])
def test_a_stale_pid_file_does_not_prevent_a_start(data_dir: Path, number: str) -> None:
    postgres = postgres_on(data_dir)
    postgres.start()
    os.kill(postgres.pid(), signal.SIGKILL)
    postgres.stop()
    pid_file = data_dir / "cluster/postmaster.pid"
    lines = pid_file.read_text().splitlines()
    # The number of a process that lives and is no PostgreSQL, of none, or no number.
    lines[0] = {"self": str(os.getpid()), "free": "4194303", "words": "not a number"}[number]
    pid_file.write_text("\n".join(lines) + "\n")
    assert running_url(data_dir) is None
    postgres.start()
    assert ask(postgres.url(), "SELECT 1") == 1
    postgres.stop()


def test_a_postgres_of_another_folder_is_not_taken_for_ours(place: Path) -> None:
    other, ours = postgres_on(place / "other"), postgres_on(place / "ours")
    other.start()
    ours.start()
    ours.stop()
    shutil.copy(place / "other/cluster/postmaster.pid", place / "ours/cluster/postmaster.pid")
    ours.start()
    assert ours.pid() != other.pid()
    ours.stop()
    assert other.is_running()
    other.stop()


@pytest.mark.parametrize("version", ["99", "12"])
def test_another_major_version_is_refused_with_a_way_out(data_dir: Path, version: str) -> None:
    postgres = postgres_on(data_dir)
    postgres.start()
    postgres.stop()
    (data_dir / "cluster/PG_VERSION").write_text(f"{version}\n")
    with pytest.raises(PostgresRefused, match=rf"made by PostgreSQL {version}.*pg_dump.*pg_restore"):
        postgres.start()
    assert (data_dir / "cluster/PG_VERSION").read_text() == f"{version}\n"
    (data_dir / "cluster/PG_VERSION").write_text("18\n")
    postgres.start()
    postgres.stop()


def test_a_damaged_version_file_is_refused(data_dir: Path) -> None:
    (data_dir / "cluster").mkdir(parents=True)
    (data_dir / "launcher.lock").touch()
    (data_dir / "cluster/PG_VERSION").write_bytes(b"\xff\xfe")
    with pytest.raises(PostgresRefused, match="PG_VERSION"):
        postgres_on(data_dir).start()


def test_a_folder_of_somebody_elses_files_is_left_alone(data_dir: Path) -> None:
    data_dir.mkdir(mode=0o755)
    (data_dir / "letter.txt").write_text("mine")
    with pytest.raises(PostgresRefused, match="is not empty"):
        postgres_on(data_dir).start()
    assert os.listdir(data_dir) == ["letter.txt"]
    assert stat.S_IMODE(data_dir.stat().st_mode) == 0o755


def test_a_folder_that_is_a_file_is_refused(data_dir: Path) -> None:
    data_dir.write_text("a file")
    with pytest.raises(PostgresRefused, match="cannot be used"):
        postgres_on(data_dir).start()


def test_an_interrupted_creation_leaves_nothing_behind(data_dir: Path) -> None:
    (data_dir / "cluster.new-abc").mkdir(parents=True)
    (data_dir / "cluster.new-abc/PG_VERSION").write_text("18\n")
    (data_dir / "launcher.lock").touch()
    postgres = postgres_on(data_dir)
    postgres.start()
    assert [path.name for path in data_dir.glob("cluster*")] == ["cluster"]
    postgres.stop()


def test_settings_that_postgres_refuses_are_told_and_free_the_folder(data_dir: Path) -> None:
    with pytest.raises(PostgresRefused, match="no_such_setting"):
        postgres_on(data_dir, settings={"no_such_setting": "1"}).start()
    postgres = postgres_on(data_dir)
    postgres.start()
    postgres.stop()


@pytest.mark.parametrize("name", ["d" * 100, "with, comma"])
def test_a_path_unfit_for_a_socket_falls_back_to_a_password_on_loopback(place: Path, name: str) -> None:
    data_dir = place / name
    postgres = postgres_on(data_dir)
    postgres.start()
    url = postgres.url()
    assert ask(url, "SELECT inet_server_addr()::text") == "127.0.0.1/32"
    assert ask(url, "SHOW unix_socket_directories") == ""
    assert stat.S_IMODE((data_dir / "tcp-access").stat().st_mode) == 0o600
    access = folders.read_tcp_access(data_dir)
    assert access is not None
    assert len(listening_ports(postgres.pid())) == 1
    for stranger in (url.replace(access.password, "guess"), url.replace("//carnet:", "//postgres:")):
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            psycopg.connect(stranger)
    assert running_url(data_dir) == url
    assert access.password not in "".join(log.read_text() for log in (data_dir / "log").iterdir())
    postgres.stop()
    postgres.start()
    assert postgres.url() == url
    postgres.stop()
    (data_dir / "tcp-access").write_text("nonsense")
    postgres.start()
    assert ask(postgres.url(), "SELECT 1") == 1
    postgres.stop()


def test_a_port_taken_meanwhile_is_replaced(place: Path) -> None:
    data_dir = place / ("d" * 100)
    postgres = postgres_on(data_dir)
    postgres.start()
    postgres.stop()
    access = folders.read_tcp_access(data_dir)
    assert access is not None
    with socket.socket() as squatter:
        squatter.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        squatter.bind(("127.0.0.1", access.port))
        squatter.listen()
        postgres.start()
        assert f":{access.port}/" not in postgres.url()
        assert ask(postgres.url(), "SELECT 1") == 1
    postgres.stop()


def test_ctrl_c_in_the_terminal_does_not_reach_the_server(data_dir: Path) -> None:
    postgres = postgres_on(data_dir)
    postgres.start()
    assert os.getsid(postgres.pid()) == postgres.pid() != os.getsid(0)
    postgres.stop()


def test_the_keeper_brings_the_server_up_again_and_stops_it_in_order(data_dir: Path) -> None:
    def keeper() -> "subprocess.Popen[bytes]":
        return subprocess.Popen(
            [sys.executable, "-m", "carnet.foundation.postgres", str(data_dir)],
            env=os.environ | {"PYTHONPATH": str(SOURCES)},
        )

    def served(deadline: float = 60.0) -> int:
        until = time.monotonic() + deadline
        while time.monotonic() < until:
            told = postmaster.running(data_dir / "cluster")
            if told is not None and told.status == "ready":
                return told.pid
            time.sleep(0.02)
        raise AssertionError("not served")

    def watches_a_process(number: int) -> bool:
        with contextlib.suppress(FileNotFoundError):  # opened and closed meanwhile
            handles = [os.readlink(handle) for handle in Path(f"/proc/{number}/fd").iterdir()]
            return "anon_inode:[pidfd]" in handles
        return False

    first = keeper()
    pid = served()
    first.kill()
    first.wait()
    second = keeper()
    while not watches_a_process(second.pid):
        assert second.poll() is None
        time.sleep(0.02)
    assert served() == pid  # adopted
    os.kill(pid, signal.SIGKILL)
    assert second.wait(60) == 1
    third = keeper()
    assert served() != pid
    third.send_signal(signal.SIGTERM)
    assert third.wait(60) == 0
    assert postmaster.running(data_dir / "cluster") is None
    assert not (data_dir / "cluster/postmaster.pid").exists()


# Under other users. -----------------------------------------------------------------------------------------------


def life(data_dir: Path, python: str = sys.executable, before: tuple[str, ...] = (), **options: int) -> str:
    """A whole life of a server in a process of its own; what it says at the end."""
    done = subprocess.run(
        [*before, python, "-c", WHOLE_LIFE, str(data_dir)],
        capture_output=True,
        text=True,
        timeout=60,
        cwd="/",
        env={"PATH": os.defpath, "PYTHONPATH": f"{SOURCES}:{PACKAGES}"},
        extra_groups=[] if options else None,
        **options,  # type: ignore[call-overload]
    )
    assert done.returncode == 0, done.stderr
    return str(done.stdout.strip())


def python_for(uid: int) -> str:
    """A Python that this user can run with our packages; the one of the tests may lie in a closed home."""
    for python in (sys.executable, f"/usr/bin/python3.{sys.version_info.minor}"):
        with contextlib.suppress(OSError):
            check = [python, "-c", "import psycopg, carnet"]
            environment = {"PYTHONPATH": f"{SOURCES}:{PACKAGES}"}
            tried = subprocess.run(
                check, user=uid, group=uid, extra_groups=[], env=environment, cwd="/", capture_output=True
            )
            if tried.returncode == 0:
                return python
    pytest.skip("no Python here that another user may run")


# Root in a container without user namespaces: a namespace of 65,536 users in which no further one may be made.
CONTAINER = """
import ctypes, os, sys
ready, mapped = os.pipe(), os.pipe()
child = os.fork()
if child == 0:
    assert ctypes.CDLL(None).unshare(0x10000000) == 0
    os.write(ready[1], b"1")
    os.read(mapped[0], 1)
    os.setresgid(0, 0, 0)
    os.setresuid(0, 0, 0)
    with open("/proc/sys/user/max_user_namespaces", "w") as limit:
        limit.write("0")
    os.execvp(sys.argv[1], sys.argv[1:])
os.read(ready[0], 1)
for name in ("uid_map", "gid_map"):
    with open(f"/proc/{child}/{name}", "w") as file:
        file.write("0 0 65536")
os.write(mapped[1], b"1")
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""
WITHOUT_NAMESPACES = (sys.executable, "-c", CONTAINER)


@pytest.fixture
def without_namespaces() -> tuple[str, ...]:
    if subprocess.run([*WITHOUT_NAMESPACES, "true"], capture_output=True, timeout=10).returncode != 0:
        pytest.skip("such a namespace cannot be made here")
    assert subprocess.run([*WITHOUT_NAMESPACES, "unshare", "--user", "true"], capture_output=True).returncode != 0
    return WITHOUT_NAMESPACES


@as_root
def test_root_keeps_its_files_and_the_server_runs_without_privileges(data_dir: Path) -> None:
    postgres = postgres_on(data_dir)
    postgres.start()
    assert (data_dir / "cluster").stat().st_uid == 0
    status = Path(f"/proc/{postgres.pid()}/status").read_text()
    assert "CapEff:\t0000000000000000" in status
    assert "CapPrm:\t0000000000000000" in status
    assert os.readlink(f"/proc/{postgres.pid()}/ns/user") != os.readlink("/proc/self/ns/user")
    postgres.stop()


@as_root
def test_an_ordinary_user_runs_it_as_they_are(place: Path) -> None:
    nobody = pwd.getpwnam("nobody").pw_uid
    os.chown(place, nobody, nobody)
    said = life(place / "data", python_for(nobody), user=nobody, group=nobody)
    assert said == f"rows 2 owner {nobody} runs as {nobody}"


@as_root
def test_a_user_without_a_name_runs_it_too(place: Path) -> None:
    uid = 61234
    os.chown(place, uid, uid)
    assert life(place / "data", python_for(uid), user=uid, group=uid) == f"rows 2 owner {uid} runs as {uid}"


@as_root
def test_an_ordinary_user_is_refused_the_folder_of_another(place: Path, data_dir: Path) -> None:
    data_dir.mkdir()
    nobody = pwd.getpwnam("nobody").pw_uid
    said = life(data_dir, python_for(nobody), user=nobody, group=nobody)
    assert "belongs to user 0" in said
    assert "CARNET_DATA_DIR" in said


@as_root
def test_root_without_namespaces_uses_a_dedicated_user(data_dir: Path, without_namespaces: tuple[str, ...]) -> None:
    assert life(data_dir, before=without_namespaces) == "rows 2 owner 64742 runs as 64742"
    assert {path.stat().st_uid for path in (data_dir / "cluster").rglob("*")} == {64742}
    assert data_dir.stat().st_uid == 64742
    # The same folder where namespaces work again: still as its owner.
    assert life(data_dir) == "rows 4 owner 64742 runs as 64742"


@as_root
def test_a_cluster_of_root_is_given_to_the_dedicated_user(data_dir: Path, without_namespaces: tuple[str, ...]) -> None:
    assert life(data_dir) == "rows 2 owner 0 runs as 0"
    assert life(data_dir, before=without_namespaces) == "rows 4 owner 64742 runs as 64742"


@as_root
def test_root_that_may_not_look_into_other_processes_still_adopts(
    data_dir: Path, without_namespaces: tuple[str, ...]
) -> None:
    """As in a usual container: neither user namespaces nor CAP_SYS_PTRACE."""
    limited = (*without_namespaces, "setpriv", "--bounding-set=-sys_ptrace", "--inh-caps=-sys_ptrace")
    script = WHOLE_LIFE.replace(
        "        postgres.stop()",
        "        first = postgres.pid(); postgres.release()\n"
        "        postgres.start(); assert postgres.pid() == first; postgres.stop()",
    )
    done = subprocess.run(
        [*limited, sys.executable, "-c", script, str(data_dir)],
        capture_output=True,
        text=True,
        timeout=60,
        env={"PATH": os.defpath, "PYTHONPATH": f"{SOURCES}:{PACKAGES}"},
    )
    assert done.stdout.strip() == "rows 2 owner 64742 runs as 64742", done.stderr


@as_root
def test_closed_parents_are_told_and_not_opened(place: Path, without_namespaces: tuple[str, ...]) -> None:
    closed = place / "closed"
    closed.mkdir(mode=0o700)
    said = life(closed / "data", before=without_namespaces)
    assert said.startswith("refused:")
    assert "does not open folders up" in said
    assert "CARNET_DATA_DIR" in said
    assert "CARNET_DATABASE_URL" in said
    assert stat.S_IMODE(closed.stat().st_mode) == 0o700
    assert (closed / "data").stat().st_uid == 0
