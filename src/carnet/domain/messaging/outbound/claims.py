"""Taking mail from the queue: claims that end by themselves when their process dies, bounded by destination."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from carnet.domain.messaging.envelopes import outbound_name
from carnet.domain.messaging.models import OutboundDestination, OutboundMail
from carnet.domain.messaging.outbound.values import Problem
from carnet.foundation import logs
from carnet.foundation.clock import now
from carnet.foundation.keys import KeyProblem, OwnerKey
from carnet.foundation.owner_keys import owner_key

LEASE = timedelta(seconds=25)
RENEW_SECONDS = 6.0
"""A claim is renewed while its process lives; what a dead one left is taken up within a lease and a look."""

log = logs.get("outbound")

# The first domain that has mail waiting, then the next one after it: as many steps as domains, whatever the queue's
# length.
_DUE_DOMAINS = """
WITH RECURSIVE named(domain) AS (
  (SELECT domain FROM messaging_outbound_mail WHERE state = 'queued' ORDER BY domain LIMIT 1)
  UNION ALL
  SELECT (SELECT m.domain FROM messaging_outbound_mail m
          WHERE m.state = 'queued' AND m.domain > named.domain ORDER BY m.domain LIMIT 1)
  FROM named WHERE named.domain IS NOT NULL
)
SELECT n.domain FROM named n LEFT JOIN messaging_outbound_destination d ON d.domain = n.domain
WHERE n.domain IS NOT NULL AND d.held_at IS NULL AND (d.next_try_at IS NULL OR d.next_try_at <= %(at)s)
  AND EXISTS (SELECT 1 FROM messaging_outbound_mail m
              WHERE m.state = 'queued' AND m.domain = n.domain AND m.next_try_at <= %(at)s)
"""
_CLAIM = """
UPDATE messaging_outbound_mail SET claimed_by = %(worker)s, next_try_at = %(until)s
WHERE id IN (
  SELECT id FROM messaging_outbound_mail
  WHERE state = 'queued' AND domain = %(domain)s AND next_try_at <= %(at)s AND id <> ALL(%(flying)s::uuid[])
  ORDER BY next_try_at, id LIMIT %(limit)s FOR UPDATE SKIP LOCKED)
RETURNING id, owner_id, message_id, body, size, domain, addresses, notify, ret, created_at, attempts
"""


@dataclass(frozen=True)
class Claimed:
    """One mail for one recipient, held by this process until its claim ends."""

    id: UUID
    owner_id: UUID
    message_id: UUID | None
    body: bytes
    size: int
    domain: str
    sender: str
    recipient: str
    orcpt: str
    envid: str
    notify: tuple[str, ...]
    ret: str
    created_at: datetime
    attempts: int

    @property
    def same_letter(self) -> tuple[object, ...]:
        """What recipients of one transaction have in common."""
        return self.owner_id, self.body, self.domain, self.sender, self.envid, self.ret


def due_domains(at: datetime) -> list[str]:
    """The domains that have mail to be tried now, and are neither down nor held."""
    with connection.cursor() as cursor:
        cursor.execute(_DUE_DOMAINS, {"at": at})
        return [row[0] for row in cursor.fetchall()]


@transaction.atomic
def claim(domain: str, worker: UUID, limit: int, flying: list[UUID]) -> tuple[list[Claimed], bool]:
    """Take up to ``limit`` mails of a domain; ``flying`` are those that this process has in hand already.

    An operator that could not be reached is asked with one mail, by one process at a time: then the second value is
    True, and nothing more is to be claimed before that mail's answer.
    """
    at = now()
    state = OutboundDestination.objects.select_for_update(skip_locked=True).filter(domain=domain).first()
    if state is None and OutboundDestination.objects.filter(domain=domain).exists():
        return [], False  # another process looks at it just now
    probing = False
    if state is not None:
        if state.held_at is not None or (state.next_try_at is not None and state.next_try_at > at):
            return [], False
        probing = state.failures > 0
        if probing:
            OutboundDestination.objects.filter(domain=domain).update(next_try_at=at + LEASE)
    with connection.cursor() as cursor:
        cursor.execute(
            _CLAIM,
            {
                "worker": worker,
                "until": at + LEASE,
                "domain": domain,
                "at": at,
                "flying": flying,
                "limit": 1 if probing else limit,
            },
        )
        rows = cursor.fetchall()
    return sorted(claimed_of(rows), key=lambda one: one.id), probing


def claimed_of(rows: Sequence[tuple[Any, ...]]) -> list[Claimed]:
    """The rows with their addresses opened. One that cannot be opened is held for a person; the others go on."""
    found = []
    keys: dict[UUID, OwnerKey] = {}
    for row in rows:
        try:
            if row[1] not in keys:
                keys[row[1]] = owner_key(row[1])
            found.append(_claimed(row, keys[row[1]]))
        except KeyProblem as problem:
            log.error("outbound_unreadable", message=str(row[0]), exc_info=problem)
            OutboundMail.objects.filter(id=row[0]).update(
                state=OutboundMail.State.HELD, claimed_by=None, last_problem=Problem.UNREADABLE.value
            )
    return found


def _claimed(row: tuple[Any, ...], key: OwnerKey) -> Claimed:
    mail_id, owner_id, message_id, body, size, domain, addresses, notify, ret, created_at, attempts = row
    lines = key.open_text(outbound_name(mail_id), bytes(addresses)).split("\n")
    sender, recipient, orcpt, envid = [*lines, "", ""][:4]
    return Claimed(
        id=mail_id,
        owner_id=owner_id,
        message_id=message_id,
        body=bytes(body),
        size=size,
        domain=domain,
        sender=sender,
        recipient=recipient,
        orcpt=orcpt,
        envid=envid,
        notify=tuple(notify.split(",")) if notify else (),
        ret=ret,
        created_at=created_at,
        attempts=attempts,
    )


def renew(worker: UUID, mails: list[UUID]) -> None:
    """Hold what is in hand a lease longer."""
    OutboundMail.objects.filter(id__in=mails, claimed_by=worker, state=OutboundMail.State.QUEUED).update(
        next_try_at=now() + LEASE
    )


def release(worker: UUID, mails: list[UUID]) -> None:
    """Put back what was claimed and not tried."""
    OutboundMail.objects.filter(id__in=mails, claimed_by=worker, state=OutboundMail.State.QUEUED).update(
        next_try_at=now(), claimed_by=None
    )


def letters(claimed: list[Claimed], most_recipients: int) -> list[list[Claimed]]:
    """The claimed mails by message: recipients of the same one go in one transaction, in the order of the queue."""
    found: dict[tuple[object, ...], list[list[Claimed]]] = {}
    for one in claimed:
        same = found.setdefault(one.same_letter, [[]])
        if len(same[-1]) >= most_recipients:
            same.append([])
        same[-1].append(one)
    return [part for parts in found.values() for part in parts]
