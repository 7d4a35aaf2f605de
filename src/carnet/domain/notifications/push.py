"""The browsers that holders are told on, and the key by which push services know this installation."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import orjson
from django.conf import settings
from django.db import transaction

from carnet.domain.notifications.models import PushNotice, PushSender, PushSubscription
from carnet.foundation.clock import now
from carnet.foundation.ids import new_id
from carnet.foundation.owner_keys import create_owner_keys, owner_key
from carnet.foundation.web_push.sealing import BadSubscription, BrowserKeys, SenderKey
from carnet.foundation.web_push.sending import PushServices

PUSH_OWNER = UUID(int=3)
"""The owner of the key by which this installation signs what it pushes."""
MOST_DEVICES = 10
_SENDER = 1
_SEALED_AS = "push-sender"


@dataclass(frozen=True)
class Device:
    """A browser that a holder is told on."""

    id: UUID
    device: str
    created_at: datetime
    last_pushed_at: datetime | None


def push_services() -> PushServices:
    """Whom pushes may be handed to here; none when no host is set and this is no demo."""
    return PushServices(settings.CARNET_PUSH_HOSTS, loopback=not settings.CARNET_PRODUCTION)


def push_offered() -> bool:
    """Whether browsers can be told at all here."""
    return bool(settings.CARNET_PUSH_HOSTS)


@transaction.atomic
def sender_key() -> SenderKey:
    """The key that browsers subscribe to, made at first need and the same ever after: another would lose them all."""
    row = PushSender.objects.filter(id=_SENDER).first()
    if row is None:
        create_owner_keys([PUSH_OWNER])
        sealed = owner_key(PUSH_OWNER).seal(_SEALED_AS, SenderKey.create().pem)
        PushSender.objects.bulk_create([PushSender(id=_SENDER, key=sealed)], ignore_conflicts=True)
        row = PushSender.objects.get(id=_SENDER)
    return SenderKey(owner_key(PUSH_OWNER).open(_SEALED_AS, row.key))


@transaction.atomic
def subscribe(space_id: UUID, *, endpoint: str, p256dh: str, auth: str, device: str) -> UUID:
    """Tell this browser too from now on; saying so again changes nothing. Beyond ten, the oldest is told no more.

    Raises ``BadSubscription`` naming the part that cannot be used: ``endpoint``, ``p256dh`` or ``auth``.
    """
    BrowserKeys.parse(p256dh, auth)
    if not push_services().takes(endpoint):
        raise BadSubscription("endpoint")
    key = owner_key(space_id)
    digest = key.digest("push-endpoint", endpoint.encode())
    known = PushSubscription.objects.filter(space_id=space_id, endpoint_digest=digest).first()
    subscription_id = known.id if known else new_id()
    address = key.seal(f"push:{subscription_id}", orjson.dumps({"endpoint": endpoint, "p256dh": p256dh, "auth": auth}))
    if known is not None:
        PushSubscription.objects.filter(space_id=space_id, id=known.id).update(address=address, device=device[:60])
        return known.id
    PushSubscription.objects.create(
        space_id=space_id,
        id=subscription_id,
        endpoint_digest=digest,
        address=address,
        device=device[:60],
        created_at=now(),
    )
    kept = PushSubscription.objects.filter(space_id=space_id).order_by("-created_at", "-id")
    for older in kept[MOST_DEVICES:]:
        unsubscribe(space_id, older.id)
    return subscription_id


@transaction.atomic
def unsubscribe(space_id: UUID, subscription_id: UUID) -> bool:
    """Tell this browser no more; what was on its way to it is let go. Returns whether there was one."""
    PushNotice.objects.filter(space_id=space_id, subscription_id=subscription_id, outcome="").update(outcome="gone")
    return bool(PushSubscription.objects.filter(space_id=space_id, id=subscription_id).delete()[0])


def devices(space_id: UUID) -> list[Device]:
    """The browsers that this holder is told on, the newest first."""
    rows = PushSubscription.objects.filter(space_id=space_id).order_by("-created_at", "-id")[:MOST_DEVICES]
    return [Device(row.id, row.device, row.created_at, row.last_pushed_at) for row in rows]
