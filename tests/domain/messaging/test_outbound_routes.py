"""Where the mail of a domain goes: by a static route, or by what a name server answers."""

import asyncio
import socket
import threading
from collections.abc import Iterator

import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import pytest

from carnet.domain.messaging.outbound.routes import Unroutable, hosts_of
from carnet.domain.messaging.outbound.values import Host, Problem

ZONE = {
    ("two.test.", "MX"): ["20 b.two.test.", "10 a.two.test."],
    ("a.two.test.", "A"): ["192.0.2.1"],
    ("a.two.test.", "AAAA"): ["2001:db8::1"],
    ("b.two.test.", "A"): ["192.0.2.2", "192.0.2.3"],
    ("none.test.", "A"): ["192.0.2.9"],
    ("null.test.", "MX"): ["0 ."],
    ("lost.test.", "MX"): ["10 nowhere.test."],
    ("ours.test.", "MX"): ["5 a.two.test.", "10 carnet.test.", "20 b.two.test."],
    ("only-ours.test.", "MX"): ["10 carnet.test."],
    ("many.test.", "MX"): [f"{n} m{n}.many.test." for n in range(30)],
    **{(f"m{n}.many.test.", "A"): [f"192.0.2.{n + 100}"] for n in range(30)},
    ("xn--chu-orlans-h7a.test.", "MX"): ["1 a.two.test."],
}


def answer(question: bytes) -> bytes:
    asked = dns.message.from_wire(question)
    reply = dns.message.make_response(asked)
    reply.flags |= dns.flags.RA
    name, kind = asked.question[0].name, asked.question[0].rdtype.name
    if name.to_text() == "broken.test.":
        reply.set_rcode(dns.rcode.SERVFAIL)
    elif (name.to_text(), kind) in ZONE:
        reply.answer.append(dns.rrset.from_text_list(name, 60, "IN", kind, ZONE[name.to_text(), kind]))
    elif not any(known == name.to_text() for known, _ in ZONE):
        reply.set_rcode(dns.rcode.NXDOMAIN)
    return reply.to_wire()


@pytest.fixture(autouse=True)
def name_server(settings) -> Iterator[None]:
    """A name server of the test's own, for the zone above."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        settings.CARNET_DNS_SERVERS = (f"127.0.0.1:{server.getsockname()[1]}",)
        settings.CARNET_HOSTNAME = "carnet.test"
        settings.CARNET_OUTBOUND_PORT = 25
        settings.CARNET_ROUTES = {}

        def serve() -> None:
            while True:
                question, peer = server.recvfrom(4096)
                if question == b"stop":
                    return
                server.sendto(answer(question), peer)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield
        server.sendto(b"stop", server.getsockname())
        thread.join(5)


def hosts(domain: str) -> list[str]:
    return [str(one) for one in asyncio.run(hosts_of(domain))]


def refused(domain: str) -> tuple[Problem, int]:
    with pytest.raises(Unroutable) as problem:
        hosts(domain)
    return problem.value.answer.problem, problem.value.answer.code


def test_the_best_exchange_goes_first_with_all_its_addresses() -> None:
    found = hosts("two.test")
    assert found[:2] == ["2001:db8::1:25", "192.0.2.1:25"]
    assert sorted(found[2:]) == ["192.0.2.2:25", "192.0.2.3:25"]
    assert hosts("xn--chu-orlans-h7a.test") == ["2001:db8::1:25", "192.0.2.1:25"]


def test_a_domain_without_any_exchange_is_its_own() -> None:
    assert hosts("none.test") == ["192.0.2.9:25"]


def test_a_domain_that_says_that_it_takes_no_mail_fails_for_good() -> None:
    assert refused("null.test") == (Problem.NO_MAIL_HERE, 556)


def test_what_the_dns_does_not_know_or_does_not_answer_waits() -> None:
    assert refused("unknown.test") == (Problem.NAME_UNKNOWN, 450)
    assert refused("lost.test") == (Problem.NAME_UNKNOWN, 450)
    assert refused("broken.test") == (Problem.NAMES_UNAVAILABLE, 450)
    assert refused("localhost") == (Problem.NO_ROUTE, 450)


def test_names_of_tests_are_asked_only_of_a_name_server_that_was_named(settings) -> None:
    settings.CARNET_DNS_SERVERS = ()
    assert refused("two.test") == (Problem.NO_ROUTE, 450)


def test_exchanges_that_are_not_better_than_this_server_are_left_out() -> None:
    assert hosts("ours.test") == ["2001:db8::1:25", "192.0.2.1:25"]
    assert refused("only-ours.test") == (Problem.NAME_UNKNOWN, 450)


def test_a_domain_with_many_servers_is_tried_at_a_few() -> None:
    assert len(hosts("many.test")) == 6


def test_a_static_route_comes_before_the_dns_and_one_for_all_after_it(settings) -> None:
    settings.CARNET_ROUTES = {"two.test": "mx.example.test:2525", "*": "[::1]:10025"}
    assert asyncio.run(hosts_of("two.test")) == [Host("mx.example.test", 2525)]
    assert asyncio.run(hosts_of("null.test")) == [Host("::1", 10025)]
