"""From a document's header to its XDS metadata (ANS, IG HL7v2 "Transmission d'un document CDA R2", mapping)."""

import hashlib
from collections.abc import Callable, Iterable
from typing import Final

from carnet.domain.record.cda.header import CdaHeader, CdaLevel, read_header
from carnet.domain.record.media_types import JPEG, PDF, RTF, TEXT, TIFF, canonical_media_type
from carnet.domain.record.values import Code, DocumentEntry, PatientId, hl7_text
from carnet.domain.record.values.people import person_from_xcn

# ANS, JDV_J60: format codes of level 1 documents by what they wrap.
IHE_FORMATS: Final = "1.3.6.1.4.1.19376.1.2.3"
FRENCH_FORMATS: Final = "1.2.250.1.213.1.1.4.2.282"
LEVEL_1_FORMATS: Final = {
    PDF: Code("urn:ihe:iti:xds-sd:pdf:2008", IHE_FORMATS, "Document à corps non structuré en PDF"),
    TEXT: Code("urn:ihe:iti:xds-sd:text:2008", IHE_FORMATS, "Document à corps non structuré en texte brut"),
    JPEG: Code("urn:ihe:iti-fr:xds-sd:jpeg:2010", FRENCH_FORMATS, "Document à corps non structuré en JPEG"),
    RTF: Code("urn:ihe:iti-fr:xds-sd:rtf:2010", FRENCH_FORMATS, "Document à corps non structuré en RTF"),
    TIFF: Code("urn:ihe:iti-fr:xds-sd:tiff:2010", FRENCH_FORMATS, "Document à corps non structuré en TIFF"),
}
UNPROFILED_FORMAT: Final = Code("urn:asipSante:modelesHorsProfils:2011", FRENCH_FORMATS, "Document hors profils")

ClassOf = Callable[[Code], Code | None]
FormatOf = Callable[[tuple[str, ...]], Code | None]


def entry_from_cda(data: bytes, class_of: ClassOf | None = None, format_of: FormatOf | None = None) -> DocumentEntry:
    """The metadata of a clinical document, from its own header, with its SHA-1 and size.

    `class_of` gives the class of a type (ANS, ASS_X16), `format_of` the format of a level 3 document from its
    template OIDs (ANS, ASS_A11); without an answer the class stays empty and the format is the catch-all one.
    Raises XmlRefused or NotCda.
    """
    return entry_from_header(read_header(data), data, class_of, format_of)


def entry_from_header(
    header: CdaHeader, data: bytes, class_of: ClassOf | None = None, format_of: FormatOf | None = None
) -> DocumentEntry:
    """The same when the header of `data` was read already."""
    event = header.main_event
    ins = next(iter(header.ins_ids), None)
    authenticator = header.legal_authenticator
    return DocumentEntry(
        unique_id=header.unique_id,
        mime_type="application/xslt+xml" if header.self_presenting else "text/xml",
        hash=hashlib.sha1(data, usedforsecurity=False).hexdigest(),
        size=len(data),
        language=header.language,
        creation_time=header.effective_time,
        service_start=event.start if event else None,
        service_stop=event.stop if event else None,
        authors=header.authors,
        # XDS gives the legal authenticator as a person (XCN): the institution stays in the document.
        legal_authenticator=person_from_xcn(authenticator.to_xcn()) if authenticator else None,
        title=header.title or (header.code.label if header.code else ""),
        class_code=class_of(header.code) if class_of and header.code else None,
        type_code=header.code,
        format_code=_format(header, format_of),
        facility_type=header.facility_type,
        practice_setting=event.practice_setting if event else None,
        confidentiality=(header.confidentiality.code,) if header.confidentiality else (),
        event_codes=_distinct(found.code for found in header.service_events if found.code),
        source_patient_id=next(iter(header.local_ids), ins),
        source_patient_info=_patient_info(header, ins),
        patient_id=ins,
        replaces_unique_id=header.replaces[0] if header.replaces else "",
    )


def _format(header: CdaHeader, format_of: FormatOf | None) -> Code | None:
    if header.level is CdaLevel.N1:
        return LEVEL_1_FORMATS.get(canonical_media_type(header.media_type))
    return (format_of(header.template_ids) if format_of else None) or UNPROFILED_FORMAT


def _distinct(codes: Iterable[Code]) -> tuple[Code, ...]:
    return tuple({code.key: code for code in codes}.values())


def _patient_info(header: CdaHeader, ins: PatientId | None) -> tuple[tuple[str, str], ...]:
    """sourcePatientInfo: PID-3, PID-5 (L the birth name, D the used one), PID-7, PID-8, PID-11 (birth place)."""
    traits = header.patient
    names = [
        (traits.birth_family, traits.birth_given, "L"),
        (traits.used_family, traits.used_given, "D"),
    ]
    sex = "U" if traits.sex == "UN" else traits.sex
    place = f"^^^^^^BDL^^{hl7_text.escape(traits.birth_place_code)}" if traits.birth_place_code else ""
    info = [
        ("PID-3", ins.to_cx() if ins else ""),
        *(("PID-5", _name(*name)) for name in names),
        ("PID-7", hl7_text.escape(traits.birth_date)),
        ("PID-8", hl7_text.escape(sex)),
        ("PID-11", place),
    ]
    return tuple((field, text) for field, text in info if text)


def _name(family: str, given: str, kind: str) -> str:
    if not family and not given:
        return ""
    return hl7_text.join({1: hl7_text.escape(family), 2: hl7_text.escape(given), 7: kind})
