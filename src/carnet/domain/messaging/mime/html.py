"""What a stranger wrote, made safe to show: HTML cleaned by a closed list, paragraphs, quotes set apart."""

import html as escaping
import re
from urllib.parse import urlsplit

import nh3

from carnet.domain.messaging.mime.charsets import without_tricks

_TEXT_TAGS = {
    "a",
    "abbr",
    "b",
    "br",
    "code",
    "del",
    "em",
    "i",
    "ins",
    "q",
    "s",
    "small",
    "span",
    "strong",
    "sub",
    "sup",
    "u",
}
_BLOCK_TAGS = {"blockquote", "center", "dd", "div", "dl", "dt", "hr", "li", "ol", "p", "pre", "ul"}
_BLOCK_TAGS |= {"h1", "h2", "h3", "h4", "h5", "h6"}
_TABLE_TAGS = {"caption", "col", "colgroup", "table", "tbody", "td", "tfoot", "th", "thead", "tr"}
_TAGS = _TEXT_TAGS | _BLOCK_TAGS | _TABLE_TAGS
# Under "*", what every tag may have: nothing.
_ATTRIBUTES: dict[str, set[str]] = {
    "*": set(),
    "a": {"href"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan"},
    "ol": {"start"},
}
# Their inside is no text of the message.
_WITHOUT_CONTENT = {"script", "style", "title", "noscript", "template", "iframe", "object", "svg", "math", "select"}
_REL = "noopener noreferrer nofollow"
_SCHEMES = {"http", "https", "mailto"}
_HOST_CLASS = "link-host"
# More than any message a person writes; the cost of cleaning grows faster than these.
_MAX_HTML = 512 * 1024
_MAX_TAGS = 10_000
_MAX_ENTITIES = 20_000

# What nh3 writes is canonical: attribute values in double quotes, a quote inside them always escaped.
_IMAGE = re.compile(r'<img(?: alt="([^"]*)")?>')
_LINK = re.compile(r'<a href="([^"]*)"(?: rel="[^"]*")?>(.*?)</a>', re.DOTALL)
_ANY_TAG = re.compile(r"<[^>]*>")
_NOT_IN_LINK = re.compile(r"[\s\\\x00-\x1f\x7f]")

_BLANK_LINES = re.compile(r"\n(?:[ \t]*\n)+")
_QUOTE_LINE = re.compile(r"[ \t]{0,3}>")
_ATTRIBUTION = re.compile(
    r"[ \t]{0,3}(?:"
    r"Le\b.{4,300}\ba écrit\s?:"
    r"|On\b.{4,300}\bwrote\s?:"
    r"|-{2,20} ?(?:Message d['’]origine|Message original|Original Message|Message transféré|Forwarded message) ?-{2,20}"
    r"|_{20,200}"
    r")\s*\Z",
    re.IGNORECASE,
)
_HEADER_BLOCK = re.compile(r"[ \t]{0,3}\*?(?:De|From)\s?:\*?\s", re.IGNORECASE)
_HEADER_BLOCK_NEXT = re.compile(r"[ \t]{0,3}\*?(?:Envoyé|Sent|Date|À|A|To)\s?:", re.IGNORECASE)


def clean_html(html: str) -> str:
    """The HTML of a message fit to be put in a page: nothing in it runs, loads, submits or restyles.

    Only tags of text and tables stay. An image, remote or attached, becomes its alternative text. A link stays for
    http, https and mailto, carries `rel="noopener noreferrer nofollow"` and is followed by the host it leads to, unless
    its own text is that address. HTML beyond 512 KiB,
    10,000 tags or 20,000 character references is cut.
    """
    first = nh3.clean(
        _bounded(html),
        tags=_TAGS | {"img"},
        clean_content_tags=_WITHOUT_CONTENT,
        attributes={**_ATTRIBUTES, "img": {"alt"}},
        attribute_filter=_keep_attribute,
        url_schemes=_SCHEMES,
        link_rel=_REL,
        strip_comments=True,
    )
    text = _LINK.sub(_with_host, _IMAGE.sub(_alternative, first))
    # The second cleaning makes what the two substitutions wrote obey the same list.
    second = nh3.clean(
        text,
        tags=_TAGS,
        clean_content_tags=_WITHOUT_CONTENT,
        attributes=_ATTRIBUTES,
        allowed_classes={"span": {_HOST_CLASS}},
        attribute_filter=_keep_attribute,
        url_schemes=_SCHEMES,
        link_rel=_REL,
    )
    # A character reference is a character now.
    return without_tricks(second)


def _bounded(html: str) -> str:
    html = html[:_MAX_HTML]
    for mark, most in (("<", _MAX_TAGS), ("&", _MAX_ENTITIES)):
        if html.count(mark) > most:
            html = mark.join(html.split(mark, most)[:most])
    return html


def _keep_attribute(tag: str, attribute: str, value: str) -> str | None:
    if attribute == "href":
        return value if link_host(value) else None
    if attribute in ("colspan", "rowspan", "start"):
        return value if value.isascii() and value.isdigit() and len(value) <= 3 else None
    return value


def link_host(href: str) -> str:
    """The host that an http or https link leads to, the address of a mailto, empty when it may not be followed.

    A browser reads backslashes, spaces and missing slashes its own way: a link that has them leads nowhere here.
    """
    if _NOT_IN_LINK.search(href):
        return ""
    try:
        parts = urlsplit(href)
        host = parts.hostname or ""
    except ValueError:
        return ""
    if parts.scheme == "mailto":
        return parts.path if re.fullmatch(r"[^@\s]{1,64}@[A-Za-z0-9.-]{1,253}", parts.path) else ""
    if parts.scheme not in ("http", "https") or len(host) > 253:
        return ""
    try:
        # Letters that resemble others are shown as the name that the network sees.
        host = host.encode("idna").decode("ascii") if not host.isascii() else host
    except UnicodeError:
        return ""
    return host if re.fullmatch(r"[a-z0-9.:_-]+", host) else ""


def _alternative(match: re.Match[str]) -> str:
    text = escaping.unescape(match[1] or "").strip()
    return f" [{escaping.escape(text)}] " if text else ""


def _with_host(match: re.Match[str]) -> str:
    href = escaping.unescape(match[1])
    host = link_host(href)
    shown = escaping.unescape(_ANY_TAG.sub("", match[2])).strip()
    if not host or shown in (host, href):
        return match[0]
    return f'{match[0]} <span class="{_HOST_CLASS}">[{escaping.escape(host)}]</span>'


def text_to_html(text: str) -> str:
    """Plain text as escaped paragraphs: a blank line parts two of them, a line break stays one. No link is made."""
    paragraphs = [part.strip("\n") for part in _BLANK_LINES.split("\n" + text.replace("\r\n", "\n") + "\n")]
    lines = (escaping.escape(part).replace("\n", "<br>\n") for part in paragraphs if part.strip())
    return "\n".join(f"<p>{line}</p>" for line in lines)


def split_quoted(text: str) -> tuple[str, str]:
    """The new part of a plain text and the earlier message quoted at its end; put together they are `text` again.

    The quote starts at the line by which mail software introduces it ("Le … a écrit :", "-----Message d'origine-----",
    "De : … Envoyé :"), or at the lines starting with `>` that end the text. What is written below or between quotes
    belongs to the new part.
    """
    lines = text.split("\n")
    at = _start_of_quote(lines)
    new = "\n".join(lines[:at])
    if at < len(lines) and at > 0:
        new += "\n"
    return (new, text[len(new) :]) if new.strip() else (text, "")


def _start_of_quote(lines: list[str]) -> int:
    for place, line in enumerate(lines):
        following = lines[place + 1 : place + 3]
        if _HEADER_BLOCK.match(line) and any(_HEADER_BLOCK_NEXT.match(one) for one in following):
            return place
        # The introduction of a quote may be broken over two lines.
        introduces = len(line) <= 400 and (
            _ATTRIBUTION.match(line)
            or (line.strip() and following and _ATTRIBUTION.match(f"{line} {following[0][:400]}"))
        )
        if introduces and (line.lstrip()[:1] in "-_" or _only_quotes(lines, place + 1)):
            return place
    end = len(lines)
    while end > 0 and (not lines[end - 1].strip() or _QUOTE_LINE.match(lines[end - 1])):
        end -= 1
    return end if any(_QUOTE_LINE.match(line) for line in lines[end:]) else len(lines)


def _only_quotes(lines: list[str], start: int) -> bool:
    """True when, past the introduction (which may take this line too), every line is quoted or blank."""
    quoted = [line for line in lines[start:] if line.strip()]
    if quoted and not _QUOTE_LINE.match(quoted[0]):
        quoted = quoted[1:]
    return bool(quoted) and all(_QUOTE_LINE.match(line) for line in quoted)
