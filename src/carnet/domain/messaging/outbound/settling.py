"""What becomes of each mail after a try: written in one transaction with the reports that its sender is owed."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction

from carnet.domain.messaging import rules
from carnet.domain.messaging.commands.carnet_mail import deliver_report
from carnet.domain.messaging.compose import DsnAction, FailedRecipient, compose_dsn, make_message_id
from carnet.domain.messaging.models import ConversationEntry, OutboundDestination, OutboundMail
from carnet.domain.messaging.outbound.claims import Claimed, claimed_of
from carnet.domain.messaging.outbound.values import Answer, Phase, Problem
from carnet.domain.messaging.values import SmtpError
from carnet.foundation import logs
from carnet.foundation.bodies import BodyMissing, get_body
from carnet.foundation.clock import now
from carnet.foundation.ids import new_id
from carnet.foundation.keys import KeyProblem

_LARGEST_GIVEN_BACK = 1024 * 1024

log = logs.get("outbound")


@dataclass(frozen=True)
class Tried:
    """One mail and its answer; ``next_hop_reports``: the other side tells the sender the rest (RFC 3461)."""

    mail: Claimed
    answer: Answer
    next_hop_reports: bool = False


def first_wait() -> timedelta:
    return timedelta(seconds=settings.CARNET_OUTBOUND_RETRY_SECONDS)


def give_up_after() -> timedelta:
    return timedelta(seconds=settings.CARNET_OUTBOUND_GIVE_UP_SECONDS)


@transaction.atomic
def settle(worker: UUID, tried: Sequence[Tried]) -> None:
    """Write what follows from the answers of one transaction, and report it to the senders.

    1. What was taken is sent, whatever a person decided about it meanwhile.
    2. What was refused for good, or waited too long, is given up.
    3. The rest waits, each for its own time.
    """
    at = now()
    sent: list[Tried] = []
    failed: list[Tried] = []
    waiting: list[Tried] = []
    for one in tried:
        follows = rules.what_follows(one.answer)
        if follows is rules.Follows.SENT:
            sent.append(one)
        elif follows is rules.Follows.FAILED or rules.is_given_up(
            at - one.mail.created_at, give_up_after(), tried=True
        ):
            failed.append(one)
        else:
            waiting.append(one)
    _write([(one.mail.id, one.answer) for one in sent], OutboundMail.State.SENT, at)
    _show([one.mail for one in sent], "sent")
    _give_up(failed, at)
    _let_wait(worker, waiting, at)
    report(
        [
            (one.mail, one.answer, DsnAction.RELAYED)
            for one in sent
            if rules.reports_success_here(
                one.mail.notify, null_sender=not one.mail.sender, next_hop_reports=one.next_hop_reports
            )
        ],
        at,
    )


def _give_up(failed: Sequence[Tried], at: datetime) -> None:
    _write([(one.mail.id, one.answer) for one in failed], OutboundMail.State.FAILED, at)
    _show([one.mail for one in failed], "failed")
    report([(one.mail, one.answer, DsnAction.FAILED) for one in failed], at)


def _write(answers: Sequence[tuple[UUID, Answer]], state: str, at: datetime) -> None:
    if not answers:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE messaging_outbound_mail m SET state = %s, settled_at = %s, attempts = attempts + 1,"
            " claimed_by = NULL, last_code = n.code, last_problem = n.problem"
            " FROM unnest(%s::uuid[], %s::text[], %s::text[]) AS n(id, code, problem) WHERE m.id = n.id",
            [
                state,
                at,
                [mail_id for mail_id, _ in answers],
                [answer.short for _, answer in answers],
                [_problem(answer) for _, answer in answers],
            ],
        )


def _let_wait(worker: UUID, waiting: Sequence[Tried], at: datetime) -> None:
    if not waiting:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE messaging_outbound_mail m SET next_try_at = n.next_try_at, attempts = attempts + 1,"
            " claimed_by = NULL, last_code = n.code, last_problem = n.problem"
            " FROM unnest(%s::uuid[], %s::timestamptz[], %s::text[], %s::text[]) AS n(id, next_try_at, code, problem)"
            " WHERE m.id = n.id AND m.claimed_by = %s",
            [
                [one.mail.id for one in waiting],
                [at + rules.next_wait(one.mail.attempts + 1, first_wait()) for one in waiting],
                [one.answer.short for one in waiting],
                [_problem(one.answer) for one in waiting],
                worker,
            ],
        )


def _problem(answer: Answer) -> str:
    return "" if answer.taken else answer.problem.value


def _show(mails: Iterable[Claimed], delivery: str) -> None:
    """The holder sees under the letter what became of it."""
    for one in mails:
        if one.message_id is not None:
            ConversationEntry.objects.filter(space_id=one.owner_id, message_id=one.message_id).update(delivery=delivery)


@transaction.atomic
def note_down(domain: str, answer: Answer) -> None:
    """An operator takes nothing now: all its mail waits, twice as long after each time, and one probes alone then."""
    at = now()
    state, _ = OutboundDestination.objects.select_for_update().get_or_create(domain=domain)
    state.failures += 1
    state.down_since = state.down_since or at
    state.next_try_at = at + rules.next_wait(state.failures, first_wait())
    state.last_code = answer.short
    state.last_problem = answer.problem.value
    state.save()
    log.warning(
        "operator_unavailable", route=domain, code=answer.code, reason=answer.problem.value, attempt=state.failures
    )


def note_up(domain: str) -> None:
    """An operator takes mail again."""
    OutboundDestination.objects.filter(domain=domain, held_at=None).delete()
    OutboundDestination.objects.filter(domain=domain).update(
        failures=0, down_since=None, next_try_at=None, last_code="", last_problem=""
    )


def give_up_here(ids: Sequence[UUID], answer: Answer, *, state: str, action: DsnAction | None) -> None:
    """Give up mails for what this side found, and tell their senders with ``action``. Part of the transaction."""
    if not ids:
        return
    at = now()
    columns = "id, owner_id, message_id, body, size, domain, addresses, notify, ret, created_at, attempts"
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {columns} FROM messaging_outbound_mail WHERE id = ANY(%s)", [list(ids)])  # noqa: S608
        rows = cursor.fetchall()
    mails = claimed_of(rows)
    # One whose addresses cannot be opened has nobody to tell; it is given up all the same.
    OutboundMail.objects.filter(id__in=ids).update(
        state=state, settled_at=at, claimed_by=None, last_code=answer.short, last_problem=answer.problem.value
    )
    _show(mails, "failed")
    if action is not None:
        report([(one, answer, action) for one in mails], at)


def hold_unreadable(mail: Claimed) -> None:
    """A message that cannot be read from the store needs a person; the others go on."""
    OutboundMail.objects.filter(id=mail.id).update(
        state=OutboundMail.State.HELD, claimed_by=None, last_code="", last_problem=Problem.UNREADABLE.value
    )


def report(told: Sequence[tuple[Claimed, Answer, DsnAction]], at: datetime) -> None:
    """Tell the senders what became of their messages, one report a message (RFC 3464). Part of the transaction.

    A holder sees it in the conversation instead; the null sender is told nothing; a sender who did not want to know
    is not told (RFC 3461 §4.1).
    """
    by_message: dict[tuple[object, ...], list[tuple[Claimed, Answer, DsnAction]]] = {}
    for one in told:
        if one[0].message_id is None and one[0].sender and _wanted(one[0], one[2]):
            by_message.setdefault(one[0].same_letter, []).append(one)
    for same in by_message.values():
        mail = same[0][0]
        try:
            original = get_body(mail.owner_id, mail.body)
        except (BodyMissing, KeyProblem) as problem:
            log.error("outbound_unreadable", message=str(mail.id), exc_info=problem)
            original = b""
        notice = compose_dsn(
            reporting_domain=settings.CARNET_HOSTNAME,
            return_path=mail.sender,
            failures=[_recipient(claimed, answer, action) for claimed, answer, action in same],
            original=original,
            message_id=make_message_id(settings.CARNET_HOSTNAME, str(new_id())),
            date=at,
            arrival=mail.created_at,
            envelope_id=mail.envid,
            whole=mail.ret == "FULL" and 0 < len(original) <= _LARGEST_GIVEN_BACK,
        )
        deliver_report(mail.sender, notice.content)


def _wanted(mail: Claimed, action: DsnAction) -> bool:
    wanted = rules.reports_wanted(mail.notify, null_sender=not mail.sender)
    if action is DsnAction.FAILED:
        return wanted.failure
    return wanted.delay if action is DsnAction.DELAYED else wanted.success


def _recipient(mail: Claimed, answer: Answer, action: DsnAction) -> FailedRecipient:
    status = answer.report_status
    if action is DsnAction.FAILED and status.startswith("4"):
        status = "4.4.7"  # RFC 3463 §3.5: delivery time expired
    return FailedRecipient(
        mail.recipient,
        status,
        None if action is DsnAction.RELAYED else SmtpError.of_reply(answer.code, answer.status),
        reply=answer.line,
        original=mail.orcpt,
        action=action,
        found_here=answer.problem is not Problem.REFUSED,
    )


def last_answer(code: str, problem: str) -> Answer:
    """The answer that a row remembers, without its words."""
    number, _, status = code.partition(" ")
    known = Problem(problem) if problem in set(Problem) else Problem.REFUSED
    return Answer(int(number) if number.isdigit() else 450, status, known.sentence, Phase.ROUTE, known)
