"""The directory's API as its clients meet it: every answer is read by the models of fhir.resources."""

import io
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from socketserver import ThreadingMixIn
from urllib.parse import urlencode, urlsplit
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import orjson
from django.db import connections
from fhir.resources.R4B import get_fhir_model_class

from carnet.interfaces.fhir.wsgi import directory

METADATA = "https://interop.esante.gouv.fr/ig/fhir/annuaire/StructureDefinition/as-ext-mailbox-mss-metadata"


@dataclass
class Told:
    """An answer: its status, its headers by small name, its document."""

    status: int
    headers: dict[str, str]
    json: dict

    @property
    def resources(self) -> list[dict]:
        return [entry["resource"] for entry in self.json.get("entry", [])]

    @property
    def ids(self) -> list[str]:
        return [f"{one['resourceType']}/{one['id']}" for one in self.resources]

    @property
    def addresses(self) -> set[str]:
        return {
            point["value"]
            for one in [self.json, *self.resources]
            for point in one.get("telecom", [])
            if any(extension["url"] == METADATA for extension in point.get("extension", []))
        }

    @property
    def words(self) -> str:
        """What an OperationOutcome says."""
        issue = self.json["issue"][0]
        return f"{issue['code']}: {issue['diagnostics']}"


class Api:
    """A client with a key; ``get("Practitioner", name="Morvan")``."""

    def __init__(self, key: str) -> None:
        self.key = key

    def get(self, path: str, *pairs: tuple[str, str], **parameters: str) -> Told:
        query = urlencode([*pairs, *parameters.items()])
        return self.call("GET", path, query)

    def follow(self, link: str) -> Told:
        parts = urlsplit(link)
        return self.call("GET", parts.path.removeprefix("/fhir/v2/"), parts.query)

    def patch(self, path: str, *operations: dict, query: str = "", **headers: str) -> Told:
        body = orjson.dumps({"resourceType": "Parameters", "parameter": list(operations)})
        return self.call("PATCH", path, query, body, "application/fhir+json", **headers)

    def call(
        self, method: str, path: str, query: str = "", body: bytes = b"", content_type: str = "", **headers: str
    ) -> Told:
        environ = {
            "REQUEST_METHOD": method,
            "PATH_INFO": f"/fhir/v2/{path}".rstrip("/"),
            "QUERY_STRING": query,
            "CONTENT_LENGTH": str(len(body)),
            "CONTENT_TYPE": content_type,
            "wsgi.input": io.BytesIO(body),
            **{f"HTTP_{name.upper()}": value for name, value in headers.items()},
        }
        if self.key:
            environ["HTTP_ESANTE_API_KEY"] = self.key
        started: list = []
        content = b"".join(directory(environ, lambda status, headers: started.append((status, headers))))
        status, told = int(started[0][0][:3]), {name.lower(): value for name, value in started[0][1]}
        document = orjson.loads(content) if content else {}
        if document:
            assert told["content-type"].startswith("application/fhir+json")
            assert told["content-length"] == str(len(content))
            read_as_fhir(document)
        return Told(status, told, document)


def read_as_fhir(document: dict) -> None:
    """A foreign reader takes the document for the resource that it says it is, and gives the same back."""
    read = get_fhir_model_class(document["resourceType"]).model_validate(document)
    assert read.model_dump(exclude_none=True).keys() >= document.keys() - {"resourceType"}


def operation(act: str, path: str, **value: object) -> dict:
    """One operation of a FHIRPath Patch: ``operation("replace", "…", valueBoolean=True)``."""
    parts = [{"name": "type", "valueCode": act}, {"name": "path", "valueString": path}]
    if act == "insert":
        parts.append({"name": "index", "valueInteger": 0})
    parts += [{"name": "value", name: one} for name, one in value.items()]
    return {"name": "operation", "part": parts}


def point(address: str, kind: str, **metadata: object) -> dict:
    """A ContactPoint as the specification's examples write it."""
    about = [{"url": "type", "valueCode": kind}]
    for name, value in metadata.items():
        about.append({"url": name, "valueBoolean" if isinstance(value, bool) else "valueString": value})
    return {"system": "email", "value": address, "extension": [{"url": METADATA, "extension": about}]}


def at(kind: str, address: str, name: str = "") -> str:
    """The path of a mailbox, or of one element of its metadata."""
    path = f"{kind}.telecom.where(value = '{address}')".lstrip(".")
    return f"{path}.extension('{METADATA}').extension('{name}').value" if name else path


@contextmanager
def served() -> Iterator[str]:
    """The API on a real port, for foreign clients. Needs a database whose rows others see."""

    class Server(ThreadingMixIn, WSGIServer):
        daemon_threads = True

    class Quiet(WSGIRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

    def application(environ: dict, start_response: object) -> object:
        try:
            return directory(environ, start_response)
        finally:
            connections.close_all()

    server = make_server("127.0.0.1", 0, application, server_class=Server, handler_class=Quiet)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/fhir/v2"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def make_directory() -> None:
    """The sandbox's establishments, professionals and mailboxes, and where one of them practises."""
    from carnet.domain.directory.commands import register_practice
    from carnet.domain.identity.values import Finess, Rpps
    from carnet.sandbox import cast

    cast.trust_space_of_the_sandbox()
    cast.hospital()
    cast.clinic()
    cast.hospital_software()
    cast.orthopaedics()
    cast.general_practitioner()
    cast.surgeon()
    cast.colleague_elsewhere()
    register_practice(Rpps("99700218920"), Finess("519999015"), profession="10", sector="SA01", function="FON-AU")


def operator_of(domain: str) -> str:
    """Who answers for a domain."""
    from carnet.domain.directory.models import TrustedDomain

    return TrustedDomain.objects.get(domain=domain).operator
