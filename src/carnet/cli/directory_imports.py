"""``carnet directory import``, ``search`` and ``api-key``: the public extractions, and who may ask the directory."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from carnet.cli.installation import fail, installation
from carnet.domain.directory.values import MailboxKind

if TYPE_CHECKING:
    from rich.console import Console

    from carnet.domain.directory.imports import Outcome

_MOST_DOMAINS = 10

keys = typer.Typer(help="Keys of the directory's API.", no_args_is_help=True)


def import_files(
    files: Annotated[
        list[Path], typer.Argument(exists=True, dir_okay=False, help="Extractions, as text or in their archive.")
    ],
    force: Annotated[
        bool, typer.Option(help="Even if many lines cannot be read, or many rows are no longer there.")
    ] = False,
    report: Annotated[
        Path | None, typer.Option(help="Where lines left out are named; by default beside the file: FILE.rejected.")
    ] = None,
) -> None:
    """Bring the directory to what the public extractions of the Annuaire Santé say, each whole or not at all.

    Which one a file is, is seen by its first line: activities (PS_LibreAcces_Personne_activite) or mailboxes
    (Extraction_Correspondance_MSSante). Give the activities first: they say more of people and structures.
    """
    from rich.console import Console

    console = Console(stderr=True, highlight=False)
    with installation():
        for file in files:
            outcome = _import(console, file, report or file.with_name(f"{file.name}.rejected"), force=force)
            _tell(console, file, outcome)


def _import(console: "Console", file: Path, report: Path, *, force: bool) -> "Outcome":
    from rich import progress as bars

    from carnet.domain.directory.imports import ImportRefused, NotAnExtraction, Progress, import_extraction

    columns = (
        bars.TextColumn("{task.description}"),
        bars.BarColumn(),
        bars.TaskProgressColumn(),
        bars.TextColumn("{task.fields[lines]:>9,} lines  {task.fields[rate]:>7,}/s"),
        bars.TimeRemainingColumn(),
        bars.TimeElapsedColumn(),
    )
    with bars.Progress(*columns, console=console) as shown:
        task = shown.add_task(file.name, total=None, lines=0, rate=0)

        def tell(now: Progress) -> None:
            elapsed = shown.tasks[0].elapsed or 0.0
            description = file.name if now.phase == "read" else f"{file.name}: {now.phase}"
            rate = int(now.lines / elapsed) if elapsed else 0
            shown.update(task, description=description, total=now.size, completed=now.done, lines=now.lines, rate=rate)

        try:
            return import_extraction(file, report=report, force=force, progress=tell)
        except (ImportRefused, NotAnExtraction) as refusal:
            shown.stop()
            fail(f"{file}: {refusal}" if isinstance(refusal, ImportRefused) else str(refusal))
        except OSError as problem:
            shown.stop()
            fail(f"{file}: {problem.strerror or problem}")


def _tell(console: "Console", file: Path, outcome: "Outcome") -> None:
    from rich.table import Table

    seconds = sum(outcome.seconds.values())
    console.print(
        f"{file.name}: {outcome.extraction}, {outcome.lines:,} lines in {seconds:.1f} s"
        f" ({outcome.lines / max(seconds, 0.001):,.0f} lines/s)"
    )
    table = Table("what", "made or changed", "no longer named")
    table.columns[1].justify = table.columns[2].justify = "right"
    for what in dict.fromkeys([*outcome.counts, *outcome.vanished]):
        gone = f"{outcome.vanished[what]:,}" if what in outcome.vanished else ""
        table.add_row(what, f"{outcome.counts.get(what, 0):,}", gone)
    console.print(table)
    for count, words in (
        (outcome.other_identifiers, "lines name a professional without RPPS: not kept"),
        (outcome.bad, "lines could not be read"),
        (outcome.disagreeing, "lines disagree with another line, with a mailbox's kind, or with what is hosted here"),
    ):
        if count:
            console.print(f"{count:,} {words}")
    if outcome.untrusted:
        some = ", ".join(list(outcome.untrusted)[:_MOST_DOMAINS])
        more = " …" if len(outcome.untrusted) > _MOST_DOMAINS else ""
        console.print(
            f"{sum(outcome.untrusted.values()):,} mailboxes of {len(outcome.untrusted):,} domains that the trust list"
            f" does not name: {some}{more}"
        )
    if outcome.report:
        console.print(f"Lines left out, with their reasons: {outcome.report}")


def search(
    text: Annotated[list[str], typer.Argument(help="Words: of a name, a structure, a town, a service, an address.")],
    kind: Annotated[list[MailboxKind] | None, typer.Option(help="Of this kind only.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000)] = 20,
) -> None:
    """Find published mailboxes."""
    from rich.console import Console
    from rich.table import Table

    with installation():
        from carnet.domain.directory.queries.search import find_mailboxes

        found = find_mailboxes(" ".join(text), kinds=kind or tuple(MailboxKind), limit=limit)
    if not found:
        fail("nothing found")
    table = Table("address", "kind", "name", "service", "structure", "town", "")
    table.columns[0].overflow = "fold"
    for one in found:
        where = "here" if one.hosted else "" if one.trusted else "not on the trust list"
        table.add_row(one.address, one.kind, one.label, one.service, one.structure, one.city, where)
    Console().print(table)


@keys.command("create")
def create_key(
    name: Annotated[str, typer.Argument(help="Whose key it is: small letters, digits, dots, hyphens.")],
    operator: Annotated[str, typer.Option(help="It also writes the mailboxes of this operator's domains.")] = "",
) -> None:
    """Make a key. It is told once, here."""
    with installation():
        from carnet.domain.directory.commands.api_keys import KeyRefused, create_api_key

        try:
            key = create_api_key(name, operator=operator)
        except KeyRefused as refusal:
            fail(str(refusal))
    typer.echo(key)


@keys.command("revoke")
def revoke_key(name: Annotated[str, typer.Argument()]) -> None:
    """Take a key back."""
    with installation():
        from carnet.domain.directory.commands.api_keys import KeyRefused, revoke_api_key

        try:
            revoke_api_key(name)
        except KeyRefused as refusal:
            fail(str(refusal))
    typer.echo(f"{name} opens nothing any more.")


@keys.command("list")
def list_keys() -> None:
    """Every key: name, operator, made, taken back."""
    with installation():
        from carnet.domain.directory.queries.api_keys import api_keys

        for name, operator, made, revoked in api_keys():
            state = f"taken back {revoked:%Y-%m-%d}" if revoked else "valid"
            typer.echo(f"{name}\t{operator or 'reads'}\t{made:%Y-%m-%d}\t{state}")
