"""What must hold for the SMTP door whatever comes in."""

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st
from smtp_talk import DOCTOR, ENVELOPE, PATIENT, Talk, codes, config

from carnet.interfaces.smtp.events import Message, Rcpt
from carnet.interfaces.smtp.reply import Reply

RULES = config(max_size=120, max_bad_commands=6, max_idle_commands=8, max_recipients=3)
TLS_RULES = config(starttls=True, auth_mechanisms=("PLAIN", "LOGIN"), max_bad_commands=6)

fragments = st.sampled_from(
    [
        b"\r\n", b"\n", b"\r", b".", b"..", b"\r\n.", b"\r\n..", b"\r\n.\r\n", b"\n.\n", b"\r.\r", b"\0",
        b"EHLO me\r\n", b"HELO me\r\n", b"NOOP\r\n", b"RSET\r\n", b"QUIT\r\n", b"VRFY x\r\n", b"HELP\r\n",
        b"MAIL FROM:<>\r\n", b"MAIL FROM:<a@b> SIZE=5 BODY=8BITMIME\r\n", b"MAIL FROM:<\xc3\xa9@b> SMTPUTF8\r\n",
        b"RCPT TO:<c@d>\r\n", b"RCPT TO:<no@d>\r\n", b"RCPT TO:<\xc3\xa9@d>\r\n", b"DATA\r\n",
        b"EHLO me\r\n" + ENVELOPE + b"DATA\r\n",
        b"Subject: x\r\n\r\nwords\r\n", b"a" * 60, b"x" * 2100,
        b"AUTH PLAIN\r\n", b"AUTH LOGIN\r\n", b"*\r\n", b"AGEAYg==\r\n",
    ]
)  # fmt: skip
streams = st.lists(fragments | st.binary(max_size=8), max_size=30).map(b"".join)


def refuse_no(event: object) -> Reply | None:
    return Reply(550, "5.1.1", "No such mailbox") if event == Rcpt("no@d") else None


@settings(max_examples=300, deadline=None)
@given(streams, st.lists(st.integers(0, 3000), max_size=30), st.booleans())
def test_the_way_the_stream_is_cut_changes_nothing(stream: bytes, cuts: list[int], tls: bool) -> None:
    rules = TLS_RULES if tls else RULES
    whole = Talk(rules, decide=refuse_no, tls=tls)
    answers = whole.say(stream)
    bounds = sorted({min(cut, len(stream)) for cut in cuts} | {0, len(stream)})
    pieces = [stream[a:b] for a, b in pairwise(bounds)]
    cut = Talk(rules, decide=refuse_no, tls=tls)
    assert b"".join(cut.say(piece) for piece in pieces) == answers
    assert cut.events == whole.events
    bytewise = Talk(rules, decide=refuse_no, tls=tls)
    assert b"".join(bytewise.say(stream[i : i + 1]) for i in range(len(stream))) == answers
    assert bytewise.events == whole.events


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(streams, st.booleans()), max_size=5))
def test_decisions_that_come_late_change_nothing(pieces: list[tuple[bytes, bool]]) -> None:
    prompt = Talk(RULES, decide=refuse_no)
    prompt_answers = prompt.banner + b"".join(prompt.say(piece) for piece, _late in pieces)
    machine = Talk(RULES, decide=refuse_no).machine
    slow_answers, events = b"", []
    for piece, late in pieces:
        machine.receive_data(piece)
        while machine.pending is not None and not late:
            events.append(machine.pending)
            machine.reply(refuse_no(machine.pending))
            machine.next_event()
    while machine.pending is not None:
        events.append(machine.pending)
        machine.reply(refuse_no(machine.pending))
        machine.next_event()
    slow_answers = prompt.banner + machine.data_to_send()
    assert slow_answers == prompt_answers
    assert events == prompt.events[1:]


@settings(max_examples=300, deadline=None)
@given(streams | st.binary(max_size=300))
def test_no_input_breaks_the_session_or_brings_a_bare_line_end(stream: bytes) -> None:
    for rules in (RULES, TLS_RULES):
        talk = Talk(rules, decide=refuse_no)
        for prefix in (b"", b"EHLO me\r\n", ENVELOPE, b"DATA\r\n"):
            codes(talk.say(prefix + stream))
        for message in talk.messages:
            assert_clean(message)


def assert_clean(message: Message) -> None:
    rest = message.content.replace(b"\r\n", b"")
    assert b"\n" not in rest
    assert b"\r" not in rest
    assert message.content == b"" or message.content.endswith(b"\r\n")
    assert 1 <= len(message.envelope.rcpts) <= 100


lines = st.lists(
    st.sampled_from([b"", b".", b"..", b"...", b".a", b"a.", b"From: x"])
    | st.binary(max_size=40).map(lambda raw: raw.replace(b"\r", b"").replace(b"\n", b""))
)


@settings(max_examples=300, deadline=None)
@given(lines, st.integers(1, 200))
def test_dot_stuffing_goes_there_and_back(content_lines: list[bytes], step: int) -> None:
    content = b"".join(line + b"\r\n" for line in content_lines)
    wire = b"".join((b"." if line.startswith(b".") else b"") + line + b"\r\n" for line in content_lines)
    talk = Talk(config()).greeted()
    talk.say(ENVELOPE + b"DATA\r\n")
    stream = wire + b".\r\n"
    answers = b"".join(talk.say(stream[i : i + step]) for i in range(0, len(stream), step))
    assert codes(answers) == ["250 2.0.0"]
    assert [message.content for message in talk.messages] == [content]


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=600), st.booleans())
def test_words_of_a_refusal_never_break_the_reply(words: str, utf8: bool) -> None:
    wire = Reply(550, "5.7.1", words).encode(utf8=utf8)
    assert codes(wire) == ["550 5.7.1"]
    text = wire.decode("utf-8" if utf8 else "ascii")
    assert all(character.isprintable() or character in "\r\n" for character in text)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=80))
def test_an_address_that_is_accepted_can_be_written_back(raw: bytes) -> None:
    talk = Talk(config()).greeted()
    answer = talk.say(b"MAIL FROM:<" + raw + b"> SMTPUTF8\r\n")
    if codes(answer) == ["250 2.1.0"]:
        sender = talk.machine.envelope.mail.sender if talk.machine.envelope else ""
        again = Talk(config()).greeted()
        assert codes(again.say(f"MAIL FROM:<{sender}> SMTPUTF8\r\n")) == ["250 2.1.0"]
        assert again.events[-1] == talk.events[-1]


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.integers(0, 9000), max_size=40),
    st.lists(st.integers(0, 9000), max_size=6),
    st.integers(4000, 9000),
)
def test_large_chunks_end_where_small_ones_do(dots: list[int], line_ends: list[int], step: int) -> None:
    body = bytearray(b"x" * 9000)
    for at in dots:
        body[at : at + 1] = b"."
    for at in line_ends:
        body[at : at + 3] = b"\r\n."
    stream = bytes(body) + b"\r\n.\r\n.\r\n.\r\n"
    outcomes = []
    for size in (step, len(stream), 100):
        talk = Talk(config()).greeted()
        talk.say(ENVELOPE + b"DATA\r\n")
        answers = b"".join(talk.say(stream[i : i + size]) for i in range(0, len(stream), size))
        outcomes.append((answers, talk.events))
    assert outcomes[0] == outcomes[1] == outcomes[2]


def test_a_large_message_in_small_pieces_stays_small_in_memory() -> None:
    talk = Talk(config()).greeted()
    talk.say(f"MAIL FROM:<{DOCTOR}>\r\nRCPT TO:<{PATIENT}>\r\nDATA\r\n")
    for _ in range(60_000):
        talk.say(b"ab\r\n")
    content = talk.machine.content
    assert content is not None
    assert content.held == 240_000
    assert content.pieces <= 8
