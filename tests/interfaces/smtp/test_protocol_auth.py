"""AUTH in the SMTP engine: tokens, certificates, and how a refusal is told."""

import json
from base64 import b64decode, b64encode

from smtp_talk import Talk, codes, config

from carnet.interfaces.sasl import Bearer, Certificate
from carnet.interfaces.smtp import reply as replies
from carnet.interfaces.smtp.events import Auth, Event
from carnet.interfaces.smtp.reply import Reply

MECHANISMS = ("XOAUTH2", "OAUTHBEARER", "EXTERNAL", "PLAIN")


def b64(text: str) -> str:
    return b64encode(text.encode()).decode()


def xoauth2(token: str) -> str:
    return b64(f"user=anne@a.test\1auth=Bearer {token}\1\1")


def decide(event: Event) -> Reply | None:
    if not isinstance(event, Auth):
        return None
    if event.claim == Bearer("anne@a.test", "away"):
        return replies.AUTH_UNAVAILABLE
    return None if event.claim in (Bearer("anne@a.test", "right"), Certificate("")) else replies.AUTH_FAILED


def talk(*, certificate: bool = False, **changes: object) -> Talk:
    rules = config(starttls=True, auth_mechanisms=MECHANISMS, require_auth=True, **changes)
    said = Talk(rules, decide, tls=True)
    said.machine.certificate = certificate
    return said.greeted()


def test_a_token_opens_the_session_in_one_step_or_two() -> None:
    assert codes(talk().say(f"AUTH XOAUTH2 {xoauth2('right')}\r\n")) == ["235 2.7.0"]
    said = talk()
    assert said.say("AUTH XOAUTH2\r\n") == b"334 \r\n"
    assert codes(said.say(f"{xoauth2('right')}\r\n")) == ["235 2.7.0"]


def test_a_refused_token_is_told_in_a_challenge_and_whatever_the_client_answers_then_comes_the_refusal() -> None:
    for answer in ("", "AQ==", "*", "no base64 !"):
        said = talk()
        challenge = said.say(f"AUTH XOAUTH2 {xoauth2('wrong')}\r\n")
        assert challenge.startswith(b"334 ")
        assert json.loads(b64decode(challenge[4:])) == {"status": "401", "schemes": "bearer", "scope": "mail"}
        assert said.say("") == b""
        assert codes(said.say(f"{answer}\r\n")) == ["535 5.7.8"]
        assert codes(said.say(f"AUTH XOAUTH2 {xoauth2('right')}\r\n")) == ["235 2.7.0"]


def test_what_follows_a_refusal_is_not_taken_for_a_command() -> None:
    said = talk()
    said.say(f"AUTH XOAUTH2 {xoauth2('wrong')}\r\n")
    assert codes(said.say("MAIL FROM:<anne@a.test>\r\nNOOP\r\n")) == ["535 5.7.8", "250 2.0.0"]


def test_a_provider_that_is_away_is_no_failure_of_the_client() -> None:
    said = talk(max_auth_failures=1)
    assert codes(said.say(f"AUTH XOAUTH2 {xoauth2('away')}\r\n")) == ["454 4.7.0"]
    assert codes(said.say(f"AUTH XOAUTH2 {xoauth2('right')}\r\n")) == ["235 2.7.0"]


def test_refused_tokens_end_the_session_like_wrong_passwords() -> None:
    said = talk(max_auth_failures=2)
    said.say(f"AUTH XOAUTH2 {xoauth2('wrong')}\r\n\r\n")
    said.say(f"AUTH XOAUTH2 {xoauth2('wrong')}\r\n")
    assert codes(said.say("\r\n")) == ["421 4.7.0"]
    assert said.machine.closed


def test_an_overlong_line_in_place_of_the_answer_leaves_no_refusal_behind() -> None:
    said = talk()
    said.say(f"AUTH XOAUTH2 {xoauth2('wrong')}\r\n")
    assert codes(said.say("x" * 20_000 + "\r\n")) == ["500 5.5.6"]
    assert codes(said.say(f"AUTH XOAUTH2 {xoauth2('right')}\r\n")) == ["235 2.7.0"]


def test_external_is_offered_to_who_has_shown_a_certificate_and_to_nobody_else() -> None:
    with_one, without = talk(certificate=True), talk()
    assert b"AUTH XOAUTH2 OAUTHBEARER EXTERNAL PLAIN\r\n" in with_one.say("EHLO me\r\n")
    assert b"AUTH XOAUTH2 OAUTHBEARER PLAIN\r\n" in without.say("EHLO me\r\n")
    assert codes(without.say("AUTH EXTERNAL =\r\n")) == ["504 5.5.4"]
    assert codes(with_one.say("AUTH EXTERNAL =\r\n")) == ["235 2.7.0"]
