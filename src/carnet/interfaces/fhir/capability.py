"""What this server can do, as a CapabilityStatement (FHIR R4 §5.1): drawn from the parameters themselves."""

from typing import Any

from carnet.interfaces.fhir import organization, practitioner, practitioner_role, systems

RESOURCES = (organization, practitioner, practitioner_role)
_DATE = "2026-11-22"
_CONDITIONAL_PATCH = (
    "http://hl7.org/fhir/5.0/StructureDefinition/extension-CapabilityStatement.rest.resource.conditionalPatch"
)


def capability_statement(base: str) -> dict[str, Any]:
    return {
        "resourceType": "CapabilityStatement",
        "status": "active",
        "date": _DATE,
        "kind": "instance",
        "fhirVersion": "4.0.1",
        "format": ["application/fhir+json", "json"],
        "patchFormat": ["application/fhir+json"],
        "software": {"name": "Carnet"},
        "implementation": {"description": "Directory of the trust space", "url": base},
        "rest": [
            {
                "mode": "server",
                "security": {"description": "A key in the header ESANTE-API-KEY."},
                "resource": [_resource(one) for one in RESOURCES],
            }
        ],
    }


def _resource(of: Any) -> dict[str, Any]:
    made: dict[str, Any] = {
        "extension": [{"url": _CONDITIONAL_PATCH, "valueBoolean": True}],
        "type": of.NAME,
        "profile": f"{systems.ANNUAIRE}/{of.PROFILE}",
        "interaction": [
            {"code": "read"},
            {"code": "search-type"},
            {"code": "patch", "documentation": "FHIRPath Patch of telecom, for the operator of the mailbox."},
        ],
        "versioning": "versioned-update",
        "conditionalRead": "full-support",
        "searchParam": [
            {
                "name": name,
                "type": parameter.kind,
                "documentation": " ".join(
                    [parameter.meaning, *(f"Takes :{one}." for one in sorted(parameter.modifiers))]
                ),
            }
            for name, parameter in sorted(of.PARAMETERS.items())
        ],
    }
    if of.INCLUDES:
        made["searchInclude"] = ["*", *sorted(of.INCLUDES)]
    if of.REVINCLUDES:
        made["searchRevInclude"] = sorted(of.REVINCLUDES)
    return made
