"""Writing at the desk and the documents of patients, with made-up people. Contexts only: `web_gallery` draws them."""

from datetime import UTC, date, datetime
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from carnet.domain.messaging.desk.draft_values import DraftDocument
from carnet.domain.messaging.desk.patient_values import FoundPatient
from carnet.interfaces.web.desk.forms import SearchForm
from carnet.interfaces.web.desk.writing_forms import ColleagueForm, DraftDocumentForm, WritingForm
from carnet.interfaces.web.rows import Page as ListPage

BOX = UUID(int=3)
_AT = datetime(2026, 11, 20, 14, 5, tzinfo=UTC)
_FILE = "b" * 64
_PATIENT = FoundPatient(
    "279035121518989", "1.2.250.1.213.1.4.10", "PAT-TROIS", "DOMINIQUE MARIE-LOUISE", date(1979, 3, 28), "F", "51215",
    how="insi", verified=True, insi_agrees=True,
)  # fmt: skip
_PDF = SimpleNamespace(id=UUID(int=7), name="20261120_CR opératoire.pdf", size=240_000)
_DRAFT = SimpleNamespace(
    id=UUID(int=70), files=[_PDF], saved_at=_AT,
    content=SimpleNamespace(subject="Avant votre opération", text="Soyez à jeun.", receipt=True, end=True),
)  # fmt: skip
_TO: list[dict[str, Any]] = [
    {"address": "279035121518989@patient.mssante.test", "name": "Dominique PAT-TROIS", "patient": True, "refusal": "",
     "warning": ""},
    {"address": "amina.belkacem@medecin.mssante.test", "name": "Dr Amina BELKACEM", "patient": False, "refusal": "",
     "warning": "Absente aujourd’hui : sa boîte répond toute seule."},
    {"address": "nobody@elsewhere.test", "name": "nobody@elsewhere.test", "patient": False, "warning": "",
     "refusal": "Cette adresse n’existe pas."},
]  # fmt: skip
_FOUND = [
    SimpleNamespace(address="cardiologie@clinique.test", label="Clinique Horizon – Cardiologie", skill="",
                    structure="Clinique Horizon", city="Rennes", reachable=True),
    SimpleNamespace(address="x@clinique.test", label="Clinique fermée", skill="Cardiologie", structure="", city="",
                    reachable=False),
]  # fmt: skip


def _form(*bound: Any, **kinds: bool) -> WritingForm:
    return WritingForm(*bound, patient=kinds.get("patient", True), documents=kinds.get("documents", False))


def _write(**more: Any) -> dict[str, Any]:
    return {
        "draft": _DRAFT, "patient": _PATIENT, "may_hold_documents": True, "documents": False, "document_rows": [],
        "may_add": True, "form": _form(), "colleague": ColleagueForm(), "found": [], "words": "", "recipients": _TO,
        "files": [_PDF], "problem": "", "wrong": [], "budget": 18_000_000,
    } | more  # fmt: skip


def _documents() -> list[dict[str, Any]]:
    letter = DraftDocument(UUID(int=11), type_code="11490-0", replaces=UUID(int=9))
    brought = DraftDocument(UUID(int=12), type_code="34874-8", file_id=_PDF.id)
    wrong = DraftDocumentForm(DraftDocument(UUID(int=13)), {})
    plain = {"file": None, "replaces": False, "fault": ""}
    return [
        plain | {"form": DraftDocumentForm(letter), "id": letter.id, "replaces": True, "fault": "La lettre est vide."},
        plain | {"form": DraftDocumentForm(brought), "id": brought.id, "file": _PDF},
        plain | {"form": wrong, "id": UUID(int=13)},
    ]


def _made() -> list[dict[str, Any]]:
    pages = [{"number": number, "url": "/static/sample.png", "width": 1240, "height": 1754} for number in (1, 2)]
    return [{"title": "Lettre de liaison", "type_label": "Lettre de liaison à la sortie", "file_name": _PDF.name,
             "size": 88_000, "url": "/piece", "view": "pages", "pages": pages, "page_count": 2}]  # fmt: skip


def _row(number: int, title: str, **more: Any) -> dict[str, Any]:
    return {
        "id": UUID(int=500 + number), "title": title, "type_label": "CR opératoire", "author": "Dr Hélène VASSEUR, CHU",
        "when": _AT, "at": _AT, "sent": False, "named": "ins", "patient": _FILE, "patient_url": "/patient",
        "patient_name": "Dominique PAT-TROIS", "birth_date": date(1979, 3, 28), "filed": True, "view_url": "/vue",
        "thread_url": "/echange", "older": [],
    } | more  # fmt: skip


def _patient(**more: Any) -> dict[str, Any]:
    return {
        "patient": _FILE, "url": "/patient", "name": "Dominique PAT-TROIS", "birth_name": "PAT-TROIS", "named": "ins",
        "given_names": "DOMINIQUE MARIE-LOUISE", "used_name": "MARTIN", "birth_date": date(1979, 3, 28),
        "ins": "2 79 03 51 215 189 89", "last_at": _AT, "title": "Lettre de liaison à la sortie",
    } | more  # fmt: skip


def contexts() -> list[tuple[str, str, dict[str, Any], str]]:
    """Each page: its name, its template, its context, its address."""
    old = _row(2, "Compte rendu", named="ins", thread_url="", view_url="")
    filed = [_row(1, "Compte rendu corrigé", older=[old]), _row(3, "Lettre de sortie", sent=True)]
    waiting = [
        _row(4, "Imagerie", named="wrong-key"),
        _row(5, "Biologie", named="several"),
        _row(6, "Avis", named="none"),
    ]
    talks = [{"url": "/echange", "subject": "Ma cicatrice", "last_at": _AT, "snippet": "Elle est rouge."}]
    begun = [
        {"url": "/suite", "discard_url": "/abandon", "to": "Dominique PAT-TROIS", "patient": True, "subject": "",
         "documents": True, "saved_at": _AT},
        {"url": "/suite", "discard_url": "/abandon", "to": "cardiologie@clinique.test", "patient": False,
         "subject": "Avis", "documents": False, "saved_at": _AT},
        {"url": "/echange", "discard_url": "/abandon", "to": "PAT-TROIS Dominique", "patient": True,
         "subject": "Ma cicatrice est rouge depuis hier soir", "documents": False, "answer": True, "saved_at": _AT},
    ]  # fmt: skip
    unsure = _patient(named="wrong-key", ins="")
    rows = _documents()
    documents = _write(
        documents=True, document_rows=rows, form=_form(documents=True), files=[], wrong=[rows[2]["form"]]
    )
    nobody = _write(
        patient=None,
        recipients=[],
        words="x",
        found=_FOUND,
        files=[],
        problem="Personne.",
        form=_form({}, patient=False),
    )
    sent = {"draft": _DRAFT, "content": _DRAFT.content, "patient": _PATIENT, "recipients": _TO[:2]}
    file = {"box": BOX, "who": _patient(), "documents": filed, "unfiled": waiting[:1], "more": True, "threads": talks}
    listed = {"box": BOX, "rows": [_patient(), unsure], "search": SearchForm(), "sought": "", "waiting": 3}
    return [
        ("write", "desk/write", _write(), "desk_new_draft"),
        ("write-documents", "desk/write", documents, "desk_new_draft"),
        ("write-nobody", "desk/write", nobody, "desk_new_draft"),
        ("preview", "desk/preview", sent | {"documents": []}, "desk_new_preview"),
        ("preview-documents", "desk/preview", sent | {"documents": _made()}, "desk_new_preview"),
        ("drafts", "desk/drafts", {"rows": begun}, "desk_new"),
        ("patients", "desk/patients", listed, "desk_patients"),
        ("patients-none", "desk/patients", listed | {"rows": [], "sought": "lemaire"}, "desk_patients"),
        ("to-file", "desk/to_file", {"box": BOX, "page": ListPage(waiting, "?before=2")}, "desk_patients_to_file"),
        ("to-file-none", "desk/to_file", {"box": BOX, "page": ListPage([])}, "desk_patients_to_file"),
        ("patient-file", "desk/patient", file, "desk_patient"),
        ("patient-file-unsure", "desk/patient", file | {"who": unsure, "documents": [], "threads": []}, "desk_patient"),
    ]
