"""What a template and a line of a sending say, as they are stored: written here, and read back here."""

import json
from dataclasses import asdict
from datetime import date, datetime
from typing import Any
from uuid import UUID

from carnet.domain.pathways.models import SendingLine, TemplateVersion
from carnet.domain.pathways.values import LineContent, LineReason, TemplateContent, UseCase
from carnet.foundation.keys import OwnerKey


def version_columns(content: TemplateContent) -> dict[str, Any]:
    """What a template says, as the columns of a version: each field of the content has the column of its name."""
    return asdict(content) | {
        "use_case": content.use_case.value,
        "columns": list(content.columns),
        "files": list(content.files),
    }


def content_of(version: TemplateVersion) -> TemplateContent:
    """What a stored version says."""
    return TemplateContent(
        name=version.name,
        use_case=UseCase(version.use_case),
        subject=version.subject,
        text=version.text,
        columns=tuple(version.columns),
        pathway_id=version.pathway_id,
        valid_from=version.valid_from,
        valid_until=version.valid_until,
        takes_answer=version.takes_answer,
        receipt_wanted=version.receipt_wanted,
        files=tuple(version.files),
    )


def seal_line(key: OwnerKey, line_id: UUID, content: LineContent) -> bytes:
    """A line sealed under its sending's key."""
    plain = {
        "ins": content.ins,
        "stay": content.stay,
        "start": content.start.isoformat() if content.start else "",
        "end": content.end.isoformat() if content.end else "",
        "appointment": content.appointment.isoformat() if content.appointment else "",
        "timed": content.appointment_has_time,
        "cells": dict(content.cells),
        "faults": [[place, fault.value] for place, fault in content.faults],
    }
    return key.seal(_name(line_id), json.dumps(plain, ensure_ascii=False).encode())


def open_line(key: OwnerKey, row: SendingLine) -> LineContent:
    """What a stored line says."""
    plain = json.loads(key.open(_name(row.id), row.content))
    return LineContent(
        ins=plain["ins"],
        stay=plain["stay"],
        start=date.fromisoformat(plain["start"]) if plain["start"] else None,
        end=date.fromisoformat(plain["end"]) if plain["end"] else None,
        appointment=datetime.fromisoformat(plain["appointment"]) if plain["appointment"] else None,
        appointment_has_time=plain["timed"],
        cells=plain["cells"],
        faults=tuple((place, LineReason(fault)) for place, fault in plain["faults"]),
    )


def _name(line_id: UUID) -> str:
    return f"sending-line:{line_id}"


def patient_digest(mailbox_key: OwnerKey, ins: str) -> bytes:
    """What the lines of a patient are found by, in the sendings of one mailbox."""
    return mailbox_key.digest("sending-patient", ins.encode())


def stay_digest(mailbox_key: OwnerKey, stay: str) -> bytes:
    """What the lines of a stay are found by, in the sendings of one mailbox."""
    return mailbox_key.digest("sending-stay", stay.casefold().encode())
