"""``carnet statistics``: what an operator owes, by month and kind of mailbox."""

import csv
import re
import sys
from datetime import date
from typing import Annotated

import orjson
import typer

from carnet.cli.installation import fail, installation


def statistics(
    month: Annotated[str, typer.Option(help="The month, YYYY-MM.")],
    as_csv: Annotated[bool, typer.Option("--csv", help="As CSV, separated by commas.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """Sent, received, to patients, with documents and of which codes, products, active mailboxes: by kind, and all."""
    if not re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", month):
        fail(f"{month}: a month is written YYYY-MM")
    with installation():
        from carnet.domain.messaging.queries.statistics import month_statistics

        found = month_statistics(date(int(month[:4]), int(month[5:]), 1))
        if as_json:
            typer.echo(orjson.dumps(found, option=orjson.OPT_INDENT_2))
            return
        columns = ["month", "kind", "what", "code", "label", "number"]
        if as_csv:
            table = csv.writer(sys.stdout)
            table.writerow(columns)
            table.writerows(found.rows())
            return
        for _, kind, what, code, label, number in found.rows():
            if number:
                typer.echo("  ".join(part for part in (kind, what, code, label, str(number)) if part))
