"""Folder names on the wire: UTF-7 as IMAP modifies it (RFC 3501 §5.1.3)."""

import binascii
import re

_SHIFTED = re.compile(rb"&([^-]*)-")
_DIRECT = re.compile(r"[ -%'-~]+")


class BadUtf7(ValueError):
    """A name that is not modified UTF-7."""


def encode_utf7(name: str) -> bytes:
    """A name as it goes over the wire.

    >>> encode_utf7("Éléments & envoyés")
    b'&AMk-l&AOk-ments &- envoy&AOk-s'
    """
    out: list[bytes] = []
    at = 0
    while at < len(name):
        direct = _DIRECT.match(name, at)
        if direct:
            out.append(direct[0].encode("ascii"))
            at = direct.end()
        elif name[at] == "&":
            out.append(b"&-")
            at += 1
        else:
            end = at
            while end < len(name) and name[end] != "&" and not _DIRECT.match(name, end):
                end += 1
            shifted = binascii.b2a_base64(name[at:end].encode("utf-16-be"), newline=False)
            out.append(b"&" + shifted.rstrip(b"=").replace(b"/", b",") + b"-")
            at = end
    return b"".join(out)


def decode_utf7(wire: bytes) -> str:
    """The name that `wire` spells. Raises `BadUtf7`, also for a spelling that `encode_utf7` would not give."""
    try:
        name = "".join(
            _unshift(piece) if place % 2 else piece.decode("ascii") for place, piece in enumerate(_SHIFTED.split(wire))
        )
    except (UnicodeDecodeError, binascii.Error):
        raise BadUtf7("the name is not modified UTF-7") from None
    # One name has one spelling only: else two spellings would name one folder.
    if encode_utf7(name) != wire:
        raise BadUtf7("the name is not modified UTF-7")
    return name


def _unshift(piece: bytes) -> str:
    if not piece:
        return "&"
    packed = piece.replace(b",", b"/")
    return binascii.a2b_base64(packed + b"=" * (-len(packed) % 4), strict_mode=True).decode("utf-16-be")
