"""SMTP smuggling: no line end but CR LF ends anything, wherever it stands (RFC 5321 §2.3.8, §4.1.1.4).

Software that takes another end for the end of a message sees a second message in one: here each variant is refused with
the message that carries it, and what follows it is never a command.
"""

import base64

import pytest
from smtp_talk import ENVELOPE, Talk, codes, config

SECOND = b"MAIL FROM:<admin@hosted.test>\r\nRCPT TO:<c@d>\r\nDATA\r\nsecond\r\n.\r\n"
ENDS = [
    b"\n.\n",
    b"\n.\r\n",
    b"\r\n.\n",
    b"\r.\r",
    b"\r.\r\n",
    b"\r\n.\r",
    b"\n.\r",
    b"\r.\n",
    b"\r\r\n.\r\r\n",
    b"\r\n.\r\r\n",
    b"\r\n\r.\r\n",
    b"\n\n.\n\n",
]
OTHER_ENDS = [
    b"\r\n.\0\r\n",
    b"\r\n\0.\r\n",
    b"\r\n. \r\n",
    b"\r\n .\r\n",
    b"\x85.\x85",
    b"\xe2\x80\xa8.\xe2\x80\xa8",
    b"\x0b.\x0b",
    b"\x0c.\x0c",
]


@pytest.mark.parametrize("end", ENDS, ids=lambda end: end.hex())
@pytest.mark.parametrize("before", [b"", b"Subject: x\r\n\r\nfirst", b"x" * 70_000], ids=["none", "body", "long"])
def test_no_other_end_of_content_is_an_end(end: bytes, before: bytes) -> None:
    talk = Talk(config()).greeted()
    talk.say(ENVELOPE + b"DATA\r\n")
    answers = codes(talk.say(before + end + SECOND))
    assert answers[0] == "550 5.6.11"
    assert talk.messages == []
    # The first CR LF . CR LF is the second message's: nothing of it was taken for a command.
    assert len(answers) == 1
    assert codes(talk.say(b"NOOP\r\n")) == ["250 2.0.0"]


@pytest.mark.parametrize("end", OTHER_ENDS, ids=lambda end: end.hex())
def test_what_only_looks_like_an_end_is_content(end: bytes) -> None:
    talk = Talk(config()).greeted()
    talk.say(ENVELOPE + b"DATA\r\n")
    assert codes(talk.say(b"first" + end + SECOND)) == ["250 2.0.0"]
    (message,) = talk.messages
    assert message.content.endswith(b"second\r\n")


@pytest.mark.parametrize("bare", [b"\n", b"\r"], ids=["LF", "CR"])
@pytest.mark.parametrize(
    "content",
    [
        b"From: a@b%sBcc: c@d\r\n\r\nx\r\n",
        b"From: a@b\r\n%s\r\nx\r\n",
        b"From: a@b\r\n\r\nx%sy\r\n",
        b"From: a@b\r\n\r\nx\r\n%s",
        b"%s",
        b"%sFrom: a@b\r\n\r\nx\r\n",
    ],
)
def test_a_bare_line_end_anywhere_in_the_content_is_refused(content: bytes, bare: bytes) -> None:
    talk = Talk(config()).greeted()
    talk.say(ENVELOPE + b"DATA\r\n")
    assert codes(talk.say(content % bare + b"\r\n.\r\n")) == ["550 5.6.11"]
    assert talk.messages == []


@pytest.mark.parametrize("bare", [b"\n", b"\r", b"\0", b"\x0b", b"\x7f"], ids=lambda one: one.hex())
@pytest.mark.parametrize(
    "line",
    [b"NOOP%s", b"%sNOOP", b"EHLO a%sb", b"MAIL FROM:<a%sRCPT TO:<c@d>@b>", b"MAIL FROM:<a@b> SIZE=1%s", b"RSET%sQUIT"],
)
def test_a_bare_line_end_in_a_command_is_no_line_end(line: bytes, bare: bytes) -> None:
    talk = Talk(config()).greeted()
    assert codes(talk.say(line % bare + b"\r\n")) == ["500 5.5.2"]
    # What follows a bare LF might be a command for whoever takes it for an end: the session is over.
    assert talk.machine.closed == (bare == b"\n")


def test_chunking_is_not_offered_so_that_no_other_way_of_ending_exists() -> None:
    talk = Talk(config())
    assert b"CHUNKING" not in talk.say("EHLO me\r\n")
    talk.say(ENVELOPE)
    assert codes(talk.say(b"BDAT 5 LAST\r\n")) == ["502 5.5.1"]
    assert b"BINARYMIME" not in talk.say("EHLO me\r\n")
    assert codes(talk.say("MAIL FROM:<a@b> BODY=BINARYMIME\r\n")) == ["501 5.5.4"]


@pytest.mark.parametrize(
    "address",
    [
        b"<a\r\n@b>",
        b"<a@b\r\nDATA>",
        b'<"a\r\nb"@c>',
        b"<a@b\0>",
        b"<a@b>\rRCPT TO:<c@d>",
        b"<@x,@y:a@b\n>",
        b"<a b@c>",
    ],
)
def test_an_address_cannot_bring_a_line_of_its_own(address: bytes) -> None:
    talk = Talk(config()).greeted()
    answers = codes(talk.say(b"MAIL FROM:" + address + b"\r\n"))
    assert not any(answer.startswith("2") for answer in answers)
    assert talk.machine.envelope is None


@pytest.mark.parametrize(
    "lines",
    [
        [b"AUTH LOGIN\r\n", b"bad base64\r\n"],
        [b"AUTH LOGIN " + base64.b64encode(b"a\0b") + b"\r\n", base64.b64encode(b"x") + b"\r\n"],
        [b"AUTH LOGIN\r\n", b"\r\n", b"\r\n"],
        [b"AUTH LOGIN =\r\n", b"=\r\n"],
        [b"AUTH PLAIN " + base64.b64encode(b"no separators") + b"\r\n"],
        [b"AUTH PLAIN " + base64.b64encode(b"other\0user\0secret") + b"\r\n"],
        [b"AUTH LOGIN\r\n", b"x" * 20_000 + b"\r\n"],
        [b"AUTH LOGIN\r\n", b"MAIL FROM:<a@b>\r\n"],
        [b"AUTH LOGIN\r\n", b"\n"],
        [b"AUTH\tPLAIN\r\n"],
    ],
)
def test_odd_answers_of_authentication_prove_nothing(lines: list[bytes]) -> None:
    rules = config(starttls=True, auth_mechanisms=("PLAIN", "LOGIN"), require_auth=True, require_tls=True)
    talk = Talk(rules, decide=lambda _event: None, tls=True).greeted()
    from carnet.interfaces.smtp.events import Auth
    from carnet.interfaces.smtp.reply import Reply

    talk.decide = lambda event: Reply(535, "5.7.8", "No") if isinstance(event, Auth) else None
    for line in lines:
        assert b"235" not in talk.say(line)
    assert not talk.machine.authenticated
    assert not any(answer.startswith("250") for answer in codes(talk.say("MAIL FROM:<a@b>\r\n")))
