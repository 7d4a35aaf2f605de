"""The desk's inbox and conversation with made-up people in them. Contexts only: `web_gallery` draws them."""

from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from django.utils import timezone
from django.utils.safestring import mark_safe

from carnet.interfaces.web.desk.forms import (
    DeskAnswerForm,
    DeskFilter,
    HandOverForm,
    InsertForm,
    NoteForm,
    ReplyForm,
    SearchForm,
)
from carnet.interfaces.web.rows import Page as ListPage
from carnet.interfaces.web.views.desk.keys import KEYS

BOX = UUID(int=3)
_THREAD = UUID(int=70)
_AT = datetime(2026, 11, 20, 14, 5, tzinfo=UTC)
_MAILBOX = SimpleNamespace(
    id=BOX,
    label="CHU du Val-Fleuri – Chirurgie digestive",
    address="chirurgie-digestive@chu-val-fleuri.mssante.test",
)
_PATIENT: dict[str, Any] = {
    "name": "PAT-TROIS Dominique", "patient": True, "verified": True, "domain": "patient.mssante.test",
    "address": "279035121518989@patient.mssante.test", "birth_name": "PAT-TROIS", "first_name": "Dominique",
    "used_name": "MARTIN", "birth_date": date(1979, 3, 12), "ins": "2 79 03 51 215 189 89", "others": 0,
}  # fmt: skip
_COLLEAGUE: dict[str, Any] = {
    "name": "Dr Amina BELKACEM", "patient": False, "verified": True, "domain": "medecin.mssante.test",
    "address": "amina.belkacem@medecin.mssante.test", "birth_name": "", "first_name": "", "used_name": "",
    "birth_date": None, "ins": "", "others": 2,
}  # fmt: skip
_UNKNOWN = _COLLEAGUE | {"name": "secretariat@cabinet.test", "address": "secretariat@cabinet.test", "verified": False}


def _row(number: int, person: dict[str, Any], subject: str, **more: Any) -> dict[str, Any]:
    plain = {
        "unread": 0, "waiting": "", "late": False, "documents": False, "ended": False, "mine": False, "taken_by": "",
        "pathway": "", "outgoing_last": False, "failed": False, "snippet": "", "messages": 1,
    }  # fmt: skip
    at = timezone.now() - timedelta(hours=number * 7)
    facts = {"id": UUID(int=100 + number), "url": "/conversation", "person": person, "subject": subject, "last_at": at}
    return facts | plain | more


def _late() -> list[dict[str, Any]]:
    return [
        _row(9, _PATIENT, "Ma cicatrice est rouge depuis hier soir", late=True, waiting="3 jours", unread=1,
             snippet="Bonjour, elle est rouge et chaude, faut-il que je revienne ?", documents=True, messages=4)
    ]  # fmt: skip


def _rows() -> list[dict[str, Any]]:
    return [
        _row(1, _PATIENT, "Votre opération du 3 décembre", unread=2, waiting="2 heures", mine=True, messages=3,
             snippet="Merci. Dois-je arrêter mon traitement avant ?", pathway="Prothèse de hanche"),
        _row(2, _COLLEAGUE, "Compte rendu de consultation", documents=True, taken_by="Mme Julie LEMAIRE", messages=2),
        _row(3, _UNKNOWN, "", outgoing_last=True, failed=True, ended=True),
        _row(4, _PATIENT, "Livret d’accueil", outgoing_last=True),
    ]  # fmt: skip


def _list(view: str = "inbox", **more: Any) -> dict[str, Any]:
    names = (("inbox", "Réception"), ("sent", "Envoyés"), ("trash", "Corbeille"), ("all", "Tout"))
    views = [{"label": label, "url": f"?view={name}", "shown": name == view} for name, label in names]
    filters = DeskFilter({}, pathways=[(UUID(int=9), "Prothèse de hanche")])
    return {
        "box": BOX, "view": view, "views": views, "counts": SimpleNamespace(unread=12, waiting=5, late=1, mine=3),
        "late": [], "late_more": 0, "page": ListPage([]), "filters": filters, "chips": [], "search": SearchForm(),
        "sought": "", "place": "", "since": _AT.isoformat(), "preparation": None,
    } | more  # fmt: skip


def _message(number: int, direction: str, author: str, **more: Any) -> dict[str, Any]:
    plain = {
        "kind": "message", "id": UUID(int=200 + number), "direction": direction, "author_name": author, "by_team": "",
        "from_patient": direction == "in", "verified": True, "recipients": (), "quoted_html": "", "attachments": [],
        "unread": False, "in_trash": False, "to_file": 0, "state": "", "state_at": None, "why": "", "withheld": False,
        "at": timezone.now() - timedelta(hours=60 - number),
        "html": mark_safe("<p>Bonjour,</p><p>Votre opération est prévue le <strong>3 décembre</strong>.</p>"),
    }  # fmt: skip
    return plain | more


def _attachments() -> list[SimpleNamespace]:
    other = {"title": "Lettre de liaison (brouillon)", "at": _AT, "url": "/conversation"}
    mark = {"patient_url": "/patients", "patient_name": "Dominique PAT-TROIS", "filed": True, "replaces": [other],
            "replaced_by": other}  # fmt: skip
    plain = {"save": None, "in_record": False, "document_url": "", "download_url": "/telecharger", "date": None}
    return [
        SimpleNamespace(**plain | {"date": date(2026, 11, 20)}, name="IHE_XDM.zip", kind_label="Lettre de liaison",
                        size=88_000, view_url="/vue", picture_url="", is_clinical=True, author="Dr Paul NGUYEN",
                        title="Lettre de liaison à la sortie", mark=mark),
        SimpleNamespace(**plain, name="cicatrice.jpg", kind_label="JPEG", size=1_240_000, view_url="/vue", title="",
                        picture_url="/static/sample.png", is_clinical=False, author="", unscanned=True),
        SimpleNamespace(name="macro.docm", kind_label="Ce document contient des macros.", size=9_000),
    ]  # fmt: skip


def _items() -> list[dict[str, Any]]:
    team = "Mme Julie LEMAIRE"
    states = (("read", ""), ("queued", ""), ("failed", "Cette personne ne veut pas qu’on lui écrive ainsi."))
    return [
        *(_message(number, "out", team, by_team=team, state=state, why=why, state_at=_AT, recipients=("Dominique",))
          for number, (state, why) in enumerate(states)),
        {"kind": "event", "id": UUID(int=301), "at": _AT, "sentence": "Accusé : le message a été ouvert", "text": ""},
        {"kind": "event", "id": UUID(int=302), "at": _AT, "sentence": "Réponse automatique", "text": "Absente."},
        _message(5, "in", "Dominique PAT-TROIS", attachments=_attachments(), unread=True, latest=True, to_file=2,
                 quoted_html=mark_safe("<p>Votre opération est prévue le 3 décembre.</p>")),
        {"kind": "note", "id": UUID(int=303), "at": _AT, "author_name": team, "mine": False,
         "text": "Vue par le Dr Vasseur : la rappeler demain."},
        _message(6, "in", "Dominique PAT-TROIS", html="", withheld=True, in_trash=True),
        _message(7, "in", "secretariat@cabinet.test", from_patient=False, verified=False, recipients=("a", "b")),
    ]  # fmt: skip


def _thread(person: dict[str, Any], **more: Any) -> SimpleNamespace:
    plain = {
        "id": _THREAD, "subject": "Ma cicatrice est rouge depuis hier soir", "person": person, "people": [person],
        "started_at": _AT, "last_at": _AT, "waiting": "3 jours", "late": True, "ended_at": None, "mine": False,
        "taken_by": "Mme Julie LEMAIRE", "taken_at": _AT, "pathway": "Prothèse de hanche", "in_trash": False,
        "earlier": 12, "away": "", "readers": [{"name": "Mme Julie LEMAIRE", "at": _AT, "me": False},
                                                {"name": "Dr Claire VASSEUR", "at": _AT, "me": True}],
    }  # fmt: skip
    return SimpleNamespace(**plain | more)


_REPLIES = [
    SimpleNamespace(id=UUID(int=401), title="Documents à apporter", text="Bonjour,\nMerci d’apporter votre carte.",
                    updated_by_name="Mme Julie LEMAIRE", updated_at=_AT)
]  # fmt: skip


def _conversation(person: dict[str, Any], bound: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    """Somebody else looks after it, and something is wrong with the answer when there is one in ``bound``."""
    form = DeskAnswerForm(bound, patient=person["patient"], several=not person["patient"])
    if bound is not None:
        form.add_error("text", "Écrivez quelque chose.")
    return {
        "box": BOX, "thread": _thread(person, people=[person, person]), "items": _items(), "form": form,
        "answer_to": ("amina.belkacem@medecin.mssante.test",), "cannot_answer": "", "replies": _REPLIES,
        "insert": InsertForm([("1", "Documents à apporter")]), "note": NoteForm(), "meanwhile": None,
        "hand_over": HandOverForm([("99700218938", "Mme Julie LEMAIRE")]), "budget": 20_000_000,
        "place": "unread=on", "list_url": "/bureau/", "begun": None, "resumed": False, "answering": [],
    } | more  # fmt: skip


def contexts() -> list[tuple[str, str, dict[str, Any], str]]:
    """Each page: its name, its template, its context, its address."""
    full = _list(
        late=_late(),
        late_more=4,
        page=ListPage(_rows(), "?before=2"),
        chips=[{"words": "Non lus seulement", "url": "?"}],
        preparation=SimpleNamespace(done=3_200, total=50_000),
    )
    meanwhile = SimpleNamespace(author_name="Mme Julie LEMAIRE", at=_AT, text="Venez demain à 9 h.")
    note = NoteForm({"note": ""})
    tokens = {"token": str(_THREAD)}
    begun = {
        "begun": SimpleNamespace(content=SimpleNamespace(text="Bonjour,\nvenez demain"), saved_at=_AT), "resumed": True,
        "answering": [SimpleNamespace(name=name, at=_AT) for name in ("Mme Julie LEMAIRE", "Dr Hélène VASSEUR")],
    }  # fmt: skip
    ended = _thread(_PATIENT, ended_at=_AT, waiting="", taken_by="", mine=False, in_trash=True, readers=[])
    mine = _thread(_COLLEAGUE, mine=True, late=False, away="Cette boîte est fermée.", pathway="", earlier=0)
    printed = {"thread": _thread(_PATIENT), "items": _items(), "mailbox": _MAILBOX, "printed_by": "Dr Claire VASSEUR"}
    replies = {"box": BOX, "replies": _REPLIES, "changed": None, "form": ReplyForm()}
    confirm = {
        "frame": "web/desk/base.html", "title": "Terminer tous les échanges ?", "text": "La patiente est prévenue.",
        "action_url": "/fin", "hidden": {"token": "1"}, "cancel_url": "/", "confirm_label": "Terminer", "danger": True,
    }  # fmt: skip
    return [
        ("inbox", "desk/inbox", full, "desk_inbox"),
        ("inbox-empty", "desk/inbox", _list(), "desk_inbox"),
        ("inbox-trash", "desk/inbox", _list("trash", page=ListPage(_rows()[:1])), "desk_inbox"),
        ("inbox-nothing", "desk/inbox", _list("all", sought="lemaire", filters=DeskFilter({"since": "x"})), ""),
        ("thread", "desk/thread", _conversation(_PATIENT), "desk_thread"),
        ("thread-wrong", "desk/thread", _conversation(_PATIENT, tokens), "desk_thread"),
        ("thread-note", "desk/thread", _conversation(_PATIENT, note=note), "desk_thread"),
        ("thread-meanwhile", "desk/thread", _conversation(_COLLEAGUE, meanwhile=meanwhile), "desk_thread"),
        ("thread-begun", "desk/thread", _conversation(_PATIENT, **begun), "desk_thread"),
        ("thread-begun-closed", "desk/thread", _conversation(_COLLEAGUE, form=None, **begun), "desk_thread"),
        ("thread-ended", "desk/thread", _conversation(_PATIENT, thread=ended, insert=None), "desk_thread"),
        ("thread-closed", "desk/thread", _conversation(_COLLEAGUE, thread=mine, form=None), "desk_thread"),
        ("print", "desk/print", printed | {"back_url": "/"}, "desk_print"),
        ("replies", "desk/replies", replies, "desk_replies"),
        ("replies-none", "desk/replies", replies | {"replies": []}, "desk_replies"),
        ("replies-wrong", "desk/replies", replies | {"changed": _REPLIES[0], "form": ReplyForm({})}, "desk_replies"),
        ("keys", "desk/keys", {"box": BOX, "groups": KEYS, "off": False}, "desk_keys"),
        ("keys-off", "desk/keys", {"box": BOX, "groups": KEYS, "off": True}, "desk_keys"),
        ("confirm", "confirm", confirm, "desk_end"),
    ]
