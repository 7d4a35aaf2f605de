"""The orthopaedics team at its desk, its patient, and mail as the doors would bring it."""

from email.message import EmailMessage
from email.utils import make_msgid

from django.conf import settings

from carnet.domain.directory.queries import mailboxes_by_id
from carnet.domain.messaging.commands.deliver import deliver
from carnet.domain.messaging.delivery.incoming import read_incoming
from carnet.domain.messaging.desk.actors import DeskActor
from carnet.domain.messaging.desk.catching_up import catch_up
from carnet.domain.messaging.desk.listing import threads
from carnet.domain.messaging.desk.values import Filters
from carnet.domain.messaging.envelopes import SpooledEnvelope
from carnet.foundation.clock import now
from carnet.foundation.ids import new_id
from carnet.foundation.spool import Accepted
from carnet.sandbox import cast

ORTHO = f"orthopedie@{cast.HOSPITAL_DOMAIN}"
GP = f"claire.morvan@{cast.CITY_DOMAIN}"
SURGEON = f"helene.vasseur@{cast.HOSPITAL_DOMAIN}"
ELSEWHERE = f"cardiologie@{cast.OTHER_OPERATOR_DOMAIN}"
JULIE = "99700218938"
HELENE = "99700218920"


def team():
    """The desk of Julie Lemaire in the orthopaedics mailbox; the directory, the GP and the patient are there."""
    cast.trust_space_of_the_sandbox()
    cast.hospital()
    cast.clinic()
    box = cast.orthopaedics()
    cast.general_practitioner()
    cast.surgeon()
    cast.nurse()
    return desk(box, JULIE, "Mme Julie LEMAIRE")


def desk(mailbox_id, rpps, name):
    return DeskActor(rpps, name, mailboxes_by_id([mailbox_id])[mailbox_id], session="a-session")


def address(person=cast.DOMINIQUE):
    return f"{person.ins}@{settings.CARNET_PATIENT_DOMAIN}"


def mail(sender, to, subject="Une question", text="Bonjour.", **headers):
    """A message; headers by keyword (``In_Reply_To``)."""
    message = EmailMessage()
    message["From"] = sender
    message["To"] = to
    message["Subject"] = subject
    message["Message-ID"] = headers.pop("message_id", None) or make_msgid(domain="x.test")
    for name, value in headers.items():
        message[name.replace("_", "-")] = value
    message.set_content(text)
    return message


def arrive(*messages, sender=None, to=ORTHO):
    """Deliver messages as the drain would."""
    incoming = []
    for position, message in enumerate(messages):
        raw = message if isinstance(message, bytes) else message.as_bytes().replace(b"\n", b"\r\n")
        author = sender if sender is not None else str(message["From"])
        envelope = SpooledEnvelope(door="operators", sender=author, recipients=(to,), accepted_at=now())
        incoming.append(read_incoming(Accepted(new_id(), position, envelope.to_json(), raw)))
    deliver(incoming)


def listed(actor, **filters):
    """The conversations of a list, after bringing the desk up to date."""
    catch_up(actor.mailbox.id)
    page = threads(actor, Filters(**filters))
    return [*page.late, *page.rows]
