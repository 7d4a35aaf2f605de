"""``carnet serve``: all processes under a supervisor, or one of them alone."""

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Coroutine
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from carnet.cli.installation import data_dir, fail, postgres_of, prepare_database, set_up
from carnet.config import environment
from carnet.foundation.lifeline import die_with_parent
from carnet.foundation.postgres import PostgresRefused
from carnet.foundation.supervisor import SETTINGS_ARE_WRONG, ChildSpec, Supervisor


class Process(StrEnum):
    """The processes of an installation; any number of each may run against one database."""

    ALL = "all"
    WEB = "web"
    SMTP = "smtp"
    IMAP = "imap"
    DRAIN = "drain"
    WORKER = "worker"


_SECONDS_TO_END = 1.0

# Where the processor is short, whoever stands at a door goes first; what was accepted is safe and can wait a little.
_AFTER_THE_DOORS = 5
_WHEN_THERE_IS_TIME = 10
_NICE = {Process.DRAIN: _AFTER_THE_DOORS, Process.WORKER: _WHEN_THERE_IS_TIME}


def serve(
    process: Annotated[Process, typer.Argument(help="One process alone, or all of them.")] = Process.ALL,
) -> None:
    """Run Carnet: the portal, the mail doors, the drain and the worker."""
    if process is Process.ALL:
        _serve_all()
        return
    die_with_parent()
    os.nice(_NICE.get(process, 0))
    if not environment.value("CARNET_DATABASE_URL"):
        fail("CARNET_DATABASE_URL is not set: `carnet serve` alone runs all processes with a database of its own")
    set_up()
    from django.core.exceptions import ImproperlyConfigured

    try:
        RUNNERS[process]()
    except ImproperlyConfigured as problem:
        # Not started again: the settings that it would find are the same.
        fail(f"carnet serve {process.value} does not run: {problem}", SETTINGS_ARE_WRONG)


def _serve_all() -> None:
    folder = data_dir()
    key_file: Path | None = environment.value("CARNET_MASTER_KEY_FILE")
    if key_file is None:
        fail("CARNET_MASTER_KEY_FILE is not set: make a key with `carnet keys create FILE`, outside the data folder")
    if key_file.resolve().is_relative_to(folder.resolve()):
        fail(f"the master key {key_file} lies inside the data folder {folder}: whoever copies one has the other")
    children = []
    if not environment.value("CARNET_DATABASE_URL"):
        postgres = postgres_of(folder)
        try:
            postgres.start()
        except PostgresRefused as refusal:
            fail(str(refusal))
        os.environ["CARNET_DATABASE_URL"] = postgres.url()
        set_up()
        _ready_to_run()
        postgres.release()
        children.append(database_child(folder))
    else:
        set_up()
        _ready_to_run()
    Supervisor([*children, *process_children()]).run()


def _ready_to_run() -> None:
    from django.core.exceptions import ImproperlyConfigured
    from django.db import connections

    from carnet.foundation.keys import KeyProblem
    from carnet.foundation.owner_keys import master_keys
    from carnet.interfaces.smtp.run import check_settings

    try:
        master_keys()
    except KeyProblem as problem:
        fail(str(problem))
    try:
        check_settings()
    except ImproperlyConfigured as problem:
        fail(str(problem))
    ensure_signing_secret()
    prepare_database()
    connections.close_all()


def ensure_signing_secret() -> None:
    """The portal's signing secret exists on disk before any process needs it."""
    import secrets

    from carnet.foundation.keys import write_durably

    path: Path = environment.value("CARNET_SECRET_KEY_FILE") or data_dir() / "keys" / "signing"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_durably(path, secrets.token_urlsafe(48).encode("ascii"))


def database_child(folder: Path) -> ChildSpec:
    """The embedded PostgreSQL as a supervised process, stopped after all others."""
    argv = [sys.executable, "-m", "carnet.foundation.postgres", str(folder / "postgres")]
    return ChildSpec("database", argv, stop_stage=1)


def process_children() -> list[ChildSpec]:
    """Every other process, with the settings of this one."""
    env = dict(os.environ)
    several = {Process.IMAP: environment.value("CARNET_IMAP_WORKERS")}
    return [
        ChildSpec(
            process.value if number == 1 else f"{process.value}-{number}",
            [sys.executable, "-m", "carnet", "serve", process.value],
            env=env,
        )
        for process in Process
        if process is not Process.ALL
        for number in range(1, max(1, several.get(process, 1)) + 1)
    ]


# --- each process -----------------------------------------------------------------------------------------------


def _run_async(serving: Callable[[asyncio.Event], Coroutine[Any, Any, None]]) -> None:
    """Run a door on uvloop until SIGTERM or SIGINT."""
    import uvloop

    async def main() -> None:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
        await serving(stop)

    uvloop.run(main())


def _web() -> None:
    from django.conf import settings
    from granian import Granian
    from granian.constants import Interfaces
    from granian.log import LogLevels

    os.environ["CARNET_WEB_PARENT"] = str(os.getpid())
    Granian(
        "carnet.config.wsgi:application",
        address=settings.CARNET_BIND,
        port=settings.CARNET_WEB_PORT,
        interface=Interfaces.WSGI,
        workers=settings.CARNET_WEB_WORKERS,
        blocking_threads=4,
        log_access=False,
        log_level=LogLevels.warning,
        respawn_failed_workers=True,
    ).serve()


def _smtp() -> None:
    from carnet.interfaces.smtp.run import serve as smtp

    _run_async(smtp)


def _imap() -> None:
    from carnet.interfaces.imap.run import serve as imap

    _run_async(imap)


def _drain() -> None:
    from carnet.domain.messaging import drain

    stopping = False

    def stop(number: int, frame: object) -> None:
        nonlocal stopping
        stopping = True

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    drain.run(lambda: stopping)


def _worker() -> None:
    from procrastinate.contrib.django import app

    with app.replace_connector(app.connector.get_worker_connector()):  # type: ignore[attr-defined]
        # Asked to end, jobs that wait for others (another operator's server) are told after this long, and finish.
        app.run_worker(
            concurrency=4,
            fetch_job_polling_interval=5,
            delete_jobs="never",
            shutdown_graceful_timeout=_SECONDS_TO_END,
        )


RUNNERS = {
    Process.WEB: _web,
    Process.SMTP: _smtp,
    Process.IMAP: _imap,
    Process.DRAIN: _drain,
    Process.WORKER: _worker,
}
