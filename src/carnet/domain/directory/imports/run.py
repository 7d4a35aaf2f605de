"""One extraction, whole or not at all: read, staged, merged and told in one transaction."""

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import IO

from django.conf import settings
from django.db import transaction

from carnet.domain.directory.imports import activity, mailboxes
from carnet.domain.directory.imports.columns import Extraction, Layout, NotAnExtraction, read_header
from carnet.domain.directory.imports.lines import SEPARATOR, BadLine, Reader, reader
from carnet.domain.directory.imports.source import Source, open_source
from carnet.domain.directory.imports.staging import Cursor, Filling, Staging
from carnet.domain.directory.queries.labels import forget_labels
from carnet.foundation.rows import server_cursor

_ONE_AT_A_TIME = 0x636E_6469  # advisory lock of this import
_TELL_EVERY = 5_000
_BAD_LINES_AT_LEAST = 1_000
_BAD_SHARE = 0.05
_FEW_ROWS = 100
_MOST_DISAGREEING = 100_000


class ImportRefused(Exception):
    """Nothing was changed; the message says what stands against it."""


@dataclass(frozen=True)
class Progress:
    """How far an import is: the phase in words, bytes read of all, lines read."""

    phase: str
    done: int
    size: int
    lines: int


@dataclass
class Outcome:
    """What an import did. ``seconds`` by phase; ``vanished`` rows that the extraction no longer names."""

    extraction: Extraction
    lines: int = 0
    bad: int = 0
    other_identifiers: int = 0
    disagreeing: int = 0
    hosted: int = 0
    counts: dict[str, int] = field(default_factory=dict)
    vanished: dict[str, int] = field(default_factory=dict)
    untrusted: dict[str, int] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    report: Path | None = None


def import_extraction(
    path: Path, *, report: Path, force: bool = False, progress: Callable[[Progress], None] = lambda _: None
) -> Outcome:
    """Bring the directory to what an extraction says (ANS, Annuaire Santé, extractions en libre accès).

    A line that cannot be read is named in ``report`` (line, column, reason) and left out; more than one in twenty, or
    more rows that vanish than ``CARNET_DIRECTORY_VANISH_PERCENT``, refuse the whole unless ``force``. Raises
    ``ImportRefused``, ``NotAnExtraction`` and ``OSError``; the directory is then as it was.
    """
    with open_source(path) as source, _Report(report) as told:
        lines = source.lines()
        layout = _header(source, lines)
        outcome = Outcome(layout.extraction)
        with transaction.atomic(), server_cursor() as cursor:
            _prepare(cursor)
            with _timed(outcome, "read"):
                labels = _stage(cursor, source, lines, layout, outcome, told, progress)
            if not force:
                _refuse_bad_file(outcome)
            progress(Progress("merge", source.done, source.size, outcome.lines))
            held = _room(outcome).held(cursor)
            with _timed(outcome, "merge"):
                _merge(cursor, outcome, told)
                _keep_labels(cursor, labels)
            progress(Progress("vanished", source.done, source.size, outcome.lines))
            with _timed(outcome, "vanished"):
                _end_vanished(cursor, outcome, held, force=force)
                outcome.counts["mailboxes shown with another carrier"] = mailboxes.show_with_practices(cursor)
        outcome.report = told.written
    forget_labels()
    return outcome


def _header(source: Source, lines: Iterator[tuple[int, bytes | None]]) -> Layout:
    _, first = next(lines, (0, None))
    if first is None:
        raise NotAnExtraction(f"{source.name}: no first line that names columns")
    try:
        return read_header(first.decode("utf-8").rstrip("\r\n").split(SEPARATOR))
    except UnicodeDecodeError:
        raise NotAnExtraction(f"{source.name}: the first line is not UTF-8") from None
    except NotAnExtraction as problem:
        raise NotAnExtraction(f"{source.name}: {problem}") from None


def _prepare(cursor: Cursor) -> None:
    cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", (_ONE_AT_A_TIME,))
    row = cursor.fetchone()
    if row is None or not row[0]:
        raise ImportRefused("another import is running")
    # Sorts and the search indexes' lists of what is new stay in memory: the rows come by the hundred thousand.
    cursor.execute("SET LOCAL work_mem = '128MB'")
    cursor.execute("SET LOCAL maintenance_work_mem = '256MB'")
    cursor.execute("SET LOCAL gin_pending_list_limit = '256MB'")
    cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    cursor.execute("DROP TABLE IF EXISTS pg_temp.staged, pg_temp.box")


def _stage(
    cursor: Cursor,
    source: Source,
    lines: Iterable[tuple[int, bytes | None]],
    layout: Layout,
    outcome: Outcome,
    told: "_Report",
    progress: Callable[[Progress], None],
) -> dict[tuple[str, str], str]:
    """Every line that can be read, into staging. Returns the labels of codes."""
    columns = activity.COLUMNS if layout.extraction is Extraction.ACTIVITY else mailboxes.COLUMNS
    labels: dict[tuple[str, str], str] = {}
    to_row = activity.ActivityRows().row if layout.extraction is Extraction.ACTIVITY else mailboxes.mailbox_row
    reads = reader(layout)
    with Staging(cursor, "staged", columns).filling() as staged:
        for number, line in lines:
            outcome.lines += 1
            try:
                if not _take(staged, reads, number, line, to_row, labels):
                    outcome.other_identifiers += 1
            except BadLine as bad:
                outcome.bad += 1
                told.add(number, bad.column, bad.reason)
            if outcome.lines % _TELL_EVERY == 0:
                progress(Progress("read", source.done, source.size, outcome.lines))
    return labels


def _take(
    staged: Filling,
    reads: Reader,
    number: int,
    line: bytes | None,
    to_row: Callable[[int, dict[str, str]], tuple[str, ...] | None],
    labels: dict[tuple[str, str], str],
) -> bool:
    if line is None:
        raise BadLine("", "too long")
    found = reads.read(line)
    row = to_row(number, found)
    if row is None:
        return False
    reads.labels(line, found, labels)
    staged.add(row)
    return True


def _refuse_bad_file(outcome: Outcome) -> None:
    if outcome.lines - outcome.bad <= 0:
        raise ImportRefused(f"none of the {outcome.lines:,} lines can be read")
    if outcome.bad > max(_BAD_LINES_AT_LEAST, _BAD_SHARE * outcome.lines):
        raise ImportRefused(f"{outcome.bad:,} of {outcome.lines:,} lines cannot be read: this file is not taken")


def _merge(cursor: Cursor, outcome: Outcome, told: "_Report") -> None:
    if outcome.extraction is Extraction.ACTIVITY:
        outcome.counts = activity.merge(cursor)
        return
    merged = mailboxes.merge(cursor)
    outcome.counts = merged.counts
    outcome.hosted = merged.hosted
    outcome.untrusted = merged.untrusted
    outcome.disagreeing = len(merged.disagreeing)
    for line, reason in merged.disagreeing[:_MOST_DISAGREEING]:
        told.add(line, "address", reason)


def _room(outcome: Outcome) -> ModuleType:
    return activity if outcome.extraction is Extraction.ACTIVITY else mailboxes


def _end_vanished(cursor: Cursor, outcome: Outcome, held: dict[str, int], *, force: bool) -> None:
    room = _room(outcome)
    percent = settings.CARNET_DIRECTORY_VANISH_PERCENT
    for what, ending in room.vanished(cursor).items():
        outcome.vanished[what] = ending
        if not force and ending > max(_FEW_ROWS, held[what] * percent / 100):
            raise ImportRefused(
                f"{ending:,} of {held[what]:,} {what} are not in this extraction, more than {percent} %:"
                " nothing was changed"
            )
    room.end_vanished(cursor)


def _keep_labels(cursor: Cursor, labels: dict[tuple[str, str], str]) -> None:
    cursor.executemany(
        "INSERT INTO directory_code_label AS kept (code_list, code, label) VALUES (%s, %s, %s)"
        " ON CONFLICT (code_list, code) DO UPDATE SET label = excluded.label WHERE kept.label <> excluded.label",
        [(code_list, code, label) for (code_list, code), label in labels.items()],
    )


@contextmanager
def _timed(outcome: Outcome, phase: str) -> Iterator[None]:
    began = time.perf_counter()
    yield
    outcome.seconds[phase] = round(time.perf_counter() - began, 2)


class _Report:
    """The file of lines that were left out: made when there is one to name."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: IO[str] | None = None

    @property
    def written(self) -> Path | None:
        return self._path if self._file is not None else None

    def add(self, line: int, column: str, reason: str) -> None:
        if self._file is None:
            self._file = self._path.open("w", encoding="utf-8")
            self._path.chmod(0o600)
            self._file.write("line|column|reason\n")
        self._file.write(f"{line}|{column}|{reason}\n")

    def __enter__(self) -> "_Report":
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()
