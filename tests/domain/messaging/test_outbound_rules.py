"""What follows from an answer of another operator."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carnet.domain.messaging.outbound.values import Answer, Phase, Problem
from carnet.domain.messaging.rules import (
    Follows,
    is_given_up,
    next_wait,
    reports_success_here,
    reports_wanted,
    what_follows,
)

MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize(
    ("phase", "code", "text", "follows"),
    [
        (Phase.CONTENT, 250, "2.0.0 ok", Follows.SENT),
        (Phase.RECIPIENT, 550, "5.1.1 nobody", Follows.FAILED),
        (Phase.RECIPIENT, 450, "4.2.0 greylisted", Follows.WAITS),
        (Phase.RECIPIENT, 451, "greylisted, in one's own words", Follows.WAITS),
        (Phase.MAIL, 450, "4.3.2 closed until Monday", Follows.ALL_WAIT),
        (Phase.MAIL, 451, "come back", Follows.ALL_WAIT),
        (Phase.MAIL, 450, "4.1.8 this sender's domain is unknown", Follows.WAITS),
        (Phase.MAIL, 550, "5.7.1 your certificate is revoked", Follows.FAILED),
        (Phase.CONTENT, 452, "4.3.1 disk full", Follows.ALL_WAIT),
        (Phase.CONTENT, 451, "4.6.0 cannot read this one", Follows.WAITS),
        (Phase.CONTENT, 554, "5.7.1 infected", Follows.FAILED),
        (Phase.RECIPIENT, 421, "4.7.0 too many messages", Follows.ALL_WAIT),
        (Phase.GREETING, 554, "5.3.2 not today", Follows.ALL_WAIT),
        (Phase.HELLO, 550, "who are you", Follows.ALL_WAIT),
    ],
)
def test_an_answer_sends_fails_or_lets_wait_one_message_or_all(phase, code, text, follows) -> None:
    assert what_follows(Answer.read(code, text, phase)) is follows


def test_a_wrong_certificate_lets_all_mail_wait_and_a_null_mx_fails_it() -> None:
    unlisted = Answer.of(Problem.CERTIFICATE_NOT_LISTED, Phase.TLS, 454, "4.7.5")
    assert what_follows(unlisted) is Follows.ALL_WAIT
    assert what_follows(Answer.of(Problem.NO_MAIL_HERE, Phase.ROUTE, 556, "5.1.10")) is Follows.FAILED


@given(st.integers(0, 999), st.text(max_size=700), st.sampled_from(Phase))
def test_any_reply_is_read_into_one_printable_line_with_a_status_of_its_own_class(code, text, phase) -> None:
    answer = Answer.read(code, text, phase)
    assert answer.text.isprintable()
    assert len(answer.line) <= 520
    assert answer.status == "" or answer.status[0] == str(code)[0]
    assert answer.report_status[0] in "245"
    assert what_follows(answer) in Follows


def test_a_status_that_contradicts_its_code_is_not_believed() -> None:
    assert Answer.read(450, "5.1.1 nobody", Phase.RECIPIENT).report_status == "4.0.0"


def test_the_waits_double_up_to_four_hours() -> None:
    assert [next_wait(tries, MINUTE) for tries in (1, 2, 3, 8)] == [MINUTE, 2 * MINUTE, 4 * MINUTE, 128 * MINUTE]
    assert next_wait(9, MINUTE) == next_wait(1000, MINUTE) == timedelta(hours=4)


def test_a_mail_is_given_up_for_its_age_but_never_untried() -> None:
    two_days = timedelta(hours=48)
    assert is_given_up(two_days, two_days, tried=True)
    assert not is_given_up(two_days - MINUTE, two_days, tried=True)
    assert not is_given_up(10 * two_days, two_days, tried=False)


def test_reports_follow_what_the_sender_asked_and_the_null_sender_gets_none() -> None:
    usual = reports_wanted((), null_sender=False)
    assert (usual.success, usual.failure, usual.delay) == (False, True, True)
    never = reports_wanted(("NEVER",), null_sender=False)
    assert (never.success, never.failure, never.delay) == (False, False, False)
    success = reports_wanted(("SUCCESS",), null_sender=False)
    assert (success.success, success.failure, success.delay) == (True, False, False)
    assert not reports_wanted((), null_sender=True).failure
    assert reports_success_here(("FAILURE", "SUCCESS"), null_sender=False, next_hop_reports=False)
    assert not reports_success_here(("FAILURE", "SUCCESS"), null_sender=False, next_hop_reports=True)
