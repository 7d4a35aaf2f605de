"""From a request to an answer: who asks, how often, which resource, which interaction."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.utils import format_datetime
from typing import Any, Final

import orjson
from django.conf import settings
from django.db import DatabaseError

from carnet.domain.directory.queries import published
from carnet.domain.directory.queries.api_keys import KeyFacts, key_of
from carnet.domain.directory.queries.published import Published, TooLong
from carnet.foundation import logs
from carnet.interfaces.fhir import patching, practitioner_role
from carnet.interfaces.fhir.capability import capability_statement
from carnet.interfaces.fhir.outcomes import Refused, outcome
from carnet.interfaces.fhir.pace import Pace
from carnet.interfaces.fhir.parameters import ID, read_pairs, read_query
from carnet.interfaces.fhir.resources import version
from carnet.interfaces.fhir.searching import BY_NAME, bundle, render, subset

PATH: Final = "/fhir/v2"
MAX_BODY_BYTES: Final = 1 << 20
_JSON = "application/fhir+json; charset=utf-8"
_FORM = "application/x-www-form-urlencoded"
_PATCHES = ("application/fhir+json", "application/json")
_TYPE = re.compile(r"[A-Za-z]{1,40}")
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_NOT_HERE = frozenset({"HealthcareService", "Device", "Location", "Endpoint", "Person"})
_pace = Pace()
_log = logs.get("web")


@dataclass(frozen=True)
class Request:
    """``path`` is what follows the base, without its first ``/``; ``body`` reads at most so many bytes."""

    method: str
    path: str
    query: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Callable[[int], bytes] = lambda _: b""


@dataclass(frozen=True)
class Answer:
    status: int
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()


def base_url() -> str:
    """The address of the door: from the settings, never from what a request calls us."""
    return f"{settings.CARNET_WEB_URL.rstrip('/')}{PATH}"


def answer(request: Request) -> Answer:
    """Every request has an answer; what goes wrong is an OperationOutcome."""
    try:
        made = _answer(request)
    except Refused as refusal:
        made = _json(refusal.status, outcome(refusal.code, refusal.sentence), refusal.headers)
    except TooLong:
        made = _json(503, outcome("timeout", "this search takes too long: narrow it"), (("Retry-After", "60"),))
    except DatabaseError as problem:
        _log.error("directory_answer_failed", exc_info=problem)
        made = _json(503, outcome("transient", "the directory cannot be read now"), (("Retry-After", "5"),))
    except Exception as problem:
        _log.error("directory_answer_failed", exc_info=problem)
        made = _json(500, outcome("exception", "something is wrong here: it is not your request"))
    return made


def _answer(request: Request) -> Answer:
    parts = request.path.split("/") if request.path else []
    if parts == ["metadata"]:
        _only(request, "GET", "HEAD")
        return _json(200, capability_statement(base_url()))
    key = _who(request)
    if not parts:
        raise Refused(404, "not-supported", "no batch and no search over all types here: ask each type")
    kind = parts[0]
    if kind not in BY_NAME:
        known = ", ".join(BY_NAME)
        code = "not-supported" if kind in _NOT_HERE else "not-found"
        raise Refused(404, code, f"{kind if _TYPE.fullmatch(kind) else 'this type'}: not here; known: {known}")
    of = BY_NAME[kind]
    if len(parts) == 1:
        if request.method == "PATCH":
            return _patch(of, _by_identifier(of, request), request, key)
        _only(request, "GET", "HEAD", "PATCH")
        return _search(of, read_pairs(request.query))
    if parts[1:] == ["_search"]:
        _only(request, "POST")
        if _media_type(request) != _FORM:
            raise Refused(415, "not-supported", f"the parameters of _search come as {_FORM}")
        return _search(of, read_pairs(request.query, _body(request).decode("latin-1")))
    if len(parts) == 2 and ID.fullmatch(parts[1]):
        if request.method == "PATCH":
            return _patch(of, parts[1], request, key)
        _only(request, "GET", "HEAD", "PATCH")
        return _read(of, parts[1], request)
    raise Refused(404, "not-found", "there is nothing at this address")


def _who(request: Request) -> KeyFacts:
    """The key of a request, within its pace. Raises ``Refused``."""
    given = request.headers.get("ESANTE-API-KEY", "")
    key = key_of(given) if given else None
    if key is None:
        raise Refused(401, "login", "a valid key is needed in the header ESANTE-API-KEY")
    wait = _pace.wait(key.id, settings.CARNET_DIRECTORY_REQUESTS_PER_MINUTE)
    if wait:
        raise Refused(429, "throttled", "more requests than this key may make", (("Retry-After", str(wait)),))
    return key


def _only(request: Request, *methods: str) -> None:
    if request.method not in methods:
        words = f"{request.method[:10]} is not possible here"
        if request.method == "PUT":
            words += ": mailboxes are written by PATCH, so that nothing is overwritten by mistake"
        raise Refused(405, "not-supported", words, (("Allow", ", ".join(methods)),))


def _search(of: Any, pairs: list[tuple[str, str]]) -> Answer:
    query = read_query(pairs, of.PARAMETERS, settings.CARNET_DIRECTORY_PAGE_MAX)
    return _json(200, bundle(of, query, base_url()))


def _row(of: Any, key: str) -> Published:
    row = published.published(of.CARRIER, key) if of is not practitioner_role or _UUID.fullmatch(key) else None
    if row is None:
        raise Refused(404, "not-found", f"no {of.NAME} has this id")
    return row


def _read(of: Any, key: str, request: Request) -> Answer:
    query = read_query(read_pairs(request.query), {}, settings.CARNET_DIRECTORY_PAGE_MAX)
    row = _row(of, key)
    tag = f'W/"{version(row)}"'
    if tag in [one.strip() for one in request.headers.get("IF-NONE-MATCH", "").split(",")]:
        return Answer(304, headers=(("ETag", tag),))
    return _resource(200, row, query.page.elements)


def _by_identifier(of: Any, request: Request) -> str:
    """The id of the one resource that a conditional PATCH names by its identifier (FHIR R4 §3.1.0.6)."""
    query = read_query(read_pairs(request.query), {"identifier": of.PARAMETERS["identifier"]}, 2)
    if len(query.given) != 1 or len(query.given[0].values) != 1 or "|" not in query.given[0].values[0]:
        raise Refused(400, "required", "a conditional PATCH names its resource by identifier=system|value")
    criteria = [of.PARAMETERS["identifier"].criterion(query.given[0].values[0], "")]
    rows = published.search(of.CARRIER, criteria, limit=2)
    if not rows:
        raise Refused(404, "not-found", f"no {of.NAME} has this identifier")
    if len(rows) > 1:
        raise Refused(412, "multiple-matches", f"more than one {of.NAME} has this identifier")
    return rows[0].key


def _patch(of: Any, key: str, request: Request, who: KeyFacts) -> Answer:
    if _media_type(request) not in _PATCHES:
        raise Refused(415, "not-supported", "a patch is FHIRPath Patch: Parameters as application/fhir+json")
    row = _row(of, key)
    tag = f'W/"{version(row)}"'
    condition = request.headers.get("IF-MATCH", "")
    if condition and tag not in [one.strip() for one in condition.split(",")]:
        raise Refused(412, "conflict", "the resource has changed since this version: read it again")
    try:
        document = orjson.loads(_body(request))
    except orjson.JSONDecodeError:
        raise Refused(400, "structure", "the body is not JSON") from None
    patching.apply(of, row, document, who)
    return _resource(200, _row(of, key))


def _resource(status: int, row: Published, elements: frozenset[str] = frozenset()) -> Answer:
    headers = (
        ("ETag", f'W/"{version(row)}"'),
        ("Last-Modified", format_datetime(row.updated_at, usegmt=True)),
    )
    return _json(status, subset(render(row), elements), headers)


def _media_type(request: Request) -> str:
    return request.headers.get("CONTENT-TYPE", "").partition(";")[0].strip().lower()


def _body(request: Request) -> bytes:
    body = request.body(MAX_BODY_BYTES + 1)
    if len(body) > MAX_BODY_BYTES:
        raise Refused(413, "too-long", f"a request has at most {MAX_BODY_BYTES >> 20} MB")
    return body


def _json(status: int, document: dict[str, Any], headers: tuple[tuple[str, str], ...] = ()) -> Answer:
    return Answer(status, orjson.dumps(document), (("Content-Type", _JSON), *headers))
