"""From the queue to other operators: one connection for many, one that is down disturbs nobody, nothing is lost."""

import asyncio
import ssl
import threading
import time
from datetime import timedelta

import psycopg
import pytest
from django.db import connection
from outbound_peer import PLAIN, running
from outbound_queue import content, destination, inbox, make_due, queue, send, states

from carnet.domain.directory.models import TrustEntry
from carnet.domain.directory.queries import forget_trust_space
from carnet.domain.directory.subjects import Subject
from carnet.domain.messaging.envelopes import Asked
from carnet.domain.messaging.models import OutboundDestination, OutboundMail
from carnet.domain.messaging.outbound.ageing import give_up_the_old, warn_of_delay
from carnet.domain.messaging.outbound.claims import LEASE, claim, due_domains
from carnet.domain.messaging.outbound.sending import Sender
from carnet.domain.messaging.outbound.trust import NotConfigured, context_for, may_be_clear
from carnet.domain.messaging.outbound.values import Host
from carnet.foundation import closures
from carnet.foundation.clock import now
from carnet.foundation.database import conninfo
from carnet.foundation.ids import new_id
from carnet.foundation.tls import revocation
from carnet.sandbox import cast
from carnet.sandbox.certificates import Authority

pytestmark = pytest.mark.django_db(transaction=True)
HORIZON = cast.OTHER_OPERATOR_DOMAIN


@pytest.fixture(autouse=True)
def scene(settings):
    settings.CARNET_OPERATORS_DOOR_MUTUAL = False
    settings.CARNET_OUTBOUND_IDLE_SECONDS = 0
    settings.CARNET_OUTBOUND_CONNECT_SECONDS = 0.7
    settings.CARNET_OUTBOUND_REPLY_SECONDS = 1
    settings.CARNET_ROUTES = {}
    cast.trust_space_of_the_sandbox()
    cast.hospital()
    cast.orthopaedics()


def test_many_messages_go_over_one_connection_and_recipients_of_one_go_together(settings) -> None:
    with running() as peer:
        settings.CARNET_ROUTES = {"*": peer.route}
        for number in range(20):
            queue(f"a@{HORIZON}", f"b@{HORIZON}", number=number)
        sender = send()
    assert peer.connections == 1
    assert sender.links.opened == {peer.route: 1}
    assert [sorted(one.recipients) for one in peer.got] == [[f"a@{HORIZON}", f"b@{HORIZON}"]] * 20
    assert [one.content for one in peer.got] == [content(number) for number in range(20)]
    assert states() == [("sent", "250 2.0.0", 1)] * 40
    assert destination(HORIZON) is None


def test_a_connection_carries_its_share_and_a_server_has_no_more_connections_than_its_own(settings) -> None:
    settings.CARNET_OUTBOUND_MESSAGES_PER_CONNECTION = 30
    settings.CARNET_OUTBOUND_CONNECTIONS_PER_HOP = 3
    with running() as peer:
        settings.CARNET_ROUTES = {"*": peer.route}
        for number in range(160):
            queue(f"a@{HORIZON}", number=number)
        send()
    assert len(peer.got) == 160
    assert len({one.content for one in peer.got}) == 160
    assert peer.most_at_once <= 3
    assert 160 / 30 <= peer.connections <= 160 / 30 + 3


def test_a_server_that_ends_the_connection_after_some_messages_still_gets_them_all(settings) -> None:
    seen = []

    def script(verb: str, line: str) -> str | None:
        if verb == "EHLO":
            seen.clear()
        if verb == "MAIL":
            seen.append(line)
        return "421 4.7.0 enough" if len(seen) > 3 else None

    with running(script=script) as peer:
        settings.CARNET_ROUTES = {"*": peer.route}
        for number in range(10):
            queue(f"a@{HORIZON}", number=number)
        send()
    assert sorted(one.content for one in peer.got) == sorted(content(number) for number in range(10))
    assert destination(HORIZON) is None


def test_an_operator_that_is_down_is_not_tried_for_each_message_and_holds_up_nobody(settings) -> None:
    with running() as silent, running() as good:
        silent.greeting = "..."
        settings.CARNET_ROUTES = {HORIZON: silent.route, "*": good.route}
        for number in range(30):
            queue(f"a@{HORIZON}", number=number)
        for number in range(5):
            queue(f"a@{number}.mssante.test", number=number)
        send()
        assert silent.connections == 1
        assert len(good.got) == 5
        assert good.most_at_once <= 4
        failures, _, problem = destination(HORIZON)
        assert (failures, problem) == (1, "too-slow")
        assert {(state, tries) for state, _, tries in states()} == {("sent", 1), ("queued", 0)}
        send()
        assert silent.connections == 1  # not before its time
        make_due()
        send()
        assert silent.connections == 2  # one message alone asks again
        assert destination(HORIZON)[0] == 2
        assert OutboundDestination.objects.get(domain=HORIZON).next_try_at > now() + timedelta(seconds=100)
        silent.greeting = "220 back"
        make_due()
        send()
        assert len(silent.got) == 30
        assert silent.connections <= 4
        assert destination(HORIZON) is None


def test_an_operator_that_goes_down_under_several_connections_is_noted_once(settings) -> None:
    taken = []

    def script(verb: str, line: str) -> str | None:
        if verb == "CONTENT":
            taken.append(line)
        return "421 4.3.2 going down" if len(taken) > 110 else None

    settings.CARNET_OUTBOUND_CONNECTIONS_PER_HOP = 4
    with running(script=script) as peer:
        settings.CARNET_ROUTES = {"*": peer.route}
        for number in range(200):
            queue(f"a@{HORIZON}", number=number)
        send()
    assert peer.most_at_once > 1
    assert destination(HORIZON) == (1, "421 4.3.2", "refused")
    assert {state for state, _, _ in states()} == {"sent", "queued"}


def test_a_greylisted_message_waits_for_itself_alone_and_goes_the_next_time(settings) -> None:
    known = set()

    def script(verb: str, line: str) -> str | None:
        if verb == "RCPT" and line not in known:
            known.add(line)
            return "450 4.7.1 greylisted" if "grey@" in line else None
        return None

    with running(script=script) as peer:
        settings.CARNET_ROUTES = {"*": peer.route}
        queue(f"grey@{HORIZON}", f"white@{HORIZON}")
        send()
        assert sorted(states()) == [("queued", "450 4.7.1", 1), ("sent", "250 2.0.0", 1)]
        assert destination(HORIZON) is None
        wait = OutboundMail.objects.get(state="queued").next_try_at - now()
        assert timedelta(seconds=50) < wait <= timedelta(seconds=60)
        make_due()
        send()
    assert [sorted(one.recipients) for one in peer.got] == [[f"white@{HORIZON}"], [f"grey@{HORIZON}"]]
    assert [state for state, _, _ in states()] == ["sent", "sent"]


def test_a_closed_operator_says_so_once_and_the_others_wait(settings) -> None:
    with running(script=lambda verb, line: "450 4.3.2 closed until Monday" if verb == "MAIL" else None) as peer:
        settings.CARNET_ROUTES = {"*": peer.route}
        for number in range(9):
            queue(f"a@{HORIZON}", number=number)
        send()
    assert len([line for line in peer.said if line.startswith("MAIL")]) == 1
    assert destination(HORIZON) == (1, "450 4.3.2", "refused")
    assert states() == [("queued", "", 0)] * 9


def test_what_is_refused_for_good_goes_back_in_one_report_for_all_its_recipients(settings) -> None:
    with running(script=lambda verb, line: "550 5.1.1 Nobody of that name" if verb == "RCPT" else None) as peer:
        settings.CARNET_ROUTES = {"*": peer.route}
        queue(f"a@{HORIZON}", f"b@{HORIZON}", asked=Asked(orcpt="rfc822;old@x.fr", envid="E1"))
        queue(f"c@{HORIZON}", number=1, asked=Asked(notify=("NEVER",)))
        queue(f"d@{HORIZON}", number=2, sender="")
        send()
    assert [state for state, _, _ in states()] == ["failed"] * 4
    (report,) = inbox()
    assert report.count(b"Action: failed") == 2
    assert b"Final-Recipient: rfc822; a@" in report
    assert b"Final-Recipient: rfc822; b@" in report
    assert report.count(b"Status: 5.1.1") == 2
    assert b"Diagnostic-Code: smtp; 550 5.1.1 Nobody of that name" in report
    assert b"Original-Envelope-Id: E1" in report
    assert b"Original-Recipient: rfc822; old@x.fr" in report
    assert b"Subject: essai 0" in report
    assert b"ligne" not in report


def test_the_whole_message_goes_back_to_a_mailbox_that_asked_for_it(settings) -> None:
    with running(script=lambda verb, line: "550 no" if verb == "RCPT" else None) as peer:
        settings.CARNET_ROUTES = {"*": peer.route}
        queue(f"a@{HORIZON}", asked=Asked(ret="FULL"))
        send()
    (report,) = inbox()
    assert content() in report


def test_success_is_told_here_only_where_the_next_operator_will_not_tell_it(settings) -> None:
    asked = Asked(notify=("FAILURE", "SUCCESS"), envid="E2")
    with running() as plain, running(extensions=(*PLAIN, "DSN")) as telling:
        settings.CARNET_ROUTES = {HORIZON: plain.route, "*": telling.route}
        queue(f"a@{HORIZON}", asked=asked)
        queue("a@other.mssante.test", asked=asked)
        queue(f"b@{HORIZON}", number=1)
        send()
    (report,) = inbox()
    assert b"Action: relayed" in report
    assert f"Final-Recipient: rfc822; a@{HORIZON}".encode() in report
    assert "NOTIFY=FAILURE,SUCCESS" in telling.got[0].rcpt_lines[0]
    assert "ENVID=E2" in telling.got[0].mail_line


def test_a_sender_is_warned_once_after_hours_and_told_after_two_days(settings) -> None:
    with running(greeting="421 4.3.2 not now") as peer:
        settings.CARNET_ROUTES = {"*": peer.route}
        queue(f"a@{HORIZON}")
        queue(f"b@{HORIZON}", number=1, asked=Asked(notify=("FAILURE",)))
        send()
        assert (give_up_the_old(), warn_of_delay()) == (0, 0)
        OutboundMail.objects.update(created_at=now() - timedelta(hours=5), claimed_by=None)
        assert (give_up_the_old(), warn_of_delay(), warn_of_delay()) == (0, 2, 0)
        (warning,) = inbox()
        assert b"Action: delayed" in warning
        assert b"Status: 4.3.2" in warning
        OutboundMail.objects.update(created_at=now() - timedelta(hours=49))
        assert give_up_the_old() == 2
    assert [state for state, _, _ in states()] == ["failed", "failed"]
    assert sum(b"Action: failed" in one and b"Status: 4.4.7" in one for one in inbox()) == 2


def test_mail_that_nobody_tried_is_not_given_up_for_its_age(settings) -> None:
    queue(f"a@{HORIZON}")
    OutboundMail.objects.update(created_at=now() - timedelta(days=9))
    assert give_up_the_old() == 0


def test_while_a_closure_lasts_nothing_leaves_and_then_all_does(settings) -> None:
    with running() as peer:
        settings.CARNET_ROUTES = {"*": peer.route}
        closure = closures.plan_closure("mail", now(), now() + timedelta(days=2))
        queue(f"a@{HORIZON}")
        send()
        assert (peer.connections, states()) == (0, [("queued", "", 0)])
        assert closures.cancel_closure(closure.id)
        send()
    assert [state for state, _, _ in states()] == ["sent"]


def test_large_messages_and_dots_arrive_as_they_were(settings) -> None:
    with running() as peer:
        settings.CARNET_ROUTES = {"*": peer.route}
        queue(f"a@{HORIZON}", size=3_000_000)
        send()
    assert peer.got[0].content == content(0, 3_000_000)


# --- claims ---------------------------------------------------------------------------------------------------------


def test_a_claim_ends_by_itself_and_while_it_lasts_nobody_else_has_it() -> None:
    queue(f"a@{HORIZON}")
    ours, theirs = new_id(), new_id()
    (taken,), probing = claim(HORIZON, ours, 10, [])
    assert (taken.recipient, probing) == (f"a@{HORIZON}", False)
    assert claim(HORIZON, theirs, 10, []) == ([], False)
    assert due_domains(now()) == []
    assert due_domains(now() + LEASE) == [HORIZON]
    assert timedelta(seconds=40) > LEASE
    OutboundMail.objects.update(next_try_at=now())  # the lease is over
    assert claim(HORIZON, ours, 10, [taken.id])[0] == []  # what this process still has in hand it does not take twice
    assert [one.id for one in claim(HORIZON, theirs, 10, [])[0]] == [taken.id]


def test_two_workers_share_a_queue_without_sending_anything_twice(settings) -> None:
    with running() as peer:
        settings.CARNET_ROUTES = {"*": peer.route}
        for number in range(120):
            queue(f"a@{HORIZON}", number=number)
        workers = [threading.Thread(target=send) for _ in range(2)]
        for one in workers:
            one.start()
        for one in workers:
            one.join()
    assert len(peer.got) == 120
    assert len({one.content for one in peer.got}) == 120


def test_a_worker_that_is_asked_to_end_finishes_what_is_under_way_and_puts_the_rest_back(settings) -> None:
    in_the_middle = threading.Event()

    def script(verb: str, line: str) -> str | None:
        if verb == "CONTENT":
            in_the_middle.set()
            time.sleep(0.3)
        return None

    async def end_in_the_middle() -> None:
        running = asyncio.create_task(Sender().run())
        while not in_the_middle.is_set():
            await asyncio.sleep(0.01)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running

    with running(script=script) as peer:
        settings.CARNET_ROUTES = {"*": peer.route}
        for number in range(5):
            queue(f"a@{HORIZON}", number=number)
        asyncio.run(end_in_the_middle())
    assert len(peer.got) == 1
    assert sorted(state for state, _, _ in states()) == ["queued"] * 4 + ["sent"]
    assert not OutboundMail.objects.exclude(claimed_by=None).exists()
    assert OutboundMail.objects.filter(state="queued", next_try_at__lte=now()).count() == 4


def test_what_another_operator_has_taken_is_noted_though_the_database_was_away(settings) -> None:
    """The commit is tried again until it succeeds: only a process that dies sends twice."""
    address = conninfo()

    def script(verb: str, line: str) -> str | None:
        if verb == "CONTENT":
            with psycopg.connect(address, autocommit=True) as direct:
                direct.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
                )
        return None

    with running(script=script) as peer:
        settings.CARNET_ROUTES = {"*": peer.route}
        queue(f"a@{HORIZON}")
        connection.close()
        send()
    assert len(peer.got) == 1
    assert [state for state, _, _ in states()] == ["sent"]


# --- who they are ---------------------------------------------------------------------------------------------------


@pytest.fixture
def mutual(settings, tmp_path):
    """This installation's certificate and the other operator's, of one authority, with a valid revocation list."""
    authority = Authority(tmp_path / "ca")
    own = authority.issue("own", "carnet.test", siren="1", organization="Carnet")
    other = authority.issue("other", "mss.horizon.test", siren="2", organization="Horizon")
    settings.CARNET_OPERATORS_DOOR_MUTUAL = True
    settings.CARNET_TLS_CERT_FILE, settings.CARNET_TLS_KEY_FILE = own.certificate, own.key
    settings.CARNET_OPERATORS_CA_FILE = authority.certificate
    settings.CARNET_CRL_FILES = (authority.revoke(),)
    revocation.forget()
    yield authority, other
    revocation.forget()


def list_certificate(domain: str, subject: str) -> None:
    TrustEntry.objects.create(
        domain=domain, subject=Subject.parse(subject), written=subject, source="hand", operator="Horizon"
    )
    forget_trust_space()


def server_tls(authority: Authority, issued):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(issued.certificate, issued.key)
    context.load_verify_locations(authority.certificate)
    context.verify_mode = ssl.CERT_REQUIRED
    return context


def test_mail_goes_only_to_the_certificate_that_the_trust_list_names_for_its_domain(settings, mutual) -> None:
    authority, other = mutual
    with running(tls=server_tls(authority, other)) as peer:
        settings.CARNET_ROUTES = {"*": peer.route}
        queue(f"a@{HORIZON}")
        send()
        assert destination(HORIZON) == (1, "454 4.7.5", "certificate-not-listed")
        assert not any(line.startswith("MAIL") for line in peer.said)
        list_certificate(HORIZON, other.subject)
        make_due()
        send()
        assert [state for state, _, _ in states()] == ["sent"]
        queue("a@other.mssante.test", number=1)  # the same server, another domain, which it does not speak for
        send()
        assert destination("other.mssante.test")[2] == "certificate-not-listed"
    assert len(peer.got) == 1


def test_a_revoked_certificate_gets_no_mail(settings, mutual) -> None:
    authority, other = mutual
    list_certificate(HORIZON, other.subject)
    authority.revoke(other.serial)
    revocation.forget()
    with running(tls=server_tls(authority, other)) as peer:
        settings.CARNET_ROUTES = {"*": peer.route}
        queue(f"a@{HORIZON}")
        send()
    assert destination(HORIZON)[2] == "certificate-revoked"
    assert peer.got == []


def test_a_server_without_encryption_or_of_another_authority_gets_no_mail(settings, mutual, tmp_path) -> None:
    authority, other = mutual
    list_certificate(HORIZON, other.subject)
    stranger = Authority(tmp_path / "stranger", "Stranger")
    theirs = stranger.issue("other", "mss.horizon.test", siren="2", organization="Horizon")
    with running() as clear, running(tls=server_tls(authority, theirs)) as fake:
        settings.CARNET_ROUTES = {HORIZON: clear.route}
        queue(f"a@{HORIZON}")
        send()
        assert destination(HORIZON)[2] == "no-encryption"
        settings.CARNET_ROUTES = {HORIZON: fake.route}
        make_due()
        send()
        assert destination(HORIZON)[2] == "certificate-invalid"
    assert clear.got == fake.got == []


def test_without_a_certificate_of_its_own_nothing_is_sent(settings) -> None:
    settings.CARNET_OPERATORS_DOOR_MUTUAL = True
    settings.CARNET_TLS_CERT_FILE = None
    with running() as peer:
        settings.CARNET_ROUTES = {"*": peer.route}
        queue(f"a@{HORIZON}")
        send()
    assert (peer.connections, destination(HORIZON)[2]) == (0, "tls-not-configured")


def test_a_loopback_route_in_the_mode_without_tls_is_secured_where_it_can_be_and_checked_then(settings, mutual) -> None:
    authority, other = mutual
    settings.CARNET_OPERATORS_DOOR_MUTUAL = False
    with running(tls=server_tls(authority, other)) as secure, running() as clear:
        settings.CARNET_ROUTES = {HORIZON: secure.route, "*": clear.route}
        queue(f"a@{HORIZON}")
        queue("a@other.mssante.test", number=1)
        send()
        assert len(clear.got) == 1
        assert destination(HORIZON)[2] == "certificate-not-listed"
        list_certificate(HORIZON, other.subject)
        make_due()
        send()
        assert len(secure.got) == 1
        assert "STARTTLS" in secure.said


def test_only_a_loopback_route_is_ever_in_clear(settings) -> None:
    settings.CARNET_TLS_CERT_FILE = None
    assert context_for(Host("127.0.0.1", 25)) is None
    assert may_be_clear(Host("127.0.0.1", 25))
    assert not may_be_clear(Host("192.0.2.1", 25))
    with pytest.raises(NotConfigured):
        context_for(Host("192.0.2.1", 25))
    settings.CARNET_OPERATORS_DOOR_MUTUAL = True
    assert not may_be_clear(Host("127.0.0.1", 25))
    with pytest.raises(NotConfigured):
        context_for(Host("127.0.0.1", 25))
