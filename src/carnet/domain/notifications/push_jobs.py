"""Pushing: one sealed sentence to each browser of a holder, which says that something is there and nothing of what."""

import time
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import orjson
from django.conf import settings
from django.db import connection, transaction
from django.db.models import F
from django.utils import translation
from django.utils.translation import gettext as _

from carnet.domain.notifications.models import ContactPoint, PushNotice, PushSubscription
from carnet.domain.notifications.push import push_services, sender_key, unsubscribe
from carnet.domain.notifications.rules import is_too_late
from carnet.domain.notifications.values import NotificationKind
from carnet.foundation import logs
from carnet.foundation.clock import now
from carnet.foundation.jobs import RETRY, app
from carnet.foundation.keys import KeyProblem
from carnet.foundation.owner_keys import owner_key
from carnet.foundation.web_push.sealing import BrowserKeys, SenderKey, seal
from carnet.foundation.web_push.sending import NotPushed, push

BATCH: Final = 50
WORK_SECONDS: Final = 20
CLAIM_SECONDS: Final = 45
LIFE_SECONDS: Final = 24 * 3600
"""How long a push service keeps it for a browser that is away (TTL, RFC 8030 §5.2)."""
_TRIES: Final = 6
_KEPT_DAYS: Final = 30

log = logs.get("notifications")

_PLAN = """
INSERT INTO notifications_push_notice
    (id, notification_id, space_id, subscription_id, kind, created_at, next_try_at, attempts, outcome)
SELECT gen_random_uuid(), n.id, n.space_id, s.id, n.kind, n.created_at, %(now)s, 0, ''
FROM notifications_notification n
JOIN notifications_push_subscription s ON s.space_id = n.space_id
WHERE n.id = ANY(%(ids)s) AND s.created_at <= n.created_at
  AND NOT EXISTS (SELECT 1 FROM notifications_preference p
                  WHERE p.space_id = n.space_id AND p.kind = n.kind AND p.channel = 'push')
ON CONFLICT (notification_id, subscription_id) DO NOTHING
"""


def plan_pushes(notification_ids: list[UUID]) -> None:
    """Ask for a push of each notification to each browser that wants it; once, however often it is asked."""
    with connection.cursor() as cursor:
        cursor.execute(_PLAN, {"ids": notification_ids, "now": now()})
        if cursor.rowcount:
            send_pushes.defer()


@app.task(retry=RETRY)
def send_pushes() -> None:
    """Push what is due, claimed in groups as e-mails are; a browser that has gone is forgotten.

    A service that is away or busy is asked again later, six times over about half an hour, and then not at all: what
    it would have told shows at the next visit.
    """
    until = time.monotonic() + WORK_SECONDS
    while (claimed := _claim()) and time.monotonic() < until:
        sender = sender_key()
        spaces = {notice.space_id for notice in claimed}
        languages = dict(ContactPoint.objects.filter(space_id__in=spaces).values_list("space_id", "language"))
        known = PushSubscription.objects.filter(space_id__in=spaces)
        subscriptions = {(one.space_id, one.id): one for one in known}
        for notice in claimed:
            subscription = subscriptions.get((notice.space_id, notice.subscription_id))
            outcome = _send(notice, subscription, languages.get(notice.space_id, "fr"), sender)
            if outcome:
                PushNotice.objects.filter(id=notice.id).update(outcome=outcome)
                log.info("push_done", outcome=outcome)


@app.periodic(cron="* * * * * */20")
@app.task(queueing_lock="push-sweep")
def sweep_pushes(timestamp: int) -> None:
    """What a dead worker had claimed, or a push service was too busy for."""
    send_pushes()


@app.periodic(cron="23 4 * * *")
@app.task(queueing_lock="push-forget")
def forget_old_pushes(timestamp: int) -> None:
    """What was pushed is of no use after a month."""
    PushNotice.objects.filter(created_at__lt=now() - timedelta(days=_KEPT_DAYS)).delete()


@transaction.atomic
def _claim() -> list[PushNotice]:
    at = now()
    waiting = PushNotice.objects.select_for_update(skip_locked=True).filter(outcome="", next_try_at__lte=at)
    claimed = list(waiting.order_by("next_try_at")[:BATCH])
    PushNotice.objects.filter(id__in=[one.id for one in claimed]).update(
        next_try_at=at + timedelta(seconds=CLAIM_SECONDS), attempts=F("attempts") + 1
    )
    return claimed


def _send(notice: PushNotice, subscription: PushSubscription | None, language: str, sender: SenderKey) -> str:
    """What became of one notice; empty when it is to be tried again."""
    at = now()
    if subscription is None:
        return "gone"
    if is_too_late(at - notice.created_at):
        return "gave-up"
    try:
        _push(notice, subscription, language, sender, at)
    except KeyProblem:
        return "gone"  # the space's key was deleted with the space
    except NotPushed as problem:
        if problem.gone:
            unsubscribe(notice.space_id, subscription.id)
            return "gone"
        if notice.attempts + 1 >= _TRIES:
            return "gave-up"
        log.warning("push_not_sent", exc_info=problem)
        later = at + timedelta(seconds=CLAIM_SECONDS * 2**notice.attempts)
        PushNotice.objects.filter(id=notice.id).update(next_try_at=later)
        return ""
    PushSubscription.objects.filter(space_id=notice.space_id, id=subscription.id).update(last_pushed_at=at)
    return "sent"


def _push(notice: PushNotice, subscription: PushSubscription, language: str, sender: SenderKey, at: datetime) -> None:
    opened = owner_key(notice.space_id).open(f"push:{subscription.id}", subscription.address)
    address = orjson.loads(opened)
    body = seal(
        push_payload(NotificationKind(notice.kind), language), BrowserKeys.parse(address["p256dh"], address["auth"])
    )
    headers = {
        "Content-Type": "application/octet-stream",
        "Content-Encoding": "aes128gcm",
        "TTL": str(LIFE_SECONDS),
        "Urgency": "normal",
        "Authorization": sender.authorization(address["endpoint"], settings.CARNET_PUSH_CONTACT, at.timestamp()),
    }
    push(address["endpoint"], body, headers, push_services())


def push_payload(kind: NotificationKind, language: str) -> bytes:
    """What the browser will show: a sentence that is the same for everybody, and the page to open."""
    with translation.override(language):
        sentence, page = {
            NotificationKind.MESSAGE: (_("You have a new message."), "/messages/"),
            NotificationKind.DOCUMENT: (_("You have a new document."), "/documents/"),
        }[kind]
    return orjson.dumps({"title": "Carnet", "body": sentence, "page": page})
