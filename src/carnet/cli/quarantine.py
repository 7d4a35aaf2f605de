"""``carnet quarantine``: what the antivirus kept from people."""

from typing import Annotated
from uuid import UUID

import typer

from carnet.cli.installation import installation

app = typer.Typer(help="Messages that the antivirus kept from their recipients.", no_args_is_help=True)


@app.command("list")
def show(limit: Annotated[int, typer.Option(help="How many at most, the newest first.")] = 100) -> None:
    """The messages in quarantine, and how many wait to be looked at. Identifiers only: no address, no subject."""
    with installation():
        from carnet.domain.messaging.models import QuarantinedMail, UnscannedMessage

        for row in QuarantinedMail.objects.order_by("-kept_at")[:limit]:
            typer.echo(f"{row.id}  {row.kept_at:%Y-%m-%d %H:%M}  {row.size} bytes  {row.signature}  {row.state}")
        typer.echo(f"{UnscannedMessage.objects.count()} delivered messages wait for the antivirus")


@app.command()
def release(message: Annotated[UUID, typer.Argument(help="A message of the list.")]) -> None:
    """Deliver a message that was kept back by error."""
    with installation():
        from carnet.domain.messaging.commands.release import release as let_go

        _say(let_go(message), "delivered")


@app.command()
def drop(message: Annotated[UUID, typer.Argument(help="A message of the list.")]) -> None:
    """Delete a message before its time is over (CARNET_QUARANTINE_DAYS)."""
    with installation():
        from carnet.domain.messaging.commands.quarantine import drop as delete

        _say(delete(message), "deleted")


def _say(done: bool, what: str) -> None:
    if not done:
        typer.echo("There is no such message in quarantine.", err=True)
        raise typer.Exit(1)
    typer.echo(f"The message was {what}.")
