"""The rules of the SMTP door that keep strangers honest: content, lines, TLS, authentication."""

import base64

import pytest
from smtp_talk import ENVELOPE, Talk, codes, config

from carnet.interfaces.smtp.events import Auth, Ehlo
from carnet.interfaces.smtp.protocol import SmtpProtocol
from carnet.interfaces.smtp.reply import Reply


def b64(words: str) -> str:
    return base64.b64encode(words.encode()).decode()


@pytest.mark.parametrize(
    ("wire", "expected"),
    [
        (b".\r\n", b""),
        (b"\r\n.\r\n", b"\r\n"),
        (b"a\r\n.\r\n", b"a\r\n"),
        (b"..\r\n.\r\n", b".\r\n"),
        (b"...\r\n..a\r\n.b\r\n.\r\n", b"..\r\n.a\r\nb\r\n"),
        (b"\xe9\x00\r\n.\r\n", b"\xe9\x00\r\n"),
        (b"a\n.\n\r\n.\r\n", "550 5.6.11"),
        (b"a\n.\r\nb\r\n.\r\n", "550 5.6.11"),
        (b"a\r.\rb\r\n.\r\n", "550 5.6.11"),
        (b"a\r\r\n.\r\n", "550 5.6.11"),
        (b"\n.\r\n\r\n.\r\n", "550 5.6.11"),
        (b"a\r\n.\nMAIL FROM:<admin@b>\r\n.\r\n", "550 5.6.11"),
        (b"a\r\n.\rMAIL FROM:<admin@b>\r\n.\r\n", "550 5.6.11"),
    ],
)
def test_content_ends_only_at_crlf_dot_crlf_with_no_bare_line_end(wire: bytes, expected: bytes | str) -> None:
    talk = Talk().greeted()
    talk.say(ENVELOPE + b"DATA\r\n")
    answer = codes(talk.say(wire))
    if isinstance(expected, str):
        assert answer == [expected]
        assert talk.messages == []
    else:
        assert answer == ["250 2.0.0"]
        assert talk.messages[0].content == expected
    assert codes(talk.say(ENVELOPE)) == ["250 2.1.0", "250 2.1.5"]


@pytest.mark.parametrize("chunk", [1, 3, 1000, 10**6])
@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"a" * 998 + b"\r\n", "250 2.0.0"),
        (b"." * 998 + b"\r\n", "250 2.0.0"),
        (b"a" * 999 + b"\r\n", "552 5.3.4"),
        (b"." * 999 + b"\r\n", "552 5.3.4"),
        (b"\n" + b"a" * 5000 + b"\r\n", "552 5.3.4"),
    ],
)
def test_a_message_may_have_the_limit_and_not_one_octet_more(content: bytes, expected: str, chunk: int) -> None:
    talk = Talk(config(max_size=1000)).greeted()
    talk.say(ENVELOPE + b"DATA\r\n")
    wire = (b"." if content.startswith(b".") else b"") + content + b".\r\n"
    answer = b""
    for start in range(0, len(wire), chunk):
        answer += talk.say(wire[start : start + chunk])
        if talk.machine.content is not None:
            assert talk.machine.content.held <= 1004
    assert codes(answer) == [expected]


def test_lines_too_long_are_passed_over() -> None:
    talk = Talk().greeted()
    assert codes(talk.say("NOOP " + "x" * 2041 + "\r\n")) == ["250 2.0.0"]
    assert codes(talk.say("NOOP " + "x" * 2042 + "\r\nNOOP\r\n")) == ["500 5.5.2", "250 2.0.0"]
    assert codes(talk.say("x" * 50000)) == ["500 5.5.2"]
    assert codes(talk.say("MAIL FROM:<a@b>")) == []
    assert codes(talk.say("\r\nNOOP\r\n")) == ["250 2.0.0"]


@pytest.mark.parametrize("line", ["NOOP\nNOOP\r\n", "\n", "MAIL FROM:<a@b>\nNOOP\r\n", "RSET\n\r\n"])
def test_a_bare_line_feed_after_a_command_ends_the_session(line: str) -> None:
    talk = Talk().greeted()
    assert codes(talk.say(line)) == ["500 5.5.2"]
    assert talk.machine.closed


@pytest.mark.parametrize("cut", [1, 50_000, 50_001, 100_000])
def test_a_line_too_long_ends_where_any_other_does(cut: int) -> None:
    def said(stream: bytes) -> list[str]:
        talk = Talk().greeted()
        return codes(b"".join(talk.say(stream[at : at + cut]) for at in range(0, len(stream), cut)))

    assert said(b"x" * 50_000 + b"\r\nNOOP\r\n") == ["500 5.5.2", "250 2.0.0"]
    assert said(b"x" * 50_000 + b"\nNOOP\r\n") == ["500 5.5.2", "500 5.5.2"]


def test_too_many_bad_commands_end_the_session() -> None:
    talk = Talk(config(max_bad_commands=3)).greeted()
    assert codes(talk.say("X\r\nX\r\nX\r\nNOOP\r\n")) == ["500 5.5.1", "500 5.5.1", "421 4.7.0"]
    assert talk.machine.closed
    assert talk.say("NOOP\r\n") == b""


def test_commands_that_send_no_mail_are_bounded_between_two_messages() -> None:
    talk = Talk(config(max_idle_commands=3)).greeted()
    assert codes(talk.say("NOOP\r\nRSET\r\n" + "NOOP\r\n")) == ["250 2.0.0", "250 2.0.0", "503 5.5.1"]
    talk.say(ENVELOPE + b"DATA\r\n.\r\n")
    assert codes(talk.say("NOOP\r\n")) == ["250 2.0.0"]


def test_tls_can_be_required() -> None:
    talk = Talk(config(starttls=True, require_tls=True, auth_mechanisms=("PLAIN",)))
    answer = talk.say("EHLO me\r\nNOOP\r\nMAIL FROM:<>\r\nAUTH PLAIN\r\nVRFY a\r\nSTARTTLS x\r\n")
    assert codes(answer) == ["250", "250 2.0.0", "530 5.7.0", "530 5.7.0", "530 5.7.0", "501 5.5.4"]
    assert codes(talk.say("STARTTLS\r\n")) == ["220 2.0.0"]
    assert codes(talk.say("MAIL FROM:<>\r\n")) == ["503 5.5.1"], "the greeting before TLS is forgotten"
    assert codes(talk.say("EHLO me\r\nMAIL FROM:<>\r\nSTARTTLS\r\n")) == ["250", "250 2.1.0", "503 5.5.1"]


def test_plaintext_after_starttls_is_thrown_away_and_ends_the_session() -> None:
    talk = Talk(config(starttls=True)).greeted()
    assert codes(talk.say("STARTTLS\r\nMAIL FROM:<evil@b>\r\n")) == ["554 5.5.1"]
    assert talk.machine.closed
    assert [type(event) for event in talk.events[1:]] == [Ehlo]

    late = SmtpProtocol(config(starttls=True))
    late.next_event()
    late.reply()
    late.receive_data(b"STARTTLS\r\n")
    assert late.receive_data(b"NOOP\r\n") is None
    late.data_to_send()
    late.reply()
    assert codes(late.data_to_send()) == ["554 5.5.1"]

    during = Talk(config(starttls=True), handshakes=False).greeted()
    assert codes(during.say("STARTTLS\r\n")) == ["220 2.0.0"]
    assert during.say("NOOP\r\n") == b""
    assert during.machine.closed


def test_a_refused_starttls_leaves_the_session_in_clear() -> None:
    busy = Reply(454, "4.7.0", "TLS not available due to temporary reason")
    talk = Talk(config(starttls=True), decide=lambda e: busy if type(e).__name__ == "StartTls" else None)
    assert codes(talk.say("STARTTLS\r\nNOOP\r\n")) == ["554 5.5.1"]
    talk = Talk(config(starttls=True), decide=lambda e: busy if type(e).__name__ == "StartTls" else None)
    assert codes(talk.say("STARTTLS\r\n")) == ["454 4.7.0"]
    assert codes(talk.say("NOOP\r\n")) == ["250 2.0.0"]


def auth_talk(**changes: object) -> Talk:
    def decide(event: object) -> Reply | None:
        if isinstance(event, Auth) and event.claim.password != "sésame":
            return Reply(535, "5.7.8", "Authentication credentials invalid")
        return None

    rules = config(starttls=True, auth_mechanisms=("PLAIN", "LOGIN"), require_auth=True, **changes)
    return Talk(rules, decide=decide, tls=True).greeted()


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["AUTH PLAIN " + b64("\0anne\0sésame")], ["235 2.7.0"]),
        (["auth plain", b64("anne\0anne\0sésame")], ["334", "235 2.7.0"]),
        (["AUTH LOGIN", b64("anne"), b64("sésame")], ["334", "334", "235 2.7.0"]),
        (["AUTH LOGIN " + b64("anne"), b64("sésame")], ["334", "235 2.7.0"]),
        (["AUTH PLAIN " + b64("\0anne\0wrong")], ["535 5.7.8"]),
        (["AUTH PLAIN " + b64("other\0anne\0sésame")], ["501 5.5.2"]),
        (["AUTH PLAIN " + b64("\0\0sésame")], ["501 5.5.2"]),
        (["AUTH PLAIN " + b64("anne")], ["501 5.5.2"]),
        (["AUTH PLAIN ="], ["501 5.5.2"]),
        (["AUTH PLAIN not*base64"], ["501 5.5.2"]),
        (["AUTH PLAIN /w=="], ["501 5.5.2"]),
        (["AUTH PLAIN", "*"], ["334", "501 5.7.0"]),
        (["AUTH LOGIN", b64("an\0ne")], ["334", "501 5.5.2"]),
        (["AUTH LOGIN", "x" * 12290], ["334", "500 5.5.6"]),
        (["AUTH PLAIN " + b64("\0anne\0" + "x" * 9000)], ["535 5.7.8"]),
        (["AUTH CRAM-MD5"], ["504 5.5.4"]),
        (["AUTH"], ["501 5.5.4"]),
    ],
)
def test_plain_and_login_are_understood(lines: list[str], expected: list[str]) -> None:
    talk = auth_talk()
    assert [code for line in lines for code in codes(talk.say(line + "\r\n"))] == expected
    allowed = codes(talk.say("MAIL FROM:<>\r\n"))
    assert allowed == (["250 2.1.0"] if expected[-1].startswith("235") else ["530 5.7.0"])


def test_auth_has_its_moment() -> None:
    plain = "AUTH PLAIN " + b64("\0anne\0sésame") + "\r\n"
    clear = Talk(config(starttls=True, auth_mechanisms=("PLAIN",))).greeted()
    assert codes(clear.say(plain)) == ["538 5.7.11"]
    talk = auth_talk()
    assert codes(talk.say(plain + plain)) == ["235 2.7.0", "503 5.5.1"]
    free = Talk(config(auth_mechanisms=("PLAIN",)), tls=True)
    assert codes(free.say(plain)) == ["503 5.5.1"]
    assert codes(free.greeted().say("MAIL FROM:<>\r\n" + plain)) == ["250 2.1.0", "503 5.5.1"]


def test_failed_authentications_end_the_session() -> None:
    talk = auth_talk(max_auth_failures=2)
    wrong = "AUTH PLAIN " + b64("\0anne\0wrong") + "\r\n"
    assert codes(talk.say(wrong + wrong + "NOOP\r\n")) == ["535 5.7.8", "421 4.7.0"]
    assert talk.machine.closed
    assert "wrong" not in repr(talk.events)
