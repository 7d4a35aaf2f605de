"""What waits for other operators: by domain, and mail by mail. Identifiers, codes and times only: no address."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import connection

from carnet.domain.messaging.models import OutboundDestination, OutboundMail
from carnet.domain.messaging.outbound.values import Problem

WAITING = (OutboundMail.State.QUEUED, OutboundMail.State.HELD)

_BY_DOMAIN = """
SELECT m.domain, m.queued, m.held, m.oldest, m.octets,
       coalesce(d.failures, 0), d.down_since, d.next_try_at, d.held_at,
       coalesce(nullif(d.last_code, ''), m.last_code, ''), coalesce(nullif(d.last_problem, ''), m.last_problem, '')
FROM (
  SELECT domain, count(*) FILTER (WHERE state = 'queued') AS queued, count(*) FILTER (WHERE state = 'held') AS held,
         min(created_at) AS oldest, sum(size) AS octets,
         (array_agg(last_code ORDER BY attempts DESC))[1] AS last_code,
         (array_agg(last_problem ORDER BY attempts DESC))[1] AS last_problem
  FROM messaging_outbound_mail WHERE state IN ('queued', 'held') GROUP BY domain
) m LEFT JOIN messaging_outbound_destination d ON d.domain = m.domain
ORDER BY m.queued + m.held DESC, m.domain LIMIT %s
"""


@dataclass(frozen=True)
class DomainQueue:
    """The mail that waits for one domain, ``octets`` in all.

    ``failures`` is how often its operator could not be reached, since ``down_since``; ``held_at`` when a person held
    the domain back.
    """

    domain: str
    queued: int
    held: int
    oldest_at: datetime
    octets: int
    failures: int
    down_since: datetime | None
    next_try_at: datetime | None
    held_at: datetime | None
    last_code: str
    last_problem: str

    @property
    def why(self) -> str:
        """The last answer or problem in a sentence, "" when there was none."""
        return _sentence(self.last_code, self.last_problem)


@dataclass(frozen=True)
class OutboundRow:
    """One mail for one recipient."""

    id: UUID
    domain: str
    state: str
    created_at: datetime
    next_try_at: datetime
    attempts: int
    last_code: str
    last_problem: str
    size: int
    warned_at: datetime | None
    settled_at: datetime | None

    @property
    def why(self) -> str:
        return _sentence(self.last_code, self.last_problem)


def waiting_by_domain(limit: int = 200) -> list[DomainQueue]:
    """What waits, by domain, the longest queues first."""
    with connection.cursor() as cursor:
        cursor.execute(_BY_DOMAIN, [limit])
        return [DomainQueue(*row) for row in cursor.fetchall()]


def held_domains() -> list[str]:
    """The domains that a person holds back, with mail or without."""
    return list(
        OutboundDestination.objects.exclude(held_at=None).order_by("domain").values_list("domain", flat=True)[:1000]
    )


def outbound_mails(
    *, domain: str = "", states: Sequence[str] = WAITING, after: UUID | None = None, limit: int = 50
) -> list[OutboundRow]:
    """Mails in the order in which they came, of one domain or of all; ``after`` is the last one of the page before."""
    rows = OutboundMail.objects.filter(state__in=states).order_by("id")
    if domain:
        rows = rows.filter(domain=domain)
    if after is not None:
        rows = rows.filter(id__gt=after)
    return [OutboundRow(*row) for row in rows.values_list(*OutboundRow.__dataclass_fields__)[:limit]]


def outbound_mail(mail_id: UUID) -> OutboundRow | None:
    row = OutboundMail.objects.filter(id=mail_id).values_list(*OutboundRow.__dataclass_fields__).first()
    return OutboundRow(*row) if row else None


def _sentence(code: str, problem: str) -> str:
    known = Problem(problem) if problem in set(Problem) else None
    if known is None or known is Problem.REFUSED:
        return f"answered {code}" if code else ""
    return known.sentence
