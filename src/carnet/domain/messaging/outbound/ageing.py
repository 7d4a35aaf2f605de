"""Mail that waits long: its sender is warned once, and told when it is given up, though nothing answered it itself."""

from collections.abc import Callable
from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection, transaction

from carnet.domain.messaging.compose import DsnAction
from carnet.domain.messaging.models import ConversationEntry, OutboundMail
from carnet.domain.messaging.outbound.claims import Claimed, claimed_of
from carnet.domain.messaging.outbound.settling import give_up_after, last_answer, report
from carnet.foundation.clock import now

_BATCH = 50

_COLUMNS = (
    "m.id, m.owner_id, m.message_id, m.body, m.size, m.domain, m.addresses, m.notify, m.ret, m.created_at, m.attempts"
)
# One that was never tried, because its operator's server answers nobody, is as tried as its operator.
_TRIED = "(m.attempts > 0 OR d.failures > 0)"
_LAST = "coalesce(nullif(m.last_code, ''), d.last_code, ''), coalesce(nullif(m.last_problem, ''), d.last_problem, '')"
_WAITING_SINCE = f"""
SELECT {_COLUMNS}, {_LAST}
FROM messaging_outbound_mail m LEFT JOIN messaging_outbound_destination d ON d.domain = m.domain
WHERE m.state = 'queued' AND m.created_at <= %(before)s AND {_TRIED} {{more}}
  AND (m.claimed_by IS NULL OR m.next_try_at <= %(at)s)
ORDER BY m.created_at LIMIT {_BATCH} FOR UPDATE OF m SKIP LOCKED
"""  # noqa: S608 - constants only


def give_up_the_old() -> int:
    """Give up what has waited as long as a mail may. Returns how many."""
    return _all(_give_up_some)


def warn_of_delay() -> int:
    """Tell senders, once, that their mail still waits. Returns of how many mails."""
    return _all(_warn_some)


def _all(some: Callable[[], int]) -> int:
    total = 0
    while done := some():
        total += done
        if done < _BATCH:
            break
    return total


@transaction.atomic
def _give_up_some() -> int:
    at = now()
    found = _waiting_since(at - give_up_after(), at, more="")
    ids = [mail.id for mail, _, _ in found]
    OutboundMail.objects.filter(id__in=ids).update(state=OutboundMail.State.FAILED, settled_at=at, claimed_by=None)
    for mail, _, _ in found:
        if mail.message_id is not None:
            ConversationEntry.objects.filter(space_id=mail.owner_id, message_id=mail.message_id).update(
                delivery="failed"
            )
    report([(mail, last_answer(code, problem), DsnAction.FAILED) for mail, code, problem in found], at)
    return len(found)


@transaction.atomic
def _warn_some() -> int:
    at = now()
    before = at - timedelta(seconds=settings.CARNET_OUTBOUND_WARN_SECONDS)
    found = _waiting_since(before, at, more="AND m.warned_at IS NULL")
    OutboundMail.objects.filter(id__in=[mail.id for mail, _, _ in found]).update(warned_at=at)
    report([(mail, last_answer(code, problem), DsnAction.DELAYED) for mail, code, problem in found], at)
    return len(found)


def _waiting_since(before: datetime, at: datetime, *, more: str) -> list[tuple[Claimed, str, str]]:
    with connection.cursor() as cursor:
        cursor.execute(_WAITING_SINCE.format(more=more), {"before": before, "at": at})
        rows = cursor.fetchall()
    claimed = {one.id: one for one in claimed_of([row[:-2] for row in rows])}
    return [(claimed[row[0]], row[-2], row[-1]) for row in rows if row[0] in claimed]
