"""``carnet demo``: the whole of Carnet on one machine, with invented people, from one command."""

import os
import shutil
import signal
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from carnet.cli.installation import data_dir, fail, postgres_of, prepare_database, set_up
from carnet.cli.serve import database_child, ensure_signing_secret, process_children
from carnet.config import environment
from carnet.foundation.postgres import EmbeddedPostgres, PostgresRefused
from carnet.foundation.supervisor import ChildSpec, Event, Supervisor
from carnet.sandbox import ports

_LOOPBACK = ("127.0.0.1", "::1", "localhost")
_ANSWER_WITHIN_SECONDS = 60


def demo(
    fresh: Annotated[bool, typer.Option(help="Start over: delete the demo's data first.")] = False,
    headless: Annotated[bool, typer.Option(help="For a program: plain lines, no colours.")] = False,
    ready_file: Annotated[Path | None, typer.Option(help="Write a JSON description here once all answers.")] = None,
    play: Annotated[bool, typer.Option(help="Play the main job once all answers.")] = True,
) -> None:
    """Start Carnet with an embedded database and invented people, play its main job, and stay up."""
    started = time.monotonic()
    if environment.value("CARNET_BIND") not in _LOOPBACK:
        fail("a demo has passwords that everyone knows: it only binds to loopback (CARNET_BIND)")
    if environment.value("CARNET_MODE") != "demo":
        fail("a demo has invented people with test INS: CARNET_MODE must be demo")
    folder = data_dir()
    if ready_file is not None:
        ready_file.unlink(missing_ok=True)
    if fresh:
        _delete(folder)
    _choose_settings(folder)
    signal.signal(signal.SIGTERM, _leave)  # until the supervisor takes over, so that nothing is left running
    postgres = _start_database(folder)
    try:
        set_up()
        ensure_signing_secret()
        _load(folder)
    except BaseException:
        if postgres is not None:
            postgres.stop()
        raise
    if postgres is not None:
        postgres.release()
    children = [*([database_child(folder)] if postgres is not None else []), *_children()]
    supervisor = Supervisor(children, on_event=_event_writer(folder))
    after = _After(started, headless, ready_file, play, supervisor)
    threading.Thread(target=after.run, name="demo", daemon=True).start()
    supervisor.run()
    if ready_file is not None:
        ready_file.unlink(missing_ok=True)
    print("Demo stopped; its data is kept in", folder)  # noqa: T201 - the terminal is its reader


def _leave(number: int, frame: object) -> NoReturn:
    raise SystemExit(128 + number)


def _delete(folder: Path) -> None:
    """Delete a demo's data folder: only one that a demo made."""
    if not folder.exists():
        return
    if not (folder / "demo").exists() and any(folder.iterdir()):
        fail(f"{folder} was not made by a demo: it is not deleted")
    if (folder / "postgres").is_dir():
        postgres = EmbeddedPostgres(folder / "postgres")
        try:
            postgres.start()
            postgres.stop("immediate")
        except PostgresRefused as refusal:
            fail(str(refusal))
    shutil.rmtree(folder)


def _choose_settings(folder: Path) -> None:
    """Ports that are free, certificates, folders: into the environment, for this process and its children."""
    from carnet.foundation.keys import MasterKeys
    from carnet.sandbox import certificates
    from carnet.sandbox.insi.address import insi_url
    from carnet.sandbox.psc import address as psc

    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    folder.chmod(0o700)
    (folder / "demo").touch(mode=0o600)
    for name in ports.DOORS:
        os.environ[name] = str(ports.free_port(environment.value(name) or ports.USUAL.get(name, 0)))
    os.environ["CARNET_WEB_URL"] = f"http://127.0.0.1:{os.environ['CARNET_WEB_PORT']}"
    made = certificates.ensure(folder / "tls", environment.value("CARNET_HOSTNAME"))
    os.environ["CARNET_TLS_CERT_FILE"], os.environ["CARNET_TLS_KEY_FILE"] = str(made.own.certificate), str(made.own.key)
    os.environ["CARNET_OPERATORS_CA_FILE"] = str(made.authority)
    os.environ["CARNET_CRL_FILES"] = str(made.revocation_list)
    os.environ["CARNET_OPERATORS_DOOR_TLS"] = "none"
    os.environ["CARNET_DATA_DIR"] = str(folder)
    if not environment.value("CARNET_PSC_ISSUER"):
        address = psc.issuer(environment.value("CARNET_BIND"), environment.value("CARNET_SANDBOX_PSC_PORT"))
        os.environ["CARNET_PSC_ISSUER"] = address
        os.environ.setdefault("CARNET_PSC_AUDIENCES", psc.CLIENT_ID)
        os.environ["CARNET_PSC_CLIENT_ID"] = psc.PORTAL_ID
        os.environ["CARNET_PSC_CLIENT_SECRET_FILE"] = str(psc.portal_secret_file(folder))
    if not environment.value("CARNET_INSI_URL"):
        insi_port = environment.value("CARNET_SANDBOX_INSI_PORT")
        os.environ["CARNET_INSI_URL"] = insi_url(environment.value("CARNET_BIND"), insi_port)
    if not environment.value("CARNET_LOG_FILE"):
        os.environ["CARNET_LOG_FILE"] = str(folder / "log" / "carnet.log")
    master: Path = environment.value("CARNET_MASTER_KEY_FILE") or folder / "keys" / "master"
    if not master.exists():
        MasterKeys.create().save(master)


def _start_database(folder: Path) -> EmbeddedPostgres | None:
    if environment.value("CARNET_DATABASE_URL"):
        return None
    postgres = postgres_of(folder)
    try:
        postgres.start()
    except PostgresRefused as refusal:
        fail(str(refusal))
    os.environ["CARNET_DATABASE_URL"] = postgres.url()
    return postgres


def _load(folder: Path) -> None:
    """The schema, and the sandbox's people at the first start."""
    from django.db import connections, transaction

    prepare_database()
    from carnet.domain.directory.commands import import_trust_list
    from carnet.domain.directory.models import Mailbox
    from carnet.sandbox import cast, certificates, trust_list
    from carnet.sandbox.insi.installed import ensure_register

    list_file = trust_list.write_trust_list(folder / "trust-list.xml", cast.listed_in_the_sandbox())
    if not Mailbox.objects.exists():
        with transaction.atomic():
            cast.everyone(list_file)
    reading = import_trust_list(list_file.read_bytes(), source="sandbox", accept_loss=True)
    if reading.outcome == reading.outcome.REFUSED:
        fail(f"the sandbox's trust list {list_file}: {reading.reason}")
    cast.let_software_in(certificates.ensure_software(folder / "tls").subject)
    ensure_register(folder)
    connections.close_all()


def _children() -> list[ChildSpec]:
    """The processes of an installation, and what the sandbox adds to them."""
    insi = ChildSpec("insi", [sys.executable, "-m", "carnet.sandbox.insi"], env=dict(os.environ))
    provider = ChildSpec("psc", [sys.executable, "-m", "carnet", "sandbox", "provider"], env=dict(os.environ))
    return [*process_children(), provider, insi]


def _event_writer(folder: Path) -> Callable[[Event], None]:
    log = folder / "log" / "supervisor.log"
    log.parent.mkdir(exist_ok=True, mode=0o700)
    file = open(os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600), "w", buffering=1)  # noqa: SIM115 - open as long as the demo

    def write(event: Event) -> None:
        file.write(event.line() + "\n")

    return write


@dataclass
class _After:
    """What happens beside the supervisor once it has started everything: wait, play, tell."""

    started: float
    headless: bool
    ready_file: Path | None
    play: bool
    supervisor: Supervisor

    def run(self) -> None:
        from rich.console import Console

        from carnet.sandbox import ready, story

        console = Console(no_color=self.headless, highlight=False, force_terminal=False if self.headless else None)
        try:
            if not self._all_answer():
                console.print("Some doors do not answer: see the log folder of the demo.", style="bold red")
                self.supervisor.request_stop()
                return
            console.print(f"Carnet is up ({time.monotonic() - self.started:.1f} s).", style="bold")
            if self.play:
                story.play(console)
            ready.tell(console)
            if self.ready_file is not None:
                ready.write(self.ready_file)
        except Exception:
            console.print_exception(show_locals=False)
            self.supervisor.request_stop()
        finally:
            sys.stdout.flush()

    def _all_answer(self) -> bool:
        deadline = time.monotonic() + _ANSWER_WITHIN_SECONDS
        waiting = [environment.value(name) for name in ports.DOORS]
        while waiting and time.monotonic() < deadline:
            waiting = [port for port in waiting if not ports.answers(port)]
            if waiting:
                time.sleep(0.1)
        return not waiting
