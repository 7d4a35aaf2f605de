"""What a line of a sending says, as it lies sealed."""

import json
from datetime import date, datetime
from uuid import UUID

from carnet.domain.pathways.models import SendingLine
from carnet.domain.pathways.values import LineContent, LineReason
from carnet.foundation.keys import OwnerKey


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
