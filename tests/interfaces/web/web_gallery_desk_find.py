"""The desk's way in, the choice of a mailbox and the search, with made-up people. Contexts only: `web_gallery` draws
them."""

from datetime import date
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from carnet.domain.directory.queries.colleagues import FoundColleague
from carnet.domain.directory.values import MailboxKind
from carnet.domain.messaging.desk.patient_values import FoundPatient
from carnet.interfaces.web.desk.find_forms import ColleagueForm, NumberForm, ScanForm, TraitsForm
from carnet.interfaces.web.views.desk.choosing import Box

_TEAM = SimpleNamespace(
    id=UUID(int=3), label="CHU du Val-Fleuri – Chirurgie digestive", address="chirurgie-digestive@chu-vf.mssante.test",
    absent=False, closes_on=None,
)  # fmt: skip
_OWN = SimpleNamespace(
    id=UUID(int=4), label="Dr Amina BELKACEM", address="amina.belkacem@chu-vf.mssante.test", absent=True,
    closes_on=date(2027, 1, 31),
)  # fmt: skip
AT_DESK = SimpleNamespace(mailbox=_TEAM)
"""Who is at the desk, for the menu of its pages."""

_SURGEON = FoundColleague(
    "paul.nguyen@clinique-des-tilleuls.mssante.test", MailboxKind.PER, "Dr Paul NGUYEN", "Chirurgie orthopédique",
    "", "Clinique des Tilleuls", "Saint-Aubin-des-Bois", True, True, date(2027, 1, 31), 48,
)  # fmt: skip
_SHUT = FoundColleague("labo@x.test", MailboxKind.ORG, "Laboratoire", "", "Biologie", "", "", False, False, None, None)


def _forms(act: str = "", data: dict[str, str] | None = None) -> dict[str, Any]:
    kinds = {"scan": ScanForm, "number": NumberForm, "traits": TraitsForm, "colleague": ColleagueForm}
    forms = {name: kind(data if name == act else None, auto_id=f"{name}_%s") for name, kind in kinds.items()}
    return {"forms": forms, "act": act, "form": forms.get(act), "insi": True}


def _patient(**known: Any) -> dict[str, Any]:
    patient = FoundPatient("279035121518989", "1.2.250.1.213.1.4.10", **known)
    return {"patient": patient, "token": "c2NlbGzDqQ==", "unconfirmed": not patient.insi_agrees}


def contexts() -> list[tuple[str, str, dict[str, Any], str]]:
    """Each page: its name, its template, its context, its address."""
    boxes = [Box(_OWN, own=True), Box(_TEAM, own=False, unread=3, waiting=1)]  # type: ignore[arg-type]
    traits = {"birth_name": "PAT-TROIS", "given_names": "DOMINIQUE MARIE-LOUISE", "birth_date": date(1979, 3, 28),
              "sex": "F", "birth_place": "51215"}  # fmt: skip
    several = _forms("traits", {"birth_name": "MARTIN", "given_name": "Marie", "birth_date": "1980-05-15", "sex": "F"})
    several["form"].add_error(None, "Plusieurs personnes ont ces traits.")
    found = _forms("colleague", {"colleague_words": "nguyen"}) | {"words": "nguyen", "colleagues": [_SURGEON, _SHUT]}
    problems = ("cancelled", "provider-away", "too-often", "unknown", "state", "token")
    return [
        ("choose", "desk/choose", {"name": "Dr Amina BELKACEM", "boxes": boxes}, "desk"),
        ("choose-none", "desk/choose", {"name": "Dr Amina BELKACEM", "boxes": []}, "desk"),
        ("find", "desk/find", _forms(), "desk_find"),
        ("find-wrong", "desk/find", _forms("number", {"ins": "279035121518988", "birth_date": "x"}), "desk_find"),
        ("find-barcode", "desk/find", _forms("scan", {"scan": "3017620422003"}), "desk_find"),
        ("find-several", "desk/find", several, "desk_find"),
        ("find-colleague", "desk/find", found, "desk_find"),
        ("find-no-colleague", "desk/find", found | {"colleagues": []}, "desk_find"),
        ("patient", "desk/patient_found", _patient(insi_agrees=True, **traits), "desk_find"),
        ("patient-unconfirmed", "desk/patient_found", _patient(**traits), "desk_find"),
        ("patient-number", "desk/patient_found", _patient(), "desk_find"),
        ("session-over", "desk/session_over", {"typed": "Bonjour,\nVenez à jeun."}, "desk_sign_in_back"),
        *((f"refused-{one}", "desk/not_signed_in", {"problem": one}, "desk_sign_in_back") for one in problems),
    ]
