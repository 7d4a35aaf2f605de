"""Reading the directory: mailboxes by address, and the trust list."""

from carnet.domain.directory.queries.mailboxes import (
    MailboxFacts,
    display_name,
    mailboxes_by_address,
    mailboxes_by_id,
)
from carnet.domain.directory.queries.operators import CertificateRefusal, Operator, check_operator, operator_of
from carnet.domain.directory.queries.trust import (
    TrustSpace,
    forget_trust_space,
    operator_subjects,
    trust_of,
    trust_space,
)

__all__ = [
    "CertificateRefusal",
    "MailboxFacts",
    "Operator",
    "TrustSpace",
    "check_operator",
    "display_name",
    "forget_trust_space",
    "mailboxes_by_address",
    "mailboxes_by_id",
    "operator_of",
    "operator_subjects",
    "trust_of",
    "trust_space",
]
