"""The authors of a message, read from its From fields alone: what a door can afford to look at before its 250."""

import re

from carnet.domain.messaging.mime.addresses import Address, parse_addresses

_MAX_HEADER = 256 * 1024
_FROM = re.compile(rb"^from[ \t]*:((?:[^\r\n]|\r\n[ \t])*)", re.IGNORECASE | re.MULTILINE)


def authors(content: bytes) -> tuple[Address, ...]:
    """Every address of every From field; empty when there is none. The message itself is read later, by the drain."""
    end = content.find(b"\r\n\r\n", 0, _MAX_HEADER)
    header = content[: end if end >= 0 else _MAX_HEADER]
    # Unfolded and trimmed as the reader does, so that both see the same authors.
    fields = [match.group(1).replace(b"\r\n", b"").strip(b" \t") for match in _FROM.finditer(header)]
    found, _ = parse_addresses(fields, 100)
    return tuple(found)
