"""The lines of a sending: what each says, what became of it, and its message as the patient gets it."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import connection, transaction

from carnet.domain.directory.traces import TraceAct
from carnet.domain.messaging.desk.actors import DeskActor
from carnet.domain.pathways import rules
from carnet.domain.pathways.access import find_sending, trace
from carnet.domain.pathways.contents import content_of, open_line
from carnet.domain.pathways.merge import Field, MissingValue, render
from carnet.domain.pathways.models import Sending, SendingLine
from carnet.domain.pathways.queries.templates import Rendered, establishment_name, template_shown, version_of
from carnet.domain.pathways.values import LineReason, LineState, PathwayRefusal, Refused
from carnet.foundation.owner_keys import owner_key

_MOST = 1_000


@dataclass(frozen=True)
class LineShown:
    """A line and what became of it.

    ``activated``: whether the space has been activated by now; None when the message reached none. ``opened_at`` is
    known only where a receipt was asked for and has gone out.
    """

    number: int
    state: LineState
    reason: LineReason
    column: str
    other_line: int | None
    birth_name: str
    given_name: str
    ins: str
    due_at: datetime | None
    sent_at: datetime | None
    outcome: str
    activated: bool | None
    opened_at: datetime | None
    answered_at: datetime | None
    cells: dict[str, str]


@dataclass(frozen=True)
class LinePreview:
    """A line, its message (None for a bad one), and the numbers of the lines beside it."""

    line: LineShown
    rendered: Rendered | None
    previous: int | None
    next: int | None
    due_at: datetime | None


@dataclass(frozen=True, slots=True)
class _Became:
    """What the patient's side tells of a message."""

    activated: bool
    opened_at: datetime | None
    answered_at: datetime | None


_BECAME = """
    SELECT line.id, space.activated_at IS NOT NULL, entry.receipt_sent_at,
           (SELECT min(answer.at) FROM messaging_conversation_entry answer
            WHERE answer.space_id = entry.space_id AND answer.conversation_id = entry.conversation_id
                AND answer.direction = 'out' AND answer.at > entry.at)
    FROM pathways_sending_line line
    JOIN spaces_health_space space ON space.id = line.space_id
    LEFT JOIN messaging_conversation_entry entry
        ON entry.space_id = line.space_id AND entry.message_id = line.message_id
    WHERE line.id = ANY(%s)
"""


def shown_lines(sending: Sending, rows: Sequence[SendingLine]) -> list[LineShown]:
    """Stored lines, for their readers: opened, with what became of their messages; two queries."""
    if not rows:
        return []  # and no key any more, perhaps
    key = owner_key(sending.id)
    became = _became([row.id for row in rows if row.space_id is not None])
    found = []
    for row in rows:
        content = open_line(key, row)
        after = became.get(row.id)
        found.append(
            LineShown(
                number=row.number,
                state=LineState(row.state),
                reason=LineReason(row.reason),
                column=row.column,
                other_line=row.other_line,
                birth_name=content.cells.get(Field.BIRTH_NAME.value, ""),
                given_name=content.cells.get(Field.GIVEN_NAME.value, ""),
                ins=content.ins,
                due_at=row.due_at,
                sent_at=row.sent_at,
                outcome=row.outcome,
                activated=after.activated if after else None,
                opened_at=after.opened_at if after else None,
                answered_at=after.answered_at if after else None,
                cells=dict(content.cells),
            )
        )
    return found


def _became(ids: Sequence[UUID]) -> dict[UUID, _Became]:
    if not ids:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(_BECAME, [list(ids)])
        return {line_id: _Became(*rest) for line_id, *rest in cursor.fetchall()}


@transaction.atomic
def list_lines(
    actor: DeskActor,
    sending_id: UUID,
    *,
    states: Collection[LineState] = (),
    after: int = 0,
    limit: int = 100,
) -> list[LineShown] | Refused:
    """Lines of a sending by number, from the one after ``after``; only those in ``states`` when some are named."""
    sending = find_sending(actor, sending_id)
    if isinstance(sending, Refused):
        return sending
    rows = SendingLine.objects.filter(sending=sending, number__gt=after)
    if states:
        rows = rows.filter(state__in=[one.value for one in states])
    found = shown_lines(sending, list(rows.order_by("number")[: min(limit, _MOST)]))
    trace(actor, TraceAct.SENDING_READ, count=max(1, len(found)))
    return found


@transaction.atomic
def preview_line(actor: DeskActor, sending_id: UUID, number: int | None = None) -> LinePreview | Refused:
    """A line and its message exactly as the patient gets it; without a number, the first line that will leave."""
    sending = find_sending(actor, sending_id)
    if isinstance(sending, Refused):
        return sending
    rows = SendingLine.objects.filter(sending=sending)
    if number is None:
        row = rows.filter(state=LineState.WAITING.value).order_by("number").first() or rows.order_by("number").first()
    else:
        row = rows.filter(number=number).first()
    if row is None:
        return Refused(PathwayRefusal.NOT_FOUND)
    [line] = shown_lines(sending, [row])
    trace(actor, TraceAct.SENDING_READ)
    return LinePreview(
        line=line,
        rendered=_rendered(actor, sending, row),
        previous=rows.filter(number__lt=row.number).order_by("-number").values_list("number", flat=True).first(),
        next=rows.filter(number__gt=row.number).order_by("number").values_list("number", flat=True).first(),
        due_at=row.due_at,
    )


def _rendered(actor: DeskActor, sending: Sending, row: SendingLine) -> Rendered | None:
    if row.state == LineState.BAD.value:
        return None
    version = version_of(sending.template, sending.template_version)
    template = content_of(version)
    values = rules.line_values(
        open_line(owner_key(sending.id), row),
        mailbox=actor.mailbox.label,
        establishment=establishment_name(sending.organization_id),
    )
    try:
        subject, text = render(template.subject, values), render(template.text, values)
    except MissingValue:
        return None
    files = template_shown(sending.template, version).files
    return Rendered(subject, text, files, template.takes_answer, template.receipt_wanted)


def in_pieces(rows: Iterable[SendingLine], size: int = 500) -> Iterator[list[SendingLine]]:
    """Rows in lists of at most ``size``, for what is read a piece at a time."""
    piece: list[SendingLine] = []
    for row in rows:
        piece.append(row)
        if len(piece) == size:
            yield piece
            piece = []
    if piece:
        yield piece
