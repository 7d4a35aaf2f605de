"""Organization: a structure, with the mailboxes of its services and software."""

from typing import Any

from carnet.domain.directory.queries.criteria import (
    NOTHING,
    Carrier,
    Criterion,
    any_of,
    equal,
    plain,
    text,
)
from carnet.domain.directory.queries.published import PublishedStructure
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
    text_parameter,
)

NAME = "Organization"
CARRIER = Carrier.STRUCTURE
PROFILE = "as-dp-organization"
INCLUDES = {"Organization:partof": "Organization"}
REVINCLUDES = {"PractitionerRole:organization": "structure_id"}
_OF_FINESS = Criterion("(r.organization_id IS NOT NULL OR r.legal)")
_PART_URL = {"number": "houseNumber", "repeat": "buildingNumberSuffix", "street_type": "streetNameType",
             "street": "streetNameBase"}  # fmt: skip


def render(row: PublishedStructure) -> dict[str, Any]:
    content: dict[str, Any] = {
        "type": _types(row),
        "name": row.name,
        "alias": [row.trade_name] if row.trade_name and row.trade_name != row.name else None,
        "telecom": [*_contacts(row), *mailboxes(row.boxes)],
        "address": _addresses(row),
        "partOf": {"reference": f"Organization/1{row.finess_ej}"}
        if row.finess_ej and row.id_nat != f"1{row.finess_ej}"
        else None,
    }
    return resource(NAME, row, row.id_nat, PROFILE, _identifiers(row), content)


def _identifiers(row: PublishedStructure) -> list[dict[str, Any]]:
    made = []
    if row.id_nat[0].isdigit():
        made.append(identifier(systems.ID_NAT_STRUCT, row.id_nat, "IDNST"))
    if row.id_nat[0] == "1":
        made.append(identifier(systems.FINESS, row.id_nat[1:], "FINEJ" if row.legal else "FINEG"))
    elif row.id_nat[0] == "4":
        made.append(identifier(systems.RPPS_RANK, row.id_nat[1:], "RPPSRG"))
    elif row.id_nat[0] == "0":
        made.append(identifier(systems.ADELI_RANK, row.id_nat[1:], "ADELIRG"))
    if row.siret:
        made.append(identifier(systems.SIRENE, row.siret, "SIRET"))
    if row.siren:
        made.append(identifier(systems.SIRENE, row.siren, "SIREN"))
    if row.technical_id:
        made.append(identifier(systems.TECHNICAL, row.technical_id, "INTRN"))
    return made


def _types(row: PublishedStructure) -> list[dict[str, Any]]:
    entity = "LEGAL-ENTITY" if row.legal else "GEOGRAPHICAL-ENTITY"
    made = [_type("organizationType", {"system": systems.ORGANIZATION_TYPES, "code": entity})]
    if row.sector:
        made.append(_type("secteurActiviteRASS", coding(systems.SECTOR, row.sector)))
    return made


def _type(which: str, code: dict[str, str]) -> dict[str, Any]:
    return {"extension": [{"url": systems.ORGANIZATION_TYPE, "valueCode": which}], "coding": [code]}


def _contacts(row: PublishedStructure) -> list[dict[str, Any]]:
    """How the structure is reached outside the trust space."""
    pairs = (("phone", row.phone), ("phone", row.phone2), ("fax", row.fax), ("email", row.email))
    return [{"system": system, "value": value} for system, value in pairs if value]


def _addresses(row: PublishedStructure) -> list[dict[str, Any]]:
    parts = row.address
    street = " ".join(
        part for part in (parts.get(name, "") for name in ("number", "repeat", "street_type", "street")) if part
    )
    lines: list[tuple[str, list[dict[str, str]]]] = [
        (parts.get("complement", ""), []),
        (parts.get("point", ""), []),
        (
            street,
            [
                {"url": f"{systems.HL7}/iso21090-ADXP-{part}", "valueString": parts[name]}
                for name, part in _PART_URL.items()
                if parts.get(name)
            ],
        ),
        (parts.get("mention", ""), []),
    ]
    lines = [(line, extensions) for line, extensions in lines if line]
    made: dict[str, Any] = {}
    if row.insee:
        made["extension"] = [
            {"url": systems.INSEE_CODE, "valueCoding": {"system": systems.nos(systems.COMMUNE), "code": row.insee}}
        ]
    if lines:
        made["line"] = [line for line, _ in lines]
        if any(extensions for _, extensions in lines):
            made["_line"] = [{"extension": extensions} if extensions else None for _, extensions in lines]
    for name, value in (("city", row.city), ("postalCode", row.postal_code), ("country", row.country)):
        if value:
            made[name] = value
    return [made] if made else []


def _identified(value: str, _: str) -> Criterion:
    system, number = split_token(value)
    by_system = {
        systems.ID_NAT_STRUCT: lambda: equal("id_nat", number) if number[:1].isdigit() else NOTHING,
        systems.FINESS: lambda: equal("id_nat", f"1{number}"),
        systems.RPPS_RANK: lambda: equal("id_nat", f"4{number}"),
        systems.ADELI_RANK: lambda: equal("id_nat", f"0{number}"),
        systems.SIRENE: lambda: equal("siret" if len(number) == 14 else "siren", number),
        systems.TECHNICAL: lambda: equal("technical_id", number),
    }
    if system is None:
        return any_of([
            equal("id_nat", number), equal("id_nat", f"1{number}"), equal("id_nat", f"4{number}"),
            Criterion("r.siret = %s AND r.siret <> ''", (number,)),
            Criterion("r.technical_id = %s AND r.technical_id <> ''", (number,)),
        ])  # fmt: skip
    if system not in by_system:
        return NOTHING
    if not number:
        return _typed(system)
    return by_system[system]()


_SYSTEM_OF_TYPE = {
    "IDNST": systems.ID_NAT_STRUCT,
    "FINEG": systems.FINESS,
    "RPPSRG": systems.RPPS_RANK,
    "ADELIRG": systems.ADELI_RANK,
    "INTRN": systems.TECHNICAL,
}


def _typed(system: str) -> Criterion:
    """Has an identifier of this system."""
    return {
        systems.ID_NAT_STRUCT: Criterion("r.id_nat < 'A'"),
        systems.FINESS: _OF_FINESS,
        systems.RPPS_RANK: Criterion("r.id_nat LIKE '4%%'"),
        systems.ADELI_RANK: Criterion("r.id_nat LIKE '0%%'"),
        systems.SIRENE: Criterion("(r.siret <> '' OR r.siren <> '')"),
        systems.TECHNICAL: Criterion("r.technical_id <> ''"),
    }[system]


def _identifier_type(value: str, _: str) -> Criterion:
    code = split_token(value)[1]
    special = {
        "FINEJ": Criterion("(r.legal AND r.id_nat LIKE '1%%')"),
        "FINEG": Criterion("(r.organization_id IS NOT NULL AND NOT r.legal)"),
        "SIRET": Criterion("r.siret <> ''"),
        "SIREN": Criterion("r.siren <> ''"),
    }
    if code in special:
        return special[code]
    return _typed(_SYSTEM_OF_TYPE[code]) if code in _SYSTEM_OF_TYPE else NOTHING


def _of_type(value: str, _: str) -> Criterion:
    system, code = split_token(value)
    candidates = []
    if system in (None, systems.nos(systems.SECTOR)):
        candidates.append(equal("sector", code))
    if system in (None, systems.ORGANIZATION_TYPES):
        if code == "LEGAL-ENTITY":
            candidates.append(Criterion("r.legal"))
        elif code == "GEOGRAPHICAL-ENTITY":
            candidates.append(Criterion("NOT r.legal"))
    return any_of(candidates) if candidates else NOTHING


def _part_of(value: str, _: str) -> Criterion:
    whole = reference_id("partof", value, NAME)
    # The condition on the empty text is what the index was made with.
    return Criterion("(r.finess_ej = %s AND r.finess_ej <> '')", (whole[1:],)) if whole[0] == "1" else NOTHING


_LINE = "concat_ws(' ', r.address->>'number', r.address->>'repeat', r.address->>'street_type', r.address->>'street')"
_NAMES = "r.name || ' ' || r.trade_name"


def _named(value: str, modifier: str) -> Criterion:
    parameter = _NAME_CONTAINS if modifier == "contains" else _NAME_STARTS
    return parameter.criterion(value, modifier)


_NAME_STARTS = text_parameter("r.name", "r.trade_name", meaning="", build=text)
_NAME_CONTAINS = text_parameter(_NAMES, meaning="", build=text)
_CITY = text_parameter("r.city", meaning="The town.", build=text)
_STREET = text_parameter(_LINE, meaning="A line of the address.", build=text)
_POSTAL_CODE = text_parameter("postal_code", meaning="The postal code.", build=plain)


def _addressed(value: str, modifier: str) -> Criterion:
    return any_of([one.criterion(value, modifier) for one in (_CITY, _POSTAL_CODE, _STREET)])


PARAMETERS: dict[str, Parameter] = {
    **common(CARRIER),
    "_id": Parameter("token", lambda value, _: equal("id_nat", value), "Its IdNat_Struct.", about_content=False),
    "identifier": Parameter(
        "token", _identified, "FINESS, IdNat_Struct, SIRET, SIREN, rank or technical number.", about_content=False
    ),
    "identifier-type": Parameter("token", _identifier_type, "FINEG, FINEJ, IDNST, SIRET, SIREN …", about_content=False),
    "name": Parameter("string", _named, "Name or trade name.", frozenset({"contains", "exact"})),
    "address": Parameter("string", _addressed, "Any part of the address.", frozenset({"contains", "exact"})),
    "address-city": _CITY,
    "address-line": _STREET,
    "address-postalcode": _POSTAL_CODE,
    "partof": Parameter("reference", _part_of, "The juridical entity that it belongs to."),
    "type": Parameter("token", _of_type, "Sector of activity (TRE_R02), legal or geographical entity."),
    "data-information-system": information_system(
        CARRIER, {"FINESS": _OF_FINESS, "RPPS": Criterion("(r.organization_id IS NULL AND NOT r.legal)")}
    ),
}
