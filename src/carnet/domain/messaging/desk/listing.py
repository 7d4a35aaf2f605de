"""The lists of the desk: conversations of a mailbox, filtered, found by words, counted; bounded, by an index each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import connection

from carnet.domain.directory.queries import MailboxFacts
from carnet.domain.identity.values import patient_address
from carnet.domain.messaging import rules
from carnet.domain.messaging.delivery.situation import address_digest
from carnet.domain.messaging.desk import words
from carnet.domain.messaging.desk.actors import DeskActor
from carnet.domain.messaging.desk.heads import open_desk_head, open_thread_head
from carnet.domain.messaging.desk.late import late_before
from carnet.domain.messaging.desk.team import names_of
from carnet.domain.messaging.desk.values import Correspondent, DeskHead, Filters, Taken, View, With
from carnet.foundation.clock import now
from carnet.foundation.keys import OwnerKey
from carnet.foundation.owner_keys import owner_key
from carnet.foundation.places import read_place, write_place

PAGE = 25
LATE = 20
COUNTED = 1_000
"""Where counts stop: beyond, nobody needs the figure."""

RARE = 2_000
"""Up to so many hits of a search are looked up by themselves."""

WALKED = 2_000
"""So many conversations are walked through, the newest first, for words that many messages hold."""

_PARIS = ZoneInfo("Europe/Paris")
_FIRST_DAY, _LAST_DAY = date(1990, 1, 1), date(2200, 1, 1)
_VIEWS = {
    View.INBOX: "t.in_inbox",
    View.SENT: "t.in_sent",
    View.TRASH: "t.in_trash AND NOT (t.in_inbox OR t.in_sent OR t.in_other)",
    View.ALL: "(t.in_inbox OR t.in_sent OR t.in_other)",
}
_LATE = "t.in_inbox AND t.patient AND t.waiting_since <= %(late)s"
_COLUMNS = """
SELECT t.id, t.head, t.last_at, t.unread, t.waiting_since, t.patient, t.has_documents, t.ended_at, t.taken_by,
       t.pathway_id, t.outgoing_last, t.failed, t.messages, shown.message_id, shown.head
FROM {source} t
"""
_THREADS = "messaging_desk_thread"
# In the order of the list and no further than needed: what is joined to them is looked up one after the other.
_NEWEST_THREADS = """(
    SELECT t.* FROM messaging_desk_thread t WHERE {condition} ORDER BY t.last_at DESC, t.id DESC LIMIT %(walked)s
)"""
_HOLDING_THREADS = """(
    SELECT t.* FROM messaging_desk_thread t
    JOIN (SELECT DISTINCT m.thread_id FROM messaging_desk_message m
          WHERE m.mailbox_id = %(mailbox)s AND m.words @> %(words)s::bigint[] OFFSET 0) h ON h.thread_id = t.id
    WHERE {condition} ORDER BY t.last_at DESC, t.id DESC OFFSET 0
)"""
# What a row shows of its messages: the newest that is still there, one that was found before any other.
_SHOWN = """
{join} JOIN LATERAL (
    SELECT m.message_id, m.head FROM messaging_desk_message m
    WHERE m.mailbox_id = t.mailbox_id AND m.thread_id = t.id AND {which} AND EXISTS (
        SELECT 1 FROM messaging_folder_entry e
        WHERE e.mailbox_id = m.mailbox_id AND e.thread_id = m.thread_id AND e.message_id = m.message_id)
    ORDER BY m.at DESC, m.message_id DESC LIMIT 1
) shown ON true
"""
_NEWEST = _SHOWN.format(join="LEFT", which="m.kind = 'message'")
_FOUND = _SHOWN.format(join="", which="m.message_id = ANY(%(hits)s)")
_HOLDING = _SHOWN.format(join="", which="m.words @> %(words)s::bigint[]")
_HITS = """
SELECT thread_id, message_id FROM messaging_desk_message
WHERE mailbox_id = %(mailbox)s AND words @> %(words)s::bigint[] LIMIT %(most)s
"""
_COUNTS = """
SELECT b.id,
  (SELECT count(*) FROM (SELECT 1 FROM messaging_desk_thread t
    WHERE t.mailbox_id = b.id AND t.unread > 0 AND t.in_inbox LIMIT %(most)s) c),
  (SELECT count(*) FROM (SELECT 1 FROM messaging_desk_thread t
    WHERE t.mailbox_id = b.id AND t.waiting_since IS NOT NULL AND t.in_inbox LIMIT %(most)s) c),
  (SELECT count(*) FROM (SELECT 1 FROM messaging_desk_thread t
    WHERE t.mailbox_id = b.id AND t.waiting_since <= b.late AND t.patient AND t.in_inbox LIMIT %(most)s) c),
  (SELECT count(*) FROM (SELECT 1 FROM messaging_desk_thread t
    WHERE %(rpps)s <> '' AND t.mailbox_id = b.id AND t.taken_by = %(rpps)s AND t.taken_by <> '' AND t.in_inbox
    LIMIT %(most)s) c)
FROM unnest(%(boxes)s::uuid[], %(late)s::timestamptz[]) AS b(id, late)
"""


@dataclass(frozen=True)
class ThreadRow:
    """A conversation in a list. ``unread`` counts messages; ``snippet`` is of the newest message, or of the hit."""

    id: UUID
    correspondent: Correspondent
    subject: str
    last_at: datetime
    unread: int
    waiting_since: datetime | None
    late: bool
    documents: bool
    ended: bool
    taken_by: str
    taken_by_name: str
    pathway_id: UUID | None
    outgoing_last: bool
    failed: bool
    snippet: str
    messages: int


@dataclass(frozen=True)
class ThreadPage:
    """A page of a list. ``late`` are those who have waited longest, on the first page of the plain inbox alone, and
    ``late_more`` how many more there are; no page repeats them. ``next_before`` leads to the page after."""

    late: list[ThreadRow]
    late_more: int
    rows: list[ThreadRow]
    next_before: str


@dataclass(frozen=True)
class Counts:
    """Conversations of an inbox, each figure at most ``COUNTED``."""

    unread: int = 0
    waiting: int = 0
    late: int = 0
    mine: int = 0


Values = dict[str, Any]


def threads(actor: DeskActor, filters: Filters | None = None, *, before: str = "", limit: int = PAGE) -> ThreadPage:
    """The conversations of the actor's mailbox that ``filters`` wants, the newest first.

    ``before`` is the ``next_before`` of the page before. Indexes: ``desk_thread_*``, each by what it filters.
    """
    wanted = filters or Filters()
    condition, values = _conditions(actor, wanted)
    late: list[ThreadRow] = []
    late_more = 0
    if wanted.is_plain and wanted.view is View.INBOX:
        late, late_more = _late(actor, values)
        condition += " AND NOT (t.id = ANY(%(above)s))"
        values["above"] = [row.id for row in late]
    rows, following = _page(actor, _NEWEST, condition, values, before, limit)
    return ThreadPage([] if before else late, 0 if before else late_more, rows, following)


def search(
    actor: DeskActor, text: str, filters: Filters | None = None, *, before: str = "", limit: int = PAGE
) -> ThreadPage:
    """The conversations with a message that holds all words of ``text``: in its text, subject, names or file names; an
    address or an INS finds too. Words of names and subjects are found by their first three letters.
    """
    asked = words.asked(owner_key(actor.mailbox.id), text)
    if not asked:
        return ThreadPage([], 0, [], "")
    condition, values = _conditions(actor, filters or Filters(view=View.ALL))
    values["words"] = asked
    with connection.cursor() as cursor:
        cursor.execute(_HITS, {**values, "most": RARE + 1})
        hits = cursor.fetchall()
    if len(hits) <= RARE:
        condition += " AND t.id = ANY(%(among)s)"
        values["among"] = list({row[0] for row in hits})
        values["hits"] = [row[1] for row in hits]
        rows, following = _page(actor, _FOUND, condition, values, before, limit)
        return ThreadPage([], 0, rows, following)
    values["walked"] = WALKED
    rows, following = _page(actor, _HOLDING, condition, values, before, limit, _NEWEST_THREADS)
    if not following:  # they lie further back
        rows, following = _page(actor, _HOLDING, condition, values, before, limit, _HOLDING_THREADS)
    return ThreadPage([], 0, rows, following)


def counts(mailbox: MailboxFacts, rpps: str = "") -> Counts:
    """How many conversations of an inbox are unread, wait, wait too long, are looked after by ``rpps``."""
    return counts_of([mailbox], rpps)[mailbox.id]


def counts_of(mailboxes: Sequence[MailboxFacts], rpps: str = "") -> dict[UUID, Counts]:
    """The same of several mailboxes, in one query."""
    if not mailboxes:
        return {}
    at = now()
    values: Values = {
        "boxes": [one.id for one in mailboxes],
        "late": [late_before(one, at) for one in mailboxes],
        "rpps": rpps,
        "most": COUNTED,
    }
    with connection.cursor() as cursor:
        cursor.execute(_COUNTS, values)
        return {row[0]: Counts(*row[1:]) for row in cursor.fetchall()}


def newer_than(actor: DeskActor, at: datetime, most: int = 99) -> int:
    """How many conversations of the inbox got a message from the other side after ``at``; at most ``most``."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM (SELECT 1 FROM messaging_desk_thread t WHERE t.mailbox_id = %s AND t.in_inbox"
            " AND t.last_at > %s AND NOT t.outgoing_last LIMIT %s) c",
            [actor.mailbox.id, at, most],
        )
        return int(cursor.fetchone()[0])


def _conditions(actor: DeskActor, filters: Filters) -> tuple[str, Values]:
    """The filters as SQL on the conversation ``t``, with their values."""
    at = now()
    parts = ["t.mailbox_id = %(mailbox)s", _VIEWS[filters.view]]
    values: Values = {"mailbox": actor.mailbox.id, "rpps": actor.rpps, "late": late_before(actor.mailbox, at)}
    if filters.unread:
        parts.append("t.unread > 0")
    if filters.waiting_hours is not None:
        parts.append("t.waiting_since <= %(waiting)s")
        values["waiting"] = at - timedelta(hours=min(max(filters.waiting_hours, 0), 100_000))
    elif filters.waiting:
        parts.append("t.waiting_since IS NOT NULL")
    match filters.taken:
        case Taken.ME:
            parts.append("t.taken_by = %(rpps)s AND t.taken_by <> ''")
        case Taken.NOBODY:
            parts.append("t.taken_by = ''")
        case Taken.SOMEONE:
            parts.append("t.taken_by <> ''")
    if filters.documents:
        parts.append("t.has_documents")
    if filters.pathway_id is not None:
        parts.append("t.pathway_id = %(pathway)s")
        values["pathway"] = filters.pathway_id
    if filters.with_whom is not With.ANYBODY:
        parts.append("t.patient" if filters.with_whom is With.PATIENT else "NOT t.patient")
    if filters.ended is not None:
        parts.append("t.ended_at IS NOT NULL" if filters.ended else "t.ended_at IS NULL")
    if filters.since is not None:
        parts.append("t.last_at >= %(since)s")
        values["since"] = _midnight(filters.since)
    if filters.until is not None:
        parts.append("t.last_at < %(until)s")
        values["until"] = _midnight(min(filters.until, _LAST_DAY) + timedelta(days=1))
    if filters.thread_of is not None:
        parts.append(
            "t.correspondent_digest = (SELECT o.correspondent_digest FROM messaging_desk_thread o"
            " WHERE o.mailbox_id = %(mailbox)s AND o.id = %(thread_of)s)"
        )
        values["thread_of"] = filters.thread_of
    if filters.patient_ins:
        parts.append("t.correspondent_digest = %(patient)s")
        address = patient_address(filters.patient_ins, settings.CARNET_PATIENT_DOMAIN)
        values["patient"] = address_digest(owner_key(actor.mailbox.id), address)
    return " AND ".join(parts), values


def _midnight(day: date) -> datetime:
    return datetime.combine(min(max(day, _FIRST_DAY), _LAST_DAY + timedelta(days=1)), time(), _PARIS)


def _late(actor: DeskActor, values: Values) -> tuple[list[ThreadRow], int]:
    """Those of the inbox who have waited for too long, the longest first, and how many more there are."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"{_COLUMNS.format(source=_THREADS)} {_NEWEST} WHERE t.mailbox_id = %(mailbox)s AND {_LATE}"
            " ORDER BY t.waiting_since, t.id LIMIT %(most)s",
            {**values, "most": LATE},
        )
        found = cursor.fetchall()
        more = 0
        if len(found) == LATE:
            cursor.execute(
                "SELECT count(*) FROM (SELECT 1 FROM messaging_desk_thread t"  # noqa: S608 - likewise
                f" WHERE t.mailbox_id = %(mailbox)s AND {_LATE} LIMIT %(most)s) c",
                {**values, "most": COUNTED},
            )
            more = int(cursor.fetchone()[0]) - LATE
    return _rows(actor, found, values["late"]), more


def _page(
    actor: DeskActor, shown: str, condition: str, values: Values, before: str, limit: int, source: str = ""
) -> tuple[list[ThreadRow], str]:
    """One page of what ``condition`` wants, from a ``source`` that applies it itself or from all conversations."""
    place = read_place(before)
    if place is not None:
        condition += " AND (t.last_at, t.id) < (%(before_at)s, %(before_id)s)"
        values = {**values, "before_at": place[0], "before_id": place[1]}
    columns = _COLUMNS.format(source=source.format(condition=condition) if source else _THREADS)
    where = "" if source else f"WHERE {condition}"
    with connection.cursor() as cursor:
        cursor.execute(
            f"{columns} {shown} {where} ORDER BY t.last_at DESC, t.id DESC LIMIT %(limit)s",
            {**values, "limit": limit + 1},
        )
        found = cursor.fetchall()
    rows = _rows(actor, found[:limit], values["late"])
    return rows, write_place(rows[-1].last_at, rows[-1].id) if len(found) > limit else ""


def _rows(actor: DeskActor, found: Sequence[tuple[Any, ...]], late: datetime) -> list[ThreadRow]:
    key = owner_key(actor.mailbox.id)
    names = names_of(row[8] for row in found)
    return [_row(key, row, names, late) for row in found]


def _row(key: OwnerKey, row: tuple[Any, ...], names: Mapping[str, str], late: datetime) -> ThreadRow:
    thread_id, sealed, last_at, unread, waiting, patient, documents, ended, taken, pathway, outgoing, failed = row[:12]
    head = open_thread_head(key, thread_id, sealed)
    shown = open_desk_head(key, row[13], row[14]) if row[13] else DeskHead()
    return ThreadRow(
        id=thread_id,
        correspondent=head.correspondent,
        subject=head.subject,
        last_at=last_at,
        unread=unread,
        waiting_since=waiting,
        late=rules.is_late(waiting, late, patient=patient),
        documents=documents,
        ended=ended is not None,
        taken_by=taken,
        taken_by_name=names.get(taken, taken),
        pathway_id=pathway,
        outgoing_last=outgoing,
        failed=failed,
        snippet=shown.snippet,
        messages=row[12],
    )
