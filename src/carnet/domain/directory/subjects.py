"""Subjects of certificates (distinguished names), compared as one value however they are written.

A trust list names operators by the subject of their certificate, as text: in any order of attributes, with commas,
semicolons or slashes, with or without blanks, escaped or quoted. A certificate holds the same as a structure.
"""

import hashlib
import re
import unicodedata
from collections.abc import Iterable
from typing import Self

from cryptography import x509

MAX_SUBJECT_LENGTH = 2000
_MAX_ATTRIBUTES = 50

# Short names of RFC 4514 §3 and of OpenSSL, and what other programs call the same attributes.
_OID_OF = {
    "CN": "2.5.4.3", "SN": "2.5.4.4", "SURNAME": "2.5.4.4", "SERIALNUMBER": "2.5.4.5", "C": "2.5.4.6",
    "L": "2.5.4.7", "ST": "2.5.4.8", "S": "2.5.4.8", "SP": "2.5.4.8", "STREET": "2.5.4.9", "O": "2.5.4.10",
    "OU": "2.5.4.11", "TITLE": "2.5.4.12", "T": "2.5.4.12", "GN": "2.5.4.42", "GIVENNAME": "2.5.4.42",
    "ORGANIZATIONIDENTIFIER": "2.5.4.97", "UID": "0.9.2342.19200300.100.1.1", "DC": "0.9.2342.19200300.100.1.25",
    "E": "1.2.840.113549.1.9.1", "EMAIL": "1.2.840.113549.1.9.1", "EMAILADDRESS": "1.2.840.113549.1.9.1",
    "COMMONNAME": "2.5.4.3", "COUNTRYNAME": "2.5.4.6", "LOCALITYNAME": "2.5.4.7", "STATEORPROVINCENAME": "2.5.4.8",
    "ORGANIZATIONNAME": "2.5.4.10", "ORGANIZATIONALUNITNAME": "2.5.4.11",
}  # fmt: skip
_NAME_OF = {
    oid: name
    for name, oid in reversed(_OID_OF.items())
    if name in {"CN", "SN", "SERIALNUMBER", "C", "L", "ST", "STREET", "O", "OU", "TITLE", "GN", "UID", "DC", "E"}
    or name == "ORGANIZATIONIDENTIFIER"
}
_TYPE = re.compile(r"\s*(?:OID\.)?([A-Za-z][A-Za-z0-9-]*|\d+(?:\.\d+)+)\s*=", re.IGNORECASE)
_HEX_PAIR = re.compile(r"[0-9A-Fa-f]{2}")
_SPECIAL = frozenset(',+"\\<>;=/\n')


class InvalidSubject(ValueError):
    """A text that is not a certificate's subject; the message says why and does not repeat it."""


class Subject(str):
    """A certificate's subject in one canonical writing: equality is the comparison that a trust list needs.

    Attributes are put in one order; values are compared without regard to case, kind of Unicode writing and number
    of blanks (RFC 5280 §7.1, RFC 4518 §2). Nothing is left out: one attribute more makes another subject.

    >>> Subject.parse("CN=a.fr, O=Chu,C=FR") == Subject.parse("/C=FR/O=CHU/CN=a.fr")
    True
    """

    __slots__ = ()

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a subject in any usual writing; raises `InvalidSubject`.

        RFC 4514 and RFC 2253, their older separators, and OpenSSL's `/C=FR/O=…`. A separator that no `type=` follows
        belongs to the value: lists are written by hand, and names of organisations hold commas.
        """
        if len(text) > MAX_SUBJECT_LENGTH:
            raise InvalidSubject(f"a subject has at most {MAX_SUBJECT_LENGTH} characters, this one has {len(text)}")
        text = text.strip()
        separators = "/" if text.startswith("/") else ",;+\n"
        return cls._of(_attributes(text.removeprefix("/") if separators == "/" else text, separators))

    @classmethod
    def _of(cls, attributes: Iterable[tuple[str, str]]) -> Self:
        pairs = [(kind, _compared(value)) for kind, value in attributes]
        if not pairs:
            raise InvalidSubject("a subject is TYPE=value, TYPE=value…; none was found")
        if len(pairs) > _MAX_ATTRIBUTES:
            raise InvalidSubject(f"a subject has at most {_MAX_ATTRIBUTES} attributes")
        if any(not value for _, value in pairs):
            raise InvalidSubject("an attribute of the subject has no value")
        canonical = ",".join(f"{kind}={_escaped(value)}" for kind, value in sorted(pairs))
        if len(canonical) > MAX_SUBJECT_LENGTH:
            raise InvalidSubject(f"a subject has at most {MAX_SUBJECT_LENGTH} characters")
        if any(unicodedata.category(character) in ("Cc", "Cs") for character in canonical):
            raise InvalidSubject("a subject has no control character")
        return cls(canonical)

    @property
    def organization(self) -> str:
        """The name of the organisation in its compared writing, or the common name when there is none."""
        return self._first("O") or self._first("CN") or str(self)

    def _first(self, kind: str) -> str:
        return next((value for name, value in _attributes(str(self), ",") if name == kind), "")


def subject_of(certificate: bytes) -> Subject:
    """The subject of a certificate in DER. Raises `InvalidSubject` when it cannot be read or is empty."""
    try:
        name = x509.load_der_x509_certificate(certificate).subject
        pairs = [
            (_NAME_OF.get(one.oid.dotted_string, one.oid.dotted_string), _text_of(one.value))
            for rdn in name.rdns
            for one in rdn
        ]
    except ValueError as problem:
        raise InvalidSubject("the certificate cannot be read") from problem
    return Subject._of(pairs)


def fingerprint(subject: str) -> str:
    """A short name of a canonical subject for logs and talk: the first 16 digits of its SHA-256; "" of no subject."""
    return hashlib.sha256(subject.encode()).hexdigest()[:16] if subject else ""


def _text_of(value: str | bytes) -> str:
    return value if isinstance(value, str) else "#" + value.hex()


def _compared(value: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", value).casefold().split())


def _escaped(value: str) -> str:
    return "".join(f"\\{character}" if character in _SPECIAL else character for character in value)


def written_organization(text: str) -> str:
    """The organisation that a subject names, as it is written there; the common name when there is none, else ""."""
    text = text.strip()
    separators = "/" if text.startswith("/") else ",;+\n"
    try:
        pairs = dict(reversed(_attributes(text.removeprefix("/") if separators == "/" else text, separators)))
    except InvalidSubject:
        return ""
    return pairs.get("O") or pairs.get("CN") or ""


def _attributes(text: str, separators: str) -> list[tuple[str, str]]:
    """The (type, value) pairs of a written subject, unescaped, in the order written."""
    found: list[tuple[str, str]] = []
    position = 0
    while position < len(text):
        match = _TYPE.match(text, position)
        if match is None:
            raise InvalidSubject("a subject is TYPE=value, TYPE=value…; a part is not of this form")
        value, position = _value(text, match.end(), separators)
        found.append((_kind(match[1]), value))
    return found


def _kind(name: str) -> str:
    """The one name of an attribute's type; raises `InvalidSubject` for a name that nobody knows."""
    oid = name if name[0].isdigit() else _OID_OF.get(name.upper())
    if oid is None:
        raise InvalidSubject("the subject has an attribute of unknown type: write it as its number, such as 2.5.4.3=")
    return _NAME_OF.get(oid, oid)


def _value(text: str, start: int, separators: str) -> tuple[str, int]:
    """One value from `start` on, unescaped, and where the next attribute begins."""
    out = bytearray()
    position, quoted = start, False
    if text[position:].lstrip().startswith('"'):
        position = text.index('"', position) + 1
        quoted = True
    closed = not quoted
    while position < len(text):
        character = text[position]
        if character == "\\":
            octets, position = _escape(text, position + 1)
            out += octets
            continue
        if quoted and not closed:
            if character == '"':
                closed = True
            else:
                out += character.encode("utf-8", "replace")
            position += 1
            continue
        if character in separators and _TYPE.match(text, position + 1):
            return _decoded(out), position + 1
        if quoted and not character.isspace():
            raise InvalidSubject("text follows a quoted value of the subject")
        out += character.encode("utf-8", "replace")
        position += 1
    if not closed:
        raise InvalidSubject("a quoted value of the subject does not end")
    return _decoded(out), position


def _escape(text: str, position: int) -> tuple[bytes, int]:
    """What a backslash stands for: two hexadecimal digits, `x` and two (OpenSSL), or the character itself."""
    for start in (position, position + 1) if text[position : position + 1] == "x" else (position,):
        pair = _HEX_PAIR.match(text, start)
        if pair:
            return bytes.fromhex(pair[0]), pair.end()
    if position >= len(text):
        raise InvalidSubject("the subject ends in a backslash")
    return text[position].encode("utf-8", "replace"), position + 1


def _decoded(octets: bytearray) -> str:
    try:
        return octets.decode("utf-8")
    except UnicodeDecodeError as problem:
        raise InvalidSubject("escapes of the subject are not UTF-8") from problem
