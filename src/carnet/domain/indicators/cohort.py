"""The establishment's list of patients: a CSV file, read strictly in what it says and kindly in how it is written.

Columns: `ins`, `pathway`, `kind`, `stay_start`, `stay_end`, and `oid` if the authority of the numbers is given.
Nothing that a cell holds is repeated in what is said about a line: these lists name people.
"""

import re
import unicodedata
from collections.abc import Iterator
from datetime import date, datetime
from itertools import islice
from pathlib import Path

from carnet.domain.identity.values import Ins, InsOid, InsProblem, InvalidIdentifier, InvalidIns
from carnet.domain.indicators.rules import PARIS
from carnet.domain.indicators.values import BadLine, Cohort, CohortLine, StayKind
from carnet.domain.pathways.spreadsheet import BadFile, decode_text, records, separator_hint

MAX_BYTES = 200_000_000
MAX_PATHWAY = 100
MAX_BAD_LINES = 10_000
_YEARS = range(1900, 2101)

# Names of the columns, in small letters without accents, as hospital extracts write them.
_COLUMNS = {
    "ins": "ins",
    "matricule_ins": "ins",
    "pathway": "pathway",
    "parcours": "pathway",
    "kind": "kind",
    "type": "kind",
    "nature": "kind",
    "stay_start": "stay_start",
    "debut": "stay_start",
    "date_debut": "stay_start",
    "entree": "stay_start",
    "date_entree": "stay_start",
    "stay_end": "stay_end",
    "fin": "stay_end",
    "date_fin": "stay_end",
    "sortie": "stay_end",
    "date_sortie": "stay_end",
    "oid": "oid",
    "ins_oid": "oid",
}
_REQUIRED = ("ins", "pathway", "kind", "stay_start", "stay_end")
_KINDS = {
    "stay": StayKind.STAY,
    "sejour": StayKind.STAY,
    "hospitalisation": StayKind.STAY,
    "consultation": StayKind.CONSULTATION,
    "emergency": StayKind.EMERGENCY,
    "urgence": StayKind.EMERGENCY,
    "urgences": StayKind.EMERGENCY,
}
_INS_REASONS = {
    InsProblem.EMPTY: "ins: empty",
    InsProblem.WRONG_LENGTH: "ins: 15 characters are expected (13 and a key of 2)",
    InsProblem.WRONG_STRUCTURE: "ins: not the structure of an INS",
    InsProblem.WRONG_KEY: "ins: the key does not match the number",
}
_SCIENTIFIC = re.compile(r"[0-9]+([.,][0-9]+)?[eE][+-]?[0-9]+")
_ISO = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
    r"(?:[T ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,6})?)?(?:Z|[+-][0-9]{2}:?[0-9]{2})?)?"
)
_FRENCH = re.compile(r"([0-9]{1,2})/([0-9]{1,2})/([0-9]{4})(?:[ T][0-9]{1,2}[:hH][0-9]{2}(?::[0-9]{2})?)?")


class BadCohort(Exception):
    """The file as a whole cannot be read; the message says why, and quotes nothing of it."""


class _Unusable(ValueError):
    """Why one line cannot be used."""


def read_cohort_file(path: Path, *, production: bool) -> Cohort:
    """Read the list from a file of at most `MAX_BYTES`; see `read_cohort`. Raises `BadCohort`."""
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise BadCohort(f"{path}: {error.strerror or 'cannot be read'}") from None
    return read_cohort(content, production=production)


def read_cohort(content: bytes, *, production: bool) -> Cohort:
    """Read the list. Lines that cannot be used are in `bad`, the others in `lines`. Raises `BadCohort`.

    1. UTF-8, with or without its mark, UTF-16 with it, else cp1252.
    2. The separator is the one among `,` `;` and tab that gives every column needed.
    3. Each line is one passage: a line that says the same as one before is counted and left out, an empty one is
       nothing.
    4. `production` refuses the authorities of test and demonstration; without it, those of real people are refused.
    """
    if len(content) > MAX_BYTES:
        raise BadCohort(f"the file is larger than {MAX_BYTES // 1_000_000} MB")
    try:
        text = decode_text(content)
    except BadFile as error:
        raise BadCohort(str(error)) from None
    hint = separator_hint(text)[1]
    text = text[len(hint) :]
    columns, separator = _header(text)
    hinted = 1 if hint else 0
    lines: list[CohortLine] = []
    bad: list[BadLine] = []
    seen: set[tuple[object, ...]] = set()
    duplicates = 0
    spellings: dict[str, str] = {}
    for number, cells in _rows(text, separator):
        number += hinted
        try:
            line = _line(number, _named(cells, columns), spellings, production)
        except _Unusable as reason:
            bad.append(BadLine(number, str(reason)))
            if len(bad) >= MAX_BAD_LINES:
                raise BadCohort(f"more than {MAX_BAD_LINES} lines cannot be used; the last one: {reason}") from None
            continue
        said = (line.ins, line.pathway, line.kind, line.start, line.end)
        if said in seen:
            duplicates += 1
            continue
        seen.add(said)
        lines.append(line)
    return Cohort(tuple(lines), tuple(bad), duplicates)


def _header(text: str) -> tuple[list[str], str]:
    """The names of the columns in their order ('' for one that is not used), and the separator."""
    best: list[str] = []
    for separator in (";", ",", "\t"):
        first = next(_rows(text, separator, header=True), None)
        names = (
            [_COLUMNS.get(_plain(cell).replace(" ", "_").replace("-", "_"), "") for cell in first[1]] if first else []
        )
        known = [name for name in names if name]
        if len(known) != len(set(known)):
            raise BadCohort("the header names a column twice")
        if set(_REQUIRED) <= set(known):
            return names, separator
        if len(known) > len([name for name in best if name]):
            best = names
    missing = [name for name in _REQUIRED if name not in best]
    raise BadCohort(
        f"the header lacks {', '.join(missing)}: the first line names the columns {', '.join(_REQUIRED)}, "
        "separated by commas or semicolons"
    )


def _rows(text: str, separator: str, *, header: bool = False) -> Iterator[tuple[int, list[str]]]:
    """The lines below the header, or (`header`) the header alone, each with its number; raises `BadCohort`."""
    lines = records(text, separator, strict=not header)
    try:
        yield from islice(lines, 1) if header else islice(lines, 1, None)
    except BadFile as error:
        raise BadCohort(str(error)) from None


def _named(cells: list[str], columns: list[str]) -> dict[str, str]:
    """The cells by the name of their column. Empty cells beyond the header are nothing."""
    beyond = any(cell.strip() for cell in cells[len(columns) :])
    if beyond or len(cells) < len(columns):
        raise _Unusable(f"{len(columns)} columns are expected, here are {len(cells)}")
    return {name: cell.strip() for name, cell in zip(columns, cells, strict=False) if name}


def _line(number: int, cells: dict[str, str], spellings: dict[str, str], production: bool) -> CohortLine:
    ins = _ins(cells["ins"])
    if "oid" in cells:
        _check_authority(cells["oid"], production)
    kind = _KINDS.get(_plain(cells["kind"]))
    if kind is None:
        raise _Unusable("kind: stay, consultation or emergency is expected")
    pathway = _pathway(cells["pathway"], spellings)
    if not pathway and kind is not StayKind.EMERGENCY:
        raise _Unusable("pathway: empty")
    start = _day("stay_start", cells["stay_start"])
    if start is None:
        raise _Unusable("stay_start: empty")
    end = _day("stay_end", cells["stay_end"])
    if end is not None and end < start:
        raise _Unusable("stay_end: before stay_start")
    if kind is StayKind.CONSULTATION and end not in (None, start):
        raise _Unusable("stay_end: a consultation ends on the day when it starts")
    return CohortLine(number, ins, pathway, kind, start, end)


def _ins(text: str) -> Ins:
    if _SCIENTIFIC.fullmatch(text):
        raise _Unusable("ins: a spreadsheet has rounded the number; export the column as text")
    try:
        return Ins.parse(text)
    except InvalidIns as error:
        raise _Unusable(_INS_REASONS[error.code]) from None


def _check_authority(text: str, production: bool) -> None:
    """An authority is told by its OID: a number alone does not tell whether it names somebody."""
    if not text:
        return
    try:
        oid = InsOid.parse(text)
    except InvalidIdentifier:
        raise _Unusable("oid: not the OID of an authority of the INS") from None
    if oid.is_test and production:
        raise _Unusable("oid: a test identity, refused in production")
    if not oid.is_test and not production:
        raise _Unusable("oid: a real identity, refused outside production")


def _pathway(text: str, spellings: dict[str, str]) -> str:
    """The name of the pathway: spaces and capitals make no difference, the first spelling is kept."""
    name = " ".join(unicodedata.normalize("NFC", text).split())
    if len(name) > MAX_PATHWAY:
        raise _Unusable(f"pathway: at most {MAX_PATHWAY} characters")
    if not name.isprintable():
        raise _Unusable("pathway: holds characters that cannot be printed")
    return spellings.setdefault(name.casefold(), name)


def _day(column: str, text: str) -> date | None:
    """A day of the calendar of Paris: ISO or DD/MM/YYYY; a time behind it is read, and its zone if it has one."""
    if not text:
        return None
    try:
        found = _read_day(text)
    except (ValueError, OverflowError):
        found = None
    if found is None or found.year not in _YEARS:
        raise _Unusable(f"{column}: a date is written 2026-10-31 or 31/10/2026")
    return found


def _read_day(text: str) -> date:
    if match := _FRENCH.fullmatch(text):
        day, month, year = match.groups()
        return date(int(year), int(month), int(day))
    if not _ISO.fullmatch(text):
        raise ValueError
    moment = datetime.fromisoformat(text)
    return moment.date() if moment.tzinfo is None else moment.astimezone(PARIS).date()


def _plain(text: str) -> str:
    """Small letters, without accents."""
    decomposed = unicodedata.normalize("NFKD", text.strip().casefold())
    return "".join(character for character in decomposed if not unicodedata.combining(character))
