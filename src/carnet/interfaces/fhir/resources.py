"""What the three resources of the directory share: identifiers, mailboxes, dates, ended ones."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from carnet.domain.directory.queries.criteria import (
    Carrier,
    Criterion,
    active,
    any_of,
    updated,
    with_any_mailbox,
    with_mailbox,
)
from carnet.domain.directory.queries.labels import label_of
from carnet.domain.directory.queries.published import Box, Published
from carnet.interfaces.fhir import systems
from carnet.interfaces.fhir.outcomes import Refused
from carnet.interfaces.fhir.parameters import ID, Parameter, match_of, read_boolean, read_time, unescape

_TEXT = frozenset({"contains", "exact"})


def coding(code_list: str, code: str) -> dict[str, str]:
    """A code of a national list, with the label that the extractions give it, if they did."""
    made = {"system": systems.nos(code_list), "code": code}
    label = label_of(code_list, code)
    if label:
        made["display"] = label
    return made


def identifier(system: str, value: str, kind: str = "", use: str = "official") -> dict[str, Any]:
    made: dict[str, Any] = {"use": use}
    if kind:
        made["type"] = {"coding": [{"system": systems.IDENTIFIER_TYPES, "code": kind}]}
    return {**made, "system": system, "value": value}


def version(row: Published) -> str:
    """The version of a resource: the moment of its last change, in microseconds."""
    return str(int(row.updated_at.timestamp()) * 1_000_000 + row.updated_at.microsecond)


def instant(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def resource(
    kind: str, row: Published, key: str, profile: str, identifiers: list[dict[str, Any]], content: dict[str, Any]
) -> dict[str, Any]:
    """A resource; of an ended one only what it was called by (ANS, API FHIR Annuaire Santé v2, suppression logique)."""
    made: dict[str, Any] = {
        "resourceType": kind,
        "id": key,
        "meta": {
            "versionId": version(row),
            "lastUpdated": instant(row.updated_at),
            "profile": [f"{systems.ANNUAIRE}/{profile}"],
        },
    }
    if row.active:
        made["language"] = "fr"
    made["identifier"] = identifiers
    made["active"] = row.active
    if row.active:
        made.update((name, value) for name, value in content.items() if value)
    return made


def mailboxes(boxes: Iterable[Box]) -> list[dict[str, Any]]:
    """Published mailboxes as ContactPoints of the profile as-mailbox-mss."""
    return [_mailbox(box) for box in boxes]


def _mailbox(box: Box) -> dict[str, Any]:
    about: list[dict[str, Any]] = [
        {"url": "type", "valueCodeableConcept": {"coding": [_plain(systems.TYPE_OF_MAILBOX, box.kind)]}}
    ]
    if box.description:
        about.append({"url": "description", "valueString": box.description})
    if box.service:
        about.append({"url": "service", "valueString": box.service})
    about.append({"url": "digitization", "valueBoolean": box.paperless})
    about.append({"url": "listeRouge", "valueBoolean": False})
    return {
        "extension": [
            {"url": systems.EMAIL_TYPE, "valueCoding": _plain(systems.TYPE_OF_MESSAGING, "MSSANTE")},
            {"url": systems.MAILBOX_METADATA, "extension": about},
        ],
        "system": "email",
        "value": box.address,
        "rank": box.rank,
    }


def _plain(code_list: str, code: str) -> dict[str, str]:
    return {"system": systems.nos(code_list), "code": code}


def reference_id(name: str, value: str, kind: str) -> str:
    """The id in a reference: ``Organization/1…``, the same with our base before it, or the id alone."""
    last = unescape(value).split("/")
    if len(last) > 1 and last[-2] != kind:
        raise Refused(400, "value", f"parameter {name}: a reference to {kind}")
    if not ID.fullmatch(last[-1]):
        raise Refused(400, "value", f"parameter {name}: no id")
    return last[-1]


def common(carrier: Carrier) -> dict[str, Parameter]:
    """The parameters that all three have."""
    return {
        "_lastUpdated": Parameter(
            "date",
            lambda value, _: updated(*read_time("_lastUpdated", value)),
            "Changed then; prefixes eq, ne, gt, ge, lt, le.",
            about_content=False,
        ),
        "active": Parameter(
            "token",
            lambda value, _: active(read_boolean("active", value.rpartition("|")[2])),
            "Whether it is active; ended ones tell only their identifiers.",
            about_content=False,
        ),
        "mailbox-mss": Parameter(
            "string",
            lambda value, modifier: with_mailbox(carrier, unescape(value), match_of(modifier)),
            "Shows a mailbox of the trust space whose address begins so.",
            _TEXT,
        ),
    }


def text_parameter(*columns: str, meaning: str, build: Any) -> Parameter:
    """A text that one of these columns begins with, contains or is."""
    return Parameter(
        "string",
        lambda value, modifier: any_of([build(column, unescape(value), match_of(modifier)) for column in columns]),
        meaning,
        _TEXT,
    )


def information_system(carrier: Carrier, systems_known: dict[str, Criterion]) -> Parameter:
    """Where what is told comes from: RPPS, FINESS, MSS or CG."""
    known = {**systems_known, "MSS": with_any_mailbox(carrier)}

    def criterion(value: str, _: str) -> Criterion:
        code = value.rpartition("|")[2].upper()
        if code not in ("RPPS", "FINESS", "MSS", "CG"):
            raise Refused(400, "value", "parameter data-information-system: RPPS, FINESS, MSS or CG")
        return known.get(code, Criterion("false"))

    return Parameter("token", criterion, "The system that its data comes from: RPPS, FINESS, MSS or CG.")
