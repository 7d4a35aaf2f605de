"""``carnet sandbox``: what a demo adds to an installation, for who writes software against it."""

import os
from typing import Annotated

import typer

from carnet.cli.installation import data_dir, fail, installation, set_up
from carnet.config import environment
from carnet.domain.identity.values import IdNatPs, InvalidNumber, Rpps
from carnet.foundation.lifeline import die_with_parent

_LOOPBACK = ("127.0.0.1", "::1", "localhost")

app = typer.Typer(help="The sandbox of a running demo.", no_args_is_help=True)


@app.callback()
def main() -> None:
    """Nothing of the sandbox is for production."""
    if environment.value("CARNET_MODE") != "demo":
        fail("the sandbox is part of a demo: with CARNET_MODE=production it does not exist")


@app.command()
def token(
    rpps: Annotated[str, typer.Option(help="A professional, by RPPS.")] = "",
    mailbox: Annotated[str, typer.Option(help="Or by a mailbox: who holds it, or has it by delegation.")] = "",
) -> None:
    """Print an access token of the demo's Pro Santé Connect, as software gets it by CIBA."""
    from carnet.sandbox.psc.scripts import NoToken, access_token

    if bool(rpps) == bool(mailbox):
        fail("say for whom: --rpps or --mailbox")
    try:
        typer.echo(access_token(data_dir(), _id_nat(rpps) if rpps else _id_nat_of_mailbox(mailbox)))
    except NoToken as problem:
        fail(str(problem))


@app.command(hidden=True)
def provider() -> None:
    """Run the demo's OpenID provider: one of its processes."""
    from granian import Granian
    from granian.constants import Interfaces
    from granian.log import LogLevels

    die_with_parent()
    if environment.value("CARNET_BIND") not in _LOOPBACK:
        fail("whoever asks this provider for a professional gets one: it only binds to loopback (CARNET_BIND)")
    set_up()
    from django.conf import settings

    from carnet.sandbox.psc.address import issuer
    from carnet.sandbox.psc.installed import write_description

    address = issuer(settings.CARNET_BIND, settings.CARNET_SANDBOX_PSC_PORT)
    write_description(settings.CARNET_DATA_DIR, address)
    os.environ["CARNET_WEB_PARENT"] = str(os.getpid())
    Granian(
        "carnet.sandbox.psc.wsgi:application",
        address=settings.CARNET_BIND,
        port=settings.CARNET_SANDBOX_PSC_PORT,
        interface=Interfaces.WSGI,
        workers=1,  # what is in progress is kept in its memory
        blocking_threads=4,
        log_access=False,
        log_level=LogLevels.warning,
        respawn_failed_workers=True,
    ).serve()


def _id_nat(text: str) -> str:
    """The national identifier, from itself (12 digits) or from an RPPS (11)."""
    try:
        return str(IdNatPs(text) if len(text) == 12 else Rpps.parse(text).id_nat)
    except InvalidNumber as problem:
        fail(f"{text}: {problem}")


def _id_nat_of_mailbox(address: str) -> str:
    with installation():
        from carnet.sandbox.psc.people import who_may_open

        found = who_may_open(address)
    if found is None:
        fail(f"{address}: no professional may open this mailbox today")
    return found
