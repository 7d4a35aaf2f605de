"""What the sub-commands share: how an address, a number, a day are read, and who is at the terminal."""

import getpass
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from typing import TYPE_CHECKING, Annotated

import typer

from carnet.cli.installation import fail, installation
from carnet.domain.identity.values import Finess, InvalidNumber, Rpps

if TYPE_CHECKING:
    from carnet.domain.directory.queries.hosted import HostedMailbox

app = typer.Typer(help="The mailboxes hosted here.", no_args_is_help=True)

Address = Annotated[str, typer.Argument(help="Address of a mailbox hosted here.")]
AsJson = Annotated[bool, typer.Option("--json", help="As JSON.")]
AsCsv = Annotated[bool, typer.Option("--csv", help="As CSV, separated by commas.")]


def by() -> str:
    """Who does it, for the trace."""
    return f"operator:{getpass.getuser()}"


def rpps_of(text: str) -> Rpps:
    """The RPPS, or the end of the command."""
    try:
        return Rpps.parse(text)
    except InvalidNumber as problem:
        fail(f"{text}: {problem}")


def finess_of(text: str) -> Finess:
    """The FINESS, or the end of the command."""
    try:
        return Finess.parse(text)
    except InvalidNumber as problem:
        fail(f"{text}: {problem}")


def day_of(text: str) -> date:
    """A day written YYYY-MM-DD, or the end of the command."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        fail(f"{text}: a day is written YYYY-MM-DD")


@contextmanager
def mailbox(address: str) -> Iterator["HostedMailbox"]:
    """The installation, and the mailbox of that address in it; what the directory refuses ends the command in words."""
    with installation():
        from carnet.domain.directory.commands import MailboxRefused
        from carnet.domain.directory.queries.hosted import hosted_mailbox_at

        found = hosted_mailbox_at(address)
        if found is None:
            fail(f"{address}: no mailbox is hosted here at this address")
        try:
            yield found
        except MailboxRefused as refusal:
            fail(str(refusal))
