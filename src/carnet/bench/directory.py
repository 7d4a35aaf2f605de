"""``carnet bench directory``: the two public extractions at their real size, then questions to what they made.

1. ``import``: an extraction of activities and one of mailboxes, with invented people, each twice: into an empty
   directory, then the same again, as most days bring almost the same.
2. ``ask``: reading one resource, searching by number, by name and by mailbox, through the API's own code in this one
   process, without a web server.
"""

import os
import resource
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

from carnet.bench.extractions import rpps, write_activity, write_mailboxes
from carnet.bench.machine import describe
from carnet.bench.report import Figure, Report, figure

RPPS = "https://rpps.esante.gouv.fr"
MAILBOXES = 535_928
ACTIVITIES = 1_200_000


@dataclass(frozen=True)
class Plan:
    """How much: lines of each extraction, seconds of each kind of question, a folder on the disk to measure on."""

    mailboxes: int = MAILBOXES
    activities: int = ACTIVITIES
    seconds: float = 3.0
    folder: Path | None = None


def run(plan: Plan, say: Callable[[str], None]) -> Report:
    """Make the files, take them, ask. Everything that was made is deleted again."""
    folder = Path(tempfile.mkdtemp(prefix="carnet-bench-directory-", dir=plan.folder or "/var/tmp"))  # noqa: S108
    folder.chmod(0o700)
    from carnet.foundation.postgres import EmbeddedPostgres

    postgres = EmbeddedPostgres(folder / "postgres")
    try:
        postgres.start()
        os.environ.update(
            CARNET_DATABASE_URL=postgres.url(),
            CARNET_DATA_DIR=str(folder / "data"),
            CARNET_DIRECTORY_REQUESTS_PER_MINUTE="0",
        )
        from carnet.cli.installation import set_up

        set_up()
        from django.core.management import call_command

        call_command("migrate", interactive=False, verbosity=0)
        machine = describe(folder)
        figures = {**_imports(plan, folder, say), **_questions(plan, say)}
        return Report("directory", machine, figures)
    finally:
        from django.db import connections

        connections.close_all()
        postgres.stop("immediate")
        shutil.rmtree(folder)


def _imports(plan: Plan, folder: Path, say: Callable[[str], None]) -> dict[str, Figure]:
    from carnet.domain.directory.imports import import_extraction

    files = {"activities": folder / "activities.txt", "mailboxes": folder / "mailboxes.txt"}
    say(f"making {plan.activities:,} activities and {plan.mailboxes:,} mailboxes")
    write_activity(files["activities"], plan.activities)
    write_mailboxes(files["mailboxes"], plan.mailboxes)
    figures = {}
    for round_name in ("first", "again"):
        for name, path in files.items():
            began = perf_counter()
            outcome = import_extraction(path, report=folder / "rejected")
            seconds = perf_counter() - began
            say(f"{name}, {round_name}: {outcome.lines:,} lines in {seconds:.1f} s {outcome.seconds}")
            figures[f"import_{name}_{round_name}"] = figure([seconds], "s")
            figures[f"import_{name}_{round_name}_rate"] = figure([outcome.lines / seconds], "lines/s")
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    figures["import_memory"] = figure([memory], "MiB")
    return figures


def _questions(plan: Plan, say: Callable[[str], None]) -> dict[str, Figure]:
    from carnet.domain.directory.commands.api_keys import create_api_key
    from carnet.interfaces.fhir.door import Request, answer

    headers = {"ESANTE-API-KEY": create_api_key("bench")}
    people = max(1, plan.activities * 2 // 3)

    def ask(path: str, query: str = "") -> Any:
        told = answer(Request("GET", path, query, headers))
        if told.status != 200:
            raise AssertionError(f"{path}?{query}: {told.status} {told.body[:200]!r}")
        return told

    def someone(number: int) -> str:
        return rpps(number * 7919 % people)

    def some_mailbox(number: int) -> str:
        return f"secretariat.{number * 16 % plan.mailboxes // 16 * 16 + 7}"

    def page(kind: str, asked: str) -> Callable[[int], Any]:
        """The same search with pages of a few sizes, as several people would ask it."""
        return lambda number: ask(kind, f"{asked}&_count={20 + number % 3}")

    questions: dict[str, Callable[[int], Any]] = {
        "read": lambda number: ask(f"Practitioner/{someone(number)}"),
        "by_identifier": lambda number: ask("Practitioner", f"identifier={RPPS}|{someone(number)}"),
        "by_mailbox": lambda number: ask("Organization", f"mailbox-mss={some_mailbox(number)}@"),
        "by_name": page("Practitioner", "family=kerm&given=loic"),
        "by_domain": page("Practitioner", "mailbox-mss:contains=@medecin.mssante.test"),
        "by_part": page("Practitioner", "name:contains=dac-mar"),
    }
    figures = {}
    for name, question in questions.items():
        question(1)
        times: list[float] = []
        until = perf_counter() + plan.seconds
        while perf_counter() < until:
            began = perf_counter()
            question(len(times))
            times.append((perf_counter() - began) * 1000)
        figures[f"ask_{name}"] = figure([len(times) / sum(times) * 1000], "answers/s", times)
        say(f"{name}: {len(times) / sum(times) * 1000:,.0f} answers/s")
    return figures
