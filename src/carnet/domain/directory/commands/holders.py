"""Who may use a mailbox: delegations by name and date, and certificates of software."""

from datetime import date
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from carnet.domain.directory.access import subject_key
from carnet.domain.directory.commands.mailboxes import DOOR, MailboxRefused, hosted_mailbox
from carnet.domain.directory.commands.traces import leave_traces
from carnet.domain.directory.models import MailboxCertificate, MailboxDelegate
from carnet.domain.directory.rules import MailboxProblem
from carnet.domain.directory.subjects import Subject
from carnet.domain.directory.traces import NewTrace, TraceAct
from carnet.domain.directory.values import MailboxKind
from carnet.domain.identity.models import Professional
from carnet.domain.identity.values import Rpps
from carnet.foundation.clock import now
from carnet.foundation.ids import new_id


@transaction.atomic
def delegate_mailbox(
    mailbox_id: UUID,
    rpps: Rpps,
    *,
    first: date,
    last: date | None,
    given_by: str,
    by: str = "",
    responsible: bool = False,
) -> UUID:
    """Let a professional use a shared mailbox from ``first`` to ``last``, both included; until revoked without one.

    ``given_by`` is who decided it in the establishment, ``responsible`` whether this professional answers for the
    mailbox. Raises ``MailboxRefused``.
    """
    mailbox = hosted_mailbox(mailbox_id)
    person = Professional.objects.filter(rpps=str(rpps)).first()
    problems = []
    if not MailboxKind(mailbox.kind).can_be_delegated:
        problems.append(MailboxProblem.NOT_SHARED)
    if person is None:
        problems.append(MailboxProblem.PROFESSIONAL_UNKNOWN)
    elif not person.active:
        problems.append(MailboxProblem.PROFESSIONAL_INACTIVE)
    if last is not None and last < first:
        problems.append(MailboxProblem.DATES_REVERSED)
    elif last is not None and last < timezone.localdate(now()):
        problems.append(MailboxProblem.DATES_PAST)
    given = MailboxDelegate.objects.filter(mailbox=mailbox, professional_id=str(rpps), revoked_at=None)
    if given.filter(until_on__lt=timezone.localdate(now())).exists():
        # One that has run out makes way for the next, and stays as evidence.
        given.update(revoked_at=now(), revoked_by="ran out")
    elif given.exists():
        problems.append(MailboxProblem.DELEGATED_ALREADY)
    if problems or person is None:
        raise MailboxRefused(problems)
    delegate_id = new_id()
    MailboxDelegate.objects.create(
        id=delegate_id,
        mailbox=mailbox,
        professional=person,
        from_on=first,
        until_on=last,
        given_by=given_by,
        given_at=now(),
        is_responsible=responsible,
    )
    leave_traces([NewTrace(mailbox_id, TraceAct.DELEGATED, DOOR, by or given_by)])
    return delegate_id


@transaction.atomic
def revoke_delegation(mailbox_id: UUID, rpps: Rpps, by: str) -> None:
    """A professional may no longer use a shared mailbox. Raises ``MailboxRefused`` when they had no delegation."""
    done = MailboxDelegate.objects.filter(mailbox_id=mailbox_id, professional_id=str(rpps), revoked_at=None).update(
        revoked_at=now(), revoked_by=by
    )
    if not done:
        raise MailboxRefused([MailboxProblem.NOT_DELEGATED])
    leave_traces([NewTrace(mailbox_id, TraceAct.DELEGATION_REVOKED, DOOR, by)])


@transaction.atomic
def add_certificate(mailbox_id: UUID, subject: Subject, *, written: str, by: str) -> UUID:
    """Let software use an applicative mailbox with a certificate of this subject. Raises ``MailboxRefused``."""
    mailbox = hosted_mailbox(mailbox_id)
    if mailbox.kind != MailboxKind.APP.value:
        raise MailboxRefused([MailboxProblem.NOT_SOFTWARE])
    key = subject_key(subject)
    if MailboxCertificate.objects.filter(mailbox=mailbox, subject_key=key, revoked_at=None).exists():
        raise MailboxRefused([MailboxProblem.CERTIFICATE_KNOWN])
    certificate_id = new_id()
    MailboxCertificate.objects.create(
        id=certificate_id,
        mailbox=mailbox,
        subject=written[:1000],
        subject_key=key,
        given_by=by,
        given_at=now(),
    )
    leave_traces([NewTrace(mailbox_id, TraceAct.CERTIFICATE_ADDED, DOOR, by)])
    return certificate_id


@transaction.atomic
def revoke_certificate(mailbox_id: UUID, subject: Subject, by: str) -> None:
    """A certificate may no longer use a mailbox. Raises ``MailboxRefused`` when it could not."""
    done = MailboxCertificate.objects.filter(
        mailbox_id=mailbox_id, subject_key=subject_key(subject), revoked_at=None
    ).update(revoked_at=now(), revoked_by=by)
    if not done:
        raise MailboxRefused([MailboxProblem.CERTIFICATE_UNKNOWN])
    leave_traces([NewTrace(mailbox_id, TraceAct.CERTIFICATE_REVOKED, DOOR, by)])
