"""Delivering what the doors have accepted: the drain's one command."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db import InterfaceError, OperationalError, connection, transaction
from django.db.models import F

from carnet.domain.messaging.delivery.incoming import Incoming, read_incoming
from carnet.domain.messaging.delivery.placing import place
from carnet.domain.messaging.delivery.plan import SYSTEM_OWNER, Plan
from carnet.domain.messaging.delivery.scanning import scan_all
from carnet.domain.messaging.delivery.situation import load
from carnet.domain.messaging.delivery.writing import write
from carnet.domain.messaging.jobs import send_outbound
from carnet.domain.messaging.mailbox_jobs import answer_by_themselves, identifiers
from carnet.foundation import logs
from carnet.foundation.clock import now
from carnet.foundation.models import SpoolEntry
from carnet.foundation.owner_keys import create_owner_keys, owner_key
from carnet.foundation.spool import SegmentUnreadable, SpoolReader

BATCH = 200
BATCH_BYTES = 64 * 1024 * 1024
TRIES = 5

log = logs.get("drain")


@dataclass(frozen=True)
class Drained:
    """What one turn of the drain did: how many messages it took, and how many it held back for a person to see."""

    delivered: int
    held: int


def drain_once(reader: SpoolReader) -> Drained:
    """Deliver the messages that wait longest in this spool, at most 200 (and 64 MB) in one transaction.

    The entries are locked, delivered and deleted in the same transaction, so that each message arrives exactly once
    whatever is killed when. A batch that fails is tried again message by message, up to the one that fails; one that
    keeps failing is held, whole on disk, until it is looked at (``carnet queue``).
    Raises ``OperationalError`` or ``InterfaceError`` when the database is away, which is no message's fault.
    """
    taken: list[int] = []
    try:
        return _drain(reader, BATCH, taken)
    except Exception as failure:
        _raise_if_away(failure)
        log.warning("batch_failed", exc_info=failure, count=len(taken))
    delivered = held = 0
    for _ in range(BATCH):
        taken.clear()
        try:
            done = _drain(reader, 1, taken)
        except Exception as failure:
            _raise_if_away(failure)
            log.error("message_failed", exc_info=failure)
            return Drained(delivered, held + _count_failure(taken))
        if done == Drained(0, 0):
            break
        delivered, held = delivered + done.delivered, held + done.held
    return Drained(delivered, held)


def drain_after_start(reader: SpoolReader) -> None:
    """Deliver what waits when the process starts, message by message, each counted before it is tried.

    A message that kills the process, for memory or in a library, raises nothing that could be counted: without this it
    would kill each next process too, and nobody's mail would arrive any more. Raises as ``drain_once`` does.
    """
    for _ in range(BATCH):
        with transaction.atomic():
            entry = (
                SpoolEntry.objects.select_for_update(skip_locked=True)
                .filter(spool_id=reader.spool_id, held="")
                .order_by("id")
                .first()
            )
            if entry is None:
                return
            SpoolEntry.objects.filter(id=entry.id).update(attempts=F("attempts") + 1)
            if entry.attempts >= TRIES:
                SpoolEntry.objects.filter(id=entry.id).update(held="keeps-failing")
                continue
        try:
            _drain(reader, 1, [])
        except Exception as failure:
            _raise_if_away(failure)
            log.error("message_failed", exc_info=failure)
            return  # what fails like this is counted by ``drain_once``


def _raise_if_away(failure: Exception) -> None:
    """Raise it again when it says that the database cannot be reached: the connection is lost, or none can be made."""
    if isinstance(failure, OperationalError | InterfaceError):
        state = getattr(failure.__cause__, "sqlstate", None) or "08000"
        if state.startswith(("08", "57P")):  # connection exceptions; operator intervention, starting up
            raise failure


@transaction.atomic
def _drain(reader: SpoolReader, most: int, locked: list[int]) -> Drained:
    """One transaction. ``locked`` is told which entries it takes, for when it fails."""
    entries = list(
        SpoolEntry.objects.select_for_update(skip_locked=True)
        .filter(spool_id=reader.spool_id, held="")
        .order_by("id")[:most]
    )
    locked.extend(entry.id for entry in entries)
    messages: list[Incoming] = []
    done: list[int] = []
    unreadable: list[int] = []
    taken = 0
    for entry in entries:
        if messages and taken + entry.length > BATCH_BYTES:
            break
        taken += entry.length
        try:
            messages.append(read_incoming(reader.read(entry.segment, entry.position, entry.length)))
            done.append(entry.id)
        except SegmentUnreadable as problem:
            log.error("spool_record_unreadable", segment=str(entry.segment), position=entry.position, exc_info=problem)
            unreadable.append(entry.id)
    if messages:
        scan_all(messages)
        deliver(messages)
    SpoolEntry.objects.filter(id__in=done).delete()
    SpoolEntry.objects.filter(id__in=unreadable).update(held="unreadable")
    return Drained(len(done), len(unreadable))


def deliver(messages: Sequence[Incoming]) -> None:
    """Deliver messages to all their recipients, in order; part of the caller's transaction."""
    situation = load(messages)
    create_owner_keys([SYSTEM_OWNER])
    situation.keys[SYSTEM_OWNER] = owner_key(SYSTEM_OWNER)
    plan = Plan(at=now())
    for message in messages:
        place(message, situation, plan)
    write(plan)
    if plan.outbound:
        send_outbound.defer()
    if plan.to_answer:
        answer_by_themselves.defer(pairs=identifiers(plan.to_answer))


def _count_failure(entries: list[int]) -> int:
    """Count one more failure of the message that was tried; after five it is held. Returns how many were held."""
    SpoolEntry.objects.filter(id__in=entries).update(attempts=F("attempts") + 1)
    return SpoolEntry.objects.filter(id__in=entries, attempts__gte=TRIES).update(held="keeps-failing")


def remove_done_segments(reader: SpoolReader) -> int:
    """Delete the spool's segments that nothing points at any more."""

    def still_named(segments: list[UUID]) -> set[UUID]:
        with connection.cursor() as cursor:
            cursor.execute("SELECT DISTINCT segment FROM foundation_spool_entry WHERE segment = ANY(%s)", [segments])
            return {row[0] for row in cursor.fetchall()}

    return reader.remove_done(still_named)
