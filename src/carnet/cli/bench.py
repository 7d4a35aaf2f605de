"""``carnet bench``: measured figures, each beside a named peer in the same run."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from carnet.cli.installation import fail

if TYPE_CHECKING:
    from carnet.bench.report import Report
    from carnet.bench.smtp import Side

_QUICK_MESSAGES = 60

# What several benchmarks are asked.
Rounds = Annotated[int, typer.Option(min=1, help="Rounds of both, in turn; the median counts.")]
Only = Annotated[str | None, typer.Option(help="Measure `carnet` or `peer` alone.")]
Json = Annotated[Path | None, typer.Option(help="Write the result here as well.")]
Folder = Annotated[
    Path | None, typer.Option(exists=True, file_okay=False, help="A folder on the disk to measure on (/var/tmp).")
]

app = typer.Typer(help="Benchmarks beside named peers.", no_args_is_help=True)


@app.callback()
def main() -> None:
    """Benchmarks beside named peers."""


def _measure(run: Callable[[Callable[[str], None]], "Report"], json: Path | None) -> None:
    """Run a benchmark, which tells how far it is; show its report, and write it where it is asked for."""
    from rich.console import Console

    from carnet.bench.problems import CannotMeasure

    console = Console(stderr=False)
    try:
        report = run(lambda words: console.print(words, highlight=False))
    except CannotMeasure as problem:
        fail(str(problem))
    except KeyboardInterrupt:
        fail("stopped; everything that was started has ended and is deleted")
    report.show(console)
    if json is not None:
        report.write(json)


def _side(only: str | None) -> "Side | None":
    from carnet.bench.smtp import Side

    if only not in (None, *Side):
        fail(f"--only takes {' or '.join(Side)}")
    return Side(only) if only else None


@app.command()
def smtp(
    messages: Annotated[int, typer.Option(min=20, help="Messages of each size in a round (200 KB: a fifth).")] = 3_000,
    rounds: Rounds = 2,
    recipients: Annotated[int, typer.Option(min=1, max=5, help="People who are written to.")] = 1,
    only: Only = None,
    json: Json = None,
    folder: Folder = None,
    quick: Annotated[bool, typer.Option("--quick", help="A few messages once: does it run? No figure counts.")] = False,
) -> None:
    """Mail accepted and readable: Carnet beside Postfix → LMTP → Dovecot, on loopback, without TLS."""
    from carnet.bench.smtp import Plan, run

    plan = Plan(
        messages=_QUICK_MESSAGES if quick else messages,
        rounds=1 if quick else rounds,
        recipients=recipients,
        only=_side(only),
        folder=folder,
    )
    _measure(partial(run, plan), json)


@app.command()
def imap(
    messages: Annotated[int, typer.Option(min=100, help="Messages of 5 KB in the box.")] = 5_000,
    rounds: Rounds = 2,
    seconds: Annotated[float, typer.Option(min=0.2, help="Seconds of each kind of command in a round.")] = 5.0,
    idle: Annotated[int, typer.Option(min=0, help="Connections that wait at the end.")] = 1_000,
    workers: Annotated[int, typer.Option(min=1, help="IMAP processes of Carnet.")] = 1,
    only: Only = None,
    json: Json = None,
    folder: Folder = None,
    quick: Annotated[bool, typer.Option("--quick", help="A moment of each: does it run? No figure counts.")] = False,
) -> None:
    """Reading over IMAP: Carnet beside Dovecot, the same messages and the same client, on loopback, without TLS."""
    from carnet.bench.imap import Plan, run

    plan = Plan(
        messages=200 if quick else messages,
        rounds=1 if quick else rounds,
        seconds=0.3 if quick else seconds,
        idle=20 if quick else idle,
        workers=workers,
        only=_side(only),
        folder=folder,
    )
    _measure(partial(run, plan), json)


@app.command()
def growth(
    messages: Annotated[int, typer.Option(min=20, help="Messages brought at each size.")] = 2_000,
    json: Json = None,
    folder: Folder = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="A few thousand stored: does it run? No figure counts.")
    ] = False,
) -> None:
    """What a message costs with 10,000, 100,000 and a million messages stored: accepted, delivered, listed, fetched."""
    from carnet.bench.growth import SIZES, Plan, run

    plan = Plan(
        sizes=(1_000, 3_000) if quick else SIZES,
        messages=40 if quick else messages,
        warming=40 if quick else 3 * messages,
        groups=2 if quick else 5,
        readings=4 if quick else 200,
        folder=folder,
    )
    _measure(partial(run, plan), json)


@app.command()
def desk(
    conversations: Annotated[int, typer.Option(min=1_000, help="Conversations of the mailbox.")] = 50_000,
    holder: Annotated[int, typer.Option(min=50, help="Conversations of the holder.")] = 2_000,
    readings: Annotated[int, typer.Option(min=5, help="How often each page is asked for.")] = 100,
    json: Json = None,
    folder: Folder = None,
    quick: Annotated[bool, typer.Option("--quick", help="A few conversations: does it run? No figure counts.")] = False,
) -> None:
    """The desk of a mailbox with 50,000 conversations, and the messages of a holder with 2,000: pages over HTTP."""
    from carnet.bench.desk import Plan, run

    plan = Plan(
        conversations=1_000 if quick else conversations,
        holder_conversations=50 if quick else holder,
        readings=5 if quick else readings,
        folder=folder,
    )
    _measure(partial(run, plan), json)


@app.command()
def directory(
    mailboxes: Annotated[int, typer.Option(min=1_000, help="Lines of the extraction of mailboxes.")] = 535_928,
    activities: Annotated[int, typer.Option(min=1_000, help="Lines of the extraction of activities.")] = 1_200_000,
    seconds: Annotated[float, typer.Option(min=0.2, help="Seconds of each kind of question.")] = 3.0,
    json: Json = None,
    folder: Folder = None,
    quick: Annotated[bool, typer.Option("--quick", help="A few lines: does it run? No figure counts.")] = False,
) -> None:
    """The public extractions of the Annuaire Santé at their real size, and questions to what they made."""
    from carnet.bench.directory import Plan, run

    plan = Plan(
        mailboxes=5_000 if quick else mailboxes,
        activities=5_000 if quick else activities,
        seconds=0.2 if quick else seconds,
        folder=folder,
    )
    _measure(partial(run, plan), json)
