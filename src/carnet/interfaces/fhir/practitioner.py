"""Practitioner: a professional of the RPPS, with their personal mailboxes."""

from typing import Any

from carnet.domain.directory.queries.criteria import (
    EVERYTHING,
    NOTHING,
    Carrier,
    Criterion,
    any_of,
    equal,
    qualified,
    text,
)
from carnet.domain.directory.queries.published import PublishedProfessional
from carnet.interfaces.fhir import systems
from carnet.interfaces.fhir.outcomes import Refused
from carnet.interfaces.fhir.parameters import Parameter, split_token
from carnet.interfaces.fhir.resources import (
    coding,
    common,
    identifier,
    information_system,
    mailboxes,
    resource,
    text_parameter,
)

NAME = "Practitioner"
CARRIER = Carrier.PROFESSIONAL
PROFILE = "as-dp-practitioner"
INCLUDES: dict[str, str] = {}
REVINCLUDES = {"PractitionerRole:practitioner": "professional_id"}


def render(row: PublishedProfessional) -> dict[str, Any]:
    name: dict[str, Any] = {"use": "official", "family": row.family_name, "given": [row.given_name]}
    if not row.given_name:
        del name["given"]
    if row.civility:
        name["prefix"] = [row.civility]
    if row.title:
        name["suffix"] = [row.title]
    return resource(
        NAME,
        row,
        row.rpps,
        PROFILE,
        identifiers(row.rpps),
        {"name": [name], "telecom": mailboxes(row.boxes), "qualification": _qualifications(row)},
    )


def identifiers(rpps: str) -> list[dict[str, Any]]:
    return [identifier(systems.ID_NAT_PS, f"8{rpps}", "IDNPS"), identifier(systems.RPPS, rpps, "RPPS")]


def _qualifications(row: PublishedProfessional) -> list[dict[str, Any]]:
    """Each profession with its category once, then each savoir-faire."""
    professions = dict.fromkeys((one["profession"], one["category"]) for one in row.qualifications if one["profession"])
    skills = dict.fromkeys((one["skill_type"], one["skill"]) for one in row.qualifications if one["skill"])
    made = []
    for profession, category in professions:
        codings = [coding(systems.PROFESSION, profession)]
        if category:
            codings.append(coding(systems.CATEGORY, category))
        made.append({"code": {"coding": codings}})
    for skill_type, skill in skills:
        codings = [coding(systems.skills(skill_type), skill)]
        if skill_type:
            codings.insert(0, coding(systems.SKILL_TYPE, skill_type))
        made.append({"code": {"coding": codings}})
    return made


def _identified(value: str, _: str) -> Criterion:
    system, number = split_token(value)
    if system is not None and not number:
        return EVERYTHING if system in (systems.RPPS, systems.ID_NAT_PS) else NOTHING
    candidates = []
    if system in (None, systems.RPPS):
        candidates.append(equal("rpps", number))
    if system in (None, systems.ID_NAT_PS) and number.startswith("8"):
        candidates.append(equal("rpps", number[1:]))
    return any_of(candidates) if candidates else NOTHING


def _identifier_type(value: str, _: str) -> Criterion:
    return EVERYTHING if split_token(value)[1] in ("RPPS", "IDNPS") else NOTHING


_PARTS = {
    systems.nos(systems.PROFESSION): ("profession",),
    systems.nos(systems.CATEGORY): ("category",),
    systems.nos(systems.SKILL_TYPE): ("skill_type",),
    **{systems.nos(code_list): ("skill",) for code_list in systems.ALL_SKILLS},
}


def _qualified(value: str, _: str) -> Criterion:
    system, code = split_token(value)
    if not code:
        raise Refused(400, "value", "parameter qualification-code: a code")
    parts = ("profession", "category", "skill_type", "skill") if system is None else _PARTS.get(system, ())
    return any_of([qualified(part, code) for part in parts]) if parts else NOTHING


_FAMILY, _GIVEN, _BOTH = "r.family_name", "r.given_name", "r.family_name || ' ' || r.given_name"


def _named(value: str, modifier: str) -> Criterion:
    """Any part of the name; several words are looked for together."""
    parameter = _NAME_CONTAINS if modifier == "contains" else _NAME_STARTS
    return parameter.criterion(value, modifier)


_NAME_STARTS = text_parameter(_FAMILY, _GIVEN, meaning="", build=text)
_NAME_CONTAINS = text_parameter(_BOTH, meaning="", build=text)

PARAMETERS: dict[str, Parameter] = {
    **common(CARRIER),
    "_id": Parameter("token", lambda value, _: equal("rpps", value), "Its id, the RPPS.", about_content=False),
    "identifier": Parameter(
        "token", _identified, "RPPS (https://rpps.esante.gouv.fr) or IdNat_PS (urn:oid:1.2.250.1.71.4.2.1).",
        about_content=False,
    ),
    "identifier-type": Parameter("token", _identifier_type, "RPPS or IDNPS.", about_content=False),
    "family": text_parameter(_FAMILY, meaning="Family name of practice.", build=text),
    "given": text_parameter(_GIVEN, meaning="Given name of practice.", build=text),
    "name": Parameter("string", _named, "Family or given name of practice.", frozenset({"contains", "exact"})),
    "qualification-code": Parameter("token", _qualified, "Profession, category or savoir-faire."),
    "data-information-system": information_system(CARRIER, {"RPPS": EVERYTHING}),
}  # fmt: skip
