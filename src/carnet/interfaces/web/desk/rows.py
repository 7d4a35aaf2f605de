"""What the pages of the inbox and of a conversation show, made from what the desk's queries give."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.http import HttpRequest, QueryDict
from django.urls import reverse
from django.utils.translation import gettext as _

from carnet.domain.identity.values import Ins, InvalidIns
from carnet.domain.messaging.desk.filed import DocumentMark, Other, document_marks
from carnet.domain.messaging.desk.listing import ThreadRow
from carnet.domain.messaging.desk.shown import DeskShownMessage, Event, OpenedThread, ShownNote
from carnet.domain.messaging.desk.values import Correspondent
from carnet.domain.messaging.envelopes import KeptAttachment
from carnet.foundation.clamd import Verdict
from carnet.foundation.clock import now
from carnet.interfaces.web.desk.sentences import event_sentence, outcome_sentence, waited
from carnet.interfaces.web.desk.session import AtDesk
from carnet.interfaces.web.pieces import attachment_facts, bodies, is_withheld, url_path
from carnet.interfaces.web.sentences import subject_words

_PLACE = ("view", "waiting", "taken", "whom", "ended", "pathway", "since", "until", "unread", "documents", "of", "s")
_PLACE_LENGTH = 1_000
_ANSWERS = re.compile(r"^(?:\s*re\s{0,2}:\s*)+", re.IGNORECASE)
_PICTURES = frozenset({"image/png", "image/jpeg", "image/gif"})


def place_of(values: Mapping[str, str]) -> str:
    """Which list is shown, as the query of an address: the filters that are set, and nothing else of ``values``."""
    return urlencode({name: values[name][:_PLACE_LENGTH] for name in _PLACE if values.get(name)})


def back_place(request: HttpRequest) -> str:
    """The list that a conversation was opened from, as its address or its form tells."""
    told = request.POST.get("back") or request.GET.get("back") or ""
    return place_of(QueryDict(told[: 4 * _PLACE_LENGTH]).dict())


def inbox_url(who: AtDesk, place: str = "") -> str:
    """The list of a mailbox, with the filters of ``place``."""
    return reverse("desk_inbox", args=[who.mailbox.id]) + (f"?{place}" if place else "")


def thread_url(who: AtDesk, thread_id: UUID, place: str = "", anchor: str = "") -> str:
    """A conversation, with the list to go back to, at a place in its page."""
    query = f"?{urlencode({'back': place})}" if place else ""
    return reverse("desk_thread", args=[who.mailbox.id, thread_id]) + query + (f"#{anchor}" if anchor else "")


def person(one: Correspondent) -> dict[str, Any]:
    """Who is on the other side: for a patient the birth name, the first given name and the INS as on a card
    (ANS, Référentiel socle MSSanté #2, ECO.3.1.2)."""
    return {
        "name": _name(one),
        "patient": one.patient,
        "verified": one.verified,
        "address": one.address,
        "domain": one.domain,
        "birth_name": one.birth_name,
        "first_name": one.first_name,
        "used_name": one.used_name if one.used_name != one.birth_name else "",
        "birth_date": one.birth_date,
        "ins": _ins_words(one.ins),
        "others": one.others,
    }


def _subject(subject: str, other: Correspondent) -> str:
    """What a conversation is about: its subject without what mail software puts before it, and without the name of the
    person, which stands beside it."""
    return _ANSWERS.sub("", subject_words(subject, f"{other.name} {other.birth_name} {other.first_name}"))


def _name(one: Correspondent) -> str:
    known = f"{one.birth_name} {one.first_name}".strip() if one.patient else ""
    return known or one.name or one.address


def _ins_words(ins: str) -> str:
    try:
        return Ins.parse(ins).display if ins else ""
    except InvalidIns:
        return ins


def thread_row(row: ThreadRow, who: AtDesk, pathways: Mapping[UUID, str], place: str, at: datetime) -> dict[str, Any]:
    """A conversation in a list."""
    other = row.correspondent
    return {
        "id": row.id,
        "url": thread_url(who, row.id, place, "latest" if row.messages > 1 else ""),
        "person": person(other),
        "subject": _subject(row.subject, other),
        "last_at": row.last_at,
        "unread": row.unread,
        "waiting": waited(row.waiting_since, at) if row.waiting_since else "",
        "late": row.late,
        "documents": row.documents,
        "ended": row.ended,
        "mine": row.taken_by == who.rpps,
        "taken_by": row.taken_by_name if row.taken_by else "",
        "pathway": pathways.get(row.pathway_id, "") if row.pathway_id else "",
        "outgoing_last": row.outgoing_last,
        "failed": row.failed,
        "snippet": row.snippet,
        "messages": row.messages,
    }


def heading(opened: OpenedThread, who: AtDesk, pathways: Mapping[UUID, str]) -> dict[str, Any]:
    """A conversation's own facts: who with, about what, who looks after it, who waits since when."""
    at = now()
    other = opened.correspondent
    return {
        "id": opened.id,
        "subject": _subject(opened.subject, other),
        "person": person(other),
        "people": [person(one) for one in opened.people],
        "started_at": opened.started_at,
        "last_at": opened.last_at,
        "waiting": waited(opened.waiting_since, at) if opened.waiting_since else "",
        "late": opened.late,
        "ended_at": opened.ended_at,
        "mine": opened.taken_by == who.rpps,
        "taken_by": opened.taken_by_name if opened.taken_by else "",
        "taken_at": opened.taken_at,
        "pathway": pathways.get(opened.pathway_id, "") if opened.pathway_id else "",
        "in_trash": opened.in_trash,
        "earlier": opened.earlier,
        "readers": [
            {"name": one.name, "at": one.at, "me": one.rpps == who.rpps}
            for one in sorted(opened.readers, key=lambda one: one.at, reverse=True)
        ],
        "away": _away(opened),
    }


def _away(opened: OpenedThread) -> str:
    """What to know of the colleague's mailbox before writing to it."""
    box = opened.mailbox
    if box is None or opened.correspondent.patient:
        return ""
    if box.closed:
        return _("This mailbox is closed.")
    if not box.active:
        return _("This mailbox takes no mail for the moment.")
    if box.absent:
        return _("Nobody reads this mailbox for the moment: an automatic answer will say until when.")
    if box.closes_on:
        return _("This mailbox will soon be closed: look for another address.")
    return ""


def timeline(opened: OpenedThread, who: AtDesk) -> list[dict[str, Any]]:
    """Messages, internal notes and what was reported, the oldest first."""
    with_documents = [one.id for one in opened.messages if any(kept.is_document for kept in one.content.attachments)]
    marks = document_marks(who.mailbox.id, with_documents)
    items = [
        *(_message(one, opened, who, marks.get(one.id, ())) for one in opened.messages),
        *(_note(one, who) for one in opened.notes),
        *(_event(one) for one in opened.events),
    ]
    items.sort(key=lambda item: item["at"])
    _mark_latest(items)
    return items


def _mark_latest(items: Sequence[dict[str, Any]]) -> None:
    """The message that the page opens at: the first unread one, else the newest."""
    letters = [item for item in items if item["kind"] == "message"]
    unread = [item for item in letters if item["unread"]]
    if letters:
        (unread[0] if unread else letters[-1])["latest"] = True


def _message(
    message: DeskShownMessage, opened: OpenedThread, who: AtDesk, marks: Sequence[DocumentMark]
) -> dict[str, Any]:
    html, quoted = bodies(message.content)
    incoming = message.direction == "in"
    unscanned = incoming and message.content.scan != Verdict.CLEAN
    return {
        "kind": "message",
        "id": message.id,
        "direction": message.direction,
        "at": message.at,
        "author_name": message.author_name or message.content.author_name,
        "by_team": message.author_name if not incoming else "",
        "from_patient": incoming and opened.correspondent.patient,
        "verified": message.content.verified,
        "recipients": message.recipients,
        "html": html,
        "quoted_html": quoted,
        "attachments": [
            attachment(who, opened.id, message.id, kept, unscanned=unscanned)
            | {"mark": next((_mark(one, who) for one in marks if one.path == kept.path), None)}
            for kept in message.content.attachments
            if not kept.copy_of
        ],
        "to_file": sum(one.filed_at is None for one in marks),
        "unread": message.unread and incoming,
        "in_trash": message.in_trash and not opened.in_trash,
        "state": message.state,
        "state_at": message.state_at,
        "why": outcome_sentence(message.outcome) if message.state == "failed" else "",
        "withheld": message.withheld or is_withheld(message.content),
    }


def _mark(mark: DocumentMark, who: AtDesk) -> dict[str, Any]:
    """What is said beside a document: whose file it is in, what it replaces, what replaces it."""
    return {
        "patient_url": reverse("desk_patient", args=[who.mailbox.id, mark.patient]),
        "patient_name": mark.patient_name,
        "filed": mark.filed_at is not None,
        "replaces": [_other(one, who) for one in mark.replaces],
        "replaced_by": _other(mark.replaced_by, who) if mark.replaced_by else None,
    }


def _other(other: Other, who: AtDesk) -> dict[str, Any]:
    url = thread_url(who, other.thread_id, anchor=f"message-{other.message_id}") if other.thread_id else ""
    return {"url": url, "title": other.title, "at": other.at}


def attachment(
    who: AtDesk, thread_id: UUID, message_id: UUID, kept: KeptAttachment, *, unscanned: bool
) -> dict[str, Any]:
    """An attachment under its message: where it is seen and downloaded; a picture also where it is shown small."""
    facts = attachment_facts(kept, unscanned=unscanned)
    if not facts["given"]:
        return facts
    place = [who.mailbox.id, thread_id, message_id, url_path(kept.path)]
    pictured = facts["media_type"] in _PICTURES
    return facts | {
        "view_url": reverse("desk_piece", args=place) if facts["viewable"] else None,
        "download_url": reverse("desk_piece_download", args=place),
        "picture_url": reverse("desk_piece_content", args=place) if pictured else "",
    }


def _note(note: ShownNote, who: AtDesk) -> dict[str, Any]:
    return {
        "kind": "note",
        "id": note.id,
        "at": note.at,
        "author_name": note.author_name,
        "mine": note.author == who.rpps,
        "text": note.text,
    }


def _event(event: Event) -> dict[str, Any]:
    sentence = event_sentence(event.kind, event.outcome)
    return {"kind": "event", "id": event.id, "at": event.at, "sentence": sentence, "text": event.text}
