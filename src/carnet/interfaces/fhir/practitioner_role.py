"""PractitionerRole: an activity of a professional in a structure, with the mailboxes that they have there."""

from typing import Any
from uuid import UUID

from carnet.domain.directory.queries.criteria import EVERYTHING, NOTHING, Carrier, Criterion, any_of, equal
from carnet.domain.directory.queries.published import PublishedPractice
from carnet.interfaces.fhir import systems
from carnet.interfaces.fhir.parameters import Parameter, split_token
from carnet.interfaces.fhir.resources import (
    coding,
    common,
    identifier,
    information_system,
    mailboxes,
    reference_id,
    resource,
)

NAME = "PractitionerRole"
CARRIER = Carrier.PRACTICE
PROFILE = "as-dp-practitionerrole"
INCLUDES = {"PractitionerRole:practitioner": "Practitioner", "PractitionerRole:organization": "Organization"}
REVINCLUDES: dict[str, str] = {}
_URN = "urn:uuid:"
_CODES = {
    "genre": systems.GENRE,
    "mode": systems.MODE,
    "function": systems.FUNCTION,
    "profession": systems.PROFESSION,
    "category": systems.CATEGORY,
    "section": systems.SECTION,
}


def render(row: PublishedPractice) -> dict[str, Any]:
    codes = [
        {"coding": [coding(code_list, code)]} for column, code_list in _CODES.items() if (code := getattr(row, column))
    ]
    content: dict[str, Any] = {
        "practitioner": {"reference": f"Practitioner/{row.rpps}"},
        "organization": {"reference": f"Organization/{row.structure}"} if row.structure else None,
        "code": codes,
        "telecom": mailboxes(row.boxes),
    }
    return resource(NAME, row, row.key, PROFILE, [identifier(systems.URI, f"{_URN}{row.id}")], content)


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text) if len(text) == 36 else None
    except ValueError:
        return None


def _by_id(value: str, _: str) -> Criterion:
    found = _uuid(value)
    return equal("id", found) if found else NOTHING


def _identified(value: str, _: str) -> Criterion:
    system, number = split_token(value)
    if system not in (None, systems.URI):
        return NOTHING
    if system and not number:
        return EVERYTHING
    found = _uuid(number.removeprefix(_URN))
    return equal("id", found) if found else NOTHING


def _role(value: str, _: str) -> Criterion:
    system, code = split_token(value)
    columns = [column for column, code_list in _CODES.items() if system in (None, systems.nos(code_list))]
    return any_of([equal(column, code) for column in columns]) if columns and code else NOTHING


PARAMETERS: dict[str, Parameter] = {
    **common(CARRIER),
    "_id": Parameter("token", _by_id, "Its id.", about_content=False),
    "identifier": Parameter("token", _identified, "urn:ietf:rfc:3986|urn:uuid:ID.", about_content=False),
    "organization": Parameter(
        "reference",
        lambda value, _: equal("structure_id", reference_id("organization", value, "Organization")),
        "The structure.",
    ),
    "practitioner": Parameter(
        "reference",
        lambda value, _: equal("professional_id", reference_id("practitioner", value, "Practitioner")),
        "The professional.",
    ),
    "role": Parameter("token", _role, "Genre, mode, function, profession, category or section."),
    "data-information-system": information_system(CARRIER, {"RPPS": EVERYTHING}),
}
