"""Sending notifications: plain e-mails that say that something is there, never what or from whom."""

import time
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction
from django.db.models import F, Q
from django.template.loader import render_to_string
from django.utils import translation

from carnet.domain.notifications.models import ContactPoint, Notification, Preference
from carnet.domain.notifications.push_jobs import plan_pushes
from carnet.domain.notifications.rules import is_too_late, is_wanted
from carnet.domain.notifications.values import Channel, NotificationKind
from carnet.foundation import logs
from carnet.foundation.clock import now
from carnet.foundation.jobs import RETRY, app
from carnet.foundation.keys import KeyProblem
from carnet.foundation.owner_keys import owner_key

BATCH = 100
CLAIM_SECONDS = 45
WORK_SECONDS = 5
"""How long a group is worked at before what is left of it is let go: with one slow mail server more, still claimed."""

_TEMPLATES = {NotificationKind.MESSAGE: "new_message", NotificationKind.DOCUMENT: "new_document"}

log = logs.get("notifications")


@app.task(retry=RETRY)
def send_waiting() -> None:
    """Send what waits, claimed in groups: one e-mail for each message or document (Mon espace santé does so).

    A claim is a conditional update, so that two workers never send the same one; a claim whose worker died is free
    again within a minute. Each e-mail is noted as soon as it is sent: only the one that was being sent may then reach
    a person twice.
    """
    problem: Exception | None = None
    while claimed := _claim():
        until = time.monotonic() + WORK_SECONDS
        spaces = {notification.space_id for notification in claimed}
        points = ContactPoint.objects.in_bulk(spaces)
        off: dict[UUID, set[str]] = {}
        switched_off = Preference.objects.filter(space_id__in=spaces, channel=Channel.EMAIL.value)
        for space_id, kind in switched_off.values_list("space_id", "kind"):
            off.setdefault(space_id, set()).add(kind)
        waiting = _to_send(claimed, points, off)
        while waiting:
            if time.monotonic() > until:
                _let_go(waiting)
                break
            notification = waiting.pop(0)
            try:
                _send(notification, points[notification.space_id])
            except (OSError, KeyProblem) as failure:  # this one is tried again later, the others now
                problem = failure
                log.warning("notification_not_sent", notification=str(notification.id), exc_info=failure)
    if problem is not None:
        raise problem


@app.periodic(cron="* * * * * */10")
@app.task(queueing_lock="notifications-sweep")
def sweep(timestamp: int) -> None:
    """What a dead worker had claimed, or a mail server refused, is sent within minutes."""
    send_waiting()


def _free() -> Q:
    return Q(claimed_at=None) | Q(claimed_at__lt=now() - timedelta(seconds=CLAIM_SECONDS))


@transaction.atomic
def _claim() -> list[Notification]:
    """Those that wait longest and that nobody else has claimed or is claiming."""
    waiting = Notification.objects.filter(_free(), outcome="").select_for_update(skip_locked=True)
    claimed = list(waiting.order_by("created_at")[:BATCH])
    at = now()
    ids = [one.id for one in claimed]
    Notification.objects.filter(id__in=ids).update(claimed_at=at, attempts=F("attempts") + 1)
    if ids:
        plan_pushes(ids)
    return claimed


def _let_go(claimed: list[Notification]) -> None:
    """These were claimed and not tried: they wait again."""
    ids = [one.id for one in claimed]
    Notification.objects.filter(id__in=ids, outcome="").update(claimed_at=None, attempts=F("attempts") - 1)


def _to_send(
    claimed: list[Notification], points: dict[UUID, ContactPoint], off: dict[UUID, set[str]]
) -> list[Notification]:
    """Those that an e-mail is due for. The others are noted at once, one statement for each reason."""
    to_send: list[Notification] = []
    without: dict[str, list[Notification]] = {}
    at = now()
    for one in claimed:
        if one.space_id not in points:
            without.setdefault("no-address", []).append(one)
        elif not is_wanted(NotificationKind(one.kind), off.get(one.space_id, set())):
            without.setdefault("not-wanted", []).append(one)
        elif is_too_late(at - one.created_at):
            without.setdefault("gave-up", []).append(one)
        else:
            to_send.append(one)
    for outcome, notifications in without.items():
        _note(notifications, outcome)
    return to_send


def _send(notification: Notification, point: ContactPoint) -> None:
    _mail(point, _TEMPLATES[NotificationKind(notification.kind)], {})
    _note([notification], "sent")


def _note(notifications: list[Notification], outcome: str) -> None:
    Notification.objects.filter(id__in=[one.id for one in notifications]).update(outcome=outcome, sent_at=now())
    log.info("notifications_done", outcome=outcome, count=len(notifications))


def _mail(point: ContactPoint, template: str, context: dict[str, str]) -> None:
    email = owner_key(point.space_id).open_text("contact-email", point.email)
    with translation.override(point.language):
        values = {"portal_url": settings.CARNET_WEB_URL, "activated": point.activated, **context}
        subject = render_to_string(f"web/email/{template}_subject.txt", values).strip()
        body = render_to_string(f"web/email/{template}.txt", values)
    EmailMessage(subject, body, settings.DEFAULT_FROM_EMAIL, [email]).send()


@app.task(retry=RETRY)
def send_activation_code(space_id: str, sealed: str) -> None:
    """Send an activation code, which arrives here sealed under the space's key."""
    owner = UUID(space_id)
    point = ContactPoint.objects.filter(space_id=owner).first()
    if point is None:
        return
    code = owner_key(owner).open_text("activation-code", bytes.fromhex(sealed))
    _mail(point, "activation_code", {"code": "-".join(code[i : i + 4] for i in range(0, len(code), 4))})
