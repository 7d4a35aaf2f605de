"""The rules of the SMTP door: commands, envelopes, decisions, replies."""

import pytest
from smtp_talk import DOCTOR, ENVELOPE, HOST, PATIENT, Talk, codes, config

from carnet.interfaces.smtp.events import Data, Ehlo, Mail, Message, Quit, Rcpt, Rset
from carnet.interfaces.smtp.options import SmtpConfig
from carnet.interfaces.smtp.protocol import SmtpProtocol
from carnet.interfaces.smtp.reply import Reply

NO_ONE = Reply(550, "5.1.1", "No such mailbox")


def test_a_session_from_banner_to_goodbye() -> None:
    talk = Talk()
    assert talk.banner == f"220 {HOST} ESMTP Carnet\r\n".encode()
    talk.greeted()
    assert codes(talk.say(ENVELOPE)) == ["250 2.1.0", "250 2.1.5"]
    assert codes(talk.say("DATA\r\n")) == ["354"]
    assert codes(talk.say("Subject: x\r\n\r\nhello\r\n.\r\n")) == ["250 2.0.0"]
    assert codes(talk.say("QUIT\r\n")) == ["221 2.0.0"]
    assert talk.machine.closed
    assert [type(event).__name__ for event in talk.events] == (
        ["Connected", "Ehlo", "Mail", "Rcpt", "Data", "Message", "Quit"]
    )
    message = talk.messages[0]
    assert message.content == b"Subject: x\r\n\r\nhello\r\n"
    assert (message.envelope.mail.sender, message.envelope.rcpts) == (DOCTOR, [Rcpt(PATIENT)])


def test_ehlo_lists_what_is_offered_and_helo_does_not() -> None:
    assert Talk().say("EHLO me\r\n").decode().splitlines() == [
        f"250-{HOST}",
        "250-PIPELINING",
        "250-SIZE 26214400",
        "250-8BITMIME",
        "250-SMTPUTF8",
        "250-DSN",
        "250 ENHANCEDSTATUSCODES",
    ]
    assert Talk().say("HELO me\r\n") == f"250 {HOST}\r\n".encode()


def test_auth_is_offered_only_under_tls_and_starttls_only_before() -> None:
    talk = Talk(config(starttls=True, auth_mechanisms=("PLAIN", "LOGIN")))
    before = talk.say("EHLO me\r\n")
    assert b"STARTTLS" in before
    assert b"AUTH" not in before
    assert codes(talk.say("STARTTLS\r\n")) == ["220 2.0.0"]
    after = talk.say("EHLO me\r\n")
    assert b"STARTTLS" not in after
    assert b"250-AUTH PLAIN LOGIN\r\n" in after
    assert b"CHUNKING" not in before + after


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("NOOP", "250 2.0.0"),
        ("noop with words", "250 2.0.0"),
        ("HELP", "214 2.0.0"),
        ("HELP MAIL", "214 2.0.0"),
        ("VRFY anne", "252 2.0.0"),
        ("VRFY", "501 5.5.4"),
        ("EXPN list", "502 5.5.1"),
        ("BDAT 10 LAST", "502 5.5.1"),
        ("STARTTLS", "502 5.5.1"),
        ("AUTH PLAIN", "502 5.5.1"),
        ("RSET", "250 2.0.0"),
        ("RSET now", "501 5.5.4"),
        ("QUIT now", "501 5.5.4"),
        ("DATA now", "501 5.5.4"),
        ("BONJOUR", "500 5.5.1"),
        ("", "500 5.5.1"),
        ("EHLO", "501 5.5.4"),
        ("EHLO two words", "501 5.5.4"),
        ("EHLO " + "a" * 256, "501 5.5.4"),
        ("EHLO caf\xe9", "501 5.5.4"),
        ("EHLO [127.0.0.1]", "250"),
        ("DATA", "503 5.5.1"),
        (f"RCPT TO:<{PATIENT}>", "503 5.5.1"),
        ("NO\x00OP", "500 5.5.2"),
        ("NO\rOP", "500 5.5.2"),
        ("NOOP\tx", "500 5.5.2"),
        ("NOOP\x7f", "500 5.5.2"),
    ],
)
def test_each_command_has_its_answer(command: str, expected: str) -> None:
    talk = Talk().greeted()
    answer = talk.say(command + "\r\n")
    # EHLO answers carry no enhanced code (RFC 2034 §4): their last line is the name of one.
    assert codes(answer) == [expected]
    assert codes(talk.say("NOOP\r\n")) == ["250 2.0.0"]


def test_commands_out_of_sequence_are_refused() -> None:
    talk = Talk()
    assert codes(talk.say(ENVELOPE)) == ["503 5.5.1", "503 5.5.1"]
    talk.greeted()
    assert codes(talk.say(f"MAIL FROM:<{DOCTOR}>\r\nDATA\r\nMAIL FROM:<>\r\n")) == [
        "250 2.1.0",
        "503 5.5.1",
        "503 5.5.1",
    ]


@pytest.mark.parametrize("again", ["RSET\r\n", "EHLO me\r\n", "HELO me\r\n"])
def test_rset_and_a_second_greeting_give_up_the_transaction(again: str) -> None:
    talk = Talk().greeted()
    talk.say(ENVELOPE)
    talk.say(again)
    assert codes(talk.say("DATA\r\n")) == ["503 5.5.1"]
    assert codes(talk.say(ENVELOPE)) == ["250 2.1.0", "250 2.1.5"]


@pytest.mark.parametrize(
    ("path", "address"),
    [
        ("<>", ""),
        ("<a@b>", "a@b"),
        (" <a@b>", "a@b"),
        ("<@relay.example,@other.example:a@b.example>", "a@b.example"),
        ('<"a b\\"c@d"@b.example>', '"a b\\"c@d"@b.example'),
        ("<a@[192.0.2.1]>", "a@[192.0.2.1]"),
        ("<a@[IPv6:2001:db8::1]>", "a@[IPv6:2001:db8::1]"),
        ("<o'neil+tag@xn--caf-dma.example>", "o'neil+tag@xn--caf-dma.example"),
        (f"<{'l' * 64}@{'d' * 63}.example>", f"{'l' * 64}@{'d' * 63}.example"),
    ],
)
def test_a_sender_is_read(path: str, address: str) -> None:
    talk = Talk().greeted()
    assert codes(talk.say(f"mail from:{path}\r\n")) == ["250 2.1.0"]
    assert talk.events[-1] == Mail(address)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ("", "501 5.5.4"),
        ("FROM", "501 5.5.4"),
        ("FROM:a@b", "501 5.5.4"),
        ("TO:<a@b>", "501 5.5.4"),
        ("FROM:<a>", "553 5.1.7"),
        ("FROM:<a@b", "553 5.1.7"),
        ("FROM:<a@b>x", "553 5.1.7"),
        ("FROM:<a b@c>", "553 5.1.7"),
        ("FROM:<.a@b>", "553 5.1.7"),
        ("FROM:<a..b@c>", "553 5.1.7"),
        ("FROM:<a@b..c>", "553 5.1.7"),
        ("FROM:<a@-b>", "553 5.1.7"),
        ("FROM:<a@b@c>", "553 5.1.7"),
        ("FROM:<a@[300.0.0.1]>", "553 5.1.7"),
        ("FROM:<a@[2001:db8::1]>", "553 5.1.7"),
        ('FROM:<"a@b>', "553 5.1.7"),
        (f"FROM:<{'l' * 65}@b>", "553 5.1.7"),
        (f"FROM:<a@{'d.' * 130}fr>", "553 5.1.7"),
        ("FROM:<é@b.example>", "553 5.6.7"),
        ("FROM:<a@b> SIZE=26214401", "552 5.3.4"),
        ("FROM:<a@b> SIZE=" + "9" * 20, "552 5.3.4"),
        ("FROM:<a@b> SIZE=" + "9" * 21, "501 5.5.4"),
        ("FROM:<a@b> SIZE=-1", "501 5.5.4"),
        ("FROM:<a@b> SIZE", "501 5.5.4"),
        ("FROM:<a@b> SIZE=1 size=1", "501 5.5.4"),
        ("FROM:<a@b> BODY=BINARYMIME", "501 5.5.4"),
        ("FROM:<a@b> SMTPUTF8=1", "501 5.5.4"),
        ("FROM:<a@b> RET=ALL", "501 5.5.4"),
        ("FROM:<a@b> ENVID=", "501 5.5.4"),
        ("FROM:<a@b> ENVID=" + "x" * 101, "501 5.5.4"),
        ("FROM:<a@b> ENVID=a+0D+0Ab", "501 5.5.4"),
        ("FROM:<a@b> ENVID=a+zz", "501 5.5.4"),
        ("FROM:<a@b> AUTH=", "501 5.5.4"),
        ("FROM:<a@b> HOLDFOR=10", "555 5.5.4"),
        ("FROM:<a@b> =1", "555 5.5.4"),
    ],
)
def test_a_bad_sender_is_refused(arguments: str, expected: str) -> None:
    talk = Talk().greeted()
    assert codes(talk.say(f"MAIL {arguments}\r\n")) == [expected]
    assert codes(talk.say("MAIL FROM:<a@b>\r\n")) == ["250 2.1.0"]


def test_the_parameters_of_mail_are_read() -> None:
    talk = Talk().greeted()
    words = "SIZE=1200 BODY=8bitmime SMTPUTF8 RET=hdrs ENVID=QQ+2B314159 AUTH=e+3Dmc2@example.com"
    talk.say(f"MAIL FROM:<é@b.example> {words}\r\n")
    assert talk.events[-1] == Mail("é@b.example", 1200, "8BITMIME", True, "HDRS", "QQ+314159")


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ("<a@b>", Rcpt("a@b")),
        ("<postMaster>", Rcpt("postMaster")),
        ("<a@b> NOTIFY=NEVER", Rcpt("a@b", frozenset({"NEVER"}))),
        ("<a@b> NOTIFY=success,DELAY", Rcpt("a@b", frozenset({"SUCCESS", "DELAY"}))),
        ("<a@b> ORCPT=rfc822;x+2By@c", Rcpt("a@b", orcpt="rfc822;x+y@c")),
        ("<>", "553 5.1.3"),
        ("<nobody>", "553 5.1.3"),
        ("a@b", "501 5.5.4"),
        ("<é@b>", "553 5.6.7"),
        ("<a@b> NOTIFY=NEVER,DELAY", "501 5.5.4"),
        ("<a@b> NOTIFY=", "501 5.5.4"),
        ("<a@b> NOTIFY=ALWAYS", "501 5.5.4"),
        ("<a@b> ORCPT=a@b", "501 5.5.4"),
        ("<a@b> ORCPT=rfc822;", "501 5.5.4"),
        ("<a@b> ORCPT=rfc822;a+0Ab", "501 5.5.4"),
        ("<a@b> ORCPT=rfc822;" + "x" * 500, "501 5.5.4"),
        ("<a@b> ORCPT=utf-8;é@c", "501 5.5.4"),
        ("<a@b> SIZE=1", "555 5.5.4"),
    ],
)
def test_a_recipient_is_read_or_refused(arguments: str, expected: Rcpt | str) -> None:
    talk = Talk().greeted()
    talk.say("MAIL FROM:<>\r\n")
    answer = codes(talk.say(f"RCPT TO:{arguments}\r\n"))
    if isinstance(expected, str):
        assert answer == [expected]
    else:
        assert answer == ["250 2.1.5"]
        assert talk.events[-1] == expected


def test_smtputf8_opens_recipients_and_replies_to_other_scripts() -> None:
    refuse = Reply(550, "5.1.1", "Boîte inconnue")
    talk = Talk(decide=lambda event: refuse if isinstance(event, Rcpt) else None).greeted()
    talk.say("MAIL FROM:<> SMTPUTF8\r\n")
    assert talk.say("RCPT TO:<ü@b> ORCPT=utf-8;ü@c\r\n") == "550 5.1.1 Boîte inconnue\r\n".encode()
    assert talk.events[-1] == Rcpt("ü@b", orcpt="utf-8;ü@c")
    talk.say("RSET\r\nMAIL FROM:<>\r\n")
    assert talk.say("RCPT TO:<u@b>\r\n") == b"550 5.1.1 Bo\\xeete inconnue\r\n"
    assert codes(talk.say(b"RSET\r\nMAIL FROM:<\xff@b> SMTPUTF8\r\n"))[1] == "553 5.1.7"
    assert codes(talk.say("MAIL FROM:<a\u2028b@b> SMTPUTF8\r\n")) == ["553 5.1.7"]


def test_refused_recipients_are_left_out_and_none_left_means_no_data() -> None:
    talk = Talk(decide=lambda event: NO_ONE if event == Rcpt("x@b") else None).greeted()
    assert codes(talk.say("MAIL FROM:<>\r\nRCPT TO:<x@b>\r\nDATA\r\n")) == ["250 2.1.0", "550 5.1.1", "554 5.5.1"]
    talk.say("RCPT TO:<y@b>\r\nDATA\r\n.\r\n")
    assert talk.messages[0].envelope.rcpts == [Rcpt("y@b")]


def test_recipients_beyond_the_limit_wait_for_another_message() -> None:
    talk = Talk(config(max_recipients=2)).greeted()
    talk.say("MAIL FROM:<>\r\n")
    answer = talk.say("RCPT TO:<a@b>\r\nRCPT TO:<c@b>\r\nRCPT TO:<d@b>\r\nDATA\r\n.\r\n")
    assert codes(answer) == ["250 2.1.5", "250 2.1.5", "452 4.5.3", "354", "250 2.0.0"]
    assert len(talk.messages[0].envelope.rcpts) == 2


def test_an_event_holds_back_what_was_pipelined_behind_it() -> None:
    machine = SmtpProtocol(config())
    machine.next_event()
    assert machine.receive_data(b"EHLO me\r\n") is None, "early talkers wait for the banner"
    machine.reply()
    assert isinstance(machine.next_event(), Ehlo)
    machine.reply()
    mail = machine.receive_data(ENVELOPE + b"DATA\r\n")
    assert isinstance(mail, Mail)
    assert machine.next_event() is None
    assert machine.receive_data(b"x\r\n.\r\nQUIT\r\n") is None
    kinds = []
    while machine.pending is not None:
        kinds.append(type(machine.pending))
        machine.reply()
        machine.next_event()
    assert kinds == [Mail, Rcpt, Data, Message, Quit]
    with pytest.raises(RuntimeError):
        machine.reply()


@pytest.mark.parametrize("kind", [Ehlo, Mail, Rcpt, Data, Message, Rset])
def test_a_421_decision_closes(kind: type) -> None:
    away = Reply(421, "4.3.2", "Going away")
    talk = Talk(decide=lambda event: away if type(event) is kind else None)
    answer = codes(talk.say(b"EHLO me\r\n" + ENVELOPE + b"DATA\r\nx\r\n.\r\nRSET\r\nNOOP\r\n"))
    assert answer[-1] == "421 4.3.2"
    assert talk.machine.closed


def test_a_refused_connection_hears_only_the_refusal() -> None:
    talk = Talk(decide=lambda _event: Reply(554, "5.7.1", "Not here"))
    assert codes(talk.banner) == ["554 5.7.1"]
    assert talk.machine.closed


def test_replies_are_safe_whatever_their_words() -> None:
    hostile = Reply(550, "5.1.1", "a\r\nb\x00\x1b[31m\n" + "é" * 3000 + "\n" * 50)
    for utf8 in (False, True):
        wire = hostile.encode(utf8=utf8)
        assert codes(wire) == ["550 5.1.1"]
        assert wire.count(b"\r\n") == 20
        assert b"\x1b" not in wire
    for bad in [(354, "", "x"), (250, "5.0.0", "x"), (600, "", "x"), (250, "2.0", "x")]:
        with pytest.raises(ValueError):
            Reply(*bad)


@pytest.mark.parametrize(
    "changes",
    [
        {"hostname": "a b"},
        {"hostname": "a\r\nb"},
        {"hostname": "a", "banner": "x\r\n"},
        {"hostname": "a", "max_line": 100},
        {"hostname": "a", "auth_mechanisms": ("CRAM-MD5",)},
        {"hostname": "a", "require_auth": True},
    ],
)
def test_a_configuration_that_cannot_work_is_refused(changes: dict[str, object]) -> None:
    with pytest.raises(ValueError):
        SmtpConfig(**changes)  # type: ignore[arg-type]
