"""``carnet space``: open and close the space of a person."""

from typing import Annotated

import typer

from carnet.cli.installation import fail, installation
from carnet.domain.identity.values import IdentityStatus, Ins, InsOid, InvalidIdentifier, InvalidIns, InvalidTrait
from carnet.domain.identity.values import StrictTraits as Traits

app = typer.Typer(help="The life of a health space.", no_args_is_help=True)


@app.command("open")
def open_one(
    ins: Annotated[str, typer.Argument(help="INS: 15 characters, key included.")],
    oid: Annotated[str, typer.Option(help="Its authority: 1.2.250.1.213.1.4.8 (NIR), .9, .10 (test), .11 (demo).")],
    birth_name: Annotated[str, typer.Option()],
    given_names: Annotated[str, typer.Option(help="Separated by spaces.")],
    birth_date: Annotated[str, typer.Option(help="YYYY-MM-DD.")],
    sex: Annotated[str, typer.Option(help="M, F or I.")],
    birth_place: Annotated[str, typer.Option(help="INSEE code of the place, 5 characters.")],
    email: Annotated[str, typer.Option(help="Where the person is told that something is there.")] = "",
    opposed: Annotated[bool, typer.Option(help="Keep only that the person opposed a space.")] = False,
) -> None:
    """Open the space of a person whose identity is qualified: mail can arrive, and they can activate it."""
    try:
        number, authority = Ins.parse(ins), InsOid.parse(oid)
        traits = Traits.read(
            birth_name=birth_name, given_names=given_names, birth_date=birth_date, sex=sex, birth_place=birth_place
        )
    except (InvalidIns, InvalidIdentifier, InvalidTrait) as problem:
        fail(str(problem))
    with installation():
        from django.db import IntegrityError, transaction

        from carnet.domain.identity.commands import IdentityRefused, register_person
        from carnet.domain.spaces.commands import open_space_of

        try:
            with transaction.atomic():
                person = register_person(number, authority, traits, IdentityStatus.QUALIFIEE)
                space_id = open_space_of(person, email=email, opposed=opposed)
        except IdentityRefused as refusal:
            fail(str(refusal))
        except IntegrityError:
            fail("This person has a space already.")
    typer.echo(f"Space {space_id}")


@app.command()
def close(
    ins: Annotated[str, typer.Argument(help="INS of the person.")],
) -> None:
    """Close a person's space: nothing arrives any more, nobody signs in."""
    try:
        number = Ins.parse(ins)
    except InvalidIns as problem:
        fail(str(problem))
    with installation():
        from carnet.domain.spaces.commands import close_space
        from carnet.domain.spaces.queries import spaces_by_ins

        found = spaces_by_ins([str(number)]).get(str(number))
        if found is None or not found.living:
            fail("This person has no living space.")
        close_space(found.id)
    typer.echo("Closed.")
