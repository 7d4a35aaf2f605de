"""The patient whom a professional has chosen: found once, then carried from page to page as a sealed token.

An INS in an address would stay in histories, logs and bookmarks; a token says nothing, opens in one mailbox only, and
ends by itself.
"""

import base64
import binascii
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from uuid import UUID

import orjson

from carnet.domain.identity.values import Ins
from carnet.foundation.clock import now
from carnet.foundation.keys import KeyProblem
from carnet.foundation.owner_keys import create_owner_keys, owner_key

TOKEN_LIFE = timedelta(hours=12)
MAX_TOKEN = 4096
_WHAT = "chosen-patient"


@dataclass(frozen=True, repr=False)
class FoundPatient:
    """Whom a professional found, and how: ``insi`` (by traits), ``typed``, ``datamatrix`` or ``thread``.

    ``oid`` is the authority of the INS; names are those of the register, empty when only the INS was typed;
    ``birth_place`` a code of five characters or empty. ``insi_agrees``: the INSi service gave this identity or
    confirmed it. ``verified``: the professional said that they checked it on an identity document, so that a first
    message may be written (ANS, Référentiel socle MSSanté #2, ECO.2.2.6: only with a qualified INS).
    """

    ins: str
    oid: str
    birth_name: str = ""
    given_names: str = ""
    birth_date: date | None = None
    sex: str = ""
    birth_place: str = ""
    how: str = "typed"
    verified: bool = False
    insi_agrees: bool = False

    def __repr__(self) -> str:
        """Without the identity: a repr ends in logs and traces."""
        return "FoundPatient(…)"

    @property
    def first_given_name(self) -> str:
        return self.given_names.partition(" ")[0]

    @property
    def name(self) -> str:
        """« Dominique PAT-TROIS »; empty when only the INS is known."""
        first = "-".join(part.capitalize() for part in self.first_given_name.split("-"))
        return f"{first} {self.birth_name}".strip()

    @property
    def ins_display(self) -> str:
        """The INS in groups, as people read it: ``2 79 03 51 215 189 89``."""
        return Ins(self.ins, check_key=False).display


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
