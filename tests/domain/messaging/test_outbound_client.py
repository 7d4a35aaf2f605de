"""One connection to another operator's server: what is announced is respected, what is wrong becomes an answer."""

import asyncio
import ssl
import time
from collections.abc import Callable

import pytest
from outbound_peer import PLAIN, Peer, running

from carnet.domain.messaging.outbound.client import Link, NotOpened, Times, xtext
from carnet.domain.messaging.outbound.values import Answer, Host, Letter, Phase, Problem, Recipient
from carnet.sandbox.certificates import Authority

TIMES = Times(connect=2, reply=1.5, content=1.5)
CONTENT = b"Subject: x\r\n\r\n.dot\r\nhello\r\n"


def letter(*recipients: str, sender: str = "a@b.fr", content: bytes = CONTENT, **more: str) -> Letter:
    return Letter(sender, tuple(Recipient(one) for one in recipients or ("c@d.fr",)), content, **more)


def carry(peer: Peer, *letters: Letter, tls: ssl.SSLContext | None = None) -> list[list[Answer]]:
    """The answers of one connection to these messages."""

    async def talk() -> list[list[Answer]]:
        link = await Link.open(Host("127.0.0.1", peer.port), hostname="carnet.test", tls=tls, times=TIMES)
        answers = [await link.carry(one) for one in letters]
        await link.close()
        return answers

    return asyncio.run(talk())


def refused(peer: Peer, tls: ssl.SSLContext | None = None) -> Answer:
    """Why no connection could be opened."""
    with pytest.raises(NotOpened) as problem:
        carry(peer, letter(), tls=tls)
    return problem.value.answer


def test_many_messages_go_over_one_connection_each_with_all_its_recipients() -> None:
    with running() as peer:
        answers = carry(peer, letter("c@d.fr", "e@d.fr"), letter(sender=""), letter())
    assert [[one.code for one in some] for some in answers] == [[250, 250], [250], [250]]
    assert peer.connections == 1
    assert [(one.sender, one.recipients) for one in peer.got] == [
        ("a@b.fr", ["c@d.fr", "e@d.fr"]),
        ("", ["c@d.fr"]),
        ("a@b.fr", ["c@d.fr"]),
    ]
    assert {one.content for one in peer.got} == {CONTENT}


def test_each_recipient_has_its_own_answer() -> None:
    def script(verb: str, line: str) -> str | None:
        return "550 5.1.1 nobody" if "nobody@" in line else "450 4.2.1 full" if "full@" in line else None

    with running(script=script) as peer:
        (answers,) = carry(peer, letter("nobody@d.fr", "c@d.fr", "full@d.fr"))
        (none,) = carry(peer, letter("nobody@d.fr"))
    assert [one.short for one in answers] == ["550 5.1.1", "250 2.0.0", "450 4.2.1"]
    assert [one.short for one in none] == ["550 5.1.1"]
    assert [one.recipients for one in peer.got] == [["c@d.fr"]]
    assert not any(line == "DATA" for line in peer.said[-3:])


def test_size_is_announced_and_a_message_over_the_limit_is_not_offered() -> None:
    with running(extensions=("SIZE 40",)) as peer:
        ((small,), (large,)) = carry(peer, letter(), letter(content=CONTENT * 3))
    assert small.taken
    assert f"SIZE={len(CONTENT)}" in peer.got[0].mail_line
    assert (large.code, large.status, large.problem) == (552, "5.3.4", Problem.TOO_LARGE)
    assert len([line for line in peer.said if line.startswith("MAIL")]) == 1


def test_eight_bit_content_goes_only_where_it_is_taken() -> None:
    content = "Subject: x\r\n\r\nété\r\n".encode()
    with running() as peer:
        assert carry(peer, letter(content=content))[0][0].taken
        assert "BODY=8BITMIME" in peer.got[0].mail_line
    with running(extensions=()) as peer:
        assert carry(peer, letter(content=content))[0][0].problem is Problem.NEEDS_8BIT
        assert carry(peer, letter())[0][0].taken


def test_an_address_beyond_ascii_goes_only_where_it_is_taken() -> None:
    with running(extensions=(*PLAIN, "SMTPUTF8")) as peer:
        assert carry(peer, letter("hélène@d.fr"))[0][0].taken
        assert peer.got[0].recipients == ["hélène@d.fr"]
        assert "SMTPUTF8" in peer.got[0].mail_line
        assert carry(peer, letter("helene@d.fr"))[0][0].taken
        assert "SMTPUTF8" not in peer.got[1].mail_line
    with running() as peer:
        answer = carry(peer, letter("hélène@d.fr"))[0][0]
        assert (answer.code, answer.problem) == (553, Problem.NEEDS_UTF8)


def test_what_the_sender_asked_to_be_told_is_passed_on_where_it_is_taken() -> None:
    asked = Letter(
        "a@b.fr",
        (Recipient("c@d.fr", ("FAILURE", "SUCCESS"), "rfc822;old+c@d.fr"), Recipient("e@d.fr", ("NEVER",))),
        CONTENT,
        ret="HDRS",
        envid="id=1 +",
    )
    with running(extensions=(*PLAIN, "DSN")) as peer:
        carry(peer, asked)
        assert peer.got[0].mail_line.endswith("RET=HDRS ENVID=id+3D1+20+2B")
        assert "NOTIFY=FAILURE,SUCCESS ORCPT=rfc822;old+2Bc@d.fr" in peer.got[0].rcpt_lines[0]
        assert peer.got[0].rcpt_lines[1].endswith("NOTIFY=NEVER")
    with running() as peer:
        carry(peer, asked)
        assert not any(word in line for line in peer.said for word in ("NOTIFY", "RET=", "ENVID", "ORCPT"))


def test_xtext_leaves_nothing_that_could_end_a_command() -> None:
    assert xtext("a b\r\n+=é") == b"a+20b+0D+0A+2B+3D+E9"


# --- what goes wrong ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("peculiar", "phase", "problem"),
    [
        ({"greeting": "554 5.3.2 no"}, Phase.GREETING, Problem.REFUSED),
        ({"greeting": "hello"}, Phase.GREETING, Problem.NOT_SMTP),
        ({"greeting": "250 hello"}, Phase.GREETING, Problem.REFUSED),
        ({"greeting": "..."}, Phase.CONNECT, Problem.TOO_SLOW),
        ({"greeting": ""}, Phase.CONNECT, None),
        ({"script": lambda verb, line: "502 no"}, Phase.HELLO, Problem.REFUSED),
        ({"script": lambda verb, line: "250-x" * 20_000}, Phase.HELLO, Problem.NOT_SMTP),
        ({"script": lambda verb, line: "..."}, Phase.HELLO, Problem.TOO_SLOW),
    ],
)
def test_a_server_that_does_not_open_as_it_should_is_told_in_an_answer(peculiar, phase, problem) -> None:
    began = time.monotonic()
    with running(**peculiar) as peer:
        answer = refused(peer)
    assert answer.phase is phase
    assert problem is None or answer.problem is problem
    assert time.monotonic() - began < 5


def test_nobody_there_is_told_in_an_answer() -> None:
    with running() as peer:
        pass
    answer = refused(peer)
    assert (answer.phase, answer.problem, answer.code) == (Phase.CONNECT, Problem.UNREACHABLE, 421)


@pytest.mark.parametrize("verb", ["MAIL", "RCPT", "DATA", "CONTENT"])
@pytest.mark.parametrize("reply", ["", "..."])
def test_a_connection_that_breaks_or_falls_silent_is_an_answer_for_now(verb: str, reply: str) -> None:
    with running(script=lambda said, line: reply if said == verb else None) as peer:
        (answers,) = carry(peer, letter("c@d.fr", "e@d.fr"))
    assert {one.code for one in answers} == {421}
    assert {one.problem for one in answers} <= {Problem.CONNECTION_LOST, Problem.TOO_SLOW}


@pytest.mark.parametrize("reply", ["354 what", "150 what", "999 what", "what", "-12 x"])
def test_a_reply_that_no_server_gives_is_never_taken_for_a_yes(reply: str) -> None:
    with running(script=lambda verb, line: reply if verb == "CONTENT" else None) as peer:
        (answer,) = carry(peer, letter())[0]
    assert not answer.taken


def test_an_address_that_would_begin_another_command_is_not_sent() -> None:
    with running() as peer:
        (answers,) = carry(peer, letter("c@d.fr>\r\nDATA"))
    assert not answers[0].taken
    assert not any(line == "DATA" for line in peer.said)


# --- TLS ------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def authority(tmp_path_factory) -> Authority:
    return Authority(tmp_path_factory.mktemp("ca"))


@pytest.fixture(scope="module")
def secure(authority: Authority) -> Callable[..., ssl.SSLContext]:
    def context(side: int, by: Authority = authority) -> ssl.SSLContext:
        made = ssl.SSLContext(side)
        made.check_hostname = False
        issued = by.issue("peer", "mss.other.test", siren="1", organization="Other")
        made.load_cert_chain(issued.certificate, issued.key)
        made.load_verify_locations(authority.certificate)
        made.verify_mode = ssl.CERT_REQUIRED
        return made

    return context


def test_nothing_is_said_in_clear_to_a_server_that_offers_no_encryption(secure) -> None:
    with running() as peer:
        answer = refused(peer, secure(ssl.PROTOCOL_TLS_CLIENT))
    assert (answer.phase, answer.problem) == (Phase.TLS, Problem.NO_ENCRYPTION)
    assert peer.said == ["EHLO carnet.test"]


def test_both_sides_show_a_certificate_of_the_same_authority(secure) -> None:
    with running(tls=secure(ssl.PROTOCOL_TLS_SERVER)) as peer:
        ((answer,),) = carry(peer, letter(), tls=secure(ssl.PROTOCOL_TLS_CLIENT))
    assert answer.taken
    assert [line.split()[0] for line in peer.said[:3]] == ["EHLO", "STARTTLS", "EHLO"]


def test_a_server_of_another_authority_gets_no_mail(secure, tmp_path) -> None:
    stranger = Authority(tmp_path, "Stranger")
    with running(tls=secure(ssl.PROTOCOL_TLS_SERVER, stranger)) as peer:
        answer = refused(peer, secure(ssl.PROTOCOL_TLS_CLIENT))
    assert (answer.phase, answer.problem) == (Phase.TLS, Problem.CERTIFICATE_INVALID)
    assert not any(line.startswith("MAIL") for line in peer.said)


def test_a_server_that_refuses_our_certificate_is_told_apart(secure, tmp_path) -> None:
    stranger = Authority(tmp_path, "Stranger")
    with running(tls=secure(ssl.PROTOCOL_TLS_SERVER)) as peer:
        answer = refused(peer, secure(ssl.PROTOCOL_TLS_CLIENT, stranger))
    assert answer.phase is Phase.TLS
    assert answer.problem in (Problem.OUR_CERTIFICATE_REFUSED, Problem.CONNECTION_LOST)


def test_what_was_said_in_clear_after_starttls_is_not_believed(secure) -> None:
    """RFC 3207 §4.2: extensions are asked again under TLS."""

    def script(verb: str, line: str) -> str | None:
        if verb == "STARTTLS":
            peer.extensions = ()
        return None

    with running(tls=secure(ssl.PROTOCOL_TLS_SERVER), script=script, extensions=("SMTPUTF8",)) as peer:
        ((answer,),) = carry(peer, letter("hélène@d.fr"), tls=secure(ssl.PROTOCOL_TLS_CLIENT))
    assert answer.problem is Problem.NEEDS_UTF8
