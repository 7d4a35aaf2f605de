"""``carnet closure``: planned closures of the mail."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from carnet.cli.installation import fail, installation

app = typer.Typer(
    help="Planned closures: when the mail is closed on purpose, and people are told.", no_args_is_help=True
)


@app.command()
def add(
    start: Annotated[str, typer.Option("--from", help="When it closes: 2025-11-22T08:00+01:00, or `now`.")],
    until: Annotated[str, typer.Option("--until", help="When it opens again.")],
    scope: Annotated[str, typer.Option(help="What closes.")] = "mail",
    message_fr: Annotated[str, typer.Option(help="What the portal says, in French.")] = "",
    message_en: Annotated[str, typer.Option(help="What the portal says, in English.")] = "",
) -> None:
    """Plan a closure. A time without a zone is UTC.

    While it lasts the mail doors answer 450 and say until when, mail to other operators waits, what was accepted is
    delivered, and the portal shows a banner (a week ahead too).
    """
    with installation():
        from carnet.foundation.closures import BadClosure, plan_closure

        try:
            closure = plan_closure(scope, _moment(start), _moment(until), message_fr=message_fr, message_en=message_en)
        except BadClosure as problem:
            fail(str(problem))
        typer.echo(f"closure {closure.id}: {closure.scope} from {closure.starts_at:%Y-%m-%d %H:%M %Z}", nl=False)
        typer.echo(f" until {closure.until:%Y-%m-%d %H:%M %Z}")


@app.command("list")
def show() -> None:
    """The closures that last or are to come."""
    with installation():
        from carnet.foundation.clock import now
        from carnet.foundation.closures import closures_to_come

        closures = closures_to_come()
        for one in closures:
            state = "closed now" if one.lasts_at(now()) else "planned"
            typer.echo(
                f"{one.id}  {one.scope}  {one.starts_at:%Y-%m-%d %H:%M %Z} – {one.until:%Y-%m-%d %H:%M %Z}  {state}"
            )
        if not closures:
            typer.echo("no closure is planned")


@app.command()
def cancel(closure: Annotated[int, typer.Argument(help="Its number, from `carnet closure list`.")]) -> None:
    """Cancel a closure; the service opens within two seconds if it is closed now."""
    with installation():
        from carnet.foundation.closures import cancel_closure

        if not cancel_closure(closure):
            fail(f"{closure}: no such closure lasts or is to come")
        typer.echo(f"closure {closure} is cancelled")


def _moment(text: str) -> datetime:
    if text == "now":
        return datetime.now(UTC)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        fail(f"{text}: a date and time as 2025-11-22T08:00+01:00 is expected")
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
