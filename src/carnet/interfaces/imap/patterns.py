"""Names of folders against the wildcards of LIST (RFC 3501 §6.3.8): `*` is anything, `%` anything but the separator."""

import re

from carnet.domain.messaging.folder_values import INBOX, SEPARATOR

_RUN = re.compile(r"[*%]{2,}")


class Pattern:
    """Matches in one pass over the name, whatever the wildcards: a set of places in the pattern, as bits."""

    def __init__(self, text: str) -> None:
        text = _RUN.sub(lambda run: "*" if "*" in run[0] else "%", text)
        head, separator, rest = text.partition(SEPARATOR)
        if head.upper() == INBOX:
            text = INBOX + separator + rest
        self._length = len(text)
        self._any = sum(1 << place for place, one in enumerate(text) if one == "*")
        self._level = sum(1 << place for place, one in enumerate(text) if one == "%")
        self._places: dict[str, int] = {}
        for place, one in enumerate(text):
            if one not in "*%":
                self._places[one] = self._places.get(one, 0) | 1 << place

    def matches(self, name: str) -> bool:
        places = self._past(1)
        for one in name:
            held = places & (self._any if one == SEPARATOR else self._any | self._level)
            places = self._past((places & self._places.get(one, 0)) << 1 | held)
            if not places:
                return False
        return bool(places >> self._length & 1)

    def _past(self, places: int) -> int:
        """A wildcard matches nothing as well."""
        return places | (places & (self._any | self._level)) << 1
