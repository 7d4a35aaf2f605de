"""What a mailbox of the trust space must be, and how its sender is named.

Sources: ANS, volet « Alimentation de l'Annuaire Santé en BAL MSSanté » (FHIR), and Référentiel socle
MSSanté #2 §3.5.
"""

import re
import unicodedata
from enum import StrEnum

from carnet.domain.directory.values import MailboxAddress, MailboxKind
from carnet.domain.identity.values import Finess, Rpps

MAX_DESCRIPTION_LENGTH = 500

_WORD = re.compile(r"[^\W\d_]{3,}")
_VOWELS = frozenset("aeiouy")


class MailboxProblem(StrEnum):
    """What is wrong with a mailbox; `sentence` says it to who must put it right."""

    RPPS_MISSING = "rpps-missing"
    FINESS_MISSING = "finess-missing"
    RPPS_NOT_CARRIED = "rpps-not-carried"
    DESCRIPTION_MISSING = "description-missing"
    DESCRIPTION_UNCLEAR = "description-unclear"
    DESCRIPTION_TOO_LONG = "description-too-long"
    DESCRIPTION_NOT_CARRIED = "description-not-carried"
    SERVICE_NOT_CARRIED = "service-not-carried"
    RESPONSIBLE_NOT_CARRIED = "responsible-not-carried"
    ADDRESS_CHANGED = "address-changed"
    KIND_CHANGED = "kind-changed"
    PROFESSIONAL_UNKNOWN = "professional-unknown"
    PROFESSIONAL_INACTIVE = "professional-inactive"
    ORGANIZATION_UNKNOWN = "organization-unknown"
    ORGANIZATION_INACTIVE = "organization-inactive"
    DOMAIN_NOT_TRUSTED = "domain-not-trusted"
    DOMAIN_OF_PATIENTS = "domain-of-patients"
    ADDRESS_TAKEN = "address-taken"
    LABEL_MISSING = "label-missing"
    NOT_HOSTED = "not-hosted"
    BAD_RANK = "bad-rank"
    NOT_ACTIVE = "not-active"
    NOT_SUSPENDED = "not-suspended"
    NOT_CLOSED = "not-closed"
    CLOSED_ALREADY = "closed-already"
    NOTICE_TOO_SHORT = "notice-too-short"
    EMPTIED = "emptied"
    NOT_SHARED = "not-shared"
    DELEGATED_ALREADY = "delegated-already"
    NOT_DELEGATED = "not-delegated"
    NOT_SOFTWARE = "not-software"
    CERTIFICATE_KNOWN = "certificate-known"
    CERTIFICATE_UNKNOWN = "certificate-unknown"
    DATES_REVERSED = "dates-reversed"
    DATES_PAST = "dates-past"
    TEXT_MISSING = "text-missing"
    TEXT_TOO_LONG = "text-too-long"
    OPPOSED_ALREADY = "opposed-already"
    NOT_OPPOSED = "not-opposed"
    NO_ORGANIZATION = "no-organization"

    @property
    def sentence(self) -> str:
        return _SENTENCES[self]


_SENTENCES = {
    MailboxProblem.RPPS_MISSING: "This mailbox belongs to a professional: give their RPPS.",
    MailboxProblem.FINESS_MISSING: "This mailbox belongs to a structure: give its FINESS.",
    MailboxProblem.RPPS_NOT_CARRIED: "A mailbox of a structure hangs on its FINESS, not on an RPPS.",
    MailboxProblem.DESCRIPTION_MISSING: "Describe this mailbox, for those who write from outside.",
    MailboxProblem.DESCRIPTION_UNCLEAR: "Describe this mailbox in words that outsiders understand.",
    MailboxProblem.DESCRIPTION_TOO_LONG: f"A description has at most {MAX_DESCRIPTION_LENGTH} characters.",
    MailboxProblem.DESCRIPTION_NOT_CARRIED: "A personal mailbox has no description: the name serves.",
    MailboxProblem.SERVICE_NOT_CARRIED: "Only a mailbox of a structure has a service.",
    MailboxProblem.RESPONSIBLE_NOT_CARRIED: "Only a mailbox of a structure has a person responsible for it.",
    MailboxProblem.ADDRESS_CHANGED: "The address of a mailbox never changes: open another mailbox.",
    MailboxProblem.KIND_CHANGED: "The kind of a mailbox never changes: open another mailbox.",
    MailboxProblem.PROFESSIONAL_UNKNOWN: "No professional of the directory has this RPPS.",
    MailboxProblem.PROFESSIONAL_INACTIVE: "This professional is no longer active in the directory.",
    MailboxProblem.ORGANIZATION_UNKNOWN: "No structure of the directory has this FINESS.",
    MailboxProblem.ORGANIZATION_INACTIVE: "This structure is closed in the directory.",
    MailboxProblem.DOMAIN_NOT_TRUSTED: "The domain of this address is not on the trust list.",
    MailboxProblem.DOMAIN_OF_PATIENTS: "This domain is for the health spaces of patients alone.",
    MailboxProblem.ADDRESS_TAKEN: "This address has a mailbox already, or had one: an address never goes to another.",
    MailboxProblem.LABEL_MISSING: "Give the name under which people see this mailbox.",
    MailboxProblem.NOT_HOSTED: "This mailbox is held by another operator.",
    MailboxProblem.BAD_RANK: "A rank is 1 (preferred) or more.",
    MailboxProblem.NOT_ACTIVE: "Only an active mailbox can be suspended.",
    MailboxProblem.NOT_SUSPENDED: "This mailbox is not suspended.",
    MailboxProblem.NOT_CLOSED: "This mailbox is not closed, and no closing is announced.",
    MailboxProblem.CLOSED_ALREADY: "This mailbox is closed.",
    MailboxProblem.NOTICE_TOO_SHORT: "A closing is announced earlier than that: give a later day, or close at once.",
    MailboxProblem.EMPTIED: "The content of this mailbox is gone: open another mailbox.",
    MailboxProblem.NOT_SHARED: "Only a shared mailbox (ORG, CAB) is delegated.",
    MailboxProblem.DELEGATED_ALREADY: "This professional has a delegation: revoke it first to give another.",
    MailboxProblem.NOT_DELEGATED: "This professional has no delegation.",
    MailboxProblem.NOT_SOFTWARE: "Only a mailbox of software (APP) is used with a certificate.",
    MailboxProblem.CERTIFICATE_KNOWN: "This certificate may use the mailbox already.",
    MailboxProblem.CERTIFICATE_UNKNOWN: "No such certificate may use this mailbox.",
    MailboxProblem.DATES_REVERSED: "The last day comes before the first.",
    MailboxProblem.DATES_PAST: "The last day is past.",
    MailboxProblem.TEXT_MISSING: "Give the text that senders get.",
    MailboxProblem.TEXT_TOO_LONG: "This text is too long.",
    MailboxProblem.OPPOSED_ALREADY: "This patient's opposition is recorded already.",
    MailboxProblem.NOT_OPPOSED: "No opposition of this patient is recorded.",
    MailboxProblem.NO_ORGANIZATION: "This mailbox belongs to no structure: record the opposition for the mailbox.",
}


def check_mailbox(
    kind: MailboxKind,
    *,
    rpps: Rpps | None = None,
    finess: Finess | None = None,
    description: str = "",
    service: str = "",
    responsible: str = "",
) -> list[MailboxProblem]:
    """What keeps this mailbox from the directory, empty when nothing does.

    PER and CAB hang on an RPPS (a PER may name the structure where the professional practises), ORG and APP
    on a FINESS. ORG, APP and CAB are described in words for outsiders; ORG and APP alone have a service and
    a person responsible.
    """
    problems = []
    if kind.belongs_to_structure:
        if finess is None:
            problems.append(MailboxProblem.FINESS_MISSING)
        if rpps is not None:
            problems.append(MailboxProblem.RPPS_NOT_CARRIED)
    else:
        if rpps is None:
            problems.append(MailboxProblem.RPPS_MISSING)
        if service.strip():
            problems.append(MailboxProblem.SERVICE_NOT_CARRIED)
        if responsible.strip():
            problems.append(MailboxProblem.RESPONSIBLE_NOT_CARRIED)
    if kind is MailboxKind.PER:
        if description.strip():
            problems.append(MailboxProblem.DESCRIPTION_NOT_CARRIED)
    elif not description.strip():
        problems.append(MailboxProblem.DESCRIPTION_MISSING)
    elif len(description) > MAX_DESCRIPTION_LENGTH:
        problems.append(MailboxProblem.DESCRIPTION_TOO_LONG)
    elif not description_is_clear(description):
        problems.append(MailboxProblem.DESCRIPTION_UNCLEAR)
    return problems


def description_is_clear(text: str) -> bool:
    """A guess at whether outsiders understand a description: two words, one of them more than an acronym.

    « Secrétariat de cardiologie » is; « UF 3210 », « BAL2 » and an address are not.
    """
    words = _WORD.findall(text)
    return "@" not in text and len(words) >= 2 and any(_is_a_full_word(word) for word in words)


def check_change(
    before: tuple[MailboxAddress, MailboxKind], after: tuple[MailboxAddress, MailboxKind]
) -> list[MailboxProblem]:
    """What of a change to a mailbox is refused: its address and its kind are for its whole life."""
    problems = []
    if not before[0].names_same_mailbox_as(after[0]):
        problems.append(MailboxProblem.ADDRESS_CHANGED)
    if before[1] is not after[1]:
        problems.append(MailboxProblem.KIND_CHANGED)
    return problems


def sender_label(
    kind: MailboxKind,
    *,
    title: str = "",
    given_name: str = "",
    family_name: str = "",
    entity: str = "",
    functional_label: str = "",
) -> str:
    """The name that goes before the address in From, one line without any control character.

    ANS, Référentiel socle MSSanté #2 §3.5 (ECO.2.2.7): a professional is title, given name, FAMILY NAME,
    entity, the names being needed; other mailboxes have a functional label, such as « Hopital A – Service
    Cardiologie ». Empty when what is needed is not there: the caller then shows the address alone.
    """
    if kind is not MailboxKind.PER:
        return _one_line(functional_label)
    given, family = _one_line(given_name), _one_line(family_name).upper()
    if not given or not family:
        return ""
    return " ".join(part for part in (_one_line(title), given, family, _one_line(entity)) if part)


def _is_a_full_word(word: str) -> bool:
    plain = unicodedata.normalize("NFD", word.lower())
    return len(word) >= 4 and any(letter in _VOWELS for letter in plain)


def _one_line(text: str) -> str:
    """The text with every blank and control made one space: a line break would let a name write headers."""
    kept = "".join(" " if unicodedata.category(character)[0] in "CZ" else character for character in text)
    return " ".join(kept.split())
