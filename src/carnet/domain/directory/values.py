"""Mail domains, mailbox addresses and kinds of mailboxes."""

import hashlib
import re
import unicodedata
from enum import StrEnum
from functools import lru_cache
from typing import Self
from uuid import UUID

# RFC 5321 §4.5.3.1: 64 octets before @, 255 after, and a path of 256 with its brackets.
MAX_LOCAL_OCTETS = 64
MAX_DOMAIN_LENGTH = 253
MAX_ADDRESS_OCTETS = 254

_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
# RFC 3490 §3.1: the dots of other scripts separate labels too.
_DOTS = re.compile(r"[.\u3002\uff0e\uff61]")
# IDNA2003 and IDNA2008 disagree on these four (RFC 5894 §7.2): one spelling would name two domains.
_DEVIATIONS = frozenset("ßς\u200c\u200d")
_ASCII_ATOM = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$%&'*+-/=?^_`{|}~")
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)


class AddressProblem(StrEnum):
    """Why a text is not a domain or a mailbox address."""

    EMPTY = "empty"
    TOO_LONG = "too-long"
    NO_AT = "no-at"
    CONTROL_CHARACTER = "control-character"
    LOCAL_PART = "local-part"
    LOCAL_PART_TOO_LONG = "local-part-too-long"
    DOMAIN = "domain"
    AMBIGUOUS_DOMAIN = "ambiguous-domain"


class InvalidAddress(ValueError):
    """A text that is not a domain or an address; `code` says why, the message does not repeat the text."""

    def __init__(self, code: AddressProblem, message: str) -> None:
        super().__init__(message)
        self.code = code


class Domain(str):
    """A mail domain in its ASCII form: small letters, labels of other alphabets as `xn--…`, no final dot.

    Two spellings of a domain are one value, so equality is the comparison that a trust list needs (RFC 3490
    §3.1, requirement 4; RFC 5321 §2.4).

    >>> Domain.parse("Chu-Orléans.MSSANTE.fr.")
    Domain('xn--chu-orlans-h7a.mssante.fr')
    """

    __slots__ = ()

    def __new__(cls, text: str) -> Self:
        if not text:
            raise InvalidAddress(AddressProblem.EMPTY, "a domain is expected, the text is empty")
        if len(text) > MAX_DOMAIN_LENGTH:
            raise InvalidAddress(
                AddressProblem.TOO_LONG,
                f"a domain has at most {MAX_DOMAIN_LENGTH} characters, this one has {len(text)}",
            )
        if not all(_LABEL.fullmatch(label) for label in text.split(".")):
            raise InvalidAddress(
                AddressProblem.DOMAIN,
                "a domain is labels of small letters, digits and hyphens, joined by dots",
            )
        return super().__new__(cls, text)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a domain in any case, in any alphabet, with or without its final dot; raises `InvalidAddress`.

        Refused: literals such as `[192.0.2.1]`, and letters that the two versions of IDNA read differently.
        """
        text = text.strip()
        if len(text) > MAX_DOMAIN_LENGTH + 1:
            # Before any Unicode work, whose cost grows with the text.
            raise InvalidAddress(
                AddressProblem.TOO_LONG,
                f"a domain has at most {MAX_DOMAIN_LENGTH} characters, this one has {len(text)}",
            )
        labels = _DOTS.split(text)
        if len(labels) > 1 and not labels[-1]:
            labels.pop()
        return cls(".".join(_ascii_label(label) for label in labels))

    @property
    def unicode(self) -> str:
        """The domain as a person reads it; a label that does not decode stays as it is."""
        return ".".join(_unicode_label(label) for label in self.split("."))

    def __repr__(self) -> str:
        return f"Domain({str.__repr__(self)})"


@lru_cache(maxsize=4096)
def canonical_domain(text: str) -> Domain | None:
    """The domain that a text writes, None when it writes none: how every comparison with a list of domains begins."""
    try:
        return Domain.parse(text)
    except InvalidAddress:
        return None


def _ascii_label(label: str) -> str:
    if label.isascii():
        return label.lower()
    if any(character in _DEVIATIONS for character in label):
        raise InvalidAddress(
            AddressProblem.AMBIGUOUS_DOMAIN,
            "this domain has a letter that software reads in two ways: write its xn-- form",
        )
    try:
        encoded = label.encode("idna").decode("ascii").lower()
    except UnicodeError as error:
        raise InvalidAddress(AddressProblem.DOMAIN, "this domain has letters that no domain may have") from error
    if "." in encoded:
        # A sign that looks like a dot and folds into one would move the border between labels.
        raise InvalidAddress(AddressProblem.DOMAIN, "this domain has a sign that imitates a dot")
    return encoded


def _unicode_label(label: str) -> str:
    if not label.startswith("xn--"):
        return label
    try:
        decoded = label[4:].encode("ascii").decode("punycode")
    except UnicodeError:
        return label
    # What would not be shown as letters (a control, a hidden mark) stays in its ASCII form.
    return (
        decoded
        if all(unicodedata.category(character)[0] in "LMN" or character == "-" for character in decoded)
        else label
    )


class MailboxAddress(str):
    """The address of a mailbox: a local part kept as written, and a domain in its ASCII form.

    The local part may hold letters of any alphabet (SMTPUTF8, RFC 6531). Upper and lower case name one
    mailbox in the trust space: compare and store by `key`, show and send the address itself.
    """

    __slots__ = ()

    def __new__(cls, text: str) -> Self:
        local, at, domain = text.rpartition("@")
        if not at:
            raise InvalidAddress(AddressProblem.NO_AT, "an address is local-part@domain")
        _require_local(local)
        Domain(domain)
        if len(text.encode("utf-8")) > MAX_ADDRESS_OCTETS:
            raise InvalidAddress(AddressProblem.TOO_LONG, f"an address has at most {MAX_ADDRESS_OCTETS} octets")
        return super().__new__(cls, text)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read an address with spaces or `<>` around it, `mailto:` before it, its domain in any writing.

        A quoted local part is taken when it needs no quotes; raises `InvalidAddress`.
        """
        if len(text) > 4 * MAX_ADDRESS_OCTETS:
            raise InvalidAddress(
                AddressProblem.TOO_LONG,
                f"an address has at most {MAX_ADDRESS_OCTETS} octets, this text has {len(text)}",
            )
        if any(unicodedata.category(character) in ("Cc", "Cs") for character in text):
            # Before strip(), which would take a line break away and hide an attempt to inject a header.
            raise InvalidAddress(
                AddressProblem.CONTROL_CHARACTER, "an address has no line break and no control character"
            )
        text = text.strip()
        if text.startswith("<") and text.endswith(">"):
            text = text[1:-1].strip()
        if text[:7].lower() == "mailto:":
            text = text[7:]
        if not text:
            raise InvalidAddress(AddressProblem.EMPTY, "an address is expected, the text is empty")
        local, at, domain = text.rpartition("@")
        if not at:
            raise InvalidAddress(AddressProblem.NO_AT, "an address is local-part@domain")
        quoted = _QUOTED.fullmatch(local)
        if quoted:
            local = re.sub(r"\\(.)", r"\1", quoted[1])
        return cls(f"{local}@{Domain.parse(domain)}")

    @property
    def local(self) -> str:
        """What stands before @, as written."""
        return self.rpartition("@")[0]

    @property
    def domain(self) -> Domain:
        return Domain(self.rpartition("@")[2])

    @property
    def key(self) -> str:
        """One text for all the writings of one mailbox: to compare, to store, to look up."""
        local = unicodedata.normalize("NFC", self.local.lower())
        return f"{local}@{self.rpartition('@')[2]}"

    @property
    def display(self) -> str:
        """The address as a person reads it, its domain in its own alphabet."""
        return f"{self.local}@{self.domain.unicode}"

    @property
    def needs_smtputf8(self) -> bool:
        """True when only a server that speaks SMTPUTF8 may carry it (RFC 6531)."""
        return not self.isascii()

    def names_same_mailbox_as(self, other: "MailboxAddress") -> bool:
        return self.key == other.key

    def __repr__(self) -> str:
        """Without the local part, which may be an INS: a repr ends in logs and traces."""
        return f"MailboxAddress('…@{self.rpartition('@')[2]}')"


def _require_local(local: str) -> None:
    if len(local.encode("utf-8", "surrogatepass")) > MAX_LOCAL_OCTETS:
        raise InvalidAddress(AddressProblem.LOCAL_PART_TOO_LONG, f"before @ stand at most {MAX_LOCAL_OCTETS} octets")
    if not all(local.split(".")) or not all(map(_may_stand_in_local, local.replace(".", ""))):
        raise InvalidAddress(
            AddressProblem.LOCAL_PART,
            "before @ stand letters, digits and signs, with single dots between them",
        )


def _may_stand_in_local(character: str) -> bool:
    """An atom character of RFC 5321, or beyond ASCII anything but controls, hidden marks and blanks."""
    if character.isascii():
        return character in _ASCII_ATOM
    return unicodedata.category(character)[0] not in "CZ"


class MailboxKind(StrEnum):
    """What holds a mailbox (ANS, TRE_R257-TypeBAL)."""

    PER = "PER"
    """One professional."""
    ORG = "ORG"
    """Several people of a service or team."""
    APP = "APP"
    """Software, which sends and receives by itself."""
    CAB = "CAB"
    """A practice, carried by one of its professionals."""

    @classmethod
    def parse(cls, text: str) -> "MailboxKind | None":
        """The kind that `text` writes, `PERS` included; None for another."""
        written = text.strip().upper()
        if written == "PERS":
            return cls.PER
        try:
            return cls(written)
        except ValueError:
            return None

    @property
    def belongs_to_structure(self) -> bool:
        """True when the mailbox hangs on a FINESS, False when it hangs on an RPPS."""
        return self in (MailboxKind.ORG, MailboxKind.APP)

    @property
    def can_be_delegated(self) -> bool:
        """True when several people may use it, each by name."""
        return self in (MailboxKind.ORG, MailboxKind.CAB)


def practice_id(rpps: str, structure: str, *codes: str) -> UUID:
    """The identity of an activity, drawn from what it is: who, where, and its codes (profession, category, mode,
    sector, section, function, genre, in this order).

    The public extraction gives activities no number; the same one has the same id in the next extraction (a UUID of
    version 8, RFC 9562 §5.8).
    """
    digest = bytearray(hashlib.blake2b("|".join((rpps, structure, *codes)).encode(), digest_size=16).digest())
    digest[6] = 0x80 | digest[6] & 0x0F
    digest[8] = 0x80 | digest[8] & 0x3F
    return UUID(bytes=bytes(digest))
