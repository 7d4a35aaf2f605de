"""What the documents of a mail must be about, and when a mail is only the double of what the record already holds."""

from collections.abc import Set
from dataclasses import dataclass

from carnet.domain.directory.values import MailboxKind
from carnet.domain.messaging.values import MessagingRefusal


@dataclass(frozen=True, slots=True)
class PatientMatch:
    """Whether the documents of a mail are its recipient's; `is_unproven` when nothing says whose they are."""

    allowed: bool
    reason: MessagingRefusal | None = None
    is_unproven: bool = False

    def __bool__(self) -> bool:
        return self.allowed


def patient_matches(recipient_ins: str, found_ids: Set[str]) -> PatientMatch:
    """Compares the matricule written to with every one that METADATA.XML and the CDA documents of the mail name.

    One mail of documents is about one person (ANS, Référentiel socle MSSanté #2, ECO.2.1.1 and 2.1.2): a single other
    number refuses all of it. Without any number it is delivered, marked as unproven.
    """
    found = {_plain(one) for one in found_ids} - {""}
    if not found:
        return PatientMatch(True, is_unproven=True)
    if found != {_plain(recipient_ins)}:
        return PatientMatch(False, MessagingRefusal.OTHER_PATIENT)
    return PatientMatch(True)


def _plain(matricule: str) -> str:
    return "".join(matricule.split()).upper()


def is_automatic_double(sender_kind: MailboxKind, *, carries_documents: bool) -> bool:
    """Whether a mail only doubles documents: clinical documents that a software's mailbox (APP) sends by itself.

    Since the arrêté of 26 April 2022 such software feeds the record and the mail with the same documents; indicator
    P1.08 of HOP'EN 2 asks for at least one use of substance beside such doubles. A message of an APP mailbox without
    documents (a reminder, a convocation) is no double.
    """
    return sender_kind is MailboxKind.APP and carries_documents
