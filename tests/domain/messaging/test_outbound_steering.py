"""The queue of mail to other operators, looked at and steered."""

import os
from datetime import timedelta

import pytest
from outbound_peer import running
from outbound_queue import destination, inbox, make_due, queue, send, states
from typer.testing import CliRunner

from carnet.domain.messaging.commands.outbound import Chosen, drop, hold, retry_now
from carnet.domain.messaging.models import OutboundMail
from carnet.domain.messaging.queries.outbound import held_domains, outbound_mail, outbound_mails, waiting_by_domain
from carnet.foundation.clock import now
from carnet.foundation.ids import new_id
from carnet.sandbox import cast

pytestmark = pytest.mark.django_db(transaction=True)
HORIZON = cast.OTHER_OPERATOR_DOMAIN
ELSEWHERE = "elsewhere.mssante.test"


@pytest.fixture(autouse=True)
def scene(settings):
    settings.CARNET_OPERATORS_DOOR_MUTUAL = False
    settings.CARNET_OUTBOUND_IDLE_SECONDS = 0
    cast.trust_space_of_the_sandbox()
    cast.hospital()
    cast.orthopaedics()
    for number in range(3):
        queue(f"a@{HORIZON}", number=number)
    queue(f"b@{ELSEWHERE}", number=9)


def test_what_waits_is_told_by_domain_with_its_age_and_the_last_answer(settings) -> None:
    with running(greeting="554 5.3.2 no") as peer:
        settings.CARNET_ROUTES = {HORIZON: peer.route, ELSEWHERE: "127.0.0.1:1"}
        send()
    first, second = waiting_by_domain()
    assert (first.domain, first.queued, first.held, first.failures) == (HORIZON, 3, 0, 1)
    assert first.why == "answered 554 5.3.2"
    assert now() - first.oldest_at < timedelta(minutes=1)
    assert first.octets > 0
    assert second.why == "the other operator cannot be reached"
    assert len(outbound_mails(domain=HORIZON)) == 3
    page = outbound_mails(limit=2)
    assert len(page + outbound_mails(after=page[-1].id)) == 4
    assert outbound_mail(page[0].id) == page[0]
    assert outbound_mail(new_id()) is None


def test_retry_asks_at_once_whoever_was_down(settings) -> None:
    with running(greeting="421 4.3.2 no") as peer:
        settings.CARNET_ROUTES = {"*": peer.route}
        send()
        assert destination(HORIZON) is not None
        peer.greeting = "220 back"
        send()
        assert peer.got == []
        assert retry_now(Chosen(domain=HORIZON)) == 3
        send()
    assert [one.recipients for one in peer.got] == [[f"a@{HORIZON}"]] * 3


def test_held_mail_stays_and_the_rest_goes_until_it_is_tried_again(settings) -> None:
    with running() as peer:
        settings.CARNET_ROUTES = {"*": peer.route}
        held = outbound_mails(domain=HORIZON)[0].id
        assert hold(Chosen(ids=(held,))) == 1
        send()
        assert len(peer.got) == 3
        assert outbound_mail(held).state == "held"
        assert retry_now(Chosen(ids=(held,))) == 1
        send()
    assert len(peer.got) == 4


def test_a_held_domain_keeps_what_comes_later_too(settings) -> None:
    with running() as peer:
        settings.CARNET_ROUTES = {"*": peer.route}
        assert hold(Chosen(domain=HORIZON)) == 3
        queue(f"late@{HORIZON}", number=10)
        send()
        assert [one.recipients for one in peer.got] == [[f"b@{ELSEWHERE}"]]
        assert held_domains() == [HORIZON]
        make_due()
        send()
        assert len(peer.got) == 1
        assert retry_now(Chosen(domain=HORIZON)) == 4
        send()
    assert len(peer.got) == 5
    assert held_domains() == []


def test_dropped_mail_is_told_to_its_sender_unless_told_not_to() -> None:
    assert drop(Chosen(domain=HORIZON)) == 3
    reports = inbox()
    assert len(reports) == 3
    assert all(b"Action: failed" in one and b"Status: 5.4.7" in one for one in reports)
    assert drop(Chosen(), tell=False) == 1
    assert len(inbox()) == 3
    assert {state for state, _, _ in states()} == {"dropped"}


def test_what_is_being_sent_is_neither_dropped_nor_held() -> None:
    OutboundMail.objects.filter(domain=HORIZON).update(claimed_by=new_id(), next_try_at=now() + timedelta(seconds=20))
    assert (hold(Chosen(domain=HORIZON)), drop(Chosen(domain=HORIZON)), retry_now(Chosen(domain=HORIZON))) == (0, 0, 0)
    assert {state for state, _, _ in states()} == {"queued"}


# --- the command ----------------------------------------------------------------------------------------------------


def carnet(*arguments: str, answer: str = ""):
    from carnet.cli import app

    found = CliRunner().invoke(app, ["queue", *arguments], input=answer, env={"COLUMNS": "200", **os.environ})
    return found.exit_code, " ".join(found.output.split())


def test_the_command_shows_no_address_and_steers_by_identifier_domain_or_all() -> None:
    code, said = carnet("list")
    assert code == 0
    assert "To other operators: 4 waiting, 0 held back" in said
    assert HORIZON in said
    assert "a@" not in said
    mail = str(outbound_mails(domain=HORIZON)[0].id)
    assert mail in carnet("list", "--domain", HORIZON)[1]
    assert "state: queued" in carnet("show", mail)[1]
    assert carnet("hold", mail)[1] == "1 mails are held back"
    assert "state: held" in carnet("show", mail)[1]
    assert carnet("retry", "--domain", HORIZON)[1] == "3 mails are tried now"


def test_dropping_asks_first_and_a_choice_must_be_made() -> None:
    assert carnet("drop", "--all", answer="n\n")[0] == 1
    assert {state for state, _, _ in states()} == {"queued"}
    assert carnet("drop", "--domain", ELSEWHERE, "--no-tell", "--yes")[1] == "1 mails are given up"
    assert carnet("drop", "--all", "--domain", HORIZON, "--yes")[0] == 1
    assert carnet("drop", "--yes")[0] == 1
    assert carnet("retry")[0] == 1
    assert carnet("show", "nonsense")[0] == 1
    assert sorted(state for state, _, _ in states()) == ["dropped", "queued", "queued", "queued"]
