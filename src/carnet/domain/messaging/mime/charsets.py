"""Bytes to text for mail: a closed list of charsets, a fallback that always answers, control characters removed."""

import re

# Closed, because a charset comes from a stranger: Python's own look-up also knows codecs that are no charset
# (punycode, unicode_escape, utf-7), some of them slow, and keeps every unknown name in memory.
_CODECS = {
    "utf-8": "utf-8",
    "utf8": "utf-8",
    "unicode-1-1-utf-8": "utf-8",
    "utf-16": "utf-16",
    "utf-16le": "utf-16-le",
    "utf-16be": "utf-16-be",
    "utf-32": "utf-32",
    "koi8-r": "koi8-r",
    "koi8-u": "koi8-u",
    "cp437": "cp437",
    "ibm437": "cp437",
    "cp850": "cp850",
    "ibm850": "cp850",
    "cp858": "cp858",
    "macintosh": "mac-roman",
    "x-mac-roman": "mac-roman",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "gb18030": "gb18030",
    "big5": "big5hkscs",
    "euc-jp": "euc-jp",
    "shift-jis": "cp932",
    "windows-31j": "cp932",
    "iso-2022-jp": "iso2022-jp",
    "euc-kr": "cp949",
    "ks-c-5601-1987": "cp949",
    "tis-620": "tis-620",
    "windows-874": "cp874",
}
_CODECS |= {f"iso-8859-{n}": f"iso8859-{n}" for n in (*range(2, 12), 13, 14, 15, 16)}
_CODECS |= {f"windows-{n}": f"cp{n}" for n in range(1250, 1259)}
_CODECS |= {f"cp{n}": f"cp{n}" for n in range(1250, 1259)}
# Western mail labelled so is in truth often windows-1252, whose ’ and € are control characters in ISO-8859-1
# (WHATWG Encoding §4.2 reads it likewise); 7-bit labels say nothing of the 8-bit bytes that follow.
_WESTERN = frozenset({"iso-8859-1", "iso8859-1", "latin1", "latin-1", "l1", "windows-1252", "cp1252"})
_UNSAID = frozenset({"", "us-ascii", "ascii", "ansi-x3.4-1968", "unknown-8bit", "x-unknown", "default"})

_BIDI = "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
_ASCII_CONTROLS = bytes([*range(9), *range(11, 32), 127])
_NOT_IN_LINE = re.compile(f"[\x00-\x1f\x7f-\x9f\ud800-\udfff\u2028\u2029\ufeff{_BIDI}]")
_TURNING = re.compile("[\u202a-\u202e\u2066-\u2069]")
_MARKS = "\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f"
_PILED_UP = re.compile(f"([{_MARKS}]{{4}})[{_MARKS}]+")
_SPACES_IN_LINE = re.compile("[\t\n\x0b\x0c\r\x85\u2028\u2029]")


def decode(content: bytes, charset: str) -> tuple[str, bool]:
    """Text of `content` and whether `charset` was known and held; never raises.

    Where it did not hold: UTF-8 if the bytes are, else windows-1252.
    """
    name = charset.strip().lower().replace("_", "-")
    if name in _UNSAID:
        return _guess(content), True
    if name in _WESTERN:
        return _western(content), True
    codec = _CODECS.get(name)
    if codec is not None:
        try:
            return content.decode(codec), True
        except (UnicodeDecodeError, UnicodeError):
            return _guess(content), False
    return _guess(content), False


def _guess(content: bytes) -> str:
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return _western(content)


def _western(content: bytes) -> str:
    try:
        return content.decode("cp1252")
    except UnicodeDecodeError:
        return content.decode("latin-1")


def clean_text(text: str) -> str:
    """Text of a body: lines ended by `\\n`, no control character but the tab, no line break at the end.

    Nothing in it turns the reading of what follows, or piles up over the lines above.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if text.isascii():  # the same, several times faster
        text = text.encode("ascii").translate(None, _ASCII_CONTROLS).decode("ascii")
    else:
        text = without_tricks(_CONTROLS.sub("", text))
    return text.rstrip("\n")


def without_tricks(text: str) -> str:
    """`text` without embeddings and overrides of direction (UAX #9), and with at most four marks upon a letter.

    The marks of direction that Arabic and Hebrew need beside numbers stay.
    """
    return _PILED_UP.sub(r"\1", _TURNING.sub("", text))


def clean_line(text: str) -> str:
    """Text of a header, on one line: neither control characters nor those that turn the direction of reading."""
    return _NOT_IN_LINE.sub("", _SPACES_IN_LINE.sub(" ", text)).strip()
