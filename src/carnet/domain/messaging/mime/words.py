"""Header values to text: encoded words (RFC 2047), raw UTF-8 (RFC 6532), message identifiers, dates, file names."""

import binascii
import re
import unicodedata
from datetime import UTC, datetime, timedelta, timezone

from carnet.domain.messaging.mime.charsets import clean_line, decode
from carnet.domain.messaging.mime.parameters import ContentValue, extended_value

_ENCODED_WORD = re.compile(rb"=\?([^?\s*]{1,40})(?:\*[^?\s]{0,40})?\?([bBqQ])\?([^?]*)\?=")
_NOT_BASE64 = bytes(set(range(256)) - set(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/="))
_MESSAGE_ID = re.compile(rb"<([^<>\s]{1,990})>")
# RFC 5322 §2.1.1: no line is longer, hence no usable identifier either.
_MAX_MESSAGE_ID = 998
_MAX_REFERENCES = 200
_DATE = re.compile(
    r"\s*(?:[A-Za-z]{3,9}\.?\s{0,9},?\s{0,9})?(\d{1,2})[\s-]{1,9}([A-Za-z]{3})[A-Za-z]{0,6}[\s-]{1,9}(\d{2,4})\s{1,9}"
    r"(\d{1,2}):(\d{2})(?::(\d{2}))?(?:\.\d{1,9})?\s{0,9}([+-]\d{4}|[A-Za-z]{1,5})?"
)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
# RFC 5322 §4.3, and the two that European software writes; any other name says nothing.
_ZONES = {"EST": -5, "EDT": -4, "CST": -6, "CDT": -5, "MST": -7, "MDT": -6, "PST": -8, "PDT": -7, "CET": 1, "CEST": 2}
_MAX_FILE_NAME = 200
_UNSAFE_IN_FILE_NAME = re.compile(r'[<>:"|?*]')
# What a file name neither begins nor ends with: the dot and every white space of Unicode.
_EDGES = "." + "".join(chr(code) for code in range(0x3001) if chr(code).isspace())


def decode_words(value: bytes) -> str:
    """The text of an unfolded header value, encoded words decoded, without control characters.

    Neighbouring encoded words of one charset are put together before they are decoded: software cuts them inside a
    character, against RFC 2047 §5.
    """
    if b"=?" not in value:
        return clean_line(decode(value, "")[0])
    out: list[str] = []
    pending = b""
    pending_charset = ""
    end = 0
    for match in _ENCODED_WORD.finditer(value):
        between = value[end : match.start()]
        charset = match[1].decode("ascii", "ignore").lower()
        joined = pending_charset and not between.strip(b" \t\r\n")
        if not (joined and charset == pending_charset):
            if pending_charset:
                out.append(decode(pending, pending_charset)[0])
            if not joined:
                out.append(decode(between, "")[0])
            pending = b""
        pending += _payload(match[2], match[3])
        pending_charset = charset
        end = match.end()
    if pending_charset:
        out.append(decode(pending, pending_charset)[0])
    out.append(decode(value[end:], "")[0])
    return clean_line("".join(out))


def _payload(encoding: bytes, text: bytes) -> bytes:
    if encoding in b"qQ":
        return binascii.a2b_qp(text, header=True)
    return base64_bytes(text)


def base64_bytes(text: bytes) -> bytes:
    """The bytes of base64 `text`, whatever stands between its characters; what follows its padding is not read."""
    packed = text.translate(None, _NOT_BASE64)
    padding = packed.find(b"=")
    if padding >= 0:
        packed = packed[:padding]
    if len(packed) % 4 == 1:
        packed = packed[:-1]
    return binascii.a2b_base64(packed + b"=" * (-len(packed) % 4))


def base64_size(text: bytes) -> int:
    """The length of `base64_bytes(text)`, without decoding."""
    packed = text.translate(None, _NOT_BASE64)
    padding = packed.find(b"=")
    return (padding if padding >= 0 else len(packed)) * 3 // 4


def message_ids(value: bytes) -> tuple[str, ...]:
    """The message identifiers of a Message-ID, In-Reply-To or References value, `<` and `>` included (RFC 5322 §3.6.4).

    At most the first and the last hundred, without doubles; other text is left out.
    """
    found = list(dict.fromkeys(f"<{one.decode('utf-8', 'replace')}>" for one in _MESSAGE_ID.findall(value)))
    if len(found) > _MAX_REFERENCES:
        found = found[: _MAX_REFERENCES // 2] + found[-_MAX_REFERENCES // 2 :]
    return tuple(one for one in map(clean_line, found) if 2 < len(one) <= _MAX_MESSAGE_ID)


def message_id(value: bytes) -> str | None:
    """The one identifier of a Message-ID field, brackets put back when the sender forgot them, or None."""
    found = message_ids(value)
    if found:
        return found[0]
    bare = value.strip(b"<> \t")
    if bare and b" " not in bare and b"\t" not in bare and len(bare) < _MAX_MESSAGE_ID - 2:
        text = clean_line(bare.decode("utf-8", "replace"))
        return f"<{text}>" if text and "<" not in text and ">" not in text else None
    return None


def parse_date(value: bytes) -> datetime | None:
    """An aware date (RFC 5322 §3.3 and its obsolete forms), or None when it cannot be read."""
    match = _DATE.match(value[:200].decode("ascii", "replace"))
    if not match:
        return None
    day, month, year, hour, minute, second, zone = match.groups()
    if month.lower() not in _MONTHS:
        return None
    full_year = int(year)
    if len(year) < 4:
        full_year += 2000 if full_year < 50 else 1900
    if not 1900 <= full_year <= 9998:
        return None
    try:
        return datetime(
            full_year,
            _MONTHS.index(month.lower()) + 1,
            int(day),
            int(hour),
            int(minute),
            min(int(second or 0), 59),  # a leap second is written 60
            tzinfo=_zone(zone or ""),
        )
    except ValueError:
        return None


def _zone(zone: str) -> timezone:
    if zone[:1] in ("+", "-"):
        minutes = int(zone[1:3]) * 60 + int(zone[3:])
        if minutes >= 24 * 60:
            return UTC
        return timezone(timedelta(minutes=-minutes if zone[0] == "-" else minutes))
    hours = _ZONES.get(zone.upper(), 0)
    return timezone(timedelta(hours=hours)) if hours else UTC


def parameter_text(content: ContentValue, name: str) -> str:
    """The text of a parameter, in its extended form first (RFC 2231), else as encoded words or raw UTF-8."""
    extended = content.parameter(name + "*")
    if extended:
        charset, value = extended_value(extended)
        return clean_line(decode(value, charset)[0])
    return decode_words(content.parameter(name))


def clean_file_name(name: str) -> str:
    """A file name that is only a name: no folder, no control character, at most 200 characters, its extension kept.

    Empty when nothing is left. `clean_file_name(clean_file_name(x)) == clean_file_name(x)`.
    """
    text = unicodedata.normalize("NFC", clean_line(name))
    text = text.replace("\\", "/").rpartition("/")[2]
    text = _UNSAFE_IN_FILE_NAME.sub("_", text).strip(_EDGES)
    if len(text) > _MAX_FILE_NAME:
        stem, dot, extension = text.rpartition(".")
        if dot and len(extension) <= 10:
            text = stem[: _MAX_FILE_NAME - len(extension) - 1] + dot + extension
        else:
            text = text[:_MAX_FILE_NAME]
    return text.strip(_EDGES)
