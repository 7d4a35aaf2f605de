"""What a message may cost whoever reads it: one of them must not hold up everyone's mail, nor fill the memory."""

import base64
import io
import zipfile

import pytest

from carnet.domain.messaging.delivery import incoming
from carnet.domain.messaging.delivery.incoming import Incoming, read_incoming
from carnet.domain.messaging.envelopes import SpooledEnvelope
from carnet.domain.messaging.mime import read
from carnet.domain.messaging.mime.authors import authors
from carnet.domain.messaging.mime.limits import MalformedCode
from carnet.domain.messaging.mime.parameters import parse_content_value
from carnet.foundation.clock import now
from carnet.foundation.ids import new_id
from carnet.foundation.spool import Accepted

HEAD = b"From: dpi@saint-aubin.mssante.test\r\nSubject: x\r\n"


def read_raw(raw: bytes) -> Incoming:
    envelope = SpooledEnvelope(
        door="operators", sender="dpi@saint-aubin.mssante.test", recipients=("x@y.test",), accepted_at=now()
    )
    return read_incoming(Accepted(new_id(), 0, envelope.to_json(), raw))


def with_attachments(*contents: bytes, media_type: bytes, name: bytes) -> bytes:
    parts = [
        b"--b\r\nContent-Type: %s\r\nContent-Disposition: attachment; filename=%s\r\n"
        b"Content-Transfer-Encoding: base64\r\n\r\n%s\r\n"
        % (media_type, name, base64.encodebytes(content).replace(b"\n", b"\r\n"))
        for content in contents
    ]
    return HEAD + b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"".join(parts) + b"--b--\r\n"


def archive_of_blanks(megabytes: int) -> bytes:
    """An archive that no bound of its own refuses, and that unpacks to a hundred times its size and more."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(megabytes):
            archive.writestr(f"IHE_XDM/SUBSET01/D{number}.XML", b" " * 999_000)
    return file.getvalue()


def test_many_archives_may_not_unpack_to_more_than_one_may() -> None:
    archive = archive_of_blanks(30)
    one = read_raw(with_attachments(archive, media_type=b"application/zip", name=b"IHE_XDM.ZIP"))
    assert one.problem is None
    many = read_raw(with_attachments(*[archive] * 6, media_type=b"application/zip", name=b"IHE_XDM.ZIP"))
    assert many.problem is not None
    assert many.problem.code is MalformedCode.ARCHIVES_TOO_LARGE
    assert many.packages == {}


def test_the_parts_of_a_message_are_looked_for_once(monkeypatch: pytest.MonkeyPatch) -> None:
    scans = []
    real = read.scan
    monkeypatch.setattr(read, "scan", lambda *arguments: scans.append(1) or real(*arguments))
    message = read_raw(with_attachments(*[b"<?xml version='1.0'?><a/>"] * 20, media_type=b"text/xml", name=b"a.xml"))
    assert len(message.parsed.attachments) == 20
    assert len(scans) == 1


def test_html_is_cleaned_once_for_all_recipients(monkeypatch: pytest.MonkeyPatch) -> None:
    cleanings = []
    real = incoming.clean_html
    monkeypatch.setattr(incoming, "clean_html", lambda html: cleanings.append(1) or real(html))
    message = read_raw(HEAD + b"Content-Type: text/html\r\n\r\n<p>Bonjour</p>")
    shown = [message.content(author_name=name, author_domain="x.test", verified=True).html for name in "abc"]
    assert shown == ["<p>Bonjour</p>"] * 3
    assert len(cleanings) == 1


def test_a_parameter_of_nothing_but_escapes_is_cut() -> None:
    value = parse_content_value(b'text/plain; name="' + b'\\"' * 30_000 + b'"')
    assert 0 < len(value.parameter("name")) <= 4_096
    assert parse_content_value(b'text/plain; name="a \\"b\\".pdf"').parameter("name") == b'a "b".pdf'


@pytest.mark.parametrize("field", [b'a@good.test"\r\n \r\n', b' "a\r\n b" <a@good.test>\r\n', b'.a@good.test" \r\n'])
def test_the_door_and_the_reader_see_the_same_author(field: bytes) -> None:
    raw = b"From:" + field + b"To: b@x.test\r\n\r\nBonjour\r\n"
    assert [one.address for one in authors(raw)] == [one.address for one in read.read_message(raw).from_]
