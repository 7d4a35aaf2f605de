"""What a functional trace of a mailbox says (ANS, Référentiel socle MSSanté #2, ECO.4.1.2)."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID


class TraceAct(StrEnum):
    """What was done with a mailbox."""

    SIGN_IN = "sign-in"
    SENT = "sent"
    RECEIVED = "received"
    READ = "read"
    APPENDED = "appended"
    COPIED = "copied"
    MOVED = "moved"
    DELETED = "deleted"
    ANSWERED_BY_ITSELF = "answered-by-itself"
    TAKEN = "taken"
    RELEASED = "released"
    HANDED_OVER = "handed-over"
    NOTED = "noted"
    MARKED = "marked"
    SETTLED = "settled"
    RESTORED = "restored"
    REPLY_SAVED = "reply-saved"
    REPLY_DELETED = "reply-deleted"
    LATE_TOLD = "late-told"
    IDENTITY_SOUGHT = "identity-sought"
    FILED = "filed"
    UNFILED = "unfiled"
    CREATED = "created"
    CHANGED = "changed"
    PASSWORD_SET = "password-set"  # noqa: S105 - the name of an act
    DELEGATED = "delegated"
    DELEGATION_REVOKED = "delegation-revoked"
    CERTIFICATE_ADDED = "certificate-added"
    CERTIFICATE_REVOKED = "certificate-revoked"
    ABSENCE_SET = "absence-set"
    ABSENCE_ENDED = "absence-ended"
    SUSPENDED = "suspended"
    RESUMED = "resumed"
    CLOSING_ANNOUNCED = "closing-announced"
    CLOSED = "closed"
    REOPENED = "reopened"
    EMPTIED = "emptied"
    DORMANCY_TOLD = "dormancy-told"
    OPPOSITION_RECORDED = "opposition-recorded"
    OPPOSITION_LIFTED = "opposition-lifted"
    PATHWAY_CHANGED = "pathway-changed"
    TEMPLATE_CHANGED = "template-changed"
    SENDING_CHECKED = "sending-checked"
    SENDING_STARTED = "sending-started"
    SENDING_PAUSED = "sending-paused"
    SENDING_RESUMED = "sending-resumed"
    SENDING_CANCELLED = "sending-cancelled"
    SENDING_READ = "sending-read"
    STAYS_UPDATED = "stays-updated"


@dataclass(frozen=True, slots=True)
class NewTrace:
    """One act on a mailbox, or several of the same kind in one session.

    ``author`` is who was authenticated: an RPPS, the subject of a certificate, ``operator:NAME``, ``api:NAME``; empty
    for the mailbox's own password or for Carnet itself. ``outcome`` is empty when the act was done, else the code of
    what kept it from being done. ``at``: now when None.
    """

    mailbox_id: UUID
    act: TraceAct
    door: str
    author: str = ""
    session: str = ""
    outcome: str = ""
    count: int = 1
    messages: tuple[UUID, ...] = ()
    at: datetime | None = None
