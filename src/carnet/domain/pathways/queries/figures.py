"""What became of sendings in numbers: delivered, opened, answered, by sending, template and pathway, day after day.

Numbers only: that one patient opened a message is told by the receipt that was asked for, and by nothing else.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from django.db import connection

from carnet.domain.messaging.desk.actors import DeskActor
from carnet.domain.pathways import rules
from carnet.domain.pathways.access import find_pathway, find_sending, find_template
from carnet.domain.pathways.values import Refused
from carnet.foundation.clock import now

_MOST_DAYS = 366
MOST_NAMES = 200


@dataclass(frozen=True)
class Figures:
    """Numbers of messages. ``sent`` is delivered, refused and withheld together; ``not_activated`` of those delivered.

    ``lines`` are all lines, those that did not leave included.
    """

    lines: int = 0
    sent: int = 0
    delivered: int = 0
    refused: int = 0
    withheld: int = 0
    opened: int = 0
    answered: int = 0
    not_activated: int = 0


@dataclass(frozen=True)
class Curves:
    """How many of the messages delivered were opened, and answered, up to so many days after each was sent."""

    days: tuple[int, ...]
    opened: tuple[int, ...]
    answered: tuple[int, ...]
    delivered: int


@dataclass(frozen=True)
class NamedFigures:
    """The figures of a template or a pathway (``id`` None: of sendings without one), over so many sendings."""

    id: UUID | None
    name: str
    figures: Figures
    sendings: int


# An answer is a message of the patient in the same conversation, after ours. The space's evidence is found by the
# identifiers that the line keeps: one look into two indexes a line.
_LINES = """
    FROM pathways_sending sending
    JOIN pathways_sending_line line ON line.sending_id = sending.id
    LEFT JOIN spaces_health_space space ON space.id = line.space_id
    LEFT JOIN messaging_conversation_entry entry
        ON entry.space_id = line.space_id AND entry.message_id = line.message_id
    LEFT JOIN LATERAL (
        SELECT min(answer.at) AS at FROM messaging_conversation_entry answer
        WHERE answer.space_id = entry.space_id AND answer.conversation_id = entry.conversation_id
            AND answer.direction = 'out' AND answer.at > entry.at
    ) answer ON entry.message_id IS NOT NULL
"""
_COUNTED = """
    count(*),
    count(*) FILTER (WHERE line.state IN ('sent', 'refused')),
    count(*) FILTER (WHERE line.outcome = 'delivered'),
    count(*) FILTER (WHERE line.state = 'refused' AND line.outcome NOT LIKE 'withheld-%%'),
    count(*) FILTER (WHERE line.outcome LIKE 'withheld-%%'),
    count(entry.read_at),
    count(answer.at),
    count(*) FILTER (WHERE line.outcome = 'delivered' AND space.activated_at IS NULL)
"""
_PERIOD = """
    WHERE sending.organization_id = %(finess)s AND sending.started_at >= %(since)s AND sending.started_at < %(until)s
"""


def _rows(query: str, parameters: dict[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(query, parameters)
        return cursor.fetchall()


def sending_figures(actor: DeskActor, sending_id: UUID) -> Figures | Refused:
    """The figures of one sending of the actor's mailbox."""
    sending = find_sending(actor, sending_id)
    if isinstance(sending, Refused):
        return sending
    return figures_of(sending.id)


def figures_of(sending_id: UUID) -> Figures:
    """The figures of one sending, for who may ask of any: numbers of messages alone."""
    [row] = _rows(f"SELECT {_COUNTED} {_LINES} WHERE sending.id = %(id)s", {"id": sending_id})
    return Figures(*row)


def sending_curves(actor: DeskActor, sending_id: UUID, days: int | None = None) -> Curves | Refused:
    """How one sending was opened and answered, day after day; by default over the days that have passed since."""
    sending = find_sending(actor, sending_id)
    if isinstance(sending, Refused):
        return sending
    return _curves("WHERE sending.id = %(id)s", {"id": sending.id}, days or rules.days_told(sending.started_at, now()))


def _curves(where: str, parameters: dict[str, Any], days: int) -> Curves:
    """Cumulative numbers by whole days (24 hours) since each message was sent."""
    days = max(1, min(days, _MOST_DAYS))
    found = _rows(
        f"""
        SELECT kind, least(floor(extract(epoch FROM (happened_at - entry_at)) / 86400), %(days)s + 1)::int, count(*)
        FROM (
            SELECT unnest(ARRAY['delivered', 'opened', 'answered']) AS kind, entry.at AS entry_at,
                   unnest(ARRAY[entry.at, entry.read_at, answer.at]) AS happened_at
            {_LINES} {where} AND line.outcome = 'delivered' AND entry.message_id IS NOT NULL
        ) happened
        WHERE happened_at IS NOT NULL GROUP BY 1, 2
        """,  # noqa: S608 - made of the constants above
        {**parameters, "days": days},
    )
    counts = {(kind, day): number for kind, day, number in found}

    def cumulative(kind: str) -> tuple[int, ...]:
        total, values = 0, []
        for day in range(days + 1):
            total += counts.get((kind, day), 0)
            values.append(total)
        return tuple(values)

    delivered = sum(number for (kind, _), number in counts.items() if kind == "delivered")
    return Curves(tuple(range(days + 1)), cumulative("opened"), cumulative("answered"), delivered)


def _bounded(actor: DeskActor, since: date, until: date) -> dict[str, Any]:
    """At most a year, ``until`` included."""
    since = max(since, until - timedelta(days=_MOST_DAYS))
    return {"finess": actor.mailbox.finess, "since": since, "until": until + timedelta(days=1)}


def figures_in_all(actor: DeskActor, *, since: date, until: date) -> Figures:
    """The figures of the whole establishment, over the sendings started in the period (at most a year)."""
    [row] = _rows(f"SELECT {_COUNTED} {_LINES} {_PERIOD}", _bounded(actor, since, until))
    return Figures(*row)


def figures_by_template(actor: DeskActor, *, since: date, until: date) -> list[NamedFigures]:
    """The same by template: those with the most lines, at most ``MOST_NAMES``."""
    rows = _rows(
        f"""
        SELECT found.*, version.name FROM (
            SELECT sending.template_id AS id, count(DISTINCT sending.id), {_COUNTED} {_LINES} {_PERIOD}
            GROUP BY sending.template_id ORDER BY 3 DESC LIMIT {MOST_NAMES}
        ) found
        JOIN pathways_template template ON template.id = found.id
        JOIN pathways_template_version version
            ON version.template_id = template.id AND version.number = template.version
        ORDER BY version.name
        """,  # noqa: S608 - made of the constants above
        _bounded(actor, since, until),
    )
    return _named(rows)


def figures_by_pathway(actor: DeskActor, *, since: date, until: date) -> list[NamedFigures]:
    """The same by pathway, at most ``MOST_NAMES``; what was sent for none comes last, without a name."""
    rows = _rows(
        f"""
        SELECT found.*, coalesce(pathway.name, '') FROM (
            SELECT sending.pathway_id AS id, count(DISTINCT sending.id), {_COUNTED} {_LINES} {_PERIOD}
            GROUP BY sending.pathway_id ORDER BY 3 DESC LIMIT {MOST_NAMES}
        ) found
        LEFT JOIN pathways_pathway pathway ON pathway.id = found.id
        ORDER BY pathway.name NULLS LAST
        """,  # noqa: S608 - made of the constants above
        _bounded(actor, since, until),
    )
    return _named(rows)


def _named(rows: Sequence[tuple[Any, ...]]) -> list[NamedFigures]:
    return [NamedFigures(row[0], row[-1], Figures(*row[2:-1]), row[1]) for row in rows]


def scope_curves(
    actor: DeskActor,
    *,
    template_id: UUID | None = None,
    pathway_id: UUID | None = None,
    since: date,
    until: date,
    days: int = 30,
) -> Curves | Refused:
    """How the messages of a template or a pathway, or of all, were opened and answered, day after day."""
    where, parameters = _PERIOD, _bounded(actor, since, until)
    if template_id is not None:
        template = find_template(actor, template_id)
        if isinstance(template, Refused):
            return template
        where, parameters = where + " AND sending.template_id = %(template)s", {**parameters, "template": template.id}
    if pathway_id is not None:
        pathway = find_pathway(actor, pathway_id)
        if isinstance(pathway, Refused):
            return pathway
        where, parameters = where + " AND sending.pathway_id = %(pathway)s", {**parameters, "pathway": pathway.id}
    return _curves(where, parameters, days)
