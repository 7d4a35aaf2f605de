"""The header of a document as rows to show beside its narrative."""

from datetime import date, datetime

from carnet.domain.record.cda.header import CdaHeader

Value = str | date | datetime


def header_rows(header: CdaHeader) -> list[tuple[str, Value]]:
    """(label key, value) pairs in the order to show them, without empty ones.

    Label keys are the caller's to translate: patient_name, birth_name, birth_date, sex, ins, document_type, date,
    author (repeated), legal_authenticator, custodian, service_start, service_stop, replaces. Dates and times (aware,
    UTC) come as such, for the caller to write in the reader's language; the others are text to be escaped.
    """
    patient = header.patient
    births = [patient.birth_given, patient.birth_family.upper()]
    birth_name = " ".join(part for part in births if part)
    event = header.main_event
    authenticator = header.legal_authenticator
    rows: list[tuple[str, Value | None]] = [
        ("patient_name", patient.display_name),
        ("birth_name", birth_name if birth_name != patient.display_name else ""),
        ("birth_date", patient.birth_day or patient.birth_date),
        ("sex", patient.sex),
        *(("ins", found.matricule) for found in header.ins_ids),
        ("document_type", header.code.label or header.code.code if header.code else ""),
        ("date", header.effective_time),
        *(("author", author.display) for author in header.authors),
        ("legal_authenticator", authenticator.display if authenticator else ""),
        ("custodian", header.custodian.name),
        ("service_start", event.start if event else None),
        ("service_stop", event.stop if event else None),
        *(("replaces", parent) for parent in header.replaces),
    ]
    return [(label, value) for label, value in rows if value]
