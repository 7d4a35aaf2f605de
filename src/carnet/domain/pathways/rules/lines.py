"""Whether the rows of a file make good lines, and what each line says."""

import re
import unicodedata
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time

from carnet.domain.identity.values import (
    Ins,
    InsOid,
    InvalidIdentifier,
    InvalidIns,
    InvalidTrait,
    StrictTraits,
    register_name,
)
from carnet.domain.pathways.dates import read_hour, read_moment
from carnet.domain.pathways.merge import CANCELLED, INS, OID, STAY, Field, day_in_words, fields_of, hour_in_words
from carnet.domain.pathways.values import (
    MAX_VALUE,
    Anchor,
    LineContent,
    LineReason,
    LineState,
    SheetRow,
    TemplateContent,
    Timing,
)

_BETWEEN_WORDS = re.compile(r"[ '-]+")
_ROUNDED = re.compile(r"[0-9]+([.,][0-9]+)?[eE][+-]?[0-9]+")
_ANCHOR_COLUMN = {Anchor.START: Field.START, Anchor.END: Field.END, Anchor.APPOINTMENT: Field.APPOINTMENT}
_NOT_CELLS = frozenset({Field.MAILBOX.value, Field.ESTABLISHMENT.value})
_READ = frozenset({"", INS, OID, STAY, Field.START, Field.END, Field.APPOINTMENT, Field.APPOINTMENT_TIME})
"""Where a fault of the file matters, whatever the template needs: the row as a whole, what every line is read by."""

_NO = frozenset({"", "0", "n", "non", "no", "false", "faux"})


@dataclass(frozen=True, slots=True)
class Needs:
    """The columns whose cells a good line must have: what the template shows, what its moment is counted from."""

    columns: frozenset[str]


@dataclass(frozen=True, slots=True)
class CheckedLine:
    """A row and what it is good for. ``column`` is the one that is wrong, ``other_line`` the one it doubles."""

    number: int
    content: LineContent
    state: LineState = LineState.WAITING
    reason: LineReason = LineReason.NONE
    column: str = ""
    other_line: int | None = None


class _Unusable(ValueError):
    def __init__(self, reason: LineReason, column: str) -> None:
        super().__init__(reason.value)
        self.reason = reason
        self.column = column


def needs_of(template: TemplateContent, timing: Timing) -> Needs:
    """What the lines of a sending must hold."""
    columns = {*fields_of(template.subject), *fields_of(template.text)} - _NOT_CELLS
    if timing.anchor is not None:
        columns.add(_ANCHOR_COLUMN[timing.anchor].value)
    return Needs(frozenset(columns))


def check_rows(rows: Sequence[SheetRow], needs: Needs, *, production: bool) -> list[CheckedLine]:
    """One line a row, in their order. ``production`` refuses numbers of test and demonstration, else those of people.

    The same patient twice for the same stay is a double of the first (without the number of a stay: for the same days).
    """
    seen: dict[tuple[object, ...], int] = {}
    return [_check(row, needs, production, seen) for row in rows]


def _check(row: SheetRow, needs: Needs, production: bool, seen: dict[tuple[object, ...], int]) -> CheckedLine:
    kept = {name: _tidy(cell)[:MAX_VALUE] for name, cell in row.cells.items()}
    content = LineContent(cells=kept, faults=row.faults)
    try:
        for place, fault in row.faults:
            if place in _READ or place in needs.columns:
                raise _Unusable(fault, place)
        content = replace(content, ins=_ins(kept.get(INS, "")))
        _check_authority(kept.get(OID, ""), production)
        content = _dated(content)
        if content.start and content.end and content.end < content.start:
            raise _Unusable(LineReason.ENDS_BEFORE_START, Field.END.value)
        for column in sorted(needs.columns):
            _check_cell(column, content, row.cells.get(column, ""))
    except _Unusable as problem:
        return CheckedLine(row.number, content, LineState.BAD, problem.reason, problem.column)
    key = (content.ins, content.stay or (content.start, content.appointment))
    first = seen.setdefault(key, row.number)
    if first != row.number:
        return CheckedLine(row.number, content, LineState.BAD, LineReason.DOUBLE, INS, first)
    return CheckedLine(row.number, content)


def _tidy(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", text).split())


def _ins(text: str) -> str:
    if not text:
        raise _Unusable(LineReason.MISSING, INS)
    if _ROUNDED.fullmatch(text):
        raise _Unusable(LineReason.ROUNDED_INS, INS)
    try:
        return str(Ins.parse(text))
    except InvalidIns:
        raise _Unusable(LineReason.WRONG_INS, INS) from None


def _check_authority(text: str, production: bool) -> None:
    if not text:
        return
    try:
        oid = InsOid.parse(text)
    except InvalidIdentifier:
        raise _Unusable(LineReason.WRONG_AUTHORITY, OID) from None
    if oid.is_test is production:
        raise _Unusable(LineReason.WRONG_AUTHORITY, OID)


def _dated(content: LineContent) -> LineContent:
    cells = content.cells
    start, end = _day(cells, Field.START), _day(cells, Field.END)
    day, hour = _moment(cells, Field.APPOINTMENT)
    if text := cells.get(Field.APPOINTMENT_TIME.value, ""):
        try:
            hour = read_hour(text)
        except ValueError:
            raise _Unusable(LineReason.WRONG_TIME, Field.APPOINTMENT_TIME.value) from None
    return replace(
        content,
        stay=cells.get(STAY, ""),
        start=start,
        end=end,
        appointment=datetime.combine(day, hour or time()) if day else None,
        appointment_has_time=hour is not None,
    )


def _day(cells: Mapping[str, str], field: Field) -> date | None:
    return _moment(cells, field)[0]


def _moment(cells: Mapping[str, str], field: Field) -> tuple[date | None, time | None]:
    text = cells.get(field.value, "")
    if not text:
        return None, None
    try:
        return read_moment(text)
    except ValueError:
        raise _Unusable(LineReason.WRONG_DATE, field.value) from None


def _check_cell(column: str, content: LineContent, given: str) -> None:
    if len(_tidy(given)) > MAX_VALUE:
        raise _Unusable(LineReason.TOO_LONG, column)
    value = line_values(content).get(column, "")
    if not value:
        raise _Unusable(LineReason.MISSING, column)
    if not value.replace("\u00a0", " ").isprintable():
        raise _Unusable(LineReason.UNPRINTABLE, column)


def line_values(content: LineContent, *, mailbox: str = "", establishment: str = "") -> dict[str, str]:
    """The value of each merge field and column for one line: its own cells, days and times in words."""
    values = {name: cell for name, cell in content.cells.items() if name not in (INS, OID, CANCELLED)}
    appointment = content.appointment
    hour = hour_in_words(appointment) if appointment and content.appointment_has_time else ""
    values |= {
        Field.START.value: day_in_words(content.start) if content.start else "",
        Field.END.value: day_in_words(content.end) if content.end else "",
        Field.APPOINTMENT.value: day_in_words(appointment.date()) if appointment else "",
        Field.APPOINTMENT_TIME.value: hour,
        Field.MAILBOX.value: mailbox,
        Field.ESTABLISHMENT.value: establishment,
    }
    return values


def mark_opposed(lines: Sequence[CheckedLine], opposed: Collection[str]) -> list[CheckedLine]:
    """The same lines, those of patients (INS) who asked not to be written to skipped."""
    return [
        replace(line, state=LineState.SKIPPED, reason=LineReason.OPPOSED)
        if line.state is LineState.WAITING and line.content.ins in opposed
        else line
        for line in lines
    ]


def mark_mistaken(lines: Sequence[CheckedLine], identities: Mapping[str, StrictTraits]) -> list[CheckedLine]:
    """The same lines, those bad that name somebody else than the person of their INS: as in a file that was sorted by
    one column, whose letters would go to the wrong people (RNIV: an INS is used with the traits it was given with).

    A used name, a second given name or names that changed places are no mistake: one word in common is enough.
    """
    return [
        replace(line, state=LineState.BAD, reason=LineReason.OTHER_PERSON, column=INS)
        if line.state is LineState.WAITING and _is_another(line.content, identities.get(line.content.ins))
        else line
        for line in lines
    ]


def _is_another(content: LineContent, traits: StrictTraits | None) -> bool:
    names = [content.cells.get(field.value, "") for field in (Field.BIRTH_NAME, Field.GIVEN_NAME)]
    if traits is None or not all(names):
        return False
    try:
        written = {word for name in names for word in _words(register_name(name))}
    except InvalidTrait:
        return False  # a name of another writing is for a person to compare
    return written.isdisjoint(
        {word for name in (traits.birth_name, traits.first_given_name, *traits.given_names) for word in _words(name)}
    )


def _words(name: str) -> list[str]:
    return [word for word in _BETWEEN_WORDS.split(name) if word]


@dataclass(frozen=True, slots=True)
class StayChange:
    """A row of a later file of stays: what a stay has become. Days that the row does not give stay as they were."""

    number: int
    stay: str
    cancelled: bool
    cells: Mapping[str, str]


def read_stay(row: SheetRow) -> StayChange | CheckedLine:
    """What a row says of a stay; a bad line when it cannot be read."""
    cells = {name: _tidy(cell)[:MAX_VALUE] for name, cell in row.cells.items()}
    try:
        for place, fault in row.faults:
            if place in _READ or place == CANCELLED:
                raise _Unusable(fault, place)
        stay = cells.get(STAY, "")
        if not stay:
            raise _Unusable(LineReason.MISSING, STAY)
        found = _dated(LineContent(cells=cells))
        if found.start and found.end and found.end < found.start:
            raise _Unusable(LineReason.ENDS_BEFORE_START, Field.END.value)
    except _Unusable as problem:
        return CheckedLine(row.number, LineContent(cells=cells), LineState.BAD, problem.reason, problem.column)
    return StayChange(row.number, stay, cells.get(CANCELLED, "").casefold() not in _NO, cells)


_DATES = (Field.START, Field.END, Field.APPOINTMENT, Field.APPOINTMENT_TIME)


def moved(content: LineContent, change: StayChange) -> LineContent:
    """A line after its stay has moved; the same when the change gives no other day or time.

    A new day of the appointment without a time keeps the time that was known.
    """
    given = {field.value: change.cells[field.value] for field in _DATES if change.cells.get(field.value)}
    kept = dict(content.cells)
    if Field.APPOINTMENT.value in given:
        kept.pop(Field.APPOINTMENT_TIME.value, None)  # the time that was, unless the new day comes with its own
    found = _dated(replace(content, cells={**kept, **given}))
    before = content.appointment
    if found.appointment and before and not found.appointment_has_time and content.appointment_has_time:
        found = replace(
            found,
            appointment=datetime.combine(found.appointment.date(), before.time()),
            appointment_has_time=True,
            cells={**found.cells, Field.APPOINTMENT_TIME.value: f"{before:%H:%M}"},
        )
    same = (content.start, content.end, content.appointment) == (found.start, found.end, found.appointment)
    return content if same else found
