"""Lines whose moment has come leave, in groups: a group is sent and marked in one transaction.

So whatever is killed when, a line that is marked was sent, and one that was sent is marked. Groups of one sending go
one after the other or side by side: each takes lines that no other holds.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from carnet.domain.directory.commands.traces import leave_traces
from carnet.domain.directory.queries import MailboxFacts, mailboxes_by_id
from carnet.domain.directory.traces import NewTrace, TraceAct
from carnet.domain.identity.values import patient_address
from carnet.domain.messaging.commands.mailbox_mail import SentMail, send_from_mailbox
from carnet.domain.messaging.compose import ComposeRefused, OutgoingMail, compose_message, make_message_id
from carnet.domain.messaging.desk.actors import DOOR
from carnet.domain.messaging.desk.outgoing import mss_fields
from carnet.domain.messaging.desk.pathway import set_pathway
from carnet.domain.messaging.mime.addresses import Address
from carnet.domain.messaging.values import DeliveryOutcome
from carnet.domain.pathways import rules
from carnet.domain.pathways.commands.marking import Mark, mark
from carnet.domain.pathways.contents import content_of, open_line
from carnet.domain.pathways.merge import Field, MissingValue, render
from carnet.domain.pathways.models import Sending, SendingLine, TemplateFile
from carnet.domain.pathways.queries.sendings import conditions_of, timing_of
from carnet.domain.pathways.queries.templates import establishment_name, version_of
from carnet.domain.pathways.values import (
    LineContent,
    LineReason,
    LineState,
    SendingState,
    TemplateContent,
)
from carnet.foundation import logs
from carnet.foundation.bodies import get_body
from carnet.foundation.clamd import CLEAN, UNSCANNED, Finding, Verdict
from carnet.foundation.clock import now
from carnet.foundation.owner_keys import owner_key

GROUP = 100
_GROUP_BYTES = 40_000_000
"""What the messages of a group may measure together: they are all in memory, twice."""

_MOST_BEFORE = 20
_MAX_NAME = 100

log = logs.get("sendings")


@dataclass(frozen=True, slots=True)
class Group:
    """What a group did: how many lines it settled, and whether more may be due."""

    settled: int
    more: bool


@dataclass(frozen=True, slots=True)
class _Before:
    """What became of the messages before: of this sending and all that it follows, for one patient."""

    answered: bool = False
    opened: bool = False
    last_message: UUID | None = None


@dataclass(frozen=True)
class _Post:
    """All that the messages of a group have in common."""

    mailbox: MailboxFacts
    template: TemplateContent
    establishment: str
    files: list[tuple[str, str, bytes]]
    scanned: Finding
    at: datetime


def send_group(sending_id: UUID, most: int = GROUP) -> Group:
    """Send the lines of a running sending that are due, at most ``most`` of them, the longest due first.

    A mailbox that is no longer active pauses its sending. Nothing of a group is kept if any of it fails.
    """
    with transaction.atomic():
        sending = _held(sending_id)
        if sending is None:
            return Group(0, more=False)
        mailbox = mailboxes_by_id([sending.mailbox_id]).get(sending.mailbox_id)
        if mailbox is not None and mailbox.active and mailbox.hosted:
            return _send(sending, mailbox, most)
    with transaction.atomic():  # in a transaction of its own: the one above holds the row with others
        running = Sending.objects.filter(id=sending_id, state=SendingState.RUNNING.value)
        if running.update(state=SendingState.PAUSED.value):
            why = "mailbox-not-active"
            leave_traces([NewTrace(sending.mailbox_id, TraceAct.SENDING_PAUSED, DOOR, outcome=why)])
    log.warning("sending_paused", mailbox=str(sending.mailbox_id), reason="mailbox-not-active")
    return Group(0, more=False)


def _held(sending_id: UUID) -> Sending | None:
    """The sending if it runs, held so that a pause waits for this group and the next group sees the pause."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pathways_sending WHERE id = %s AND state = 'running' FOR SHARE", [sending_id])
        if cursor.fetchone() is None:
            return None
    return Sending.objects.select_related("template").get(id=sending_id)


def _send(sending: Sending, mailbox: MailboxFacts, most: int) -> Group:
    at = now()
    version = version_of(sending.template, sending.template_version)
    template = content_of(version)
    files, scanned = _files(sending.template_id, template.files)
    size = 2 * sum(len(content) for _, _, content in files) + 10_000
    most = max(1, min(most, _GROUP_BYTES // size))
    lines = list(
        SendingLine.objects.select_for_update(skip_locked=True)
        .filter(sending=sending, state=LineState.WAITING.value, due_at__lte=at)
        .order_by("due_at", "number")[:most]
    )
    if not lines:
        return Group(0, more=False)
    key = owner_key(sending.id)
    contents = {line.id: open_line(key, line) for line in lines}
    before = _before(sending, lines)
    post = _Post(mailbox, template, establishment_name(sending.organization_id), files, scanned, at)
    marks, mails = _decide(sending, lines, contents, before, post)
    sent = (
        send_from_mailbox(mailbox, [mail for _, mail in mails], author=sending.started_by, scanned=scanned)
        if mails
        else []
    )
    marks += [_mark_of(line, one, at) for (line, _), one in zip(mails, sent, strict=True)]
    mark(marks)
    delivered = [one.message_id for one in sent if one.handed and one.handed[0].space_id is not None]
    if sending.pathway_id is not None and delivered:
        set_pathway(mailbox.id, delivered, sending.pathway_id)
    return Group(len(lines), more=len(lines) == most)


def _files(template_id: UUID, wanted: Sequence[UUID]) -> tuple[list[tuple[str, str, bytes]], Finding]:
    """The files that go with each message, and what is known of them: looked at once, they need no second look."""
    rows = {row.id: row for row in TemplateFile.objects.filter(template_id=template_id, id__in=wanted)}
    found = [rows[one] for one in wanted if one in rows]
    clean = all(row.scan == Verdict.CLEAN.value for row in found)
    files = [(row.name, row.media_type, get_body(template_id, row.body)) for row in found]
    return files, CLEAN if clean else UNSCANNED


def _decide(
    sending: Sending,
    lines: Sequence[SendingLine],
    contents: Mapping[UUID, LineContent],
    before: Mapping[bytes, _Before],
    post: _Post,
) -> tuple[list[Mark], list[tuple[SendingLine, OutgoingMail]]]:
    """The lines that stay, each with its reason, and the messages of the others."""
    conditions, timing = conditions_of(sending), timing_of(sending)
    today = timezone.localdate(post.at)
    marks: list[Mark] = []
    mails: list[tuple[SendingLine, OutgoingMail]] = []
    for line in lines:
        content = contents[line.id]
        past = before.get(bytes(line.patient_digest or b""), _Before())
        facts = rules.LeavingFacts(today, post.template.valid_on(today), past.answered, past.opened)
        reason = rules.why_not(conditions, timing, content, facts)
        if reason is not LineReason.NONE:
            marks.append(Mark(line.id, LineState.SKIPPED, reason, due_at=line.due_at))
            continue
        try:
            mails.append((line, _compose(sending, line, content, past, post)))
        except MissingValue as missing:
            marks.append(Mark(line.id, LineState.BAD, LineReason.MISSING, missing.name, due_at=line.due_at))
        except ComposeRefused:  # one line that no mail can be made of holds up no other
            marks.append(Mark(line.id, LineState.BAD, LineReason.UNPRINTABLE, due_at=line.due_at))
    return marks, mails


def _compose(sending: Sending, line: SendingLine, content: LineContent, past: _Before, post: _Post) -> OutgoingMail:
    """The message of one line, made from its own values alone.

    A reminder goes on in the conversation of the message before it, unless the patient has written there: what was
    written to many is no answer to her.
    """
    values = rules.line_values(content, mailbox=post.mailbox.label, establishment=post.establishment)
    domain = post.mailbox.address.rpartition("@")[2]
    answered = message_id_of(past.last_message, domain) if past.last_message and not past.answered else None
    return compose_message(
        sender_name=post.mailbox.label,
        sender_address=post.mailbox.address,
        recipients=[Address(_name(content), patient_address(content.ins, settings.CARNET_PATIENT_DOMAIN))],
        subject=render(post.template.subject, values),
        text=render(post.template.text, values),
        message_id=message_id_of(line.id, domain),
        date=post.at,
        in_reply_to=answered,
        references=[answered] if answered else (),
        attachments=post.files,
        receipt_to=post.mailbox.address if post.template.receipt_wanted else None,
        mss_fields=mss_fields(end=not post.template.takes_answer),
    )


def _name(content: LineContent) -> str:
    """Whom the line names, as the desk shows the conversation until the patient writes."""
    cells = (content.cells.get(field.value, "") for field in (Field.GIVEN_NAME, Field.BIRTH_NAME))
    return "".join(one for one in " ".join(cells).strip()[:_MAX_NAME] if one.isprintable())


def message_id_of(line_id: UUID, domain: str) -> str:
    """The Message-ID of a line's message: always the same, so that a reminder can refer to it (RFC 5322 §3.6.4)."""
    return make_message_id(domain, f"{line_id}.envoi")


def _mark_of(line: SendingLine, sent: SentMail, at: datetime) -> Mark:
    handed = sent.handed[0]
    state, reason = LineState.SENT, LineReason.NONE
    match handed.outcome:
        case DeliveryOutcome.DELIVERED:
            pass
        case DeliveryOutcome.REFUSED_OPPOSITION:
            state, reason = LineState.SKIPPED, LineReason.OPPOSED
        case DeliveryOutcome.REFUSED_RECIPIENT:
            state, reason = LineState.REFUSED, LineReason.NO_SPACE
        case DeliveryOutcome.WITHHELD_INFECTED:
            state, reason = LineState.REFUSED, LineReason.WITHHELD
        case _:
            state, reason = LineState.REFUSED, LineReason.REFUSED
    return Mark(
        line.id,
        state,
        reason,
        due_at=line.due_at,
        sent_at=at,
        outcome=handed.outcome.value,
        space_id=handed.space_id,
        message_id=handed.message_id,
        own_message_id=sent.message_id,
    )


_BEFORE = """
    SELECT line.patient_digest,
           coalesce(bool_or(EXISTS (
               SELECT 1 FROM messaging_conversation_entry answer
               WHERE answer.space_id = entry.space_id AND answer.conversation_id = entry.conversation_id
                   AND answer.direction = 'out' AND answer.at > entry.at
           )), false),
           coalesce(bool_or(entry.receipt_sent_at IS NOT NULL) FILTER (WHERE line.sending_id = %(follows)s), false),
           (array_agg(line.id ORDER BY line.sent_at DESC) FILTER (WHERE line.sending_id = ANY(%(earlier)s)))[1]
    FROM pathways_sending_line line
    LEFT JOIN messaging_conversation_entry entry
        ON entry.space_id = line.space_id AND entry.message_id = line.message_id
    WHERE line.sending_id = ANY(%(sendings)s) AND line.patient_digest = ANY(%(patients)s) AND line.state = 'sent'
    GROUP BY line.patient_digest
"""


def _before(sending: Sending, lines: Sequence[SendingLine]) -> dict[bytes, _Before]:
    """For each patient of these lines, what became of the messages of this sending and of those that it follows."""
    earlier: list[UUID] = []
    step: Sending | None = sending.follows
    while step is not None and len(earlier) < _MOST_BEFORE:
        earlier.append(step.id)
        step = step.follows
    if not earlier and not sending.unless_answered:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(
            _BEFORE,
            {
                "follows": sending.follows_id,
                "earlier": earlier,
                "sendings": [sending.id, *earlier],
                "patients": [bytes(line.patient_digest) for line in lines if line.patient_digest],
            },
        )
        return {bytes(digest): _Before(*rest) for digest, *rest in cursor.fetchall()}
