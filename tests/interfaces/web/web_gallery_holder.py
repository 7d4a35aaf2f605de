"""The pages on which a holder writes, chooses whom to write to and searches, with made-up people, for the gallery."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.utils import timezone

from carnet.domain.messaging.commands.drafts import Conflict
from carnet.domain.messaging.draft_content import DraftContent
from carnet.domain.messaging.wanted_words import Wanted, excerpt_of
from carnet.interfaces.web.forms import AnswerForm, MessageSearchForm, NewMessageForm, PharmacySearchForm
from carnet.interfaces.web.rows import Page as ListPage
from carnet.interfaces.web.writing import budget_words

CONVERSATION = UUID(int=7)
DRAFT = UUID(int=70)
WARD = {
    "id": UUID(int=8), "name": "CHU du Val-Fleuri – Chirurgie digestive", "verified": True, "domain": "chu.mssante.fr",
    "is_pharmacy": False, "delay": "Répond d’habitude en moins de 2 jours", "warnings": [], "why_not": "",
}  # fmt: skip
_AWAY = WARD | {"name": "Dr Amina BELKACEM", "delay": "", "warnings": ["Absence jusqu’au 3 décembre 2026."]}
_ENDED = WARD | {"name": "Secrétariat", "why_not": "Ce correspondant a mis fin à vos échanges."}
_PHARMACY = WARD | {
    "name": "Pharmacie des Tilleuls",
    "place": "12 rue des Tilleuls 51300 Saint-Aubin",
    "is_pharmacy": True,
}
_FILES = [
    {"id": UUID(int=1), "name": "IMG_20261122_091502_cicatrice_cote_gauche.jpg", "kind": "JPEG", "size": 2_100_000,
     "size_words": "2,1 Mo"},
    {"id": UUID(int=2), "name": "ordonnance.pdf", "kind": "PDF", "size": 90_000, "size_words": "90 Ko"},
]  # fmt: skip


def _ago(**past: float) -> datetime:
    return timezone.now() - timedelta(**past)


def a_writing(form: AnswerForm | None = None, **changes: Any) -> dict[str, Any]:
    """What the form of writing shows; an answer unless told otherwise."""
    return {
        "form": form or AnswerForm(),
        "action": "/envoyer/",
        "draft_id": DRAFT,
        "version": 0,
        "writer": "page",
        "conversation_id": CONVERSATION,
        "is_kept": False,
        "saved_at": None,
        "files": [],
        "used": 0,
        "left": 18_000_000,
        "budget": 18_000_000,
        "budget_words": budget_words(0),
        "conflict": None,
        "others": (),
        **changes,
    }


def _new(form: NewMessageForm, **changes: Any) -> dict[str, Any]:
    writing = a_writing(form, conversation_id=None, **changes)
    return {"writing": writing, "form": form}


def _people() -> list[tuple[str, str]]:
    return [(str(WARD["id"]), f"{WARD['name']} – répond d’habitude en moins de 2 jours")]


def _in_conflict() -> dict[str, Any]:
    form = AnswerForm(initial={"text": "Ce que j’ai écrit sur mon téléphone."})
    form.errors.setdefault("__all__", form.error_class()).append("Ce brouillon a été modifié sur une autre page.")
    other = Conflict(DRAFT, 4, DraftContent(text="Ce que j’ai écrit sur l’ordinateur.\nEt la suite."))
    return a_writing(form, conflict=other, is_kept=True, saved_at=_ago(minutes=5), others=("Dr Paul NGUYEN",))


def _kept() -> dict[str, Any]:
    kept = {"is_kept": True, "saved_at": _ago(minutes=1), "files": _FILES, "budget_words": budget_words(2_190_000)}
    return _new(NewMessageForm(_people(), initial={"text": "Bonjour,"}), to=_PHARMACY, pharmacy=UUID(int=9), **kept)


def _hits() -> dict[str, Any]:
    wanted = Wanted.of("operation")
    text = "Bonjour, voici les consignes avant votre opération du 3 décembre. " * 6
    hit = {
        "url": f"/messages/{CONVERSATION}/#message-1", "name": WARD["name"], "at": _ago(days=2), "direction": "in",
        "subject": excerpt_of("Votre opération", wanted, whole=True).parts, "excerpt": excerpt_of(text, wanted).parts,
        "files": [excerpt_of("compte_rendu_operation.pdf", wanted, whole=True).parts],
    }  # fmt: skip
    mine = hit | {"direction": "out", "files": [], "subject": ()}
    return {"hits": [hit, mine], "looked_at": 5_000, "next_before": "2026-01-01T00:00:00+00:00_x"}


def _thrown_away() -> list[dict[str, Any]]:
    row = {
        "put_back_url": "/remise/", "sender_name": WARD["name"], "verified": True, "domain": WARD["domain"],
        "subject": "Votre opération du 3 décembre : ce qu’il faut préparer", "last_at": _ago(days=40),
        "trashed_at": _ago(minutes=5),
    }  # fmt: skip
    other = {"sender_name": "Secrétariat", "verified": False, "domain": "cabinet.mssante.fr", "subject": ""}
    return [row, row | other | {"trashed_at": _ago(days=9)}]


def contexts() -> list[tuple[str, str, dict[str, Any], str]]:
    """Name, template, context and address of each page."""
    nothing = NewMessageForm(_people())
    nothing.errors.setdefault("subject", nothing.error_class()).append("Dites en quelques mots de quoi il s’agit.")
    documents = [
        {"id": UUID(int=3), "title": "Compte rendu d’hospitalisation", "type_label": "CR d’hospitalisation",
         "author": "Dr Paul NGUYEN", "date": _ago(days=4), "size": 320_000},
    ]  # fmt: skip
    pharmacies = [{"id": UUID(int=9), "name": "Pharmacie des Tilleuls", "place": "51300 Saint-Aubin", "delay": ""}]
    saved = [
        {"name": "lettre.pdf", "url": "/documents/1/", "was_there": False, "reason": ""},
        {"name": "photo.jpg", "url": "/documents/2/", "was_there": True, "reason": ""},
        {"name": "film.mov", "url": "", "was_there": False, "reason": "Ce type de fichier n’est pas accepté."},
    ]
    searched = MessageSearchForm({"text": "opération"})
    to_trash = {
        "title": "Mettre cette conversation à la corbeille ?", "text": "Vous pourrez l’en ressortir.",
        "goes": ["La conversation « Votre opération » avec le CHU", "2 messages", "1 pièce jointe : consignes.pdf"],
        "action_url": "/corbeille/", "confirm_label": "Mettre à la corbeille", "cancel_url": "/messages/",
    }  # fmt: skip
    return [
        ("new-message", "new_message", _new(NewMessageForm(_people())), "new_message"),
        ("new-message-wrong", "new_message", _new(nothing), "new_message"),
        ("new-message-nobody", "new_message", _new(NewMessageForm([]), nobody=True), "new_message"),
        ("new-message-away", "new_message", _new(NewMessageForm(_people()), to=_AWAY), "new_message"),
        ("draft-pharmacy", "new_message", _kept(), "draft"),
        ("receipt", "receipt", {"sender_name": WARD["name"], "subject": "", "open_url": "/ouvrir/"}, "conversation"),
        ("contacts", "contacts", {"writable": [WARD, _AWAY, _PHARMACY], "others": [_ENDED]}, "contacts"),
        ("contacts-none", "contacts", {"writable": [], "others": []}, "contacts"),
        ("pharmacies", "pharmacies", {"form": PharmacySearchForm({"text": "tilleuls"}), "known": pharmacies,
                                      "found": pharmacies, "searched": True}, "pharmacies"),
        ("pharmacies-none", "pharmacies", {"form": PharmacySearchForm({}), "known": [], "found": [],
                                           "searched": False}, "pharmacies"),
        ("draft-documents", "draft_documents", {"page": ListPage(documents, "?before=x"), "back_url": "/retour/",
                                                "action_url": "/ajouter/", "budget_words": budget_words(0)},
         "draft_documents"),
        ("attachments-saved", "attachments_saved", {"saved": saved, "back_url": "/retour/"}, "attachments_save"),
        ("conversation-trash", "confirm", to_trash, "conversation_trash"),
        ("trash", "trash", {"page": ListPage(_thrown_away(), "?before=x")}, "trash"),
        ("trash-empty", "trash", {"page": ListPage([])}, "trash"),
        ("message-search", "message_search", {"form": searched, "found": _hits()}, "message_search"),
        ("message-search-empty", "message_search", {"form": MessageSearchForm(), "found": None}, "message_search"),
    ]  # fmt: skip


def conversation_extras(state: str) -> dict[str, Any]:
    """What the page of a conversation shows around the answer, by the state of its gallery page."""
    return {
        "writing": _in_conflict() if state == "open" else None,
        "to": WARD,
        "unsent": {"id": DRAFT, "content": DraftContent(text="Encore une question.")} if state == "ended" else None,
    }
