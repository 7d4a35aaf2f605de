"""What a door refuses while the sender is still there: its code, its words, and nothing kept."""

import base64
import random
import smtplib
import ssl
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from doors_clients import Talk, encoded, simple, swaks, talk
from doors_demo import Demo
from doors_portal import Portal

UNKNOWN = "250029935018829"
CLOSED = "186116912345688"
OPPOSED = "266047511223336"
WRONG_KEY = "279035121518980"
NOBODY = "550 5.1.1 No health space receives mail at this address"
EXPECTED = "a space is written to at the 15 characters of its INS, key included, before @patient.mssante.fr"
DOORS = ("submission", "operators")


@contextmanager
def at_recipients(demo: Demo, door: str) -> Iterator[Talk]:
    """A bare conversation in which a sender has just been accepted."""
    port = demo.submission_port if door == "submission" else demo.operators_port
    with talk(port) as wire:
        assert wire.reply().startswith("220")
        wire.say("EHLO poste.test")
        if door == "submission":
            wire.start_tls(demo.ca_file)
            wire.say("EHLO poste.test")
            secret = base64.b64encode(f"\0{demo.HOSPITAL}\0{demo.password}".encode()).decode()
            assert wire.say(f"AUTH PLAIN {secret}").startswith("235")
        sender = demo.HOSPITAL if door == "submission" else demo.CLINIC
        assert wire.say(f"MAIL FROM:<{sender}>").startswith("250")
        yield wire


def send(demo: Demo, door: str, recipients: list[str], subject: str):
    options = ["--header", f"Subject: {encoded(subject)}", "--body", "Bonjour."]
    return demo.submit(recipients, *options) if door == "submission" else demo.hand_over(recipients, *options)


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize(
    ("local", "answer"),
    [
        (UNKNOWN, NOBODY),
        (CLOSED, NOBODY),
        (OPPOSED, NOBODY),
        (
            WRONG_KEY,
            f"553 5.1.3 Wrong key: {EXPECTED}: before @ stands a number whose key is 80 where 89 is expected",
        ),
        ("1234567890", f"553 5.1.3 Not an INS: {EXPECTED}"),
        ("dominique.pat-trois", f"553 5.1.3 Not an INS: {EXPECTED}"),
    ],
    ids=["unknown", "closed", "opposed", "wrong-key", "too-short", "a-name"],
)
def test_a_space_that_takes_no_mail_is_told_at_rcpt(demo: Demo, door: str, local: str, answer: str) -> None:
    refused = send(demo, door, [demo.address(local)], "Pour personne")
    assert refused.code == 24  # swaks: no recipient was accepted
    assert refused.answer_to("RCPT") == answer


@pytest.mark.parametrize("door", DOORS)
def test_unknown_closed_and_opposed_cannot_be_told_apart_by_words_or_by_time(demo: Demo, door: str) -> None:
    rng = random.Random(20261122)
    times: dict[str, list[float]] = {UNKNOWN: [], CLOSED: [], OPPOSED: []}
    answers: set[str] = set()
    for _round in range(3):
        for _session in range(7):  # a session ends after 100 refused recipients
            with at_recipients(demo, door) as wire:
                for _ in range(30):
                    for ins in rng.sample(list(times), len(times)):
                        began = time.perf_counter()
                        answers.add(wire.say(f"RCPT TO:<{demo.address(ins)}>"))
                        times[ins].append(time.perf_counter() - began)
        medians = [statistics.median(one) for one in times.values()]
        # A machine that is busy elsewhere may disturb one round; a difference of ours would be in all of them.
        if max(medians) <= 1.2 * min(medians):
            break
    assert answers == {NOBODY}
    assert max(medians) <= 1.2 * min(medians), medians


@pytest.mark.parametrize("door", DOORS)
def test_one_refused_recipient_does_not_cost_the_others_theirs(demo: Demo, stephane: Portal, door: str) -> None:
    subject = f"À l'une seulement par {door}"
    recipients = [demo.address(one) for one in (CLOSED, "179075145422281", WRONG_KEY)]
    sent = send(demo, door, recipients, subject)
    assert sent.sent, sent.transcript
    assert [line[:9] for line in sent.answers if line.startswith("55")] == ["550 5.1.1", "553 5.1.3"]
    stephane.open_conversation(subject)
    assert len(stephane.articles()) == 1


@pytest.mark.parametrize(
    ("recipient", "answer"),
    [
        ("nul@saint-aubin.mssante.test", "550 5.1.1 No mailbox at this address"),
        ("someone@example.com", "550 5.7.1 Relaying denied: this server takes mail for the domains it hosts only"),
        (Demo.CLINIC, "550 5.7.1 Relaying denied: this server takes mail for the domains it hosts only"),
    ],
)
def test_the_operators_door_takes_mail_for_hosted_domains_only(demo: Demo, recipient: str, answer: str) -> None:
    assert send(demo, "operators", [recipient], "Ailleurs").answer_to("RCPT") == answer


@pytest.mark.parametrize(
    ("recipient", "answer"),
    [
        ("nul@saint-aubin.mssante.test", "550 5.1.1 No mailbox at this address"),
        ("someone@example.com", "550 5.7.1 Recipient's domain is not in the trust list of secure health mail"),
    ],
)
def test_the_submission_door_sends_inside_the_trust_space_only(demo: Demo, recipient: str, answer: str) -> None:
    assert send(demo, "submission", [recipient], "Ailleurs").answer_to("RCPT") == answer


UNTRUSTED = "550 5.7.1 The sender's domain is not in the trust list of secure health mail."
UNTRUSTED_AUTHOR = "550 5.7.1 The author's domain is not one that the sending operator may use."
HOSTED = "550 5.7.1 This domain is hosted here: its mail does not come from outside."
NOT_YOURS = "550 5.7.1 A message leaves only under the address of the mailbox that sends it."
RUTH = "277076322082910"


@pytest.mark.parametrize(
    ("sender", "answer"),
    [
        ("medecin@example.com", UNTRUSTED),
        ("medecin@sous.clinique-horizon.mssante.test", UNTRUSTED),
        ("medecin@clinique-horizon.mssante.test.example.com", UNTRUSTED),
        (Demo.HOSPITAL, HOSTED),
        ("277076322082910@patient.mssante.fr", HOSTED),
    ],
)
def test_a_sender_that_may_not_come_by_the_operators_door_is_told_at_mail(demo: Demo, sender: str, answer: str) -> None:
    refused = demo.hand_over([demo.address(RUTH)], sender=sender)
    assert refused.code == 23  # swaks: the sender was refused
    assert refused.answer_to("MAIL") == answer


@pytest.mark.parametrize(
    ("author", "answer"),
    [
        ("Dr X <medecin@example.com>", UNTRUSTED_AUTHOR),
        (f"Orthopédie <{Demo.HOSPITAL}>", HOSTED),
        (f"{Demo.CLINIC}, {Demo.HOSPITAL}", HOSTED),
        (f"{Demo.CLINIC}\r\nFrom: {Demo.HOSPITAL}", HOSTED),
        ("Personne", "550 5.7.1 The message does not say who wrote it."),
    ],
    ids=["untrusted", "hosted", "both", "two-fields", "none"],
)
def test_an_author_that_may_not_come_by_the_operators_door_is_told_after_the_content(
    demo: Demo, ruth: Portal, author: str, answer: str
) -> None:
    content = f"From: {author}\r\nTo: {demo.address(RUTH)}\r\nSubject: Usurpation\r\n\r\nBonjour.\r\n"
    with at_recipients(demo, "operators") as wire:
        assert wire.say(f"RCPT TO:<{demo.address(RUTH)}>").startswith("250")
        assert wire.say("DATA").startswith("354")
        assert wire.say(content.encode() + b".") == answer
    assert not ruth.has_conversation("Usurpation")


@pytest.mark.parametrize("other", [Demo.ARCHIVES, Demo.CLINIC, "medecin@example.com"])
def test_submission_takes_only_the_mailbox_that_signed_in(demo: Demo, other: str) -> None:
    options = demo.submission_options()
    envelope = swaks(demo.submission_port, demo.work, other, [demo.address(RUTH)], *options)
    assert envelope.answer_to("MAIL") == NOT_YOURS
    author = swaks(
        demo.submission_port, demo.work, demo.HOSPITAL, [demo.address(RUTH)], *options, "--h-From", f"Moi <{other}>"
    )
    assert (author.code, author.last_refusal) == (26, NOT_YOURS)


def test_submission_wants_tls_then_a_sign_in(demo: Demo) -> None:
    clear = demo.submission_options()[4:]
    before_tls = swaks(demo.submission_port, demo.work, demo.HOSPITAL, [demo.address(RUTH)], *clear)
    assert before_tls.code == 28  # swaks: AUTH is not offered
    with talk(demo.submission_port) as wire:
        wire.reply()
        wire.say("EHLO poste.test")
        secret = base64.b64encode(f"\0{demo.HOSPITAL}\0{demo.password}".encode()).decode()
        assert wire.say(f"AUTH PLAIN {secret}") == "530 5.7.0 Must issue a STARTTLS command first"
        assert wire.say(f"MAIL FROM:<{demo.HOSPITAL}>") == "530 5.7.0 Must issue a STARTTLS command first"
        wire.start_tls(demo.ca_file)
        wire.say("EHLO poste.test")
        assert wire.say(f"MAIL FROM:<{demo.HOSPITAL}>") == "530 5.7.0 Authentication required"
        assert wire.say(f"RCPT TO:<{demo.address(RUTH)}>") == "503 5.5.1 Send MAIL first"


@pytest.mark.parametrize("login", [Demo.HOSPITAL, "nul@saint-aubin.mssante.test", "dominique.p"])
def test_a_wrong_password_and_an_unknown_login_get_one_answer(demo: Demo, login: str) -> None:
    options = demo.submission_options(login, "pas-le-bon")
    refused = swaks(demo.submission_port, demo.work, demo.HOSPITAL, [demo.address(RUTH)], *options)
    assert refused.code == 28
    assert refused.last_refusal == "535 5.7.8 Authentication credentials invalid"


def test_a_command_slipped_in_before_tls_is_not_read_after_it(demo: Demo) -> None:
    with talk(demo.submission_port) as wire:
        wire.reply()
        wire.say("EHLO poste.test")
        assert wire.say(f"STARTTLS\r\nMAIL FROM:<{demo.HOSPITAL}>").startswith("554 5.5.1")
        assert wire.reply() == ""


TOO_BIG = "552 5.3.4 Message size exceeds the fixed limit"


def test_a_message_announced_too_big_is_refused_before_it_is_sent(demo: Demo) -> None:
    with at_recipients(demo, "operators") as wire:
        wire.say("RSET")
        assert wire.say(f"MAIL FROM:<{demo.CLINIC}> SIZE=26214401") == TOO_BIG
        assert wire.say(f"MAIL FROM:<{demo.CLINIC}> SIZE=26214400").startswith("250")
    with smtplib.SMTP("127.0.0.1", demo.submission_port, timeout=60) as client:
        client.starttls(context=ssl.create_default_context(cafile=demo.ca_file))
        client.login(demo.HOSPITAL, demo.password)
        with pytest.raises(smtplib.SMTPSenderRefused) as refusal:
            client.sendmail(demo.HOSPITAL, [demo.address(RUTH)], "Subject: x\r\n\r\n" + "a" * 26_214_400)
        assert (refusal.value.smtp_code, refusal.value.smtp_error.decode()) == (552, TOO_BIG[4:])


@pytest.mark.parametrize("door", DOORS)
def test_a_message_that_turns_out_too_big_is_refused_and_the_session_goes_on(
    demo: Demo, ruth: Portal, door: str
) -> None:
    with at_recipients(demo, door) as wire:
        assert wire.say(f"RCPT TO:<{demo.address(RUTH)}>").startswith("250")
        assert wire.say("DATA").startswith("354")
        sender = demo.HOSPITAL if door == "submission" else demo.CLINIC
        wire.wire.sendall(f"From: {sender}\r\nSubject: Trop gros {door}\r\n\r\n".encode())
        line = b"a" * 998 + b"\r\n"
        for _ in range(27):
            wire.wire.sendall(line * 1000)
        assert wire.say(".") == TOO_BIG
        assert wire.say(f"MAIL FROM:<{sender}>").startswith("250")
    assert not ruth.has_conversation(f"Trop gros {door}")


@pytest.mark.parametrize(
    "end",
    [b"\n.\n", b"\n.\r\n", b"\r\n.\n", b"\r.\r", b"\r\n.\r", b"\r.\r\n", b"\n.\r", b"\r.\n", b"\r\n\0.\r\n"],
    ids=repr,
)
def test_no_false_end_of_content_smuggles_a_second_message(demo: Demo, ruth: Portal, end: bytes) -> None:
    smuggled = (
        f"MAIL FROM:<{demo.HOSPITAL}>\r\nRCPT TO:<{demo.address(RUTH)}>\r\nDATA\r\n"
        f"From: {demo.HOSPITAL}\r\nSubject: Passager clandestin\r\n\r\nBonjour."
    )
    first = f"From: {demo.CLINIC}\r\nSubject: Message porteur {end.hex()}\r\n\r\nBonjour."
    with at_recipients(demo, "operators") as wire:
        assert wire.say(f"RCPT TO:<{demo.address(RUTH)}>").startswith("250")
        assert wire.say("DATA").startswith("354")
        answer = wire.say(first.encode() + end + smuggled.encode() + b"\r\n.")
        if b"\0" in end:  # no line end of its own: one message, whose text holds the rest
            assert answer == "550 5.6.0 The message holds a NUL character, which mail cannot carry"
        else:
            assert answer == "550 5.6.11 Message holds a bare CR or a bare LF; lines must end with CR LF"
        assert wire.say("NOOP") == "250 2.0.0 OK"  # and nothing was answered to what was smuggled
    assert not ruth.has_conversation("Passager clandestin")


def test_the_doors_are_still_sound_after_all_this(demo: Demo, ruth: Portal) -> None:
    message = simple(demo.CLINIC, demo.address(RUTH), "Après les refus")
    with smtplib.SMTP("127.0.0.1", demo.operators_port, timeout=60) as client:
        client.send_message(message)
    ruth.open_conversation("Après les refus")
