"""Every page of the portal with made-up people in it: what the tests of the templates render.

Claire Martin, who was operated on, writes with a surgery ward; all names and letters are invented.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from django import forms
from django.contrib.messages.storage.base import Message as Notice
from django.http import HttpRequest
from django.template.loader import get_template
from django.test import RequestFactory
from django.urls import resolve
from django.utils import timezone, translation
from django.utils.safestring import mark_safe
from web_gallery_console import contexts as console_contexts
from web_gallery_desk import contexts as desk_contexts
from web_gallery_desk_find import AT_DESK
from web_gallery_desk_find import contexts as desk_find_contexts
from web_gallery_holder import contexts as holder_contexts
from web_gallery_holder import conversation_extras
from web_gallery_pathways import contexts as pathway_contexts
from web_gallery_profile import contexts as profile_contexts
from web_gallery_writing import contexts as writing_contexts

from carnet.domain.notifications.push import Device
from carnet.interfaces.web.forms import (
    ActivationForm,
    ActivationRequestForm,
    ActivityFilter,
    AnswerForm,
    DocumentFilter,
    DocumentForm,
    SettingsForm,
)
from carnet.interfaces.web.rows import Page as ListPage

CONVERSATION = UUID(int=7)
NOTED = datetime(2026, 3, 1, tzinfo=UTC)


class Login(forms.Form):
    login = forms.CharField(label="Username", widget=forms.TextInput(attrs={"placeholder": "Username"}))
    password = forms.CharField(label="Password", widget=forms.PasswordInput)


class Code(forms.Form):
    code = forms.CharField(label="Code", widget=forms.TextInput(attrs={"autocomplete": "one-time-code"}))


class PasswordChange(forms.Form):
    oldpassword = forms.CharField(label="Current", widget=forms.PasswordInput)
    password1 = forms.CharField(label="New", widget=forms.PasswordInput)
    password2 = forms.CharField(label="Again", widget=forms.PasswordInput)


@dataclass(frozen=True)
class Page:
    """One page of the gallery: its template, what it shows, who sees it and where."""

    name: str
    template: str
    context: dict[str, Any]
    url_name: str = ""
    signed_in: bool = True


def _ago(**past: float) -> datetime:
    return timezone.now() - timedelta(**past)


def _conversations() -> list[dict[str, Any]]:
    ward = {"sender_name": "CHU du Val-Fleuri – Chirurgie digestive", "verified": True, "domain": "chu-vf.mssante.fr"}
    url = f"/messages/{CONVERSATION}/"
    row = dict
    return [
        row(
            **ward,
            url=url,
            subject="Votre opération du 3 décembre : ce qu’il faut préparer",
            last_at=_ago(minutes=3),
            unread=True,
            receipt_due=True,
            has_draft=True,
            has_attachments=True,
            ended=False,
            direction_last="in",
        ),
        row(
            sender_name="Dr Amina BELKACEM",
            verified=True,
            domain="medecin.mssante.fr",
            url=url,
            subject="Résultats de votre prise de sang",
            last_at=_ago(days=1),
            unread=True,
            has_attachments=False,
            ended=False,
            direction_last="in",
        ),
        row(
            sender_name="Secrétariat",
            verified=False,
            domain="cabinet-des-tilleuls.mssante.fr",
            url=url,
            subject="",
            last_at=_ago(days=12),
            unread=False,
            has_attachments=False,
            ended=False,
            direction_last="out",
        ),
        row(
            sender_name="Clinique Les-Trois-Rivières – Anesthésie et réanimation chirurgicale ambulatoire",
            verified=True,
            domain="c3r.mssante.fr",
            url=url,
            last_at=datetime(2025, 2, 1, 9, 5, tzinfo=UTC),
            subject="Consultation d’anesthésie",
            unread=False,
            has_attachments=True,
            ended=True,
            direction_last="in",
        ),
    ]


def _documents() -> list[dict[str, Any]]:
    row = dict
    return [
        row(
            url="/documents/00000000-0000-0000-0000-000000000001/",
            title="Compte rendu opératoire",
            type_label="CR opératoire",
            category_label="Comptes rendus",
            author="Dr Paul NGUYEN, chirurgien",
            date=date(2026, 11, 20),
            added_at=_ago(hours=2),
            mime="application/pdf",
            size=340_000,
            is_new=True,
            replaced=False,
            source="Déposé par l’hôpital",
        ),
        row(
            url="/documents/00000000-0000-0000-0000-000000000002/",
            title="Bilan sanguin",
            type_label="CR de biologie",
            category_label="Biologie",
            author="Laboratoire du Parc",
            date=date(2026, 3, 1),
            added_at=_ago(days=80),
            mime="text/xml",
            size=52_000,
            is_new=False,
            replaced=True,
            source="Déposé par le laboratoire",
        ),
        row(
            url="/documents/00000000-0000-0000-0000-000000000003/",
            title="Photo_de_ma_cicatrice_2026-11-21_18h30.jpg",
            type_label="Document du patient",
            category_label="Autres documents",
            author="",
            date=date(2026, 11, 21),
            added_at=_ago(days=2),
            mime="image/jpeg",
            size=2_140_000,
            is_new=False,
            replaced=False,
            source="Par vous",
        ),
    ]


def _events() -> list[dict[str, Any]]:
    row = dict
    return [
        row(when=_ago(minutes=1), who="Vous", who_kind_label="Titulaire", what="S’est connecté à son espace.",
            allowed=True, reason=""),
        row(when=_ago(hours=2), who="CHU du Val-Fleuri", who_kind_label="Établissement",
            what="A déposé « Compte rendu opératoire ».", allowed=True, reason=""),
        row(when=_ago(days=1), who="Dr Hugo LEFEBVRE", who_kind_label="Professionnel de santé",
            what="A voulu lire « Bilan sanguin ».", allowed=False, reason="Vous ne l’y avez pas autorisé."),
        row(when=_ago(days=9), who="Carnet", who_kind_label="Système", what="A ouvert votre espace.", allowed=True,
            reason=""),
    ]  # fmt: skip


def _attachments() -> list[SimpleNamespace]:
    row = SimpleNamespace
    return [
        row(name="IHE_XDM.zip", kind_label="Document médical", size=88_000, view_url="/vue", is_clinical=True,
            download_url="/telecharger", save=SimpleNamespace(url="/garder", label=""), in_record=False,
            title="Lettre de liaison à la sortie", author="Dr Paul NGUYEN", date=date(2026, 11, 20)),
        row(name="consignes_avant_operation.pdf", kind_label="PDF", size=1_240_000, view_url="/vue",
            download_url="/telecharger", save=None, in_record=True, document_url="/documents/1", is_clinical=False,
            title="", author="", date=None),
        row(name="questionnaire.doc", kind_label="Texte", size=34_500, view_url=None, download_url="/telecharger",
            save=None, in_record=False, document_url="", is_clinical=False, title="", author="", date=None),
        row(name="IHE_XDM.zip", kind_label="Cette archive est abîmée.", size=9_000),
    ]  # fmt: skip


_LETTER = mark_safe(
    "<p>Bonjour Madame Martin,</p>"
    "<p>Votre opération est prévue le <strong>3 décembre</strong>. Venez à jeun, avec :</p>"
    "<ul><li>votre carte Vitale ;</li><li>vos ordonnances en cours.</li></ul>"
    "<table><caption>Horaires</caption><tr><th scope='col'>Étape</th><th scope='col'>Heure</th></tr>"
    "<tr><td>Accueil, bâtiment C</td><td>7 h 30</td></tr></table><p>Bien à vous,<br>L’équipe de chirurgie</p>"
)


def _drafts() -> list[dict[str, Any]]:
    begun = {"url": "/messages/brouillons/1/", "recipient": "", "subject": "", "saved_at": _ago(hours=2)}
    return [begun | {"beginning": "Bonjour, j’ai une question", "files": 1}]


def _messages() -> list[SimpleNamespace]:
    row = SimpleNamespace
    ward = "CHU du Val-Fleuri – Chirurgie digestive"
    return [
        row(id=UUID(int=1), direction="in", author_name=ward, verified=True, at=_ago(days=3), html=_LETTER,
            quoted_html="", attachments=_attachments(), delivery="", withheld=False, save_all_url="/tout/"),
        row(id=UUID(int=2), direction="out", author_name="Claire Martin", verified=True, at=_ago(days=2),
            html=mark_safe("<p>Merci. Dois-je arrêter mon traitement avant ?</p>"),
            quoted_html=mark_safe("<p>Votre opération est prévue le 3 décembre.</p>"), attachments=[],
            delivery="sent", withheld=False),
        row(id=UUID(int=3), direction="out", author_name="Claire Martin", verified=True, at=_ago(days=1),
            html=mark_safe("<p>Voici aussi mon ordonnance.</p>"), quoted_html="", attachments=_attachments()[2:3],
            delivery="failed", withheld=False),
        row(id=UUID(int=4), direction="in", author_name=ward, verified=False, at=_ago(hours=1), html="",
            quoted_html="", attachments=[], delivery="", withheld=True),
    ]  # fmt: skip


def _conversation(state: str) -> dict[str, Any]:
    return {
        "conversation": SimpleNamespace(
            id=CONVERSATION, subject="Votre opération du 3 décembre",
            sender_name="CHU du Val-Fleuri – Chirurgie digestive", verified=state == "open", domain="chu-vf.mssante.fr",
            state=state, trash_url="/corbeille",
            ended_by="Dr Paul NGUYEN" if state == "ended" else "", ended_at=_ago(days=1) if state == "ended" else None,
        ),
        "messages": _messages(),
        "form": AnswerForm() if state == "open" else None,
        "receipt_notice": state == "open",
        **conversation_extras(state),
    }  # fmt: skip


def _document(view: str, html: str = "", frame_url: str = "") -> dict[str, Any]:
    row = _documents()[0] | {"replaced": view == "cda"}
    row |= {"newer_url": "/documents/00000000-0000-0000-0000-000000000009/" if view == "cda" else ""}
    versions = [
        {"url": "/documents/9", "version": 2, "added_at": _ago(days=1), "current": True, "shown": False},
        {"url": "/documents/1", "version": 1, "added_at": _ago(days=9), "current": False, "shown": True},
    ]
    return {
        "document": SimpleNamespace(
            **row, view=view, html=mark_safe(html), frame_url=frame_url, download_url="/telecharger",
            versions=versions if view == "cda" else [],
        )
    }  # fmt: skip


def _pdf(*texts: str) -> dict[str, Any]:
    context = _document("pages", frame_url="/static/sample.pdf")
    document = context["document"]
    document.pages = [
        {"number": number, "url": "/static/sample.png", "width": 1240, "height": 1754, "text": text}
        for number, text in enumerate(texts, 1)
    ]
    document.page_count, document.has_text = 24, any(texts)
    return context


_CDA = (
    "<h2>Motif</h2><p>Hernie inguinale droite.</p><h2>Biologie</h2><table><caption>Résultats</caption><tr>"
    + "".join(f"<th scope='col'>{name}</th>" for name in ("Examen", "Résultat", "Unité", "Valeurs usuelles", "Date"))
    + "</tr><tr><td>Hémoglobine</td><td>13,2</td><td>g/dL</td><td>12,0 – 16,0</td><td>20/11/2026</td></tr></table>"
)


def _page(rows: list[Any]) -> ListPage:
    return ListPage(rows, "?before=2" if rows else "", "")


@cache
def pages() -> list[Page]:
    """Every page, in its states: full, empty, with errors."""
    confirm = {
        "title": "Supprimer ce brouillon ?", "text": "Son texte et ses fichiers seront supprimés.",
        "action_url": "/brouillon", "confirm_label": "Supprimer", "cancel_url": "/messages/", "danger": True,
    }  # fmt: skip
    home = {"holder_name": "Claire", "unread": _conversations()[:2], "recent_documents": _documents()}
    wrong_login = Login({"login": "", "password": ""})
    wrong_login.add_error(None, "L’identifiant ou le mot de passe n’est pas le bon.")
    errors = ("not-found", "forbidden", "form-expired", "server", "too-large", "refused")
    return [
        Page("welcome", "web/welcome.html", {}, "welcome", signed_in=False),
        Page("login", "account/login.html", {"form": Login()}, "account_login", signed_in=False),
        Page("login-wrong", "account/login.html", {"form": wrong_login}, "account_login", signed_in=False),
        Page("login-code", "account/confirm_login_code.html", {"form": Code(), "can_resend": True}, signed_in=False),
        Page("logout", "account/logout.html", {}, "account_logout"),
        Page("inactive", "account/account_inactive.html", {}, signed_in=False),
        Page("password", "account/password_change.html", {"form": PasswordChange()}, "account_change_password"),
        Page("activate", "web/activate_request.html", {"form": ActivationRequestForm()}, "activate", signed_in=False),
        Page("activate-wrong", "web/activate_request.html", {"form": ActivationRequestForm({"ins": "1"})},
             signed_in=False),
        Page("activate-sent", "web/activate_sent.html", {}, signed_in=False),
        Page("activate-code", "web/activate_code.html", {"form": ActivationForm()},
             "activate_code", signed_in=False),
        Page("activate-code-wrong", "web/activate_code.html", {"form": ActivationForm({})}, signed_in=False),
        Page("home", "web/home.html", home | {"last_events": _events()}, "home"),
        Page("home-empty", "web/home.html", {"holder_name": "Claire", "nav": {}}, "home"),
        Page("messages", "web/messages.html", {"page": _page(_conversations()), "total": 31, "drafts": _drafts(),
                                                "has_trash": True}, "messages"),
        Page("messages-empty", "web/messages.html", {"page": _page([]), "total": 0, "nav": {}}, "messages"),
        Page("messages-in-trash", "web/messages.html", {"page": _page([]), "has_trash": True, "nav": {}}, "messages"),
        Page("conversation", "web/conversation.html", _conversation("open"), "conversation"),
        Page("conversation-ended", "web/conversation.html", _conversation("ended"), "conversation"),
        Page("conversation-no-reply", "web/conversation.html", _conversation("no-reply"), "conversation"),
        Page("confirm", "web/confirm.html", confirm, "conversation"),
        Page("documents", "web/documents.html", {"page": _page(_documents()), "filters": DocumentFilter({})},
             "documents"),
        Page("documents-empty", "web/documents.html", {"page": _page([]), "filters": DocumentFilter()}, "documents"),
        Page("documents-none-here", "web/documents.html",
             {"page": _page([]), "filters": DocumentFilter({"category": "BIOLOGIE"})}, "documents"),
        Page("document-pdf", "web/document.html", _pdf("Bonjour,\nvoici le compte rendu.", ""), "document"),
        Page("document-scan", "web/document.html", _pdf("", ""), "document"),
        Page("document-image", "web/document.html", _document("image", frame_url="/static/sample.png"), "document"),
        Page("document-cda", "web/document.html", _document("cda", _CDA), "document"),
        Page("document-text", "web/document.html", _document("text", "<pre>Bonjour,\nvoici.</pre>"), "document"),
        Page("document-none", "web/document.html", _document("none"), "document"),
        Page("document-add", "web/document_add.html", {"form": DocumentForm()}, "document_add"),
        Page("document-add-wrong", "web/document_add.html", {"form": DocumentForm({}, {})}, "document_add"),
        Page("activity", "web/activity.html", {"page": _page(_events()), "filters": ActivityFilter()}, "activity"),
        Page("activity-empty", "web/activity.html", {"page": _page([]), "filters": ActivityFilter()}, "activity"),
        Page("settings", "web/settings.html",
             {"form": SettingsForm({"language": "fr"}), "email": "claire@exemple.fr", "login": "claire",
              "push_key": "BCVxsr7N", "devices": [Device(UUID(int=9), "Firefox, Android", NOTED, None)]}, "settings"),
        Page("accessibility", "web/accessibility.html", {}, signed_in=False),
        Page("legal", "web/legal.html", {}, signed_in=False),
        Page("help", "web/help.html", {}, "help"),
        *(Page(f"error-{kind}", "web/error.html", {"kind": kind}, signed_in=kind != "form-expired") for kind in errors),
        *(Page(f"console-{name}", f"web/console/{template}.html", context, where)
          for name, template, context, where in console_contexts()),
        *(Page(f"desk-{name}", f"web/{template}.html", context, where)
          for name, template, context, where in desk_contexts()),
        *(Page(f"desk-{name}", f"web/{template}.html", context, where)
          for name, template, context, where in writing_contexts()),
        *(Page(f"desk-{name}", f"web/{template}.html", context, where, signed_in="refused" not in name)
          for name, template, context, where in desk_find_contexts()),
        *(Page(name, f"web/{template}.html", context, where)
          for name, template, context, where in profile_contexts()),
        *(Page(name, f"web/{template}.html", context, where)
          for name, template, context, where in holder_contexts()),
        *(Page(f"desk-{name}", f"web/desk/{template}.html", context, where)
          for name, template, context, where in pathway_contexts()),
    ]  # fmt: skip


def _request(page: Page) -> HttpRequest:
    path = "/"
    request = RequestFactory().get(path)
    request.user = SimpleNamespace(is_authenticated=page.signed_in)  # type: ignore[assignment]
    request._messages = [Notice(25, "C’est enregistré.")] if page.name == "settings" else []  # type: ignore[attr-defined]
    request.resolver_match = resolve(path)
    request.resolver_match.url_name = page.url_name
    if page.name.startswith("desk-") and page.url_name != "desk":
        request.at_desk = AT_DESK  # type: ignore[attr-defined]
    return request


def draw(page: Page, language: str = "fr") -> str:
    """The page's HTML in one language, in demo mode, with two messages to read and one new document."""
    counts = {"unread_messages": 2, "new_documents": 1}
    shared = {"demo": True, "nav": counts, "redirect_field": "", "closure_told": None}
    request = _request(page)
    with translation.override(language):
        context = shared | {"user": request.user} | page.context
        return get_template(page.template).render(context, request)
