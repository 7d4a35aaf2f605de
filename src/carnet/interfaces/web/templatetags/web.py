"""Tags and filters of the portal's templates: drawings, form fields, sizes, dates, the menu."""

import re
from collections.abc import Iterable
from datetime import date, datetime
from functools import cache
from importlib.resources import files
from itertools import groupby
from typing import Any

from django import template
from django.contrib.messages import get_messages
from django.forms import BoundField
from django.forms.widgets import CheckboxInput, FileInput
from django.template.context import Context
from django.utils import timezone
from django.utils.dateformat import format as format_date
from django.utils.formats import number_format
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language, gettext, gettext_lazy, ngettext

register = template.Library()

_ICONS = files("carnet.interfaces.web").joinpath("templates/web/icons")


# --- drawings -----------------------------------------------------------------------------------------------------
@cache
def _drawing(name: str) -> str:
    """The inside of a drawing's file, from its first attribute on. Raises ``FileNotFoundError`` for an unknown name."""
    return _ICONS.joinpath(f"{name}.svg").read_text("utf-8").strip().removeprefix("<svg ")


@register.simple_tag
def icon(name: str, css: str = "icon") -> SafeString:
    """A drawing in the page, beside words that say the same: hidden from screen readers."""
    return format_html(
        '<svg class="{}" aria-hidden="true" focusable="false" {}',
        css,
        mark_safe(_drawing(name)),  # noqa: S308 - our own drawings
    )


_ICON_OF_MEDIA_TYPE = {"application/pdf": "pdf", "text/xml": "report", "application/xml": "report"}
_ICON_OF_EXTENSION = {
    "pdf": "pdf",
    **dict.fromkeys(("jpg", "jpeg", "png", "tif", "tiff", "gif", "bmp", "webp", "heic"), "image"),
    **dict.fromkeys(("txt", "rtf", "doc", "docx", "odt"), "text"),
    **dict.fromkeys(("zip", "gz", "7z", "rar"), "archive"),
    "xml": "report",
}


@register.filter
def file_icon(named: str) -> str:
    """The name of the drawing for a media type (``image/png``) or, failing that, for a file name (``scan.pdf``)."""
    named = str(named or "").lower()
    if named in _ICON_OF_MEDIA_TYPE:
        return _ICON_OF_MEDIA_TYPE[named]
    if named.startswith("image/"):
        return "image"
    if named.startswith("text/") or named == "application/rtf":
        return "text"
    return _ICON_OF_EXTENSION.get(named.rpartition(".")[2], "file")


_JOINTS = re.compile(r"(?<=[_.\-@])(?=\w)")


@register.filter
def breakable(name: str) -> SafeString:
    """A name that may be a file's, with places where a line may end: ``compte_`` ``rendu.`` ``pdf``."""
    return mark_safe("<wbr>".join(escape(part) for part in _JOINTS.split(str(name or ""))))  # noqa: S308


@register.filter
def initials(name: str) -> str:
    """One or two letters for a name: ``CHU du Val-Fleuri`` gives CV, little words being left out."""
    words = [word for word in str(name or "").replace("-", " ").split() if word[0].isalpha()]
    capitals = [word for word in words if word[0].isupper()]
    return "".join(word[0].upper() for word in (capitals or words)[:2]) or "?"


# --- forms --------------------------------------------------------------------------------------------------------
@register.simple_tag
def relabel(bound: BoundField, label: str, explanation: str = "") -> str:
    """Gives a field that a library made our own words, before the form's errors and the field itself are shown."""
    bound.label = label
    bound.help_text = explanation
    return ""


@register.inclusion_tag("web/field.html")
def field(bound: BoundField, mark_optional: bool = True, **attributes: str) -> dict[str, Any]:
    """A form field with its label, its help and its errors, all tied together (WCAG 1.3.1, 3.3.1, 3.3.2, 4.1.2).

    Arguments become attributes of the control (``autocomplete="one-time-code"``), an underscore standing for a hyphen.
    Placeholders are dropped: they vanish when one types, and repeat the label.
    """
    described = []
    if bound.help_text:
        described.append(f"{bound.auto_id}_helptext")
    if bound.errors:
        described.append(f"{bound.auto_id}_error")
    given: dict[str, str | bool] = {name.replace("_", "-"): value for name, value in attributes.items()}
    given["placeholder"] = False
    if described and not bound.use_fieldset:
        given["aria-describedby"] = " ".join(described)
    widget = bound.field.widget
    kind = "text"
    if bound.use_fieldset:
        kind = "group"
    elif isinstance(widget, CheckboxInput):
        kind = "checkbox"
    elif isinstance(widget, FileInput):
        kind = "file"
    return {
        "field": bound,
        "kind": kind,
        "label": bound.label,
        "help": bound.help_text,
        "described": " ".join(described),
        "control": bound.as_widget(attrs=given),
        "optional": mark_optional and not bound.field.required and kind != "checkbox",
    }


# --- numbers ------------------------------------------------------------------------------------------------------
@register.filter
def file_size(size: int | None) -> str:
    """A size in bytes as people say it, in decimal units: ``340 Ko``, ``1,2 Mo``. Empty for an unknown size."""
    if not isinstance(size, int):
        return ""
    if size < 1000:
        return ngettext("%(number)s byte", "%(number)s bytes", size) % {"number": size}
    if size < 999_500:
        return gettext("%(number)s KB") % {"number": round(size / 1000)}
    number = number_format(round(size / 1_000_000, 1), 0 if size % 1_000_000 == 0 else 1)
    return gettext("%(number)s MB") % {"number": number}


# --- dates --------------------------------------------------------------------------------------------------------
def _local(at: datetime) -> datetime:
    return timezone.localtime(at) if timezone.is_aware(at) else at


def _clock(at: datetime) -> str:
    return gettext("%(hour)s:%(minute)s") % {"hour": at.hour, "minute": f"{at.minute:02}"}


def _day(day: date, with_year: bool = True) -> str:
    number = "1er" if day.day == 1 and (get_language() or "").startswith("fr") else str(day.day)
    return f"{number} {format_date(day, 'F Y' if with_year else 'F')}"


def moment_in_words(at: datetime) -> str:
    """A moment for the end of a sentence: ``today at 14:05``."""
    return _words(at, "short")


def day_in_words(day: date) -> str:
    """A day for the middle of a sentence: ``3 March 2026``."""
    return _day(day)


@register.filter
def day_words(day: date | datetime | None) -> str:
    """A day in full: ``mardi 3 mars 2026``, with ``aujourd’hui`` and ``hier`` for the last two."""
    if day is None:
        return ""
    day = _local(day).date() if isinstance(day, datetime) else day
    ago = (timezone.localdate() - day).days
    words = gettext("%(weekday)s %(day)s") % {"weekday": format_date(day, "l"), "day": _day(day)}
    if ago == 0:
        return gettext("Today, %(day)s") % {"day": words}
    if ago == 1:
        return gettext("Yesterday, %(day)s") % {"day": words}
    return words[:1].upper() + words[1:]


def _words(at: date | datetime, style: str) -> str:
    if not isinstance(at, datetime):
        return _day(at)
    at = _local(at)
    if style == "day":
        return _day(at.date())
    if style == "clock":
        return _clock(at)
    if style == "full":
        weekday = gettext("%(weekday)s %(day)s") % {"weekday": format_date(at, "l"), "day": _day(at.date())}
        return gettext("%(day)s at %(clock)s") % {"day": weekday, "clock": _clock(at)}
    today = timezone.localdate()
    ago = (today - at.date()).days
    if ago == 0:
        return gettext("today at %(clock)s") % {"clock": _clock(at)}
    if ago == 1:
        return gettext("yesterday at %(clock)s") % {"clock": _clock(at)}
    return _day(at.date(), with_year=at.year != today.year)


@register.simple_tag
def when(at: date | datetime | str | None, style: str = "short") -> SafeString:
    """A date or a moment as a ``<time>``; a text as it is; nothing for an unknown one.

    Styles: ``short`` (today at 14:05, yesterday at 9:00, 3 March, 3 March 2024), ``day`` (3 March 2026), ``full``
    (Tuesday 3 March 2026 at 14:05), ``clock`` (14:05). A plain date is always written as a day.
    """
    if not isinstance(at, date):
        return format_html("{}", at or "")
    machine = _local(at).isoformat(timespec="minutes") if isinstance(at, datetime) else at.isoformat()
    return format_html('<time datetime="{}">{}</time>', machine, _words(at, style))


@register.filter
def by_day(rows: Iterable[dict[str, Any]]) -> list[tuple[date, list[dict[str, Any]]]]:
    """Rows with a ``when``, in the order they come, in groups by local day."""
    return [(day, list(group)) for day, group in groupby(rows, key=lambda row: _local(row["when"]).date())]


# --- page ---------------------------------------------------------------------------------------------------------
_MENU = (
    (
        "home",
        "home",
        gettext_lazy("Home"),
        frozenset({"home", "profile", "profile_add", "profile_entry", "profile_remove"}),
    ),
    (
        "messages",
        "message",
        gettext_lazy("Messages"),
        frozenset(
            {"messages", "conversation", "conversation_answer", "conversation_trash", "new_message", "attachment"}
            | {"draft", "draft_delete", "draft_documents", "contacts", "pharmacies", "message_search"}
            | {"attachments_save", "trash"}
        ),
    ),
    (
        "documents",
        "document",
        gettext_lazy("Documents"),
        frozenset({"documents", "document", "document_add"}),
    ),
    ("activity", "activity", gettext_lazy("Activity"), frozenset({"activity"})),
    ("settings", "settings", gettext_lazy("Settings"), frozenset({"settings", "account_change_password"})),
)


_CONSOLE_MENU = (
    ("console", "home", gettext_lazy("Home"), frozenset({"console"})),
    ("console_trust", "lock", gettext_lazy("Trust"), frozenset({"console_trust", "console_trust_changes"})),
    (
        "console_queue",
        "send",
        gettext_lazy("Leaving"),
        frozenset({"console_queue", "console_queue_domain", "console_closures"}),
    ),
    ("console_mailboxes", "message", gettext_lazy("Boxes"), frozenset({"console_mailboxes", "console_mailbox"})),
    ("console_statistics", "activity", gettext_lazy("Figures"), frozenset({"console_statistics"})),
)

# On pages that are everyone's (help, what went wrong): the desk has its own menu in each mailbox.
_PROFESSIONAL_MENU = (("desk", "message", gettext_lazy("My mailboxes"), frozenset({"desk"})),)

_MENUS = {"administrator": _CONSOLE_MENU, "professional": _PROFESSIONAL_MENU}


@register.inclusion_tag("web/nav.html", takes_context=True)
def menu(context: Context) -> dict[str, Any]:
    """The main menu: which page is shown, and how much is new (``nav.unread_messages``, ``nav.new_documents``)."""
    request = context.get("request")
    match = getattr(request, "resolver_match", None)
    entries = _MENUS.get(getattr(getattr(request, "user", None), "role", ""), _MENU)
    here = match.url_name if match else ""
    counts = context.get("nav") or {}
    new = {"messages": counts.get("unread_messages", 0), "documents": counts.get("new_documents", 0)}
    return {
        "items": [
            {
                "url_name": url_name,
                "icon": drawing,
                "label": label,
                "current": ("page" if here == url_name else "true") if here in pages else "",
                "new": new.get(url_name, 0),
            }
            for url_name, drawing, label, pages in entries
        ]
    }


@register.simple_tag(takes_context=True)
def notices(context: Context) -> Any:
    """What the last act left to say, once. Read from the request, for pages call ``messages`` the mail they show."""
    request = context.get("request")
    return get_messages(request) if request else ()
