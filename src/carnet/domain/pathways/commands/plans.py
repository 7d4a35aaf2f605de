"""A sending before it starts: its template, its lines, its moment. Nothing leaves here."""

from collections.abc import Sequence
from uuid import UUID

from django.conf import settings
from django.db import transaction

from carnet.domain.directory.queries.oppositions import opposed
from carnet.domain.directory.traces import TraceAct
from carnet.domain.identity.queries import traits_by_ins
from carnet.domain.messaging.desk.actors import DeskActor
from carnet.domain.pathways import rules
from carnet.domain.pathways.access import establishment, find_sending, find_template, trace
from carnet.domain.pathways.commands.marking import Mark, mark
from carnet.domain.pathways.contents import content_of, open_line, patient_digest, seal_line, stay_digest
from carnet.domain.pathways.models import Sending, SendingLine
from carnet.domain.pathways.queries.sendings import SendingShown, sending_shown, timing_of
from carnet.domain.pathways.queries.templates import usable_today, version_of
from carnet.domain.pathways.values import (
    MAX_LINES,
    Conditions,
    LineState,
    Opened,
    PathwayRefusal,
    Refused,
    SendingAct,
    SendingState,
    SheetRow,
    TemplateContent,
    Timing,
    When,
)
from carnet.domain.spaces.queries import spaces_by_ins
from carnet.foundation.clock import now
from carnet.foundation.ids import new_id
from carnet.foundation.keys import OwnerKey
from carnet.foundation.models import OwnerKeyRow
from carnet.foundation.owner_keys import create_owner_keys, forget_cached_keys, owner_key

_MAX_TITLE = 200
_BATCH = 1_000


@transaction.atomic
def create_sending(
    actor: DeskActor, template_id: UUID, *, title: str = "", follows: UUID | None = None
) -> SendingShown | Refused:
    """Begin a sending of a template. One that follows another takes over the lines that were sent, for a reminder."""
    finess = establishment(actor)
    if isinstance(finess, Refused):
        return finess
    template = find_template(actor, template_id)
    if isinstance(template, Refused):
        return template
    version = version_of(template)
    if not usable_today(template, version):
        return Refused(PathwayRefusal.TEMPLATE_NOT_VALID)
    before = find_sending(actor, follows) if follows is not None else None
    if isinstance(before, Refused):
        return before
    sent_before = _sent_rows(before) if before is not None else []
    if before is not None and not sent_before:
        return Refused(PathwayRefusal.NO_LINE)
    sending = Sending.objects.create(
        id=new_id(),
        mailbox_id=actor.mailbox.id,
        organization_id=finess,
        template=template,
        template_version=version.number,
        pathway_id=version.pathway_id,
        follows=before,
        title=" ".join(title.split())[:_MAX_TITLE],
        state=SendingState.DRAFT.value,
        hour=Timing().hour,
        created_by=actor.rpps,
        created_at=now(),
    )
    create_owner_keys([sending.id])
    if before is None:
        return sending_shown(sending)
    return _replace_lines(actor, sending, sent_before, list(before.columns))


def _sent_rows(before: Sending) -> list[SheetRow]:
    rows = list(SendingLine.objects.filter(sending=before, state=LineState.SENT.value).order_by("number"))
    return _rows_of(before, rows) if rows else []  # without lines there may be no key any more


def _rows_of(sending: Sending, lines: Sequence[SendingLine]) -> list[SheetRow]:
    """The rows that stored lines came from."""
    key = owner_key(sending.id)
    contents = [(line.number, open_line(key, line)) for line in lines]
    return [SheetRow(number, content.cells, content.faults) for number, content in contents]


@transaction.atomic
def check_lines(actor: DeskActor, sending_id: UUID, rows: Sequence[SheetRow]) -> SendingShown | Refused:
    """The dry run: read the rows into lines, in place of those that were there, and say of each what is wrong.

    Nothing leaves. The patients who asked not to be written to are skipped already here.
    """
    sending = find_sending(actor, sending_id, lock=True)
    if isinstance(sending, Refused):
        return sending
    if SendingAct.PREPARE not in rules.acts_on(sending.state):
        return Refused(PathwayRefusal.WRONG_STATE)
    if len(rows) > MAX_LINES:
        return Refused(PathwayRefusal.TOO_MANY_LINES)
    columns = dict.fromkeys(name for row in rows for name in row.cells)
    return _replace_lines(actor, sending, rows, list(columns))


def _replace_lines(
    actor: DeskActor, sending: Sending, rows: Sequence[SheetRow], columns: list[str]
) -> SendingShown | Refused:
    if not rows:
        return Refused(PathwayRefusal.NO_LINE)
    template, timing = content_of(version_of(sending.template, sending.template_version)), timing_of(sending)
    checked = _checked(sending, rows, template, timing)
    SendingLine.objects.filter(sending=sending).delete()
    key, mailbox_key = owner_key(sending.id), owner_key(sending.mailbox_id)
    made = [_line(sending, line, key, mailbox_key, timing) for line in checked]
    SendingLine.objects.bulk_create(made, batch_size=_BATCH)
    sending.state = SendingState.CHECKED.value
    sending.columns = columns
    sending.save(update_fields=["state", "columns"])
    trace(actor, TraceAct.SENDING_CHECKED, count=len(made))
    return sending_shown(sending)


def _checked(
    sending: Sending, rows: Sequence[SheetRow], template: TemplateContent, timing: Timing
) -> list[rules.CheckedLine]:
    lines = rules.check_rows(rows, rules.needs_of(template, timing), production=settings.CARNET_PRODUCTION)
    wanted = [line.content.ins for line in lines if line.state is LineState.WAITING]
    lines = rules.mark_opposed(lines, {ins for _, ins in opposed([(sending.mailbox_id, ins) for ins in wanted])})
    # Of people who can be written to: that somebody had a space once is theirs alone.
    living = [ins for ins, space in spaces_by_ins(wanted).items() if space.living]
    return rules.mark_mistaken(lines, traits_by_ins(living))


def _line(
    sending: Sending, line: rules.CheckedLine, key: OwnerKey, mailbox_key: OwnerKey, timing: Timing
) -> SendingLine:
    line_id = new_id()
    waits = line.state is LineState.WAITING
    content = line.content
    return SendingLine(
        id=line_id,
        sending=sending,
        number=line.number,
        content=seal_line(key, line_id, content),
        patient_digest=patient_digest(mailbox_key, content.ins) if content.ins else None,
        stay_digest=stay_digest(mailbox_key, content.stay) if content.stay else None,
        state=line.state.value,
        reason=line.reason.value,
        column=line.column,
        other_line=line.other_line,
        due_at=rules.due(timing, content, now()) if waits else None,
    )


@transaction.atomic
def plan_sending(actor: DeskActor, sending_id: UUID, timing: Timing, conditions: Conditions) -> SendingShown | Refused:
    """Say when the lines leave and who is left out; the lines are checked again, since some may lack a day.

    ``past_due`` of the answer counts the lines whose moment has passed already.
    """
    sending = find_sending(actor, sending_id, lock=True)
    if isinstance(sending, Refused):
        return sending
    if SendingAct.PREPARE not in rules.acts_on(sending.state):
        return Refused(PathwayRefusal.WRONG_STATE)
    if wrong := rules.timing_problem(timing, now()):
        return Refused(PathwayRefusal.WRONG_TIMING, wrong)
    if conditions.opened is not Opened.ANY and not _receipt_was_asked(sending.follows):
        return Refused(PathwayRefusal.RECEIPT_NOT_ASKED, "opened")
    sending.when = timing.when.value
    sending.at = timing.at if timing.when is When.AT else None
    sending.anchor = timing.anchor.value if timing.anchor and timing.when is When.RELATIVE else ""
    sending.days = timing.days if timing.when is When.RELATIVE else 0
    sending.hour = timing.hour
    sending.past_due = timing.past_due.value if timing.past_due else ""
    sending.unless_answered = conditions.unless_answered
    sending.opened = conditions.opened.value
    sending.save()
    _check_again(sending)
    return sending_shown(sending)


def _receipt_was_asked(before: Sending | None) -> bool:
    """Who opened a message is told only by the receipt that was asked for; without one it stays the patient's own."""
    return before is not None and version_of(before.template, before.template_version).receipt_wanted


def _check_again(sending: Sending) -> None:
    """The lines once more, with what their moment needs now."""
    stored = list(SendingLine.objects.filter(sending=sending).order_by("number"))
    rows = _rows_of(sending, stored) if stored else []
    if not rows:
        return
    timing = timing_of(sending)
    template = content_of(version_of(sending.template, sending.template_version))
    at = now()
    mark(
        [
            Mark(
                row.id,
                line.state,
                line.reason,
                line.column,
                line.other_line,
                rules.due(timing, line.content, at) if line.state is LineState.WAITING else None,
            )
            for row, line in zip(stored, _checked(sending, rows, template, timing), strict=True)
        ]
    )


@transaction.atomic
def delete_draft(actor: DeskActor, sending_id: UUID) -> Refused | None:
    """Forget a sending that has not started, with its lines. ``None`` when done."""
    sending = find_sending(actor, sending_id, lock=True)
    if isinstance(sending, Refused):
        return sending
    if SendingAct.DELETE not in rules.acts_on(sending.state):
        return Refused(PathwayRefusal.WRONG_STATE)
    OwnerKeyRow.objects.filter(owner_id=sending.id).delete()
    sending.delete()
    transaction.on_commit(forget_cached_keys)
    return None
