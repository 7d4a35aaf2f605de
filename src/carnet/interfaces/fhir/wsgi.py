"""The door under WSGI, before Django's middleware: no session, no cookie, no form comes this way."""

from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any

from django.db import connections

from carnet.interfaces.fhir.door import PATH, Answer, Request, answer

_HEADERS = {
    "HTTP_ESANTE_API_KEY": "ESANTE-API-KEY",
    "HTTP_IF_MATCH": "IF-MATCH",
    "HTTP_IF_NONE_MATCH": "IF-NONE-MATCH",
    "CONTENT_TYPE": "CONTENT-TYPE",
}
_ALWAYS = (
    ("Cache-Control", "private, no-cache"),
    ("X-Content-Type-Options", "nosniff"),
    ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"),
)

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


def is_for_directory(path: str) -> bool:
    return path == PATH or path.startswith(f"{PATH}/")


def directory(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """The directory's API as a WSGI application."""
    method = environ["REQUEST_METHOD"].upper()
    made = answer(
        Request(
            method,
            environ.get("PATH_INFO", "")[len(PATH) :].strip("/"),
            environ.get("QUERY_STRING", ""),
            {name: environ[key] for key, name in _HEADERS.items() if key in environ},
            lambda most: _read(environ, most),
        )
    )
    _close_broken_connections()
    start_response(f"{made.status} {_phrase(made)}", [*made.headers, *_ALWAYS, ("Content-Length", str(len(made.body)))])
    return [] if method == "HEAD" else [made.body]


def before(application: Application) -> Application:
    """The directory's API where its addresses are, ``application`` everywhere else."""

    def chosen(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if is_for_directory(environ.get("PATH_INFO", "")):
            return directory(environ, start_response)
        return application(environ, start_response)

    return chosen


def _close_broken_connections() -> None:
    """What Django does around its own requests: a connection that the database has ended is not used again."""
    for one in connections.all(initialized_only=True):
        if not one.in_atomic_block:
            one.close_if_unusable_or_obsolete()


def _read(environ: dict[str, Any], most: int) -> bytes:
    try:
        announced = int(environ.get("CONTENT_LENGTH") or 0)
    except ValueError:
        announced = 0
    body: bytes = environ["wsgi.input"].read(min(max(announced, 0), most))
    return body


def _phrase(made: Answer) -> str:
    try:
        return HTTPStatus(made.status).phrase
    except ValueError:
        return "Unknown"
