"""``carnet audit``: is the access trail whole?"""

import typer

from carnet.cli.installation import installation

app = typer.Typer(help="The access trail of the spaces.", no_args_is_help=True)


@app.command()
def verify() -> None:
    """Walk the chain of every space's trail; ends with 1 when an event was changed or is missing."""
    with installation():
        from carnet.domain.audit.queries import spaces_with_a_trail
        from carnet.domain.audit.queries import verify as verify_space

        broken = [found for space_id in spaces_with_a_trail() if (found := verify_space(space_id)) is not None]
        for one in broken:
            typer.echo(f"space {one.space_id}: event {one.sequence} is {one.why}", err=True)
        typer.echo(f"{len(broken)} broken" if broken else "Every trail is whole.")
        if broken:
            raise typer.Exit(1)
