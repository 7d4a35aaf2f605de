"""Bringing an installation up far enough for a command: settings, database, keys."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

from carnet.config import environment
from carnet.foundation.postgres import EmbeddedPostgres, PostgresRefused, running_url


def fail(sentence: str, status: int = 1) -> NoReturn:
    """End the command with a sentence for the person at the terminal."""
    print(sentence, file=sys.stderr)  # noqa: T201 - the terminal is this command's reader
    raise SystemExit(status)


def data_dir() -> Path:
    folder: Path = environment.value("CARNET_DATA_DIR")
    return folder


def postgres_of(folder: Path) -> EmbeddedPostgres:
    """The embedded PostgreSQL of a data folder."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    folder.chmod(0o700)
    return EmbeddedPostgres(folder / "postgres")


def set_up() -> None:
    """Load Django with the settings as they are now."""
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "carnet.config.settings")
    try:
        django.setup()
    except environment.BadSetting as problem:
        fail(str(problem))


@contextmanager
def installation() -> Iterator[None]:
    """Django on the installation's database: the one named, the one running in the data folder, or one started for
    this command alone."""
    postgres = None
    if not environment.value("CARNET_DATABASE_URL"):
        folder = data_dir()
        url = running_url(folder / "postgres") if (folder / "postgres").is_dir() else None
        if url is None:
            if not (folder / "postgres").is_dir():
                fail(f"no installation in {folder}: start one with `carnet demo` or `carnet serve`")
            postgres = postgres_of(folder)
            try:
                postgres.start()
            except PostgresRefused as refusal:
                fail(str(refusal))
            url = postgres.url()
        os.environ["CARNET_DATABASE_URL"] = url
    set_up()
    try:
        yield
    finally:
        if postgres is not None:
            from django.db import connections

            connections.close_all()
            postgres.stop()


def prepare_database() -> None:
    """Bring the schema up to date; safe to run at each start."""
    from django.core.management import call_command

    from carnet.domain.audit.commands import make_partitions
    from carnet.domain.directory.commands.traces import make_trace_partitions
    from carnet.foundation.bodies import prepare_body_store

    call_command("migrate", interactive=False, verbosity=0)
    call_command("createcachetable", verbosity=0)
    make_partitions()
    make_trace_partitions()
    prepare_body_store()
