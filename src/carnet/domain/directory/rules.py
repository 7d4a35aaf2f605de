"""What a mailbox of the trust space must be, how its sender is named, which domains are trusted.

Sources: ANS, volet « Alimentation de l'Annuaire Santé en BAL MSSanté » (FHIR), and Référentiel socle
MSSanté #2 §3.5.
"""

import re
import unicodedata
from collections.abc import Set
from dataclasses import dataclass
from enum import StrEnum

from carnet.domain.directory.values import Domain, InvalidAddress, MailboxAddress, MailboxKind
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


class TrustReason(StrEnum):
    """Why a domain is trusted or not."""

    LISTED = "listed"
    NOT_LISTED = "not-listed"
    NO_LIST = "no-list"
    NOT_A_DOMAIN = "not-a-domain"

    @property
    def sentence(self) -> str:
        return _TRUST_SENTENCES[self]


_TRUST_SENTENCES = {
    TrustReason.LISTED: "The domain is on the list of the trust space.",
    TrustReason.NOT_LISTED: "The domain is not on the list of the trust space: mail stops here.",
    TrustReason.NO_LIST: "The list of the trust space was never read: no domain is trusted until it is.",
    TrustReason.NOT_A_DOMAIN: "This is not the name of a domain.",
}


@dataclass(frozen=True, slots=True)
class TrustDecision:
    """Whether mail may go to and come from a domain, and why."""

    allowed: bool
    reason: TrustReason


def trust(domain: str, listed: Set[Domain]) -> TrustDecision:
    """Whether `domain`, in any writing, is one of the `listed` domains of the trust space.

    A subdomain of a listed domain is not listed. An empty list trusts nobody: it was never read, or was
    emptied.
    """
    try:
        asked = domain if isinstance(domain, Domain) else Domain.parse(domain)
    except InvalidAddress:
        return TrustDecision(False, TrustReason.NOT_A_DOMAIN)
    if not listed:
        return TrustDecision(False, TrustReason.NO_LIST)
    if asked not in listed:
        return TrustDecision(False, TrustReason.NOT_LISTED)
    return TrustDecision(True, TrustReason.LISTED)


def _is_a_full_word(word: str) -> bool:
    plain = unicodedata.normalize("NFD", word.lower())
    return len(word) >= 4 and any(letter in _VOWELS for letter in plain)


def _one_line(text: str) -> str:
    """The text with every blank and control made one space: a line break would let a name write headers."""
    kept = "".join(" " if unicodedata.category(character)[0] in "CZ" else character for character in text)
    return " ".join(kept.split())
