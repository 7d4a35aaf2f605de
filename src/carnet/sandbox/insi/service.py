"""The service as a WSGI application: SOAP 1.2 on POST, its description on GET with `?wsdl`."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from carnet.domain.identity.insi import messages
from carnet.domain.identity.insi.messages import BadInsiMessage, Search
from carnet.sandbox.insi.address import PATH
from carnet.sandbox.insi.description import wsdl
from carnet.sandbox.insi.register import agrees, find, read_register

_STATUS = {200: "200 OK", 400: "400 Bad Request", 404: "404 Not Found", 405: "405 Method Not Allowed",
           413: "413 Content Too Large", 500: "500 Internal Server Error"}  # fmt: skip

Answer = tuple[int, str, bytes]


def application(register: Path, address: str) -> Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]:
    """The service of a register, read at each question so that who is added to the file is found."""

    def answer(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        status, kind, body = _respond(environ, register, address)
        headers = [("Content-Type", kind), ("Content-Length", str(len(body))), ("Cache-Control", "no-store")]
        start_response(_STATUS[status], [*headers, *([("Allow", "GET, POST")] if status == 405 else [])])
        return [body]

    return answer


def _respond(environ: dict[str, Any], register: Path, address: str) -> Answer:
    if environ.get("PATH_INFO") != PATH:
        return 404, "text/plain", b""
    if environ["REQUEST_METHOD"] == "GET":
        if environ.get("QUERY_STRING", "").lower() != "wsdl":
            return 404, "text/plain", b""
        return 200, "text/xml; charset=utf-8", wsdl(address)
    if environ["REQUEST_METHOD"] != "POST":
        return 405, "text/plain", b""
    length = environ.get("CONTENT_LENGTH") or "0"
    if not length.isdecimal() or int(length) > messages.MAX_BYTES:
        return 413, "text/plain", b""
    return _soap(environ["wsgi.input"].read(int(length)), register)


def _soap(raw: bytes, register: Path) -> Answer:
    try:
        question = messages.read_question(raw)
    except BadInsiMessage as problem:
        return 400, messages.MEDIA_TYPE, messages.write_fault(sender=True, reason=str(problem))
    try:
        people = read_register(register)
    except (OSError, ValueError, TypeError):
        return 500, messages.MEDIA_TYPE, messages.write_fault(sender=False, reason="the register cannot be read")
    if isinstance(question, Search):
        return 200, messages.MEDIA_TYPE, messages.write_answer(find(people, question.asked))
    return 200, messages.MEDIA_TYPE, messages.write_verified(agrees(people, question.identity))
