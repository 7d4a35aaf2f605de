"""What an operator may ask to change of the mailboxes that a professional, a practice or a structure shows.

Pure values. Sources: ANS, interop-ig-fhir-api-messagerie-securisee-sante, « Spécifications fonctionnelles –
Alimentation »: address and type never change.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from carnet.domain.directory.values import MailboxAddress, MailboxKind


class BoxField(StrEnum):
    """What may change of a mailbox."""

    RED_LIST = "red_list"
    PAPERLESS = "paperless"
    DESCRIPTION = "description"
    SERVICE = "service"
    RESPONSIBLE = "responsible"
    RANK = "rank"


FieldValue = str | bool | int


@dataclass(frozen=True, slots=True)
class NewBox:
    address: MailboxAddress
    kind: MailboxKind
    fields: Mapping[BoxField, FieldValue] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ReplaceBox:
    """All that may change of a mailbox; what ``fields`` does not name is emptied."""

    address: MailboxAddress
    kind: MailboxKind
    fields: Mapping[BoxField, FieldValue] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SetField:
    address: MailboxAddress
    field: BoxField
    value: FieldValue


@dataclass(frozen=True, slots=True)
class RemoveBox:
    address: MailboxAddress


Change = NewBox | ReplaceBox | SetField | RemoveBox


class Refusal(StrEnum):
    """Why a change is refused; ``sentence`` says it."""

    NOT_YOUR_DOMAIN = "not-your-domain"
    NOT_HERE = "not-here"
    TAKEN = "taken"
    OTHER_KIND = "other-kind"
    WRONG_CARRIER = "wrong-carrier"
    ENDED = "ended"
    NOT_CARRIED = "not-carried"
    RULES = "rules"

    @property
    def sentence(self) -> str:
        return _SENTENCES[self]


_SENTENCES = {
    Refusal.NOT_YOUR_DOMAIN: "the trust list does not give the domain of this address to the operator of this key",
    Refusal.NOT_HERE: "this resource has no such mailbox",
    Refusal.TAKEN: "a mailbox has this address already, and an address never goes to another",
    Refusal.OTHER_KIND: "the type of a mailbox never changes: insert another one",
    Refusal.WRONG_CARRIER: "PER and CAB hang on a professional or their practice, ORG and APP on a structure",
    Refusal.ENDED: "this professional, practice or structure is no longer active",
    Refusal.NOT_CARRIED: "a mailbox of this type has no such element",
    Refusal.RULES: "the mailbox breaks the rules of the directory",
}

_CARRIED_BY_STRUCTURES = frozenset({BoxField.SERVICE, BoxField.RESPONSIBLE})


def kind_may_hang(kind: MailboxKind, *, on_structure: bool) -> bool:
    """Whether a mailbox of this kind is shown with a structure, or with a professional and their practice."""
    return kind.belongs_to_structure is on_structure


def may_carry(kind: MailboxKind, what: BoxField, value: FieldValue) -> bool:
    """Whether a mailbox of this kind has this element; emptying what it has not changes nothing and is allowed."""
    if value in ("", False):
        return True
    if what is BoxField.DESCRIPTION:
        return kind is not MailboxKind.PER
    return kind.belongs_to_structure or what not in _CARRIED_BY_STRUCTURES
