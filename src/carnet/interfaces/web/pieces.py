"""Attachments and documents as pages show and give them out."""

import re
from collections.abc import Callable
from datetime import datetime
from typing import Any
from urllib.parse import quote
from uuid import UUID

from django.http import HttpResponse, HttpResponseNotFound
from django.urls import reverse
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from carnet.domain.messaging.envelopes import EntryContent, KeptAttachment
from carnet.domain.messaging.mime.html import split_quoted, text_to_html
from carnet.domain.record.cda import BodyRefused, CdaLevel, NotCda, embedded_document, read_header, render_narrative
from carnet.domain.record.file_names import safe_file_name
from carnet.domain.record.media_types import (
    PDF,
    STYLED_XML,
    TEXT,
    XML,
    canonical_media_type,
    decode_text,
    sniff_media_type,
    viewable_inline,
)
from carnet.domain.record.xml_safety import XmlRefused
from carnet.foundation.clamd import Verdict
from carnet.foundation.pdf_pages import MEDIA_TYPE, WIDTH, draw_page, read_pdf
from carnet.interfaces.web.sentences import archive_problem, could_harm

_PICTURES = frozenset({"image/png", "image/jpeg", "image/gif"})
_KINDS = {
    PDF: "PDF",
    TEXT: "TXT",
    "text/rtf": "RTF",
    "image/jpeg": "JPEG",
    "image/png": "PNG",
    "image/tiff": "TIFF",
    "image/gif": "GIF",
    "application/zip": "ZIP",
    "message/rfc822": "E-mail",
}
SANDBOX = "sandbox; default-src 'none'; img-src 'self' data:; style-src 'unsafe-inline'; frame-ancestors 'none'"
"""What is given out of a message or a document runs nothing, loads nothing, and belongs to no site."""


def url_path(path: str) -> str:
    """An attachment's path as part of an address: ``2#0`` becomes ``2~0``."""
    return path.replace("#", "~")


def attachment_path(text: str) -> str | None:
    """The attachment path that an address names, or ``None``."""
    return text.replace("~", "#") if re.fullmatch(r"[0-9]{1,4}(\.[0-9]{1,4}){0,20}(~[0-9]{1,3})?", text) else None


def attachment_facts(kept: KeptAttachment, *, unscanned: bool = False) -> dict[str, Any]:
    """What an attachment is, for who reads the message: its name and kind, and whether no antivirus has looked at it.

    One that is not given out says why in place of its kind, and nothing else (``given`` is false).
    """
    if kept.problem:
        return {"given": False, "name": kept.name, "kind_label": archive_problem(kept.problem), "size": kept.size}
    return {
        "given": True,
        "name": kept.name,
        "title": kept.title,
        "author": kept.author,
        "date": datetime.fromisoformat(kept.date) if kept.date else None,
        "is_clinical": kept.is_document,
        "kind_label": kept.type_label or kind_label(kept.media_type),
        "media_type": canonical_media_type(kept.media_type),
        "size": kept.size,
        "viewable": kept.is_document or viewable_inline(kept.media_type),
        "unscanned": unscanned,
    }


def attachment_row(
    conversation_id: UUID, message_id: UUID, kept: KeptAttachment, held: dict[str, UUID], *, unscanned: bool = False
) -> dict[str, Any]:
    """An attachment under its message in the holder's pages: what it is, and what can be done with it."""
    facts = attachment_facts(kept, unscanned=unscanned)
    if not facts["given"]:
        return facts
    place = [conversation_id, message_id, url_path(kept.path)]
    in_record = held.get(kept.unique_id) if kept.unique_id else None
    return facts | {
        "view_url": reverse("attachment", args=place) if facts["viewable"] else None,
        "download_url": reverse("attachment_download", args=place),
        "save": None
        if in_record
        else {"url": reverse("attachment_save", args=place), "label": _("Keep in my documents")},
        "in_record": in_record is not None,
        "document_url": reverse("document", args=[in_record]) if in_record else "",
    }


def attachment_document(
    kept: KeptAttachment, content: bytes, *, content_url: str, page_url: "PageUrl", download_url: str
) -> dict[str, Any]:
    """An attachment that is opened in a page of its own, as the page of a document shows it."""
    return {
        "title": kept.title or kept.name,
        "type_label": kept.type_label or kind_label(kept.media_type),
        "author": kept.author,
        "date": datetime.fromisoformat(kept.date) if kept.date else None,
        "size": kept.size,
        "download_url": download_url,
        **view_of(content, kept.media_type, content_url, page_url),
    }


def bodies(content: EntryContent) -> tuple[SafeString, SafeString]:
    """What is new in a message and what it quotes, as HTML that was cleaned when the message was read."""
    if content.html:
        return mark_safe(content.html), SafeString()  # noqa: S308 - cleaned by mime.html.clean_html
    new, quoted = split_quoted(content.text)
    return (
        mark_safe(text_to_html(new)) if new.strip() else SafeString(),  # noqa: S308 - escapes everything
        mark_safe(text_to_html(quoted)) if quoted.strip() else SafeString(),  # noqa: S308
    )


def is_withheld(content: EntryContent) -> bool:
    """Whether part of a message is shown to nobody, because it could harm."""
    return any(could_harm(kept.problem) for kept in content.attachments) or content.scan == Verdict.INFECTED


def kind_label(media_type: str) -> str:
    return _KINDS.get(canonical_media_type(media_type)) or _("File")


def served(content: bytes, media_type: str, name: str, *, inline: bool) -> HttpResponse:
    """Bytes that a stranger wrote, given out so that they can do nothing: their true type, a safe name, a sandbox."""
    found = sniff_media_type(content)
    # A type is only claimed when the content bears it out; anything else is a file to be saved.
    honest = found is not None and canonical_media_type(media_type) == found and viewable_inline(found)
    shown = inline and honest
    response = HttpResponse(content, content_type=found if honest and found else "application/octet-stream")
    if honest and found == TEXT:
        response.headers["Content-Type"] = "text/plain; charset=utf-8"
        response.content = (decode_text(content) or "").encode()
    plain = safe_file_name(name).encode("ascii", "replace").decode().replace("?", "_").replace('"', "_")
    response.headers["Content-Disposition"] = (
        f"{'inline' if shown else 'attachment'}; filename=\"{plain}\"; filename*=UTF-8''{quote(safe_file_name(name))}"
    )
    return _harmless(response)


def _harmless(response: HttpResponse) -> HttpResponse:
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Content-Security-Policy"] = SANDBOX
    response.headers["Cache-Control"] = "no-store"
    response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
    return response


def page_picture(content: bytes, media_type: str, number: int) -> HttpResponse:
    """One page of a PDF, or of the PDF that a clinical document wraps, as a picture."""
    inner, _, _ = inner_file(content, media_type, "")
    picture = draw_page(inner, number) if sniff_media_type(inner) == PDF else None
    return _harmless(HttpResponse(picture, content_type=MEDIA_TYPE) if picture else HttpResponseNotFound())


def inner_file(content: bytes, media_type: str, name: str) -> tuple[bytes, str, str]:
    """What a person reads in a document: the file that a level 1 document wraps, or the document itself."""
    if canonical_media_type(media_type) in (XML, STYLED_XML):
        try:
            wrapped = embedded_document(content)
        except (XmlRefused, NotCda, BodyRefused):
            wrapped = None
        if wrapped is not None:
            extension = {PDF: "pdf", TEXT: "txt", "text/rtf": "rtf"}.get(
                wrapped.media_type, wrapped.media_type.rpartition("/")[2]
            )
            return wrapped.content, wrapped.media_type, f"{name.removesuffix('.xml')}.{extension}"
    return content, media_type, name


PageUrl = Callable[[int], str]
"""The address of the picture of a page, by its number."""


def view_of(content: bytes, media_type: str, frame_url: str, page_url: PageUrl) -> dict[str, Any]:
    """How a document is shown in its page: the pages of a PDF, a picture, text, or a readable clinical document."""
    kind = canonical_media_type(media_type)
    if kind in (XML, STYLED_XML):
        return _clinical_view(content, frame_url, page_url)
    found = sniff_media_type(content)
    if found == PDF:
        return _pdf_view(content, frame_url, page_url)
    if found in _PICTURES:
        return {"view": "image", "frame_url": frame_url}
    if found == TEXT:
        return {"view": "text", "html": _text_view(content)}
    return {"view": "none"}


def _pdf_view(content: bytes, frame_url: str, page_url: PageUrl) -> dict[str, Any]:
    pdf = read_pdf(content)
    if pdf is None:
        return {"view": "none", "frame_url": frame_url}
    pages = [
        {
            "number": page.number,
            "url": page_url(page.number),
            "width": WIDTH,
            "height": round(WIDTH * page.height / page.width),
            "text": page.text,
        }
        for page in pdf.pages
    ]
    has_text = any(page.text for page in pdf.pages)
    return {"view": "pages", "frame_url": frame_url, "pages": pages, "page_count": pdf.count, "has_text": has_text}


def _clinical_view(content: bytes, frame_url: str, page_url: PageUrl) -> dict[str, Any]:
    try:
        if read_header(content).level is CdaLevel.N1:
            inner, media_type, _name = inner_file(content, XML, "")
            return {"view": "none"} if media_type == XML else view_of(inner, media_type, frame_url, page_url)
        html = render_narrative(content, get_language() or "fr")
    except (XmlRefused, NotCda, BodyRefused):
        return {"view": "none"}
    return {"view": "cda", "html": mark_safe(html)}  # noqa: S308 - written and cleaned by cda.narrative


def _text_view(content: bytes) -> SafeString:
    paragraphs = (decode_text(content) or "").split("\n\n")
    lines = "".join(f"<p>{escape(one).replace(chr(10), '<br>')}</p>" for one in paragraphs if one.strip())
    return mark_safe(lines)  # noqa: S308 - each paragraph is escaped
