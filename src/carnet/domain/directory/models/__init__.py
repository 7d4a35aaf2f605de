"""Mailboxes, who holds them, who practises where, and the trust space."""

from carnet.domain.directory.models.api import ApiKey, ApiWrite
from carnet.domain.directory.models.holders import MailboxCertificate, MailboxDelegate, PatientOpposition
from carnet.domain.directory.models.mailboxes import Mailbox, MailboxActiveMonth
from carnet.domain.directory.models.practice import CodeLabel, Practice
from carnet.domain.directory.models.traces import MailboxTrace
from carnet.domain.directory.models.trust import (
    RefusedPeer,
    TrustChange,
    TrustedDomain,
    TrustEntry,
    TrustListVersion,
    TrustSource,
)

__all__ = [
    "ApiKey",
    "ApiWrite",
    "CodeLabel",
    "Mailbox",
    "MailboxActiveMonth",
    "MailboxCertificate",
    "MailboxDelegate",
    "MailboxTrace",
    "PatientOpposition",
    "Practice",
    "RefusedPeer",
    "TrustChange",
    "TrustEntry",
    "TrustListVersion",
    "TrustSource",
    "TrustedDomain",
]
