"""An IHE_XDM.zip made by hand: zipfile, and ebRIM 3.0 written out as text, sharing nothing with Carnet's own builder.

IHE ITI TF-2 §3.32 (tree of the archive), TF-3 §4.2 (metadata): the universally unique identifiers below are IHE's.
"""

import base64
import hashlib
import io
import zipfile
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from uuid import uuid4
from xml.sax.saxutils import escape, quoteattr
from zoneinfo import ZoneInfo

import pytest
from lxml import etree

SAMPLES = Path(__file__).resolve().parents[2].parent / "shared" / "samples" / "cda"
TEST_OID = "1.2.250.1.213.1.4.10"
_CDA = {"c": "urn:hl7-org:v3"}
_PARIS = ZoneInfo("Europe/Paris")
_MONTHS = [
    "janvier",
    "février",
    "mars",
    "avril",
    "mai",
    "juin",
    "juillet",
    "août",
    "septembre",
    "octobre",
    "novembre",
    "décembre",
]

_STABLE = "urn:uuid:7edca82f-054d-47f2-a032-9b2a5b5186c1"
_ENTRY_CODES = {
    "class": "urn:uuid:41a5887f-8865-4c09-adf7-e362475b143a",
    "confidentiality": "urn:uuid:f4f85eac-e6cb-4883-b524-f2705394840f",
    "format": "urn:uuid:a09d5840-386c-46f2-b5ad-9c3699a4309d",
    "facility": "urn:uuid:f33fb8ac-18af-42cc-ae0e-ed0b0bdb91e1",
    "practice": "urn:uuid:cccf5598-8b07-4b77-a05e-ae952c785ead",
    "type": "urn:uuid:f0306f51-975f-434e-a61c-c59651d33983",
}
_ENTRY_AUTHOR = "urn:uuid:93606bcf-9494-43ec-9b4e-a7748d1a838d"
_ENTRY_PATIENT = "urn:uuid:58a6f841-87b3-4a3e-92fd-a8ffeff98427"
_ENTRY_UNIQUE = "urn:uuid:2e82c1f6-a085-4c72-9da3-8640a32e42ab"
_SET_NODE = "urn:uuid:a54d6aa5-d40d-43f9-88c5-b4633d873bdd"
_SET_AUTHOR = "urn:uuid:a7058bb9-b4e4-4307-ba5b-e3f0ab85e12d"
_SET_CONTENT = "urn:uuid:aa543740-bdda-424e-8c96-df4873be8500"
_SET_PATIENT = "urn:uuid:6b5aea1a-874d-4603-a4bc-96a0a7b38446"
_SET_SOURCE = "urn:uuid:554ac39e-e3fe-47fe-b233-965d2a147832"
_SET_UNIQUE = "urn:uuid:96fdda7c-d067-4183-912e-bf5ee74998a8"


def sample_parameters() -> list:
    """One test parameter a published document; one skipped parameter, with the reason, when they are not here."""
    found = sorted(SAMPLES.glob("*.xml")) if SAMPLES.is_dir() else []
    if not found:
        reason = "published samples are not at ../shared/samples/cda beside the repository"
        return [pytest.param(None, marks=pytest.mark.skip(reason=reason), id="absent")]
    return [pytest.param(path, id=path.stem) for path in found]


def sample(name: str) -> bytes:
    """The bytes of one published document; the test is skipped where they are not."""
    path = SAMPLES / name
    if not path.is_file():
        pytest.skip("published samples are not at ../shared/samples/cda beside the repository")
    return path.read_bytes()


@dataclass(frozen=True)
class Filed:
    """What the metadata of one document say."""

    unique_id: str
    title: str
    type_code: str
    type_system: str
    type_label: str
    family: str
    given: str
    institution: str
    created: str
    service_start: str
    ins: str
    oid: str = TEST_OID
    author_id: str = "899700218920"

    @property
    def day(self) -> str:
        """The day of the care as the portal writes it in French."""
        moment = datetime.strptime(self.service_start, "%Y%m%d%H%M%S%z").astimezone(_PARIS)
        return f"{moment.day}{'er' if moment.day == 1 else ''} {_MONTHS[moment.month - 1]} {moment.year}"


@dataclass(frozen=True)
class Letter:
    """A clinical document and what is read of it with nothing but an XML parser."""

    cda: bytes
    filed: Filed
    pdf: bytes = b""
    words: tuple[str, ...] = field(default=())


def letter_of(cda: bytes) -> Letter:
    """Read a document's header, the PDF that it wraps at level 1, some words of its narrative at level 3."""
    root = etree.fromstring(cda)

    def first(path: str) -> str:
        found = root.xpath(path, namespaces=_CDA)
        return str(found[0]).strip() if found else ""

    author = "c:author[1]/c:assignedAuthor"
    ins = f"c:recordTarget/c:patientRole/c:id[starts-with(@root,'{TEST_OID.rpartition('.')[0]}')]"
    created = first("c:effectiveTime/@value")
    pdf = "".join(root.xpath("c:component/c:nonXMLBody/c:text/text()", namespaces=_CDA))
    narrative = " ".join(root.xpath("//c:structuredBody//c:section/c:text//text()", namespaces=_CDA)).split()
    filed = Filed(
        unique_id=first("c:id/@root"),
        title=first("c:title/text()"),
        type_code=first("c:code/@code"),
        type_system=first("c:code/@codeSystem"),
        type_label=first("c:code/@displayName"),
        family=first(f"{author}/c:assignedPerson/c:name/c:family/text()"),
        given=first(f"{author}/c:assignedPerson/c:name/c:given/text()"),
        institution=first(f"{author}/c:representedOrganization/c:name/text()"),
        created=created,
        service_start=first("c:documentationOf[1]/c:serviceEvent/c:effectiveTime/c:low/@value") or created,
        ins=first(f"{ins}/@extension"),
        oid=first(f"{ins}/@root"),
        author_id=first(f"{author}/c:id/@extension"),
    )
    known = tuple(dict.fromkeys(word for word in narrative if len(word) > 7 and word.isalpha()))[:8]
    return Letter(cda, filed, base64.b64decode(pdf) if pdf else b"", known)


def about(letter: Letter, ins: str) -> Letter:
    """The same document about another person: its INS is written anew in the bytes, with the OID of test numbers."""
    old = f'extension="{letter.filed.ins}"'.encode()
    assert letter.cda.count(old) == 1
    changed = letter.cda.replace(old, f'extension="{ins}"'.encode())
    changed = changed.replace(f'root="{letter.filed.oid}"'.encode(), f'root="{TEST_OID}"'.encode())
    return letter_of(changed)


def metadata(*filed: Filed, contents: tuple[bytes, ...], patient: str = "") -> bytes:
    """METADATA.XML for these documents, DOC0001.XML onwards; ``patient`` is written in the place of their INS."""
    whose = patient or filed[0].ins
    entries = "".join(_entry(number, one, contents[number], patient) for number, one in enumerate(filed))
    members = "".join(
        f'<rim:Association id="urn:uuid:{uuid4()}" associationType="urn:oasis:names:tc:ebxml-regrep:AssociationType:'
        f'HasMember" sourceObject="SubmissionSet01" targetObject="Document{number + 1:02d}">'
        f"{_slot('SubmissionSetStatus', 'Original')}</rim:Association>"
        for number in range(len(filed))
    )
    first = filed[0]
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<lcm:SubmitObjectsRequest xmlns:lcm="urn:oasis:names:tc:ebxml-regrep:xsd:lcm:3.0"'
        ' xmlns:rim="urn:oasis:names:tc:ebxml-regrep:xsd:rim:3.0"><rim:RegistryObjectList>'
        f"{entries}"
        '<rim:RegistryPackage id="SubmissionSet01" status="urn:oasis:names:tc:ebxml-regrep:StatusType:Approved">'
        f"{_slot('submissionTime', first.created[:14])}{_name(first.title)}"
        f'<rim:Classification id="urn:uuid:{uuid4()}" classifiedObject="SubmissionSet01"'
        f' classificationNode="{_SET_NODE}"/>'
        f"{_author(_SET_AUTHOR, 'SubmissionSet01', first)}"
        f"{_code(_SET_CONTENT, 'SubmissionSet01', '03', '1.2.250.1.213.2.2', 'Hospitalisation')}"
        f"{_identifier(_SET_PATIENT, 'SubmissionSet01', _cx(whose, first.oid), 'XDSSubmissionSet.patientId')}"
        f"{_identifier(_SET_SOURCE, 'SubmissionSet01', '1.2.250.1.999.1.1', 'XDSSubmissionSet.sourceId')}"
        f"{_identifier(_SET_UNIQUE, 'SubmissionSet01', f'2.25.{uuid4().int}', 'XDSSubmissionSet.uniqueId')}"
        f"</rim:RegistryPackage>{members}</rim:RegistryObjectList></lcm:SubmitObjectsRequest>"
    ).encode()


def archive(*letters: Letter, patient: str = "", filed: tuple[Filed, ...] = ()) -> bytes:
    """An IHE_XDM.zip with these documents and their METADATA.XML."""
    said = filed or tuple(one.filed for one in letters)
    contents = tuple(one.cda for one in letters)
    return zipped(
        {
            "README.TXT": b"Documents de sante, profil IHE XDM.\r\n",
            "INDEX.HTM": b'<html xmlns="http://www.w3.org/1999/xhtml"><head><title>IHE XDM</title></head>'
            b"<body><p>IHE_XDM/SUBSET01</p></body></html>",
            "IHE_XDM/SUBSET01/METADATA.XML": metadata(*said, contents=contents, patient=patient),
            **{f"IHE_XDM/SUBSET01/DOC{n:04d}.XML": cda for n, cda in enumerate(contents, 1)},
        }
    )


def zipped(files: dict[str, bytes]) -> bytes:
    """These files in a zip."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in files.items():
            made.writestr(name, content)
    return buffer.getvalue()


def _entry(number: int, filed: Filed, content: bytes, patient: str) -> str:
    name = f"Document{number + 1:02d}"
    digest = hashlib.sha1(content, usedforsecurity=False).hexdigest()
    slots = {
        "creationTime": filed.created[:14],
        "languageCode": "fr-FR",
        "serviceStartTime": _utc(filed.service_start),
        "sourcePatientId": _cx(filed.ins, filed.oid),
        "hash": digest,
        "size": str(len(content)),
        "URI": f"DOC{number + 1:04d}.XML",
    }
    codes = {
        "class": ("11", "1.2.250.1.213.1.1.4.1", "Document encapsulé"),
        "confidentiality": ("N", "2.16.840.1.113883.5.25", "Normal"),
        "format": ("urn:ihe:iti:xds-sd:pdf:2008", "1.3.6.1.4.1.19376.1.2.3", "PDF"),
        "facility": ("SA01", "1.2.250.1.71.4.2.4", "Etablissement public de santé"),
        "practice": ("ETABLISSEMENT", "1.2.250.1.213.1.1.4.9", "Etablissement de santé"),
        "type": (filed.type_code, filed.type_system, filed.type_label),
    }
    return (
        f'<rim:ExtrinsicObject id="{name}" mimeType="text/xml" objectType="{_STABLE}"'
        ' status="urn:oasis:names:tc:ebxml-regrep:StatusType:Approved">'
        f"{''.join(_slot(*one) for one in slots.items())}{_name(filed.title)}{_author(_ENTRY_AUTHOR, name, filed)}"
        f"{''.join(_code(_ENTRY_CODES[kind], name, *code) for kind, code in codes.items())}"
        f"{_identifier(_ENTRY_PATIENT, name, _cx(patient or filed.ins, filed.oid), 'XDSDocumentEntry.patientId')}"
        f"{_identifier(_ENTRY_UNIQUE, name, filed.unique_id, 'XDSDocumentEntry.uniqueId')}"
        "</rim:ExtrinsicObject>"
    )


def _utc(moment: str) -> str:
    """XDS times are in UTC, without an offset."""
    return datetime.strptime(moment, "%Y%m%d%H%M%S%z").astimezone(ZoneInfo("UTC")).strftime("%Y%m%d%H%M%S")


def _cx(ins: str, oid: str) -> str:
    return f"{ins}^^^&{oid}&ISO^NH"


def _slot(name: str, *values: str) -> str:
    held = "".join(f"<rim:Value>{escape(value)}</rim:Value>" for value in values)
    return f'<rim:Slot name="{name}"><rim:ValueList>{held}</rim:ValueList></rim:Slot>'


def _name(text: str) -> str:
    return f'<rim:Name><rim:LocalizedString xml:lang="fr-FR" charset="UTF-8" value={quoteattr(text)}/></rim:Name>'


def _author(scheme: str, owner: str, filed: Filed) -> str:
    person = f"{filed.author_id}^{filed.family}^{filed.given}^^^^^^&1.2.250.1.71.4.2.1&ISO^D^^^IDNPS"
    institution = f"{filed.institution}^^^^^&1.2.250.1.71.4.2.2&ISO^IDNST^^^1519999015"
    slots = _slot("authorPerson", person) if filed.family else ""
    slots += _slot("authorInstitution", institution) if filed.institution else ""
    return (
        f'<rim:Classification id="urn:uuid:{uuid4()}" classificationScheme="{scheme}" classifiedObject="{owner}"'
        f' nodeRepresentation="">{slots}</rim:Classification>'
    )


def _code(scheme: str, owner: str, code: str, system: str, label: str) -> str:
    return (
        f'<rim:Classification id="urn:uuid:{uuid4()}" classificationScheme="{scheme}" classifiedObject="{owner}"'
        f" nodeRepresentation={quoteattr(code)}>{_slot('codingScheme', system)}{_name(label)}</rim:Classification>"
    )


def _identifier(scheme: str, owner: str, value: str, label: str) -> str:
    return (
        f'<rim:ExternalIdentifier id="urn:uuid:{uuid4()}" registryObject="{owner}" identificationScheme="{scheme}"'
        f" value={quoteattr(value)}>{_name(label)}</rim:ExternalIdentifier>"
    )
