"""Mail to other operators: how long it is tried, and addresses that an operator cannot take."""

import socketserver
import threading
from collections.abc import Iterator
from datetime import timedelta

import pytest

from carnet.domain.messaging.jobs import _send
from carnet.domain.messaging.rules import next_try

DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("code", "attempts", "waited", "wait"),
    [
        (421, 1, timedelta(0), timedelta(minutes=2)),
        (450, 3, timedelta(hours=1), timedelta(minutes=8)),
        (450, 50, DAY, timedelta(hours=4)),
        (450, 3, DAY + timedelta(seconds=1), None),
        (550, 1, timedelta(0), None),
    ],
)
def test_a_mail_that_was_not_taken_is_tried_less_and_less_often(
    code: int, attempts: int, waited: timedelta, wait: timedelta | None
) -> None:
    assert next_try(code, attempts, waited, DAY) == wait


class _Operator(socketserver.StreamRequestHandler):
    """Another operator that takes everything, and keeps the commands; with SMTPUTF8 when its server says so."""

    def handle(self) -> None:
        self.wfile.write(b"220 operator\r\n")
        in_data = False
        for line in self.rfile:
            if in_data:
                if line != b".\r\n":
                    continue
                in_data = False
            self.server.said.append(line)
            if line.startswith(b"ehlo"):
                self.wfile.write(b"250-operator\r\n250 %s\r\n" % self.server.extension)
            elif line.startswith(b"data"):
                in_data = True
                self.wfile.write(b"354 go on\r\n")
            elif line.startswith(b"QUIT"):
                self.wfile.write(b"221 bye\r\n")
                return
            else:
                self.wfile.write(b"250 ok\r\n")


@pytest.fixture
def operator(settings) -> Iterator[socketserver.TCPServer]:
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Operator) as server:
        server.extension, server.said = b"8BITMIME", []
        settings.CARNET_ROUTES = {"operator.fr": f"127.0.0.1:{server.server_address[1]}"}
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def test_an_address_beyond_ascii_is_refused_for_good_where_the_operator_cannot_take_it(operator) -> None:
    assert _send("operator.fr", "a@b.fr", "hélène@operator.fr", b"Subject: x\r\n\r\n")[0] == 553
    assert not any(line.lower().startswith(b"mail") for line in operator.said)


def test_an_address_beyond_ascii_goes_to_an_operator_that_takes_it(operator) -> None:
    operator.extension = b"SMTPUTF8"
    assert _send("operator.fr", "a@b.fr", "hélène@operator.fr", b"Subject: x\r\n\r\n")[0] == 250
    assert "rcpt TO:<hélène@operator.fr>\r\n".encode() in operator.said
    assert any(line.startswith(b"mail") and b"SMTPUTF8" in line for line in operator.said)


def test_a_plain_address_asks_for_nothing_special(operator) -> None:
    assert _send("operator.fr", "a@b.fr", "helene@operator.fr", b"Subject: x\r\n\r\n")[0] == 250
    assert not any(b"SMTPUTF8" in line for line in operator.said)
