"""The load of ``carnet bench imap``: many IMAP connections in a process of their own, on plain sockets.

Run as ``python -m carnet.bench.imap_load``; reads one JSON object on standard input (see ``Work``), writes one on
standard output. The same words are said to every server; a connection says the next command when the answer to the
one before is whole, and only answers that hold what was asked for are counted.
"""

import json
import random
import resource
import selectors
import socket
import ssl
import sys
import time
from dataclasses import dataclass, field
from typing import Any

KINDS = ("list_50", "fetch_5kb", "select", "search_unseen")
_RECEIVE = 1 << 18


class UnexpectedAnswer(Exception):
    """A server's answer is not the one that counts; holds its first octets."""


@dataclass(frozen=True)
class Work:
    """``kind``: one of `KINDS` for ``seconds`` on ``connections`` of ``messages``; or idle, until the input ends."""

    port: int
    login: str
    password: str
    kind: str
    connections: int
    messages: int
    seconds: float
    seed: int = 0
    tls: bool = False
    host: str = "127.0.0.1"


@dataclass
class Done:
    """Answers that were right, the seconds that they took together, milliseconds of each, processor seconds of ours."""

    count: int = 0
    seconds: float = 0.0
    milliseconds: list[float] = field(default_factory=list)
    cpu_seconds: float = 0.0


class Client:
    """One connection that blocks; signs in, and opens INBOX."""

    def __init__(self, host: str, port: int) -> None:
        self.socket = socket.create_connection((host, port), timeout=60)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._tag = 0
        self.greeting = self._until(b"* ")

    def start_tls(self) -> None:
        """Under TLS from now on; whose certificate it is, is not looked at."""
        self.ask(b"STARTTLS")
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        self.socket = context.wrap_socket(self.socket)

    def wait(self) -> None:
        """Open INBOX and wait in IDLE."""
        self.ask(b"SELECT INBOX")
        self.socket.sendall(b"idle IDLE\r\n")
        if not self.socket.recv(_RECEIVE).startswith(b"+"):
            raise UnexpectedAnswer("IDLE was not taken")

    def sign_in(self, login: str, password: str) -> None:
        self.ask(f'LOGIN "{login}" "{password}"'.encode())

    def ask(self, command: bytes) -> bytes:
        """The whole answer to one command. Raises `UnexpectedAnswer` when it is not OK."""
        self._tag += 1
        tag = b"a%d" % self._tag
        self.socket.sendall(b"%s %s\r\n" % (tag, command))
        return self._until(tag + b" ")

    def _until(self, start: bytes) -> bytes:
        answer = b""
        while (line := last_line(answer)) is None or not line.startswith(start):
            more = self.socket.recv(_RECEIVE)
            if not more:
                raise UnexpectedAnswer("the server closed the connection")
            answer += more
        if not line.startswith(start + b"OK"):
            raise UnexpectedAnswer(line[:60].decode("ascii", "replace"))
        return answer

    def close(self) -> None:
        self.socket.close()


def last_line(answer: bytes | bytearray) -> bytes | None:
    """The last line of what came so far, None while it is not whole."""
    if not answer.endswith(b"\r\n"):
        return None
    return bytes(answer[answer.rfind(b"\r\n", 0, -2) + 2 :] if answer.count(b"\r\n", 0, -2) else answer)


def command(kind: str, number: int) -> tuple[bytes, bytes, int]:
    """What to say about message `number`, and the word that a right answer holds, and how often."""
    if kind == "list_50":
        asked = b"FETCH %d:%d (UID FLAGS INTERNALDATE RFC822.SIZE ENVELOPE)" % (number, number + 49)
        return asked, b"ENVELOPE (", 50
    if kind == "fetch_5kb":
        return b"FETCH %d BODY.PEEK[]" % number, b" FETCH (BODY[] {", 1
    if kind == "select":
        return b"SELECT INBOX", b" EXISTS\r\n", 1
    return b"SEARCH UNSEEN", b"* SEARCH ", 1


def run(work: Work) -> Done:
    """Do the work. Raises `UnexpectedAnswer`."""
    chance = random.Random(work.seed)  # noqa: S311 - which messages are read
    highest = work.messages - (49 if work.kind == "list_50" else 0)
    waits = selectors.DefaultSelector()
    clients = []
    for _ in range(work.connections):
        client = Client(work.host, work.port)
        client.sign_in(work.login, work.password)
        client.ask(b"SELECT INBOX")
        client.socket.setblocking(False)
        clients.append(client)
    done = Done()
    states: list[list[Any]] = []
    began = time.perf_counter()
    cpu = time.process_time()
    for client in clients:
        state: list[Any] = [client, bytearray(), b"", 0, 0.0, 0]
        states.append(state)
        waits.register(client.socket, selectors.EVENT_READ, state)
        _say(state, work.kind, chance.randint(1, highest))
    ends = began + work.seconds
    running = len(clients)
    while running:
        for key, _ in waits.select(60):
            state = key.data
            client, answer = state[0], state[1]
            more = client.socket.recv(_RECEIVE)
            if not more:
                raise UnexpectedAnswer("the server closed the connection")
            answer += more
            start = b"b%d " % state[5]
            line = last_line(answer)
            if line is None or not line.startswith(start):
                continue
            now = time.perf_counter()
            if not line.startswith(start + b"OK") or answer.count(state[2]) != state[3]:
                raise UnexpectedAnswer(bytes(answer[:80]).decode("ascii", "replace"))
            done.count += 1
            done.milliseconds.append((now - state[4]) * 1000)
            if now < ends:
                answer.clear()
                _say(state, work.kind, chance.randint(1, highest))
            else:
                waits.unregister(client.socket)
                running -= 1
    done.seconds = time.perf_counter() - began
    done.cpu_seconds = time.process_time() - cpu
    for client in clients:
        client.close()
    return done


def _say(state: list[Any], kind: str, number: int) -> None:
    asked, state[2], state[3] = command(kind, number)
    state[5] += 1
    state[4] = time.perf_counter()
    state[0].socket.send(b"b%d %s\r\n" % (state[5], asked))


def idle(work: Work) -> list[Client]:
    """Connections that wait, all under TLS if asked. Raises `UnexpectedAnswer`."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    waiting = []
    for _ in range(work.connections):
        client = Client(work.host, work.port)
        if work.tls:
            client.start_tls()
        client.sign_in(work.login, work.password)
        client.wait()
        waiting.append(client)
    return waiting


def fill(host: str, port: int, login: str, password: str, messages: list[tuple[bytes, str]]) -> None:
    """Append messages with their flags to INBOX over one connection, several on their way at once.

    Raises `UnexpectedAnswer`.
    """
    client = Client(host, port)
    client.sign_in(login, password)
    ahead = 20
    answered = b""
    said = heard = 0
    while heard < len(messages):
        while said < len(messages) and said - heard < ahead:
            raw, flags = messages[said]
            client.socket.sendall(b"f APPEND INBOX (%s) {%d+}\r\n%s\r\n" % (flags.encode(), len(raw), raw))
            said += 1
        answered += client.socket.recv(_RECEIVE)
        whole, _, answered = answered.rpartition(b"\r\n")
        for line in whole.split(b"\r\n") if whole else ():
            if line.startswith(b"f "):
                if not line.startswith(b"f OK"):
                    raise UnexpectedAnswer(line[:60].decode("ascii", "replace"))
                heard += 1
    client.close()


def main() -> None:
    """Read the work, do it, tell what was done."""
    work = Work(**json.loads(sys.stdin.readline()))
    try:
        if work.kind == "idle":
            waiting = idle(work)
            say({"waiting": len(waiting)})
            sys.stdin.read()
            say({"count": len(waiting)})
            return
        done = run(work)
    except (UnexpectedAnswer, OSError) as problem:
        say({"problem": f"{type(problem).__name__}: {problem}"})
        raise SystemExit(1) from None
    say(done.__dict__)


def say(told: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(told) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
