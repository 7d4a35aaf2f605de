"""The UUIDs and names that XDS gives to ebRIM classification schemes and identifiers (IHE ITI TF-3 table 4.2.5.2-1)."""

from enum import StrEnum
from typing import Final

RIM: Final = "urn:oasis:names:tc:ebxml-regrep:xsd:rim:3.0"
LCM: Final = "urn:oasis:names:tc:ebxml-regrep:xsd:lcm:3.0"
RIM_2_1: Final = "urn:oasis:names:tc:ebxml-regrep:rim:xsd:2.1"

STABLE_DOCUMENT: Final = "urn:uuid:7edca82f-054d-47f2-a032-9b2a5b5186c1"
ON_DEMAND_DOCUMENT: Final = "urn:uuid:34268e47-fdf5-41a6-ba33-82133c465248"
SUBMISSION_SET_NODE: Final = "urn:uuid:a54d6aa5-d40d-43f9-88c5-b4633d873bdd"
FOLDER_NODE: Final = "urn:uuid:d9d542f3-6cc4-48b6-8870-ea235fbc94c2"

ENTRY_AUTHOR: Final = "urn:uuid:93606bcf-9494-43ec-9b4e-a7748d1a838d"
ENTRY_CONFIDENTIALITY: Final = "urn:uuid:f4f85eac-e6cb-4883-b524-f2705394840f"
ENTRY_EVENT: Final = "urn:uuid:2c6b8cb7-8b2a-4051-b291-b1ae6a575ef4"
# Field of DocumentEntry, scheme: the codes of which there is one.
ENTRY_CODES: Final = (
    ("class_code", "urn:uuid:41a5887f-8865-4c09-adf7-e362475b143a"),
    ("type_code", "urn:uuid:f0306f51-975f-434e-a61c-c59651d33983"),
    ("format_code", "urn:uuid:a09d5840-386c-46f2-b5ad-9c3699a4309d"),
    ("facility_type", "urn:uuid:f33fb8ac-18af-42cc-ae0e-ed0b0bdb91e1"),
    ("practice_setting", "urn:uuid:cccf5598-8b07-4b77-a05e-ae952c785ead"),
)
ENTRY_PATIENT_ID: Final = "urn:uuid:58a6f841-87b3-4a3e-92fd-a8ffeff98427"
ENTRY_UNIQUE_ID: Final = "urn:uuid:2e82c1f6-a085-4c72-9da3-8640a32e42ab"

SET_AUTHOR: Final = "urn:uuid:a7058bb9-b4e4-4307-ba5b-e3f0ab85e12d"
SET_CONTENT_TYPE: Final = "urn:uuid:aa543740-bdda-424e-8c96-df4873be8500"
SET_PATIENT_ID: Final = "urn:uuid:6b5aea1a-874d-4603-a4bc-96a0a7b38446"
SET_SOURCE_ID: Final = "urn:uuid:554ac39e-e3fe-47fe-b233-965d2a147832"
SET_UNIQUE_ID: Final = "urn:uuid:96fdda7c-d067-4183-912e-bf5ee74998a8"

ENTRY_SLOTS: Final = frozenset(
    {
        "creationTime",
        "languageCode",
        "serviceStartTime",
        "serviceStopTime",
        "sourcePatientId",
        "sourcePatientInfo",
        "legalAuthenticator",
        "hash",
        "size",
        "URI",
        "repositoryUniqueId",
        "urn:ihe:iti:xds:2013:referenceIdList",
        "documentAvailability",
    }
)
REFERENCE_IDS: Final = "urn:ihe:iti:xds:2013:referenceIdList"
AUTHOR_SLOTS: Final = (
    "authorPerson",
    "authorInstitution",
    "authorRole",
    "authorSpecialty",
    "authorTelecommunication",
)


class AssociationType(StrEnum):
    """Associations that XDS knows (IHE ITI TF-3 table 4.2.2-1, and metadata update)."""

    HAS_MEMBER = "urn:oasis:names:tc:ebxml-regrep:AssociationType:HasMember"
    REPLACES = "urn:ihe:iti:2007:AssociationType:RPLC"
    TRANSFORMS = "urn:ihe:iti:2007:AssociationType:XFRM"
    APPENDS = "urn:ihe:iti:2007:AssociationType:APND"
    TRANSFORMS_AND_REPLACES = "urn:ihe:iti:2007:AssociationType:XFRM_RPLC"
    SIGNS = "urn:ihe:iti:2007:AssociationType:signs"
    IS_SNAPSHOT_OF = "urn:ihe:iti:2010:AssociationType:IsSnapshotOf"
    UPDATES_STATUS = "urn:ihe:iti:2010:AssociationType:UpdateAvailabilityStatus"
    SUBMITS_ASSOCIATION = "urn:ihe:iti:2010:AssociationType:SubmitAssociation"

    @classmethod
    def read(cls, text: str) -> str:
        """The URN of a known association, also when written as its last word alone (ebXML 2.1); else as it came."""
        if ":" in text:
            return text
        return next((kind.value for kind in cls if kind.value.rpartition(":")[2] == text), text)
