"""Who a message says wrote and sent it, read from those fields alone: what a door can afford before its 250."""

import re

from carnet.domain.messaging.mime.addresses import Address, parse_addresses

_MAX_HEADER = 256 * 1024
_FIELDS = re.compile(rb"^(from|sender)[ \t]*:((?:[^\r\n]|\r\n[ \t])*)", re.IGNORECASE | re.MULTILINE)


def authors(content: bytes) -> tuple[Address, ...]:
    """Every address of every From field; empty when there is none. The message itself is read later, by the drain."""
    return writers(content)[0]


def writers(content: bytes) -> tuple[tuple[Address, ...], tuple[Address, ...]]:
    """Every address of every From field, and of every Sender field (RFC 5322 §3.6.2)."""
    end = content.find(b"\r\n\r\n", 0, _MAX_HEADER)
    header = content[: end if end >= 0 else _MAX_HEADER]
    fields: tuple[list[bytes], list[bytes]] = [], []
    for match in _FIELDS.finditer(header):
        # Unfolded and trimmed as the reader does, so that both see the same authors.
        fields[len(match[1]) == len("sender")].append(match[2].replace(b"\r\n", b"").strip(b" \t"))
    return tuple(parse_addresses(fields[0], 100)[0]), tuple(parse_addresses(fields[1], 100)[0])
