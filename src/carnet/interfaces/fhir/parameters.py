"""Search parameters as they are written in an address (FHIR R4 §3.1.1): pure reading, nothing is looked up."""

import base64
import binascii
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final
from urllib.parse import parse_qsl

from carnet.domain.directory.queries.criteria import Criterion, Match, Side
from carnet.interfaces.fhir.outcomes import Refused

MAX_PARAMETERS: Final = 24
MAX_VALUES: Final = 100
MAX_VALUE_LENGTH: Final = 500
MAX_QUERY_BYTES: Final = 16_384
DEFAULT_COUNT: Final = 50

_COMMAS = re.compile(r"(?<!\\)(?:\\\\)*,")
_ESCAPED = re.compile(r"\\([\\,|$])")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_TIME = re.compile(
    r"(\d{4})(?:-(\d\d)(?:-(\d\d)(?:T(\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?(Z|[+-]\d\d:\d\d)?)?)?)?", re.ASCII
)
_ELEMENT = re.compile(r"[A-Za-z]{1,40}")
ID: Final = re.compile(r"[A-Za-z0-9\-.]{1,64}")


@dataclass(frozen=True, slots=True)
class Given:
    """One parameter as given: its name, its modifier (``contains`` of ``name:contains``), its values, which are
    alternatives."""

    name: str
    modifier: str
    values: tuple[str, ...]

    @property
    def written(self) -> str:
        return f"{self.name}:{self.modifier}" if self.modifier else self.name


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter that a resource is searched by. ``about_content``: it asks for what an ended row no longer tells."""

    kind: str
    criterion: Callable[[str, str], Criterion]
    meaning: str
    modifiers: frozenset[str] = frozenset()
    about_content: bool = True


@dataclass(frozen=True, slots=True)
class Page:
    """What of the answer is asked for: how many, from after which key, in all, with which elements and which others."""

    count: int = DEFAULT_COUNT
    after: str = ""
    total: bool = False
    only_total: bool = False
    elements: frozenset[str] = frozenset()
    include: tuple[str, ...] = ()
    revinclude: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Query:
    """A search: what is asked, and the parameters as they go into the link of the next page."""

    given: tuple[Given, ...]
    page: Page
    pairs: tuple[tuple[str, str], ...] = field(default=())


def read_pairs(query: str, body: str = "") -> list[tuple[str, str]]:
    """Names and values of an address's query and of a form (``POST _search``). Raises ``Refused``."""
    if len(query) + len(body) > MAX_QUERY_BYTES:
        raise Refused(400, "too-costly", f"a search has at most {MAX_QUERY_BYTES} characters")
    try:
        pairs = [
            pair
            for text in (query, body)
            for pair in parse_qsl(
                text, keep_blank_values=True, errors="strict", max_num_fields=MAX_PARAMETERS, strict_parsing=bool(text)
            )
        ]
    except UnicodeDecodeError:
        raise Refused(400, "invalid", "the parameters are not UTF-8") from None
    except ValueError:
        raise Refused(400, "invalid", f"parameters are name=value, at most {MAX_PARAMETERS} of them") from None
    if len(pairs) > MAX_PARAMETERS:
        raise Refused(400, "too-costly", f"a search has at most {MAX_PARAMETERS} parameters")
    return pairs


def read_query(pairs: Sequence[tuple[str, str]], known: dict[str, Parameter], page_max: int) -> Query:
    """The search that these parameters are. One that is not known is refused by its name: leaving it out would answer
    another question (FHIR R4 §3.1.1.4.10). Raises ``Refused``."""
    given: list[Given] = []
    page: dict[str, object] = {}
    include: list[str] = []
    revinclude: list[str] = []
    kept: list[tuple[str, str]] = []
    for written, value in pairs:
        name, _, modifier = written.partition(":")
        if len(value) > MAX_VALUE_LENGTH * 8 or _CONTROL.search(value):
            raise Refused(400, "invalid", f"parameter {_shown(written)}: too long, or a control character")
        if written == "_cursor":
            page["after"] = read_cursor(value)
            continue
        kept.append((written, value))
        if name == "_include" and modifier in ("", "iterate"):
            include.append(value)
        elif name == "_revinclude" and modifier in ("", "iterate"):
            revinclude.append(value)
        elif written in _RESULT:
            _RESULT[written](page, value, page_max)
        elif name in known:
            given.append(_given(name, modifier, value, known[name]))
        else:
            raise Refused(400, "not-supported", f"parameter {_shown(written)}: not supported here")
    return Query(
        tuple(given),
        Page(**page, include=tuple(include), revinclude=tuple(revinclude)),  # type: ignore[arg-type]
        tuple(kept),
    )


def _given(name: str, modifier: str, value: str, parameter: Parameter) -> Given:
    if modifier and modifier not in parameter.modifiers:
        allowed = ", ".join(f":{one}" for one in sorted(parameter.modifiers)) or "none"
        raise Refused(400, "not-supported", f"parameter {name}: modifier :{_shown(modifier)}; known here: {allowed}")
    values = split_values(value)
    if len(values) > MAX_VALUES:
        raise Refused(400, "too-costly", f"parameter {name}: at most {MAX_VALUES} values")
    if any(not one or len(one) > MAX_VALUE_LENGTH for one in values):
        raise Refused(400, "invalid", f"parameter {name}: a value that is empty or too long")
    return Given(name, modifier, tuple(values))


def split_values(value: str) -> list[str]:
    """Alternatives, parted by commas that no ``\\`` precedes (FHIR R4 §3.1.1.4.9)."""
    parts, start = [], 0
    for comma in _COMMAS.finditer(value):
        parts.append(value[start : comma.end() - 1])
        start = comma.end()
    parts.append(value[start:])
    return parts


def unescape(value: str) -> str:
    return _ESCAPED.sub(r"\1", value)


def split_token(value: str) -> tuple[str | None, str]:
    """``system|code``: the system, ``None`` when none is written, and the code (FHIR R4 §3.1.1.5.11)."""
    match = re.search(r"(?<!\\)\|", value)
    if match is None:
        return None, unescape(value)
    return unescape(value[: match.start()]), unescape(value[match.end() :])


def match_of(modifier: str) -> Match:
    return {"": Match.STARTS, "contains": Match.CONTAINS, "exact": Match.EXACT}[modifier]


def read_boolean(name: str, value: str) -> bool:
    if value not in ("true", "false"):
        raise Refused(400, "value", f"parameter {name}: true or false")
    return value == "true"


def read_time(name: str, value: str) -> tuple[Side, datetime, datetime]:
    """A date with its prefix: how, and the interval that the date as written covers."""
    side = Side.EQ
    if value[:2].isalpha():
        try:
            side = Side(value[:2])
        except ValueError:
            known = ", ".join(Side)
            raise Refused(
                400, "not-supported", f"parameter {name}: prefix {_shown(value[:2])}; known: {known}"
            ) from None
        value = value[2:]
    match = _TIME.fullmatch(value.replace(" ", "+"))
    if match is None:
        raise Refused(400, "value", f"parameter {name}: a date such as 2026-11-22 or 2026-11-22T05:30:00Z")
    year, month, day, hour, minute, second, fraction, zone = match.groups()
    try:
        offset = UTC if zone in (None, "Z") else datetime.fromisoformat(f"2000-01-01T00:00:00{zone}").tzinfo
        start = datetime(
            int(year), int(month or 1), int(day or 1), int(hour or 0), int(minute or 0), int(second or 0),
            int((fraction or "0")[:6].ljust(6, "0")), tzinfo=offset,
        )  # fmt: skip
        if fraction:
            end = start + timedelta(microseconds=10 ** (6 - min(6, len(fraction))))
        elif second:
            end = start + timedelta(seconds=1)
        elif hour:
            end = start + timedelta(minutes=1)
        elif day:
            end = start + timedelta(days=1)
        elif month:
            end = start.replace(year=start.year + int(month) // 12, month=int(month) % 12 + 1)
        else:
            end = start.replace(year=start.year + 1)
    except (ValueError, OverflowError):
        raise Refused(400, "value", f"parameter {name}: no such date") from None
    return side, start.astimezone(UTC), end.astimezone(UTC)


def cursor_after(key: str) -> str:
    """The opaque text of a link that goes on after this key."""
    return base64.urlsafe_b64encode(key.encode()).decode().rstrip("=")


def read_cursor(text: str) -> str:
    try:
        key = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True).decode("ascii")
    except (binascii.Error, ValueError):
        key = ""
    if not ID.fullmatch(key):
        raise Refused(400, "value", "this is no link that was given here: search anew")
    return key


# --- what the answer is like ------------------------------------------------------------------------------------


def _count(page: dict[str, object], value: str, page_max: int) -> None:
    if not (value.isascii() and value.isdigit() and len(value) < 10):
        raise Refused(400, "value", "parameter _count: a whole number")
    page["count"] = min(int(value), page_max)
    if value.strip("0") == "":
        page["only_total"] = True


def _total(page: dict[str, object], value: str, page_max: int) -> None:
    if value not in ("accurate", "estimate", "none"):
        raise Refused(400, "value", "parameter _total: accurate, estimate or none")
    page["total"] = value != "none"


def _summary(page: dict[str, object], value: str, page_max: int) -> None:
    if value not in ("count", "false"):
        raise Refused(400, "not-supported", "parameter _summary: count or false")
    page["only_total"] = value == "count"


def _elements(page: dict[str, object], value: str, page_max: int) -> None:
    names = [one.strip().rpartition(".")[2] for one in value.split(",")]
    if not all(_ELEMENT.fullmatch(one) for one in names) or len(names) > MAX_VALUES:
        raise Refused(400, "value", "parameter _elements: names of elements, with commas between them")
    page["elements"] = frozenset(names)


def _format(page: dict[str, object], value: str, page_max: int) -> None:
    if value.replace(" ", "+").partition(";")[0] not in ("json", "application/json", "application/fhir+json"):
        raise Refused(406, "not-supported", "parameter _format: JSON only")


def _pretty(page: dict[str, object], value: str, page_max: int) -> None:
    read_boolean("_pretty", value)


_RESULT: Final[dict[str, Callable[[dict[str, object], str, int], None]]] = {
    "_count": _count,
    "_total": _total,
    "_summary": _summary,
    "_elements": _elements,
    "_format": _format,
    "_pretty": _pretty,
}


def _shown(text: str) -> str:
    """What a stranger wrote, short enough and plain enough for an answer."""
    return "".join(letter for letter in text[:60] if letter.isprintable())
