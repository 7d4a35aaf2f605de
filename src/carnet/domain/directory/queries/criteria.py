"""What the published directory is searched by: each criterion is a condition on the row ``r`` and its parameters."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

SHOWN = "m.published AND NOT m.red_list AND m.state = 'active'"
"""The mailboxes that the directory shows; ``directory_shown`` in the database says the same. Every search and every
answer carries it: one on the red list is neither given nor found."""

_CARRIED = {
    "professional": "m.professional_id = r.rpps AND m.practice_id IS NULL AND m.kind IN ('PER', 'CAB')",
    "practice": "m.practice_id = r.id AND m.kind IN ('PER', 'CAB')",
    "structure": "m.structure_id = r.id_nat AND m.kind IN ('ORG', 'APP')",
}


class Carrier(StrEnum):
    """What a mailbox is shown with."""

    PROFESSIONAL = "professional"
    PRACTICE = "practice"
    STRUCTURE = "structure"

    @property
    def carries(self) -> str:
        """The condition that mailbox ``m`` is shown with row ``r``."""
        return f"{_CARRIED[self]} AND {SHOWN}"


class Match(StrEnum):
    """How a text is compared (FHIR R4 §3.1.1.5.8)."""

    STARTS = "starts"
    CONTAINS = "contains"
    EXACT = "exact"


class Side(StrEnum):
    """How a time lies to an interval (FHIR R4 §3.1.1.5.6)."""

    EQ = "eq"
    NE = "ne"
    GT = "gt"
    GE = "ge"
    LT = "lt"
    LE = "le"


@dataclass(frozen=True, slots=True)
class Criterion:
    """``sql`` with a ``%s`` for each of ``parameters``."""

    sql: str
    parameters: tuple[Any, ...] = ()


NOTHING = Criterion("false")
EVERYTHING = Criterion("true")


def any_of(criteria: Sequence[Criterion]) -> Criterion:
    """At least one of them."""
    if len(criteria) == 1:
        return criteria[0]
    return Criterion(
        "(" + " OR ".join(one.sql for one in criteria) + ")",
        tuple(value for one in criteria for value in one.parameters),
    )


def equal(column: str, value: object) -> Criterion:
    return Criterion(f"r.{column} = %s", (value,))


def one_of(column: str, values: Iterable[object]) -> Criterion:
    return Criterion(f"r.{column} = ANY (%s)", (list(values),))


def active(wanted: bool) -> Criterion:
    return Criterion("r.active" if wanted else "NOT r.active")


def updated(side: Side, start: datetime, end: datetime) -> Criterion:
    """The row changed in, outside, before or after the interval from ``start`` until before ``end``."""
    match side:
        case Side.EQ:
            return Criterion("(r.updated_at >= %s AND r.updated_at < %s)", (start, end))
        case Side.NE:
            return Criterion("(r.updated_at < %s OR r.updated_at >= %s)", (start, end))
        case Side.GT:
            return Criterion("r.updated_at >= %s", (end,))
        case Side.GE:
            return Criterion("r.updated_at >= %s", (start,))
        case Side.LT:
            return Criterion("r.updated_at < %s", (start,))
        case Side.LE:
            return Criterion("r.updated_at < %s", (end,))


def _pattern(text: str, match: Match) -> str:
    escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%" if match is Match.CONTAINS else f"{escaped}%"


def text(expression: str, wanted: str, match: Match) -> Criterion:
    """``expression`` of names begins with, contains or is ``wanted``; case and accents count for an exact one only."""
    if match is Match.EXACT:
        return Criterion(f"{expression} = %s", (wanted,))
    return Criterion(f"identity_fold({expression}) LIKE identity_fold(%s)", (_pattern(wanted, match),))


def plain(column: str, wanted: str, match: Match) -> Criterion:
    """A column of digits and capitals begins with, contains or is ``wanted``."""
    if match is Match.EXACT:
        return equal(column, wanted)
    return Criterion(f"r.{column} LIKE %s", (_pattern(wanted, match),))


def with_mailbox(carrier: Carrier, address: str, match: Match) -> Criterion:
    """It shows a mailbox whose address begins with, contains or is this one, in any case."""
    wanted = address.lower()
    if match is Match.EXACT:
        condition, value = "m.address = %s", wanted
    else:
        condition, value = "m.address LIKE %s", _pattern(wanted, match)
    return Criterion(
        f"EXISTS (SELECT 1 FROM directory_mailbox m WHERE {condition} AND {carrier.carries})",  # noqa: S608 - fixed texts
        (value,),
    )


def with_any_mailbox(carrier: Carrier) -> Criterion:
    return Criterion(f"EXISTS (SELECT 1 FROM directory_mailbox m WHERE {carrier.carries})")  # noqa: S608 - fixed texts


def qualified(part: str, code: str) -> Criterion:
    """A professional has this code as ``part`` of a qualification (profession, category, skill_type or skill)."""
    return Criterion("r.qualifications @> jsonb_build_array(jsonb_build_object(%s::text, %s::text))", (part, code))
