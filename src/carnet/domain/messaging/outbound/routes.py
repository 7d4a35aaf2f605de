"""Which servers take the mail of a domain: a static route, or the DNS (RFC 5321 §5.1, RFC 7505)."""

import dns.asyncresolver
import dns.exception
import dns.name
import dns.nameserver
import dns.resolver
from django.conf import settings

from carnet.domain.messaging.outbound.values import Answer, Host, Phase, Problem

_ANY = "*"
_MOST_HOSTS = 6
_SECONDS = 10.0
# RFC 6761: nobody answers for these but a name server that was set up for them.
_RESERVED = frozenset({"test", "invalid", "localhost", "example"})
_LOOPBACK = ("127.0.0.1", "::1", "localhost")


class Unroutable(Exception):
    """No server can be named now; ``answer`` says what that means for the mail."""

    def __init__(self, problem: Problem, code: int, status: str) -> None:
        super().__init__(problem.value)
        self.answer = Answer.of(problem, Phase.ROUTE, code, status)


async def hosts_of(domain: str) -> list[Host]:
    """The servers of a domain in the order in which they are to be tried, at most six. Raises ``Unroutable``."""
    if (route := static_route(domain)) is not None:
        return [route]
    reserved = domain.rpartition(".")[2] in _RESERVED and not settings.CARNET_DNS_SERVERS
    if "." not in domain or reserved:
        raise Unroutable(Problem.NO_ROUTE, 450, "4.4.4")
    return await _by_dns(domain)


def static_route(domain: str) -> Host | None:
    """The configured route of a domain, else the one of every domain (`*`)."""
    route = settings.CARNET_ROUTES.get(domain) or settings.CARNET_ROUTES.get(_ANY)
    if not route:
        return None
    name, _, port = route.rpartition(":")
    return Host(name.strip("[]"), int(port))


def is_loopback(host: Host) -> bool:
    return host.name in _LOOPBACK or host.name.startswith("127.")


async def _by_dns(domain: str) -> list[Host]:
    """By MX, best preference first; without any MX, the domain's own addresses (RFC 5321 §5.1)."""
    try:
        resolver = _resolver()
        name = dns.name.from_text(domain)
        found = await resolver.resolve(name, "MX", lifetime=_SECONDS)
        exchanges = sorted((record.preference, record.exchange) for record in found)
    except dns.resolver.NoAnswer:
        exchanges = [(0, name)]
    except dns.resolver.NXDOMAIN:
        # The trust list says that the domain exists: its operator will mend the zone.
        raise Unroutable(Problem.NAME_UNKNOWN, 450, "4.1.2") from None
    except dns.exception.DNSException:
        raise Unroutable(Problem.NAMES_UNAVAILABLE, 450, "4.4.3") from None
    if len(exchanges) == 1 and exchanges[0][1] == dns.name.root:
        raise Unroutable(Problem.NO_MAIL_HERE, 556, "5.1.10")
    hosts: list[Host] = []
    unanswered = False
    for exchange in _before_ourselves(exchanges):
        for kind in ("AAAA", "A"):
            try:
                records = await resolver.resolve(exchange, kind, lifetime=_SECONDS)
            except (dns.resolver.NoAnswer, dns.resolver.NXDOMAIN):
                continue
            except dns.exception.DNSException:
                unanswered = True
                continue
            hosts += [Host(record.address, settings.CARNET_OUTBOUND_PORT) for record in records]
        if len(hosts) >= _MOST_HOSTS:
            break
    if not hosts:
        problem = Problem.NAMES_UNAVAILABLE if unanswered else Problem.NAME_UNKNOWN
        raise Unroutable(problem, 450, "4.4.3" if unanswered else "4.4.4")
    return hosts[:_MOST_HOSTS]


def _before_ourselves(exchanges: list[tuple[int, dns.name.Name]]) -> list[dns.name.Name]:
    """Those better than this very server, which would else send to itself in circles (RFC 5321 §5.1)."""
    ourselves = dns.name.from_text(settings.CARNET_HOSTNAME)
    limit = min((preference for preference, name in exchanges if name == ourselves), default=None)
    return [name for preference, name in exchanges if limit is None or preference < limit]


def _resolver() -> dns.asyncresolver.Resolver:
    """The system's name servers, or those of the setting (`address` or `address:port`)."""
    if not settings.CARNET_DNS_SERVERS:
        return dns.asyncresolver.Resolver()
    resolver = dns.asyncresolver.Resolver(configure=False)
    servers: list[dns.nameserver.Nameserver | str] = []
    for one in settings.CARNET_DNS_SERVERS:
        address, _, port = one.rpartition(":") if one.count(":") == 1 or one.startswith("[") else (one, "", "")
        servers.append(dns.nameserver.Do53Nameserver(address.strip("[]"), int(port or 53)))
    resolver.nameservers = servers
    return resolver
