"""``carnet sending``: what teams are sending to many patients, without a name."""

from typing import Annotated
from uuid import UUID

import typer

from carnet.cli.installation import fail, installation

app = typer.Typer(help="Messages to many patients: what is under way.", no_args_is_help=True)


@app.command("list")
def show_all(
    everything: Annotated[bool, typer.Option("--all", help="Also those that are over or not started.")] = False,
    limit: Annotated[int, typer.Option(help="How many at most, the newest first.")] = 100,
) -> None:
    """The sendings under way: state, lines by what became of them, when the next is due. No patient is named."""
    with installation():
        from carnet.domain.pathways.queries.sendings import sendings_of_everybody

        for mailbox, one in sendings_of_everybody(under_way=not everything, limit=limit):
            words = [str(one.id), one.state.value, mailbox]
            words += [f"{count} {state.value}" for state, count in one.counts.items()]
            if one.next_due_at is not None:
                words.append(f"next {one.next_due_at:%Y-%m-%d %H:%M %Z}")
            typer.echo("  ".join(words))


@app.command()
def show(sending: Annotated[UUID, typer.Argument(help="A sending of the list.")]) -> None:
    """One sending: its template, its moment, its figures. No patient is named."""
    with installation():
        from carnet.domain.pathways.queries.figures import figures_of
        from carnet.domain.pathways.queries.sendings import sending_of_anybody

        found = sending_of_anybody(sending)
        if found is None:
            fail("There is no such sending.")
        mailbox, one = found
        typer.echo(f"{one.title} ({one.state.value}), template {one.template_id} version {one.template_version}")
        typer.echo(f"Mailbox: {mailbox}")
        timing = one.timing
        moment = f"{timing.when.value}"
        if timing.anchor is not None:
            moment = f"{timing.days:+d} days from {timing.anchor.value} at {timing.hour:%H:%M}"
        typer.echo(f"When: {timing.at or moment}")
        for state, count in one.counts.items():
            typer.echo(f"  {state.value}: {count}")
        figures = figures_of(one.id)
        typer.echo(
            f"{figures.delivered} delivered, {figures.opened} opened, {figures.answered} answered,"
            f" {figures.refused} refused, {figures.withheld} withheld, {figures.not_activated} not activated"
        )
