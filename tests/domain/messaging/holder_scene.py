"""Letters that arrive in a space and the photos that its holder takes, for the tests of what holders write."""

import io
from email.message import EmailMessage
from email.utils import make_msgid
from functools import cache
from uuid import UUID

from django.conf import settings
from django.db import transaction
from PIL import Image

from carnet.domain.messaging.commands.deliver import deliver
from carnet.domain.messaging.delivery.incoming import read_incoming
from carnet.domain.messaging.envelopes import MessageHead, SpooledEnvelope, envelope_name
from carnet.domain.messaging.models import ConversationEntry, Message
from carnet.domain.spaces.commands import holder
from carnet.domain.spaces.models import HealthSpace
from carnet.domain.spaces.values import Actor
from carnet.foundation.clock import now
from carnet.foundation.ids import new_id
from carnet.foundation.owner_keys import owner_key
from carnet.foundation.spool import Accepted
from carnet.sandbox import cast

WARD = f"orthopedie@{cast.HOSPITAL_DOMAIN}"


def actor_of(space_id: UUID) -> Actor:
    return holder(HealthSpace.objects.get(id=space_id))


def a_letter(
    subject: str = "Votre sortie", text: str = "Bonjour.", *, references: UUID | None = None, **headers: str
) -> EmailMessage:
    """A letter of the ward to Dominique; ``references`` is the conversation that it goes on with."""
    message = EmailMessage()
    message["From"] = headers.pop("From", WARD)
    message["To"] = headers.pop("To", f"{cast.DOMINIQUE.ins}@{settings.CARNET_PATIENT_DOMAIN}")
    message["Subject"] = subject
    message["Message-ID"] = make_msgid(domain=cast.HOSPITAL_DOMAIN)
    if references is not None:
        message["In-Reply-To"] = _message_id(references)
    for name, value in headers.items():
        message[name] = value
    message.set_content(text)
    return message


def _message_id(conversation_id: UUID) -> str:
    entry = ConversationEntry.objects.filter(conversation_id=conversation_id).order_by("-at").first()
    assert entry is not None
    sealed = Message.objects.get(owner_id=entry.space_id, id=entry.message_id).envelope
    return MessageHead.from_json(owner_key(entry.space_id).open(envelope_name(entry.message_id), sealed)).message_id


def arrive(*messages: EmailMessage, sender: str = WARD) -> None:
    """Deliver letters to Dominique as the drain would."""
    incoming = []
    for position, message in enumerate(messages):
        raw = message.as_bytes().replace(b"\n", b"\r\n")
        envelope = SpooledEnvelope(
            door="submission",
            sender=sender,
            recipients=(f"{cast.DOMINIQUE.ins}@{settings.CARNET_PATIENT_DOMAIN}",),
            accepted_at=now(),
        )
        incoming.append(read_incoming(Accepted(new_id(), position, envelope.to_json(), raw)))
    with transaction.atomic():
        deliver(incoming)


@cache
def photo(*, gps: bool = False) -> bytes:
    """A photo as a phone takes it, with or without its place."""
    exif = Image.Exif()
    if gps:
        exif.get_ifd(0x8825).update({1: "N", 2: (48.0, 51.0, 29.6), 3: "E", 4: (2.0, 17.0, 40.2)})
    taken = io.BytesIO()
    Image.effect_noise((64, 48), 40).convert("RGB").save(taken, "JPEG", exif=exif)
    return taken.getvalue()
