"""The human-readable text of a level 3 document, as HTML that is safe to put in a page.

Two fences: this renderer writes only the elements it knows, with every text escaped and no attribute copied but
numbers; nh3 then parses the result as a browser would and lets through the same short list.
"""

import base64
import re
from html import escape
from typing import Final
from urllib.parse import urlsplit

import nh3

from carnet.domain.record.cda.body import EmbeddedFile, files_of
from carnet.domain.record.cda.tables import heading_scope, is_column_header_row, span_attributes
from carnet.domain.record.cda.tree import (
    Element,
    attribute,
    child,
    children,
    clinical_document,
    local_name,
    text_of,
)
from carnet.domain.record.media_types import GIF, JPEG, PNG

MAX_IMAGE_BYTES: Final = 2_000_000
MAX_IMAGES_BYTES: Final = 8_000_000

_WORDS: Final = {
    "fr": {"image": "Image jointe au document", "file": "Fichier joint au document"},
    "en": {"image": "Image attached to the document", "file": "File attached to the document"},
}
_IMAGES: Final = frozenset({PNG, JPEG, GIF})
_PLAIN: Final = {"sub": "sub", "sup": "sup", "thead": "thead", "tbody": "tbody", "tfoot": "tfoot"}
_BLOCKS: Final = frozenset({"paragraph", "list", "table"})
_DROPPED: Final = frozenset({"script", "style"})
_LIST_TYPES: Final = {
    "arabic": "1",
    "littleroman": "i",
    "bigroman": "I",
    "littlealpha": "a",
    "bigalpha": "A",
}
_STYLES: Final = (
    ("bold", "strong"),
    ("italic", "em"),
    ("emphasis", "em"),
    ("underline", "u"),
    ("strikethrough", "del"),
)
_REVISIONS: Final = {"insert": "ins", "delete": "del"}

_INDENT: Final = re.compile(r"[ \t\r\n]+")
_DATA_IMAGE: Final = re.compile(r"data:image/(png|jpeg|gif);base64,[A-Za-z0-9+/]+={0,2}")
_ALLOWED: Final[dict[str, set[str]]] = {
    **{
        tag: set()
        for tag in (
            *("section", "h3", "h4", "h5", "h6", "div", "p", "br", "strong", "em", "u", "ins", "del", "sub", "sup"),
            *("ul", "li", "table", "caption", "thead", "tbody", "tfoot", "tr", "span"),
        )
    },
    "a": {"href"},
    "img": {"src", "alt"},
    "ol": {"type"},
    "th": {"scope", "colspan", "rowspan"},
    "td": {"colspan", "rowspan"},
    "col": {"span"},
    "colgroup": {"span"},
}


def render_narrative(data: bytes, lang: str = "fr") -> str:
    """The narrative of a level 3 document as an HTML fragment, headings from h3; "" for a level 1 document.

    `lang` chooses the few words that Carnet adds (fr or en). The header is not part of it: see header_rows.
    Raises XmlRefused or NotCda.
    """
    document, _ = clinical_document(data)
    body = child(document, "component/structuredBody")
    if body is None:
        return ""
    renderer = _Renderer(files_of(document), _WORDS.get(lang, _WORDS["fr"]))
    sections = children(body, "component/section")
    return clean("".join(renderer.section(section, 3) for section in sections))


def clean(html: str) -> str:
    """The second fence: only the elements and attributes that this module writes, links and images filtered again."""
    return nh3.clean(
        html,
        tags=set(_ALLOWED),
        clean_content_tags=set(_DROPPED),
        attributes={**_ALLOWED, "*": set()},
        attribute_filter=_filter,
        url_schemes={"http", "https", "data"},
        link_rel="noopener noreferrer",
    )


def _filter(tag: str, name: str, value: str) -> str | None:
    if name == "href":
        return value if web_address(value) else None
    if name == "src":
        return value if _DATA_IMAGE.fullmatch(value) else None
    return value


def web_address(href: str) -> str | None:
    """The host of an absolute http(s) address; None for any other, and for one that hides its host behind a user."""
    if not href.isprintable() or any(character in href for character in ' \\"<>'):
        return None
    try:
        parts = urlsplit(href)
        host = parts.hostname
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or not host or "@" in parts.netloc:
        return None
    return host


def _text(text: str | None) -> str:
    """Escaped text, its indentation (which CDA does not mean) made one space; a non-breaking space stays."""
    return escape(_INDENT.sub(" ", text)) if text else ""


class _Renderer:
    """Renders the sections of one document; holds what is counted over all of them."""

    def __init__(self, files: tuple[EmbeddedFile, ...], words: dict[str, str]) -> None:
        self.files = {found.name: found for found in files if found.name}
        self.words = words
        self.image_room = MAX_IMAGES_BYTES
        self.heads_columns = False
        self.note_numbers: dict[str, int] = {}
        self.notes: list[str] = []

    def section(self, section: Element, level: int) -> str:
        """A section, its heading, its text, its notes and its sub-sections."""
        # No title, no heading: the label of a section's code is not part of what its author attested (CDA R2 §4.3.2).
        title = text_of(child(section, "title"))
        parts: list[str] = []
        text = child(section, "text")
        if text is not None:
            rendered = self.inside(text)
            if rendered.strip():
                parts.append(f"<div>{rendered}</div>")
        parts += self.notes
        self.notes = []
        parts += [self.section(inner, level + 1) for inner in children(section, "component/section")]
        content = "".join(parts)
        if not title and not content:
            return ""
        heading = f"<h{min(level, 6)}>{escape(title)}</h{min(level, 6)}>" if title else ""
        return f"<section>{heading}{content}</section>"

    def inside(self, element: Element) -> str:
        """The text and the children of an element."""
        parts = [_text(element.text)]
        for inner in element:
            if isinstance(inner.tag, str):
                parts.append(self.element(inner))
            parts.append(_text(inner.tail))
        return "".join(parts)

    def element(self, element: Element) -> str:
        """One element of the narrative; an unknown one leaves its text."""
        name = local_name(element)
        if name in _DROPPED:
            return ""
        if name in _PLAIN:
            return f"<{_PLAIN[name]}>{self.inside(element)}</{_PLAIN[name]}>"
        match name:
            case "br":
                return "<br>"
            case "content":
                return self.content(element)
            case "paragraph":
                return self.paragraph(element)
            case "list":
                return self.list(element)
            case "item":
                return f"<li>{self.caption(element)}{self.inside(element)}</li>"
            case "table":
                return self.table(element)
            case "tr":
                return self.row(element)
            case "th" | "td":
                return self.cell(element)
            case "col" | "colgroup":
                inner = "".join(map(self.element, element)) if name == "colgroup" else ""
                end = f"{inner}</colgroup>" if name == "colgroup" else ""
                return f"<{name}{span_attributes(element, 'span')}>{end}"
            case "caption":
                return ""  # Written by the element that it belongs to.
            case "linkHtml":
                return self.link(element)
            case "renderMultiMedia":
                return self.media(element)
            case "footnote":
                return self.footnote(element)
            case "footnoteRef":
                return self.note_mark(attribute(element, "IDREF"))
            case _:
                return self.inside(element)

    def caption(self, element: Element) -> str:
        """The caption of a list or an item, in bold before it."""
        caption = child(element, "caption")
        rendered = self.inside(caption) if caption is not None else ""
        return f"<strong>{rendered}</strong> " if rendered.strip() else ""

    def content(self, element: Element) -> str:
        rendered = self.styled(element, self.inside(element))
        revision = _REVISIONS.get(attribute(element, "revised"))
        return f"<{revision}>{rendered}</{revision}>" if revision else rendered

    def styled(self, element: Element, rendered: str) -> str:
        """`rendered` in the emphasis that the element's styleCode asks for (CDA R2 §4.3.5.11)."""
        style = attribute(element, "styleCode").lower()
        tags = dict.fromkeys(tag for word, tag in _STYLES if word in style)
        for tag in tags:
            rendered = f"<{tag}>{rendered}</{tag}>"
        return rendered

    def paragraph(self, element: Element) -> str:
        rendered = self.caption(element) + self.styled(element, self.inside(element))
        # A browser closes a <p> at the first block inside it; a <div> keeps the text together.
        blocks = any(isinstance(e.tag, str) and local_name(e) in _BLOCKS for e in element.iterdescendants())
        tag = "div" if blocks else "p"
        return f"<{tag}>{rendered}</{tag}>"

    def list(self, element: Element) -> str:
        caption = self.caption(element)
        items = self.inside(element)
        title = f"<p>{caption.strip()}</p>" if caption else ""
        if attribute(element, "listType") != "ordered":
            return f"{title}<ul>{items}</ul>"
        kind = _LIST_TYPES.get(attribute(element, "styleCode").lower())
        type_attribute = f' type="{kind}"' if kind else ""
        return f"{title}<ol{type_attribute}>{items}</ol>"

    def table(self, element: Element) -> str:
        caption = child(element, "caption")
        title = self.inside(caption) if caption is not None else ""
        title = f"<caption>{title}</caption>" if title.strip() else ""
        return f"<table>{title}{self.inside(element)}</table>"

    def row(self, element: Element) -> str:
        # Told once a row, not once a cell: a row may have any number of cells, and a cell a table of its own.
        outer, self.heads_columns = self.heads_columns, is_column_header_row(element)
        rendered = f"<tr>{self.inside(element)}</tr>"
        self.heads_columns = outer
        return rendered

    def cell(self, element: Element) -> str:
        rendered = self.inside(element)
        spans = span_attributes(element, "colspan", "rowspan")
        # An empty header names nothing: a reader of the table by ear is better off with an empty cell.
        if local_name(element) == "th" and rendered.strip():
            return f'<th scope="{heading_scope(element, self.heads_columns)}"{spans}>{rendered}</th>'
        return f"<td{spans}>{self.styled(element, rendered)}</td>"

    def link(self, element: Element) -> str:
        """A link to the web, its host written out when the text does not; anything else keeps its text only."""
        rendered = self.inside(element)
        href = attribute(element, "href")
        host = web_address(href)
        if host is None:
            return rendered
        if not rendered.strip():
            rendered = escape(href)
        told = "" if host in text_of(element) or rendered == escape(href) else f" ({escape(host)})"
        return f'<a href="{escape(href)}">{rendered}</a>{told}'

    def media(self, element: Element) -> str:
        """The files that the element refers to: an image in place when it fits, else its mention."""
        caption = text_of(child(element, "caption"))
        names = attribute(element, "referencedObject").split()
        return "".join(self.file(self.files.get(name), caption) for name in names) or escape(caption)

    def file(self, file: EmbeddedFile | None, caption: str) -> str:
        if file is None or file.problem is not None:
            return f"<span>[{escape(caption or self.words['file'])}]</span>"
        size = len(file.content)
        if file.media_type in _IMAGES and size <= min(MAX_IMAGE_BYTES, self.image_room):
            self.image_room -= size
            alternative = escape(caption or self.words["image"])
            encoded = base64.b64encode(file.content).decode("ascii")
            return f'<img src="data:{file.media_type};base64,{encoded}" alt="{alternative}">'
        kind = file.media_type.rpartition("/")[2].upper()
        return f"<span>[{escape(caption or self.words['file'])} ({escape(kind)})]</span>"

    def footnote(self, element: Element) -> str:
        mark = self.note_mark(attribute(element, "ID"))
        self.notes.append(f"<p>{mark} {self.inside(element)}</p>")
        return mark

    def note_mark(self, identifier: str) -> str:
        number = self.note_numbers.setdefault(identifier, len(self.note_numbers) + 1)
        return f"<sup>[{number}]</sup>"
