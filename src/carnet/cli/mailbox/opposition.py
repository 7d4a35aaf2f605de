"""``carnet mailbox opposition``: patients who asked an establishment not to be written to."""

from typing import Annotated

import orjson
import typer

from carnet.cli.installation import fail
from carnet.cli.mailbox.options import Address, AsJson, app, mailbox
from carnet.domain.identity.values import Ins, InvalidIns

opposition = typer.Typer(help="Patients who asked not to be written to.", no_args_is_help=True)
app.add_typer(opposition, name="opposition")

Number = Annotated[str, typer.Argument(help="INS of the patient: 15 characters.")]
OnlyThis = Annotated[bool, typer.Option("--only-this-mailbox", help="This mailbox alone, not the establishment.")]
RecordedBy = Annotated[str, typer.Option("--by", help="Who took the patient's word.")]


@opposition.command()
def add(address: Address, ins: Number, taken_by: RecordedBy, only_this_mailbox: OnlyThis = False) -> None:
    """Record that a patient asked the establishment of a mailbox, or it alone, not to be written to."""
    number = _ins(ins)
    with mailbox(address) as found:
        from carnet.domain.directory.commands import record_opposition

        record_opposition(found.id, number, whole_establishment=not only_this_mailbox, by=taken_by)
    typer.echo("Recorded.")


@opposition.command()
def lift(address: Address, ins: Number, taken_by: RecordedBy, only_this_mailbox: OnlyThis = False) -> None:
    """Record that the patient agrees again."""
    number = _ins(ins)
    with mailbox(address) as found:
        from carnet.domain.directory.commands import lift_opposition

        lift_opposition(found.id, number, whole_establishment=not only_this_mailbox, by=taken_by)
    typer.echo("Lifted.")


@opposition.command("list")
def show(
    address: Address,
    lifted: Annotated[bool, typer.Option(help="Those that were lifted too.")] = False,
    as_json: AsJson = False,
) -> None:
    """The oppositions that count for a mailbox, its establishment's included."""
    with mailbox(address) as found:
        from carnet.domain.directory.queries.oppositions import oppositions_of

        rows = oppositions_of(found.id, lifted=lifted)
        if as_json:
            typer.echo(orjson.dumps(rows, option=orjson.OPT_INDENT_2))
            return
        for one in rows:
            of = "mailbox" if one.mailbox else "establishment"
            until = f"  lifted {one.lifted_at:%Y-%m-%d} by {one.lifted_by}" if one.lifted_at else ""
            typer.echo(f"{one.ins}  {of}  {one.recorded_at:%Y-%m-%d}  {one.recorded_by}{until}")


def _ins(text: str) -> Ins:
    try:
        return Ins.parse(text)
    except InvalidIns as problem:
        fail(str(problem))
