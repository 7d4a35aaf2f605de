"""Another operator's server that does as a test says: it answers each command as it is told, and keeps what it got."""

import socketserver
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

PLAIN = ("PIPELINING", "8BITMIME", "SIZE 26214400")
Script = Callable[[str, str], str | None]


@dataclass
class Got:
    """One message that the peer took."""

    sender: str
    recipients: list[str]
    content: bytes
    mail_line: str
    rcpt_lines: list[str]


@dataclass
class Peer:
    """What the server announces, how it answers (``script``: verb and line to a reply, or None for the usual one), and
    what it saw. A reply of "" closes the connection, one of "..." lets the client wait."""

    extensions: tuple[str, ...] = PLAIN
    script: Script = lambda verb, line: None
    tls: ssl.SSLContext | None = None
    greeting: str = "220 operator"
    got: list[Got] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    connections: int = 0
    most_at_once: int = 0
    port: int = 0
    _open: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def route(self) -> str:
        return f"127.0.0.1:{self.port}"

    def enter(self) -> None:
        with self._lock:
            self.connections += 1
            self._open += 1
            self.most_at_once = max(self.most_at_once, self._open)

    def leave(self) -> None:
        with self._lock:
            self._open -= 1


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    block_on_close = False
    peer: Peer


class _Session(socketserver.StreamRequestHandler):
    server: _Server

    def handle(self) -> None:
        self.server.peer.enter()
        try:
            self._talk(self.server.peer)
        except (OSError, ssl.SSLError):
            pass
        finally:
            self.server.peer.leave()

    def _say(self, reply: str) -> bool:
        """Whether the session goes on."""
        if reply == "...":
            time.sleep(4)
            return False
        if reply:
            self.wfile.write(reply.encode() + b"\r\n")
        return bool(reply) and not reply.startswith("421")

    def _talk(self, peer: Peer) -> None:
        if not self._say(peer.greeting):
            return
        secure = False
        sender, mail_line, recipients, rcpt_lines = "", "", [], []
        while line := self.rfile.readline().decode("utf-8", "replace").rstrip("\r\n"):
            peer.said.append(line)
            verb = line.split()[0].split(":")[0].upper()
            reply = peer.script(verb, line)
            if verb == "EHLO" and reply is None:
                offered = [*peer.extensions, *(["STARTTLS"] if peer.tls and not secure else [])]
                reply = "\r\n".join([*(f"250-{one}" for one in ("operator", *offered)), "250 HELP"])
            elif verb == "STARTTLS" and reply is None:
                self.wfile.write(b"220 go on\r\n")
                assert peer.tls is not None
                self.connection = peer.tls.wrap_socket(self.connection, server_side=True)
                self.rfile, self.wfile = self.connection.makefile("rb"), self.connection.makefile("wb", buffering=0)
                secure = True
                continue
            elif verb == "DATA" and reply is None:
                self.wfile.write(b"354 go on\r\n")
                content = self._content()
                said = peer.script("CONTENT", "")
                reply = "250 2.0.0 taken" if said is None else said
                if reply.startswith("250"):
                    peer.got.append(Got(sender, list(recipients), content, mail_line, list(rcpt_lines)))
                recipients, rcpt_lines = [], []
            elif verb == "QUIT":
                self._say("221 bye")
                return
            elif reply is None or reply.startswith("2"):
                path = line.partition("<")[2].partition(">")[0]
                if verb == "MAIL":
                    sender, mail_line, recipients, rcpt_lines = path, line, [], []
                elif verb == "RCPT":
                    recipients.append(path)
                    rcpt_lines.append(line)
            if not self._say("250 2.0.0 ok" if reply is None else reply):
                return

    def _content(self) -> bytes:
        lines = []
        while (line := self.rfile.readline()) not in (b".\r\n", b""):
            lines.append(line[1:] if line.startswith(b".") else line)
        return b"".join(lines)


@contextmanager
def running(**settings: Any) -> Iterator[Peer]:
    """A peer that runs as long as the block."""
    peer = Peer(**settings)
    with _Server(("127.0.0.1", 0), _Session) as server:
        server.peer = peer
        peer.port = server.server_address[1]
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        try:
            yield peer
        finally:
            server.shutdown()
