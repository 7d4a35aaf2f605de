"""``carnet bench``: measured figures, each beside a named peer in the same run."""

from pathlib import Path
from typing import Annotated

import typer

from carnet.cli.installation import fail

_QUICK_MESSAGES = 60

app = typer.Typer(help="Benchmarks beside named peers.", no_args_is_help=True)


@app.callback()
def main() -> None:
    """Benchmarks beside named peers."""


@app.command()
def smtp(
    messages: Annotated[int, typer.Option(min=20, help="Messages of each size in a round (200 KB: a fifth).")] = 3_000,
    rounds: Annotated[int, typer.Option(min=1, help="Rounds of both, in turn; the median counts.")] = 2,
    recipients: Annotated[int, typer.Option(min=1, max=5, help="People who are written to.")] = 1,
    only: Annotated[str | None, typer.Option(help="Measure `carnet` or `peer` alone.")] = None,
    json: Annotated[Path | None, typer.Option(help="Write the result here as well.")] = None,
    folder: Annotated[
        Path | None, typer.Option(exists=True, file_okay=False, help="A folder on the disk to measure on (/var/tmp).")
    ] = None,
    quick: Annotated[bool, typer.Option("--quick", help="A few messages once: does it run? No figure counts.")] = False,
) -> None:
    """Mail accepted and readable: Carnet beside Postfix → LMTP → Dovecot, on loopback, without TLS."""
    from rich.console import Console

    from carnet.bench.problems import CannotMeasure
    from carnet.bench.smtp import Plan, Side, run

    console = Console(stderr=False)
    if only not in (None, *Side):
        fail(f"--only takes {' or '.join(Side)}")
    plan = Plan(
        messages=_QUICK_MESSAGES if quick else messages,
        rounds=1 if quick else rounds,
        recipients=recipients,
        only=Side(only) if only else None,
        folder=folder,
    )
    try:
        report = run(plan, lambda words: console.print(words, highlight=False))
    except CannotMeasure as problem:
        fail(str(problem))
    except KeyboardInterrupt:
        fail("stopped; everything that was started has ended and is deleted")
    report.show(console)
    if json is not None:
        report.write(json)
