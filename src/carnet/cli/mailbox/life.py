"""``carnet mailbox suspend``, ``resume``, ``close``, ``reopen``, ``absence``."""

from typing import Annotated

import typer

from carnet.cli.installation import fail
from carnet.cli.mailbox.options import Address, app, by, day_of, mailbox


@app.command()
def suspend(address: Address) -> None:
    """Let nobody use a mailbox until it resumes; CARNET_SUSPENDED_MAIL says what becomes of mail for it."""
    with mailbox(address) as found:
        from carnet.domain.directory.commands import suspend_mailbox

        suspend_mailbox(found.id, by())
    typer.echo(f"{found.address} is suspended.")


@app.command()
def resume(address: Address) -> None:
    """Make a suspended mailbox active again."""
    with mailbox(address) as found:
        from carnet.domain.directory.commands import resume_mailbox

        resume_mailbox(found.id, by())
    typer.echo(f"{found.address} is active.")


@app.command()
def close(
    address: Address,
    on: Annotated[str, typer.Option(help="The day from which it is closed, YYYY-MM-DD.")] = "",
    at_once: Annotated[bool, typer.Option(help="Close it now, without notice.")] = False,
) -> None:
    """Announce the closing of a mailbox, or close it at once; its content is kept for a while (settings)."""
    if bool(on) == at_once:
        fail("give the day with --on, or --at-once")
    day = day_of(on) if on else None
    with mailbox(address) as found:
        from carnet.domain.directory.commands import announce_closing, close_mailbox
        from carnet.domain.messaging.commands.automatic import tell_of_closing

        if day is None:
            close_mailbox(found.id, by())
        else:
            announce_closing(found.id, day, by())
            tell_of_closing(found.id, day)
    typer.echo(f"{found.address} closes on {day}." if day else f"{found.address} is closed.")


@app.command()
def reopen(address: Address) -> None:
    """Call an announced closing off, or undo one while the content is still kept."""
    with mailbox(address) as found:
        from carnet.domain.directory.commands import reopen_mailbox

        reopen_mailbox(found.id, by())
    typer.echo(f"{found.address} is open.")


@app.command()
def absence(
    address: Address,
    first: Annotated[str, typer.Option("--from", help="First day, YYYY-MM-DD.")] = "",
    last: Annotated[str, typer.Option("--until", help="Last day, YYYY-MM-DD.")] = "",
    text: Annotated[str, typer.Option(help="What senders are told, once each.")] = "",
    none: Annotated[bool, typer.Option("--none", help="Tell of no absence any more.")] = False,
) -> None:
    """Tell those who write, professionals and patients, that nobody reads for a while; or end that."""
    if none == bool(first or last or text) or (not none and not (first and last)):
        fail("give --from, --until and --text, or --none")
    with mailbox(address) as found:
        from carnet.domain.directory.commands import end_absence, set_absence

        if none:
            end_absence(found.id, by())
        else:
            set_absence(found.id, day_of(first), day_of(last), text, by())
    typer.echo(f"{found.address}: {'no absence' if none else f'absent from {first} to {last}'}.")
