"""The patient whom a professional has chosen: found once, then carried from page to page as a sealed token.

An INS in an address would stay in histories, logs and bookmarks; a token says nothing, opens in one mailbox only, and
ends by itself.
"""

import base64
import binascii
from dataclasses import asdict
from datetime import date, timedelta
from uuid import UUID

import orjson

from carnet.domain.messaging.desk.patient_values import FoundPatient
from carnet.foundation.clock import now
from carnet.foundation.keys import KeyProblem
from carnet.foundation.owner_keys import create_owner_keys, owner_key

TOKEN_LIFE = timedelta(hours=12)
MAX_TOKEN = 4096
_WHAT = "chosen-patient"


def seal_patient(mailbox_id: UUID, patient: FoundPatient) -> str:
    """A token for a form's field, under the mailbox's key; it opens for twelve hours in this mailbox."""
    create_owner_keys([mailbox_id])
    content = orjson.dumps({**asdict(patient), "at": int(now().timestamp())})
    return base64.urlsafe_b64encode(owner_key(mailbox_id).seal(_WHAT, content)).decode()


def open_patient(mailbox_id: UUID, token: str) -> FoundPatient | None:
    """The patient of a token; None for one that was changed, is of another mailbox, or is too old."""
    if not token or len(token) > MAX_TOKEN:
        return None
    try:
        sealed = base64.b64decode(token.encode("ascii"), altchars=b"-_", validate=True)
        kept = orjson.loads(owner_key(mailbox_id).open(_WHAT, sealed))
    except (KeyProblem, binascii.Error, UnicodeEncodeError, ValueError):
        return None
    if now().timestamp() - kept.pop("at") > TOKEN_LIFE.total_seconds():
        return None
    kept["birth_date"] = date.fromisoformat(kept["birth_date"]) if kept["birth_date"] else None
    return FoundPatient(**kept)
