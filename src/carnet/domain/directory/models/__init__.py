"""Mailboxes, who holds them, and the trust space."""

from carnet.domain.directory.models.mailboxes import Mailbox
from carnet.domain.directory.models.trust import TrustedDomain

__all__ = ["Mailbox", "TrustedDomain"]
