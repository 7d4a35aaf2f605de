"""What a delivery leaves for the operator: traces of the mailboxes, counts for the statistics, who answers by itself.

Prepared message by message, written once a batch, in the transaction of the delivery itself: each message is counted
exactly once.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.utils import timezone

from carnet.domain.directory.commands.traces import leave_traces
from carnet.domain.directory.queries import MailboxFacts
from carnet.domain.directory.traces import NewTrace, TraceAct
from carnet.domain.identity.values import is_patient_domain
from carnet.domain.messaging.counted import Counted, document_codes, of_received, of_sent
from carnet.domain.messaging.delivery.incoming import Incoming
from carnet.domain.messaging.delivery.plan import Plan
from carnet.domain.messaging.delivery.situation import Situation
from carnet.domain.messaging.queries.recipients import Recipient
from carnet.domain.messaging.values import DeliveryOutcome

DELIVERY = "delivery"
"""The door of what the drain and the portal put into a mailbox."""

# Rows in one order, so that two connections that add to the same day never wait for each other in a circle.
_ADD = """
INSERT INTO messaging_mail_count (day, kind, measure, detail, shard, count)
SELECT %s, t.kind, t.measure, t.detail, pg_backend_pid() %% 64, t.count
FROM unnest(%s::text[], %s::text[], %s::text[], %s::bigint[]) AS t(kind, measure, detail, count)
ORDER BY t.kind, t.measure, t.detail
ON CONFLICT (day, kind, measure, detail, shard) DO UPDATE SET count = messaging_mail_count.count + excluded.count
"""


def tally(
    message: Incoming,
    placed: Sequence[Recipient],
    failed: Sequence[DeliveryOutcome],
    situation: Situation,
    plan: Plan,
) -> None:
    """Note what became of one message: sent by a hosted mailbox, to whom it went, and what was refused."""
    if not message.envelope.mailbox:
        return
    sender = situation.mailboxes.get(message.author)
    if sender is None or not sender.hosted:
        return
    envelope = message.envelope
    if placed:
        trace = (TraceAct.SENT, envelope.door, envelope.author, envelope.session, "")
        plan.traces.append(NewTrace(sender.id, *trace, count=len(placed), at=envelope.accepted_at))
        codes = document_codes(_codes(message), message.parsed.x_mss)
        count(plan, sender, of_sent(to_patients=any(r.ins for r in placed), codes=codes, fields=message.parsed.x_mss))
    for outcome in sorted(set(failed)):
        trace = (TraceAct.SENT, envelope.door, envelope.author, envelope.session, outcome.value)
        plan.traces.append(NewTrace(sender.id, *trace, count=failed.count(outcome), at=envelope.accepted_at))


def tally_filed(message: Incoming, mailbox: MailboxFacts, message_id: UUID, plan: Plan) -> None:
    """Note that a hosted mailbox got a message, and that it answers by itself if it does today."""
    from_patient = is_patient_domain(message.author, settings.CARNET_PATIENT_DOMAIN)
    with_documents = bool(document_codes(_codes(message), message.parsed.x_mss))
    tally_received(mailbox, message_id, plan, from_patient=from_patient, with_documents=with_documents)


def tally_received(
    mailbox: MailboxFacts, message_id: UUID, plan: Plan, *, from_patient: bool, with_documents: bool = False
) -> None:
    """As ``tally_filed``, for a message that did not come through a door."""
    plan.received.setdefault(mailbox.id, []).append(message_id)
    count(plan, mailbox, of_received(from_patient=from_patient, with_documents=with_documents))
    if mailbox.answers_by_itself:
        plan.to_answer.append((mailbox.id, message_id))


def count(plan: Plan, mailbox: MailboxFacts, counted: Sequence[Counted]) -> None:
    """Add to the numbers of the mailbox's kind."""
    for measure, detail in counted:
        plan.counts[mailbox.kind.value, measure.value, detail] += 1


def write_tally(plan: Plan) -> None:
    """Write what was noted: one COPY of traces, one statement for all counts. Part of the caller's transaction."""
    traces = plan.traces + [
        NewTrace(mailbox_id, TraceAct.RECEIVED, DELIVERY, messages=tuple(ids), at=plan.at)
        for mailbox_id, ids in plan.received.items()
    ]
    leave_traces(traces)
    if plan.counts:
        kinds, measures, details = zip(*plan.counts, strict=True)
        counts = list(plan.counts.values())
        with connection.cursor() as cursor:
            cursor.execute(_ADD, [timezone.localdate(plan.at), list(kinds), list(measures), list(details), counts])


def _codes(message: Incoming) -> list[str]:
    return [
        document.entry.type_code.code if document.entry.type_code else ""
        for package in message.packages.values()
        for document in package.documents
    ]


def _day(at: datetime) -> object:
    return timezone.localdate(at)
