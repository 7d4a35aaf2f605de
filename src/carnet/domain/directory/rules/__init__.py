"""Decisions of the directory as pure functions on plain values."""

from carnet.domain.directory.rules.mailboxes import (
    MAX_DESCRIPTION_LENGTH,
    MailboxProblem,
    check_change,
    check_mailbox,
    description_is_clear,
    sender_label,
)
from carnet.domain.directory.rules.trust import TrustDecision, TrustReason, trust

__all__ = [
    "MAX_DESCRIPTION_LENGTH",
    "MailboxProblem",
    "TrustDecision",
    "TrustReason",
    "check_change",
    "check_mailbox",
    "description_is_clear",
    "sender_label",
    "trust",
]
