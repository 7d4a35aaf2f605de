"""The service's own small server: a sandbox answers a few questions a second, on loopback only."""

from pathlib import Path
from socketserver import ThreadingMixIn
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from carnet.sandbox.insi.address import insi_url
from carnet.sandbox.insi.service import application


class _Handler(WSGIRequestHandler):
    timeout = 10  # of one connection, in seconds

    def log_message(self, format: str, *arguments: object) -> None:
        """Nothing: the supervisor's log has no need of the sandbox's requests."""


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


def insi_server(register: Path, host: str, port: int) -> WSGIServer:
    """The service bound to its port (0: a free one), not answering yet: ``serve_forever`` does."""
    server = make_server(host, port, lambda *_: [], server_class=_Server, handler_class=_Handler)
    server.set_app(application(register, insi_url(host, server.server_port)))
    return server
