"""FHIRPath Patch on the mailboxes of a resource, and on nothing else (FHIR R4 §3.1.0.6.2 and fhirpatch.html; ANS,
interop-ig-fhir-api-messagerie-securisee-sante, « Flux d'alimentation »). Pure: Parameters in, changes out."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from carnet.domain.directory.publication import BoxField, Change, NewBox, RemoveBox, ReplaceBox, SetField
from carnet.domain.directory.values import InvalidAddress, MailboxAddress, MailboxKind
from carnet.interfaces.fhir import systems
from carnet.interfaces.fhir.outcomes import Refused

MAX_OPERATIONS: Final = 100
MAX_PATH: Final = 1_000

_TOKEN = re.compile(r"\s*(?:([A-Za-z][A-Za-z0-9]*)|'((?:[^'\\]|\\.)*)'|(\d{1,6})|([.()=\[\]]))")
_ESCAPE = re.compile(r"\\(.)")
_TEXTS = {"description": 500, "service": 200, "responsible": 200}
_FIELDS = {
    "listeRouge": BoxField.RED_LIST,
    "digitization": BoxField.PAPERLESS,
    "description": BoxField.DESCRIPTION,
    "service": BoxField.SERVICE,
    "responsible": BoxField.RESPONSIBLE,
}


def read(document: Any, kind: str) -> list[Change]:
    """The changes that a patch of a resource of this ``kind`` asks for, in their order. Raises ``Refused``: 400 for
    what is no patch, 422 for what this server does not change."""
    if not isinstance(document, dict) or document.get("resourceType") != "Parameters":
        raise Refused(400, "structure", "a patch is a resource Parameters")
    parameters = document.get("parameter")
    if not isinstance(parameters, list) or not parameters:
        raise Refused(400, "required", "Parameters.parameter: at least one operation")
    if len(parameters) > MAX_OPERATIONS:
        raise Refused(422, "too-costly", f"Parameters.parameter: at most {MAX_OPERATIONS} operations")
    return [_operation(one, kind, f"Parameters.parameter[{place}]") for place, one in enumerate(parameters)]


def _operation(parameter: Any, kind: str, at: str) -> Change:
    if not isinstance(parameter, dict) or parameter.get("name") != "operation":
        raise Refused(400, "structure", f"{at}: an operation")
    parts = _parts(parameter.get("part"), at)
    act = _text(parts.pop("type", None), f"{at} type", "valueCode", "valueString")
    path = _text(parts.pop("path", None), f"{at} path", "valueString")
    if act not in _READERS:
        raise Refused(422, "not-supported", f"{at}: operation {_shown(act)}; known: {', '.join(_READERS)}")
    return _READERS[act](parts, _Path.read(path, kind, at), at)


def _parts(parts: Any, at: str) -> dict[str, dict[str, Any]]:
    if not isinstance(parts, list) or not all(isinstance(one, dict) for one in parts):
        raise Refused(400, "structure", f"{at}.part: a list of named values")
    found: dict[str, dict[str, Any]] = {}
    for one in parts:
        name = one.get("name")
        if name not in ("type", "path", "name", "index", "value", "source", "destination") or name in found:
            raise Refused(400, "structure", f"{at}.part: a name that no operation has, or twice the same")
        found[name] = one
    return found


def _text(part: dict[str, Any] | None, at: str, *names: str) -> str:
    value = next((part[name] for name in names if name in part), None) if part else None
    if not isinstance(value, str) or not value:
        raise Refused(400, "required", f"{at}: {names[0]}")
    return value


# --- paths ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Path:
    """Where in a resource: the whole (``telecom`` False), its ``telecom``, the one of an address, or a field of it."""

    written: str
    telecom: bool = True
    address: MailboxAddress | None = None
    field: BoxField | None = None

    @classmethod
    def read(cls, written: str, kind: str, at: str) -> "_Path":
        if len(written) > MAX_PATH:
            raise Refused(422, "too-long", f"{at} path: at most {MAX_PATH} characters")
        steps = _Steps(written, at)
        steps.name(kind)
        if steps.at_end:
            return cls(written, telecom=False)
        steps.sign(".")
        steps.name("telecom")
        if steps.at_end:
            return cls(written)
        if steps.take("["):
            raise steps.refused("telecom is addressed by its value, since not every mailbox is shown to everyone")
        steps.sign(".")
        steps.name("where")
        address = _address(steps.condition("value"), at)
        if steps.at_end:
            return cls(written, address=address)
        steps.sign(".")
        if steps.next_is("rank"):
            steps.name("rank")
            steps.end()
            return cls(written, address=address, field=BoxField.RANK)
        if steps.next_is("value") or steps.next_is("system"):
            raise Refused(422, "business-rule", f"{at}: the address of a mailbox never changes: insert another one")
        if steps.extension() != systems.MAILBOX_METADATA:
            raise steps.refused("the one extension that is written is as-ext-mailbox-mss-metadata")
        steps.sign(".")
        name = steps.extension()
        if name == "type":
            raise Refused(422, "business-rule", f"{at}: the type of a mailbox never changes: insert another one")
        if name not in _FIELDS:
            raise steps.refused(f"{_shown(name)} is none of {', '.join(_FIELDS)}")
        if not steps.at_end:
            steps.sign(".")
            steps.value()
        steps.end()
        return cls(written, address=address, field=_FIELDS[name])


class _Steps:
    """The tokens of a path, taken one after the other."""

    def __init__(self, written: str, at: str) -> None:
        self._written = written
        self._at = at
        self._tokens: list[tuple[str, str]] = []
        position = 0
        text = written.rstrip()
        while position < len(text):
            match = _TOKEN.match(text, position)
            if match is None:
                raise self.refused("a sign that no path here has")
            position = match.end()
            word, quoted, number, sign = match.groups()
            if quoted is not None:
                self._tokens.append(("text", _ESCAPE.sub(r"\1", quoted)))
            else:
                self._tokens.append(("word", word) if word else ("number", number) if number else ("sign", sign))
        self._next = 0

    @property
    def at_end(self) -> bool:
        return self._next >= len(self._tokens)

    def refused(self, why: str) -> Refused:
        return Refused(422, "not-supported", f"{self._at}: path {_shown(self._written)}: {why}")

    def next_is(self, word: str) -> bool:
        return not self.at_end and self._tokens[self._next] == ("word", word)

    def take(self, sign: str) -> bool:
        taken = not self.at_end and self._tokens[self._next] == ("sign", sign)
        self._next += taken
        return taken

    def sign(self, sign: str) -> None:
        if not self.take(sign):
            raise self.refused(f"« {sign} » expected")

    def name(self, name: str) -> None:
        if not self.next_is(name):
            raise self.refused(f"{name} expected: mailboxes are in telecom, and nothing else is written")
        self._next += 1

    def text(self) -> str:
        if self.at_end or self._tokens[self._next][0] != "text":
            raise self.refused("a text between ' expected")
        self._next += 1
        return self._tokens[self._next - 1][1]

    def condition(self, wanted: str) -> str:
        """``(value = '…')``, with ``and system = 'email'`` before or after it or not."""
        self.sign("(")
        found = ""
        while True:
            if self.next_is(wanted):
                self.name(wanted)
                self.sign("=")
                found = self.text()
            else:
                self.name("system")
                self.sign("=")
                if self.text() != "email":
                    raise self.refused("mailboxes have the system email")
            if not self.next_is("and"):
                break
            self.name("and")
        self.sign(")")
        if not found:
            raise self.refused(f"a condition on {wanted} expected")
        return found

    def extension(self) -> str:
        """``extension('…')`` or ``extension.where(url = '…')``: the address or name of the extension."""
        self.name("extension")
        if self.take("."):
            self.name("where")
            self.sign("(")
            self.name("url")
            self.sign("=")
        else:
            self.sign("(")
        found = self.text()
        self.sign(")")
        return found

    def value(self) -> None:
        """``value``, ``valueBoolean``, ``value.ofType(boolean)`` …"""
        if self.at_end or self._tokens[self._next][0] != "word" or not self._tokens[self._next][1].startswith("value"):
            raise self.refused("value expected")
        self._next += 1
        if self.take("."):
            self.name("ofType")
            self.sign("(")
            self._next += 1
            self.sign(")")

    def end(self) -> None:
        if not self.at_end:
            raise self.refused("something follows that is not understood")


def _address(written: str, at: str) -> MailboxAddress:
    try:
        return MailboxAddress.parse(written)
    except InvalidAddress as problem:
        raise Refused(422, "value", f"{at}: {problem}") from None


# --- operations -------------------------------------------------------------------------------------------------


def _insert(parts: dict[str, dict[str, Any]], path: _Path, at: str) -> Change:
    if not path.telecom or path.address or path.field:
        raise Refused(422, "not-supported", f"{at}: insert goes into telecom")
    index = parts.get("index", {}).get("valueInteger", 0)
    if not isinstance(index, int) or isinstance(index, bool) or index < 0:
        raise Refused(400, "value", f"{at} index: a whole number")
    return NewBox(*_contact_point(parts, at))


def _add(parts: dict[str, dict[str, Any]], path: _Path, at: str) -> Change:
    if path.telecom:
        raise Refused(422, "not-supported", f"{at}: add names the resource as path and telecom as name")
    if _text(parts.get("name"), f"{at} name", "valueString") != "telecom":
        raise Refused(422, "not-supported", f"{at}: mailboxes are in telecom, and nothing else is written")
    return NewBox(*_contact_point(parts, at))


def _replace(parts: dict[str, dict[str, Any]], path: _Path, at: str) -> Change:
    if path.address is None:
        raise Refused(422, "not-supported", f"{at}: replace names one mailbox: telecom.where(value = '…')")
    if path.field is not None:
        return SetField(path.address, path.field, _field_value(parts, path.field, at))
    address, kind, fields = _contact_point(parts, at)
    if not address.names_same_mailbox_as(path.address):
        raise Refused(422, "business-rule", f"{at}: the address of a mailbox never changes: insert another one")
    return ReplaceBox(path.address, kind, fields)


def _delete(parts: dict[str, dict[str, Any]], path: _Path, at: str) -> Change:
    if path.address is None:
        raise Refused(422, "not-supported", f"{at}: delete names one mailbox: telecom.where(value = '…')")
    if path.field is None:
        return RemoveBox(path.address)
    if path.field is BoxField.RANK:
        raise Refused(422, "business-rule", f"{at}: a mailbox has a rank: replace it")
    empty = False if path.field in (BoxField.RED_LIST, BoxField.PAPERLESS) else ""
    return SetField(path.address, path.field, empty)


_READERS: Final[dict[str, Callable[[dict[str, dict[str, Any]], _Path, str], Change]]] = {
    "insert": _insert,
    "add": _add,
    "replace": _replace,
    "delete": _delete,
}


def _field_value(parts: dict[str, dict[str, Any]], field: BoxField, at: str) -> str | bool | int:
    value = parts.get("value", {})
    match field:
        case BoxField.RED_LIST | BoxField.PAPERLESS:
            return _boolean(value, at)
        case BoxField.RANK:
            return _rank(value.get("valuePositiveInt", value.get("valueInteger")), at)
        case _:
            return _plain_text(value.get("valueString"), field.value, at)


def _boolean(value: dict[str, Any], at: str) -> bool:
    found = value.get("valueBoolean")
    if not isinstance(found, bool):
        raise Refused(400, "value", f"{at} value: valueBoolean")
    return found


def _rank(value: Any, at: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= 1000:
        raise Refused(422, "value", f"{at}: a rank is a number from 1, the preferred one")
    return value


def _plain_text(value: Any, name: str, at: str) -> str:
    if not isinstance(value, str):
        raise Refused(400, "value", f"{at} {name}: valueString")
    if len(value) > _TEXTS[name] or not all(letter.isprintable() for letter in value):
        raise Refused(422, "value", f"{at} {name}: at most {_TEXTS[name]} characters, no control character")
    return value.strip()


def _contact_point(
    parts: dict[str, dict[str, Any]], at: str
) -> tuple[MailboxAddress, MailboxKind, dict[BoxField, str | bool | int]]:
    point = parts.get("value", {}).get("valueContactPoint")
    if not isinstance(point, dict):
        raise Refused(400, "structure", f"{at} value: valueContactPoint")
    unknown = sorted(set(point) - {"system", "value", "rank", "extension", "use", "id"})
    if unknown:
        raise Refused(422, "not-supported", f"{at} value: {_shown(unknown[0])} is not kept of a mailbox")
    if point.get("system") != "email" or not isinstance(point.get("value"), str):
        raise Refused(422, "value", f"{at} value: system email, and the address as value")
    address = _address(point["value"], at)
    fields: dict[BoxField, str | bool | int] = {}
    if "rank" in point:
        fields[BoxField.RANK] = _rank(point["rank"], at)
    kind: MailboxKind | None = None
    for name, value in _metadata(point.get("extension", []), at):
        if name == "type":
            kind = _kind(value, at)
        elif name == "phone":
            raise Refused(422, "not-supported", f"{at} value: phone is not kept of a mailbox")
        elif name not in _FIELDS:
            raise Refused(422, "not-supported", f"{at} value: extension {_shown(name)} is not known")
        elif _FIELDS[name] in (BoxField.RED_LIST, BoxField.PAPERLESS):
            fields[_FIELDS[name]] = _boolean(value, f"{at} {name}")
        else:
            fields[_FIELDS[name]] = _plain_text(value.get("valueString"), name, at)
    if kind is None:
        raise Refused(422, "required", f"{at} value: the type of the mailbox, PER, ORG, APP or CAB")
    return address, kind, fields


def _metadata(extensions: Any, at: str) -> list[tuple[str, dict[str, Any]]]:
    if not isinstance(extensions, list) or not all(isinstance(one, dict) for one in extensions):
        raise Refused(400, "structure", f"{at} value: extension is a list")
    found: dict[str, dict[str, Any]] = {}
    for one in extensions:
        if one.get("url") == systems.EMAIL_TYPE:
            if one.get("valueCoding", {}).get("code") != "MSSANTE":
                raise Refused(422, "value", f"{at} value: only mailboxes of type MSSANTE are written")
            continue
        inner = one.get("extension")
        if one.get("url") != systems.MAILBOX_METADATA or not isinstance(inner, list):
            raise Refused(422, "not-supported", f"{at} value: an extension that is not kept of a mailbox")
        for part in inner:
            name = part.get("url") if isinstance(part, dict) else None
            if not isinstance(name, str) or name in found:
                raise Refused(400, "structure", f"{at} value: an extension without url, or twice the same")
            found[name] = part
    return list(found.items())


def _kind(value: dict[str, Any], at: str) -> MailboxKind:
    """The type as a code (as the specification's examples write it) or as a CodeableConcept (as its profile has it)."""
    code = value.get("valueCode")
    concept = value.get("valueCodeableConcept")
    if isinstance(concept, dict) and isinstance(concept.get("coding"), list):
        code = next((one.get("code") for one in concept["coding"] if isinstance(one, dict)), None)
    if isinstance(value.get("valueCoding"), dict):
        code = value["valueCoding"].get("code")
    kind = MailboxKind.parse(code) if isinstance(code, str) else None
    if kind is None:
        raise Refused(422, "code-invalid", f"{at} value: the type of a mailbox is PER, ORG, APP or CAB")
    return kind


def _shown(text: str) -> str:
    """What a stranger wrote, short and plain enough for an answer."""
    return "".join(letter for letter in text[:120] if letter.isprintable())
