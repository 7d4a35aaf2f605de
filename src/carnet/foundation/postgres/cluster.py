"""The database cluster: made once, whole or not at all, and refused when another major version made it."""

import shutil
import tempfile
from pathlib import Path

from carnet.foundation.postgres import folder
from carnet.foundation.postgres.binaries import Binaries
from carnet.foundation.postgres.identity import Identity, give
from carnet.foundation.postgres.refusal import OTHER_FOLDER, OTHER_SERVER, PostgresRefused

ROLE = "carnet"  # owns Carnet's databases; not a superuser, so that SQL can reach neither files nor programs
DATABASE = "carnet"
SUPERUSER = "postgres"
_NEW = "cluster.new-"

SETUP = (
    f"CREATE ROLE {ROLE} LOGIN CREATEDB",
    f"GRANT pg_monitor, pg_checkpoint TO {ROLE}",
    # The text of an error may quote a value of somebody's record: its place is with the client, not in a log.
    f"ALTER ROLE {ROLE} SET log_min_messages = 'log'",
    f"CREATE DATABASE {DATABASE} OWNER {ROLE}",
)


def check_version(cluster: Path, binaries: Binaries) -> None:
    """Raise ``PostgresRefused`` unless the cluster was made by the major version of these programs."""
    try:
        made_by = (cluster / "PG_VERSION").read_text("ascii")[:20].strip()
    except (OSError, UnicodeDecodeError):
        made_by = ""
    if made_by == str(binaries.major):
        return
    if not made_by.isdecimal():
        raise PostgresRefused(
            f"{cluster} does not tell which PostgreSQL made it (its file PG_VERSION is missing or damaged): nothing "
            f"was changed; restore it from a copy, or {OTHER_FOLDER}."
        )
    raise PostgresRefused(
        f"The data folder {cluster} was made by PostgreSQL {made_by}; this Carnet brings PostgreSQL "
        f"{binaries.major}, which cannot read it. Nothing was changed. The way out: with the programs of PostgreSQL "
        f"{made_by}, start that folder and dump it (pg_dump --format=custom --file=carnet.dump {DATABASE}); then "
        f"start Carnet on an empty folder (CARNET_DATA_DIR) and restore "
        f"(pg_restore --no-owner --dbname={DATABASE} carnet.dump). Or {OTHER_SERVER}."
    )


def create(data_dir: Path, identity: Identity, binaries: Binaries) -> None:
    """Make ``<data_dir>/cluster``. Raises ``PostgresRefused`` when initdb fails.

    1. What an interrupted attempt left is removed.
    2. initdb works in a folder of its own; then Carnet's role and database are added; neither syncs.
    3. All of it is synced at once.
    4. The folder takes its final name: a crash before leaves nothing that looks like a cluster.
    """
    for left_over in data_dir.glob(f"{_NEW}*"):
        shutil.rmtree(left_over, ignore_errors=True)
    new = Path(tempfile.mkdtemp(prefix=_NEW, dir=data_dir))
    maker = identity.named()
    try:
        if identity.way == "dedicated":
            give(data_dir, maker)
        _run(maker, data_dir, _initdb(binaries, new))
        single_user(maker, data_dir, binaries, new, SETUP, "-c", "fsync=off")
        if identity.way == "dedicated" and maker != identity:
            give(data_dir, identity)
        _run(identity, data_dir, [str(binaries.initdb), "-D", str(new), "--sync-only"])
    except BaseException:
        shutil.rmtree(new, ignore_errors=True)
        raise
    new.rename(data_dir / folder.CLUSTER)
    folder.sync(data_dir)


def _initdb(binaries: Binaries, new: Path) -> list[str]:
    return [
        str(binaries.initdb),
        f"--pgdata={new}",
        f"--username={SUPERUSER}",
        "--no-sync",
        "--data-checksums",
        # PostgreSQL's own Unicode order and case rules: the same on every machine, whatever its C library.
        "--encoding=UTF8",
        "--locale-provider=builtin",
        "--builtin-locale=C.UTF-8",
        "--locale=C",
        "--text-search-config=simple",
        # Whoever can reach the socket has already passed the folder's 0700: only the user who could read the files
        # of the database anyway. A server on a TCP port has no socket, and asks for a password.
        "--auth-local=trust",
        "--auth-host=scram-sha-256",
    ]


def single_user(
    identity: Identity, data_dir: Path, binaries: Binaries, cluster: Path, statements: tuple[str, ...], *options: str
) -> None:
    """Run statements as superuser on a cluster that nobody serves. Each must be one line."""
    program = [str(binaries.postgres), "--single", "-D", str(cluster), "-c", "exit_on_error=on"]
    quiet = ["-c", "log_min_error_statement=panic", "-c", "log_checkpoints=off", "-c", "logging_collector=off"]
    _run(identity, data_dir, [*program, *quiet, *options, "postgres"], "".join(f"{line}\n" for line in statements))


def _run(identity: Identity, data_dir: Path, program: list[str], typed: str = "") -> None:
    done = identity.run(data_dir, program, input=typed)
    if done.returncode != 0:
        said = " / ".join(line.strip() for line in done.stderr.splitlines()[-4:])
        raise PostgresRefused(
            f"{Path(program[0]).name} could not prepare the database in {data_dir} (status {done.returncode}): "
            f"{said or 'it said nothing'}"
        )
