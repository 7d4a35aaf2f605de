"""From what a mail client presents to the mailbox that it may use."""

import hashlib
import hmac
import secrets
import threading
import time
from datetime import date
from enum import StrEnum
from uuid import UUID

from django.contrib.auth.hashers import check_password, make_password
from django.db import connection
from django.db.models import QuerySet
from django.utils import timezone

from carnet.domain.directory.models import Mailbox, MailboxCertificate, MailboxDelegate
from carnet.domain.directory.rules.life import DelegationDates, Life, life, may_use
from carnet.domain.directory.subjects import InvalidSubject, Subject
from carnet.domain.directory.values import InvalidAddress, MailboxAddress, MailboxKind
from carnet.foundation.clock import now

_REMEMBER_SECONDS = 300
_process_secret = secrets.token_bytes(32)
_remembered: dict[tuple[UUID, str], tuple[float, bytes]] = {}
_lock = threading.Lock()
_nobody = ""


def authenticate_mailbox(login: str, password: str) -> Mailbox | None:
    """The hosted, active mailbox whose login and password these are, else ``None``.

    An unknown login takes as long as a wrong password. A password that was right is remembered in this process for
    five minutes as a keyed digest, bound to the stored hash: a mail client signs in for each message.
    """
    global _nobody
    mailbox = (
        Mailbox.objects.select_related("professional", "organization")
        .filter(login=login.strip().lower(), hosted=True)
        .first()
    )
    if mailbox is None or not mailbox.password:
        if not _nobody:
            _nobody = make_password(secrets.token_urlsafe(12))
        check_password(password, _nobody)
        return None
    digest = hmac.new(_process_secret, password.encode("utf-8", "surrogatepass"), hashlib.sha256).digest()
    known_as = (mailbox.id, mailbox.password)
    with _lock:
        until, remembered = _remembered.get(known_as, (0.0, b""))
    if time.monotonic() > until or not hmac.compare_digest(remembered, digest):
        if not check_password(password, mailbox.password):
            return None
        with _lock:
            if len(_remembered) > 10_000:
                _remembered.clear()
            _remembered[known_as] = (time.monotonic() + _REMEMBER_SECONDS, digest)
    if _closed_or_suspended(mailbox) is not None:
        return None
    note_access(mailbox.id)
    return mailbox


class SignInRefusal(StrEnum):
    """Why nobody is let into a mailbox; `sentence` is for the trace and the operator, never for the client."""

    UNKNOWN = "unknown"
    NOT_ENTITLED = "not-entitled"
    PROFESSIONAL_INACTIVE = "professional-inactive"
    SUSPENDED = "suspended"
    CLOSED = "closed"
    AMBIGUOUS = "ambiguous"

    @property
    def sentence(self) -> str:
        return _REFUSAL_SENTENCES[self]


_REFUSAL_SENTENCES = {
    SignInRefusal.UNKNOWN: "No mailbox is hosted here at this address.",
    SignInRefusal.NOT_ENTITLED: "The mailbox is neither theirs nor delegated to them today.",
    SignInRefusal.PROFESSIONAL_INACTIVE: "The professional is no longer active in the directory.",
    SignInRefusal.SUSPENDED: "The mailbox is suspended.",
    SignInRefusal.CLOSED: "The mailbox is closed.",
    SignInRefusal.AMBIGUOUS: "This certificate may use several mailboxes: the client must say which.",
}


def mailbox_of_professional(rpps: str, address: str) -> Mailbox | SignInRefusal:
    """The hosted mailbox at ``address`` if the professional of this RPPS may use it today, else why not.

    Their own PER or CAB, or an ORG or CAB delegated to them by name. For somebody whose identity is proved.
    """
    return _if_they_may(rpps, _hosted(address))


def mailbox_for_professional(rpps: str, mailbox_id: UUID) -> Mailbox | SignInRefusal:
    """The same by the mailbox's id: what the desk asks at each request, so that what is taken away ends at once."""
    return _if_they_may(rpps, _with_holder().filter(id=mailbox_id, hosted=True).first())


def _if_they_may(rpps: str, mailbox: Mailbox | None) -> Mailbox | SignInRefusal:
    if mailbox is None:
        return SignInRefusal.UNKNOWN
    refusal = _closed_or_suspended(mailbox)
    if refusal is not None:
        return refusal
    is_holder = mailbox.professional_id == rpps
    given = MailboxDelegate.objects.select_related("professional").filter(
        mailbox=mailbox, professional_id=rpps, revoked_at=None
    )
    delegations = list(given)
    dates = [DelegationDates(one.from_on, one.until_on) for one in delegations]
    if not may_use(MailboxKind(mailbox.kind), is_holder=is_holder, delegations=dates, today=_today()):
        return SignInRefusal.NOT_ENTITLED
    person = mailbox.professional if is_holder else delegations[0].professional
    if person is None or not person.active:
        return SignInRefusal.PROFESSIONAL_INACTIVE
    note_access(mailbox.id)
    return mailbox


def mailbox_of_certificate(subject_dn: str, address: str) -> Mailbox | SignInRefusal:
    """The hosted applicative mailbox at ``address`` if a certificate of this subject may use it, else why not.

    An empty ``address`` is the one mailbox of that certificate (RFC 4422, appendix A: EXTERNAL without an identity to
    act as). For a certificate whose chain, dates and revocation are checked already.
    """
    try:
        key = subject_key(Subject.parse(subject_dn))
    except InvalidSubject:
        return SignInRefusal.NOT_ENTITLED
    held = MailboxCertificate.objects.filter(subject_key=key, revoked_at=None, mailbox__kind=MailboxKind.APP.value)
    if address.strip():
        mailbox = _hosted(address)
        if mailbox is None:
            return SignInRefusal.UNKNOWN
        if not held.filter(mailbox=mailbox).exists():
            return SignInRefusal.NOT_ENTITLED
    else:
        ids = list(held.values_list("mailbox_id", flat=True)[:2])
        if len(ids) != 1:
            return SignInRefusal.AMBIGUOUS if ids else SignInRefusal.NOT_ENTITLED
        mailbox = _with_holder().get(id=ids[0])
    refusal = _closed_or_suspended(mailbox)
    if refusal is not None:
        return refusal
    note_access(mailbox.id)
    return mailbox


def subject_key(subject: Subject) -> str:
    """What a certificate's subject is found by: 64 hexadecimal digits."""
    return hashlib.sha256(subject.encode()).hexdigest()


_noted: dict[UUID, date] = {}


def note_access(mailbox_id: UUID) -> None:
    """Note that a mailbox is used today; what was noted today is not noted again by this process."""
    today = _today()
    with _lock:
        if _noted.get(mailbox_id) == today:
            return
        if len(_noted) > 100_000:
            _noted.clear()
        _noted[mailbox_id] = today
    with connection.cursor() as cursor:
        cursor.execute(
            "WITH seen AS (UPDATE directory_mailbox"
            " SET last_access_on = %(today)s, dormancy_told_on = NULL, emptied_at = NULL"
            " WHERE id = %(id)s AND (last_access_on IS NULL OR last_access_on < %(today)s) RETURNING id)"
            " INSERT INTO directory_mailbox_active_month (month, mailbox_id) SELECT %(month)s, id FROM seen"
            " ON CONFLICT DO NOTHING",
            {"today": today, "id": mailbox_id, "month": today.replace(day=1)},
        )


def _today() -> date:
    return timezone.localdate(now())


def _with_holder() -> QuerySet[Mailbox]:
    return Mailbox.objects.select_related("professional", "organization")


def _hosted(address: str) -> Mailbox | None:
    try:
        key = MailboxAddress.parse(address).key
    except InvalidAddress:
        return None
    return _with_holder().filter(address=key, hosted=True).first()


def _closed_or_suspended(mailbox: Mailbox) -> SignInRefusal | None:
    match life(mailbox.state, mailbox.closes_on, _today()):
        case Life.CLOSED:
            return SignInRefusal.CLOSED
        case Life.SUSPENDED:
            return SignInRefusal.SUSPENDED
        case Life.ACTIVE:
            return None
