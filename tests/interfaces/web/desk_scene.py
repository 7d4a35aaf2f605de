"""A ward's mailbox with mail in it, and its team at their browsers, for the tests of the desk's pages."""

from collections.abc import Sequence
from dataclasses import dataclass
from email.message import EmailMessage
from uuid import UUID

from desk_people import NURSE, SURGEON, sign_in_professional
from django.http import HttpResponse
from django.test import Client
from lxml import html
from portal_scene import WARD, arrive, letter, page, signed_in

from carnet.domain.messaging.commands.deliver import deliver
from carnet.domain.messaging.commands.write import NewFile, answer
from carnet.domain.messaging.delivery.incoming import read_incoming
from carnet.domain.messaging.envelopes import SpooledEnvelope
from carnet.domain.messaging.models import Conversation, DeskThread
from carnet.domain.spaces.commands import holder
from carnet.domain.spaces.models import HealthSpace
from carnet.domain.spaces.values import Decision
from carnet.foundation.clock import now
from carnet.foundation.ids import new_id
from carnet.foundation.spool import Accepted
from carnet.sandbox import cast

DOCTOR = f"claire.morvan@{cast.CITY_DOMAIN}"


@dataclass(frozen=True)
class Desk:
    """The ward's box, its nurse and its surgeon at the desk, the patient at home."""

    box: UUID
    julie: Client
    helene: Client
    dominique: Client
    space: UUID

    @property
    def inbox(self) -> str:
        return f"/bureau/{self.box}/"

    def thread(self, subject: str = "") -> str:
        """The address of the only conversation of the box, or of the one whose subject is told."""
        self.julie.get(self.inbox)
        if not subject:
            return f"{self.inbox}echanges/{DeskThread.objects.get(mailbox_id=self.box).id}/"
        rows = page(self.julie.get(f"{self.inbox}?view=all")).xpath("//a[@class='row-title']")
        (found,) = [row for row in rows if subject in row.text_content()]
        return str(found.get("href")).partition("?")[0].partition("#")[0]


def open_desk() -> Desk:
    """The hospital, its team, and Dominique, to whom the ward has written once."""
    cast.trust_space_of_the_sandbox()
    cast.hospital()
    cast.orthopaedics()
    cast.general_practitioner()
    cast.surgeon()
    box = cast.nurse()
    space = cast.patient()
    julie, helene = (sign_in_professional(Client(headers={"Accept-Language": "fr"}), who) for who in (NURSE, SURGEON))
    return Desk(box, julie, helene, signed_in(space), space)


def ward_writes(desk: Desk, subject: str = "Votre sortie") -> UUID:
    """The ward opens a conversation with Dominique from its own mail software. Returns it, on her side."""
    arrive(letter(subject=subject))
    return Conversation.objects.filter(space_id=desk.space).latest("started_at").id


def patient_writes(
    desk: Desk, text: str = "Ma cicatrice est rouge.", files: Sequence[NewFile] = (), conversation: UUID | None = None
) -> UUID:
    """Dominique answers the ward, which has written to her first. Returns the conversation on her side."""
    conversation = conversation or ward_writes(desk)
    done = answer(holder(HealthSpace.objects.get(id=desk.space)), desk.space, conversation, text, files)
    assert not isinstance(done, Decision), done
    return conversation


def colleague_writes(message: EmailMessage | None = None, *, sender: str = DOCTOR, subject: str = "Avis") -> None:
    """A colleague's mail arrives in the ward's box as the drain would bring it."""
    if message is None:
        message = letter(subject=subject, From=sender)
    if message["To"] != WARD:
        message.replace_header("To", WARD)
    raw = message.as_bytes().replace(b"\n", b"\r\n")
    envelope = SpooledEnvelope(door="submission", sender=sender, recipients=(WARD,), accepted_at=now())
    deliver([read_incoming(Accepted(new_id(), 0, envelope.to_json(), raw))])


def form_of(response: HttpResponse, end: str) -> dict[str, str]:
    """The hidden fields of the page's form whose address ends so, as a browser would send them."""
    (form,) = page(response).xpath(f"//form[substring(@action, string-length(@action) - {len(end) - 1}) = '{end}']")
    return {field.get("name"): field.get("value", "") for field in form.xpath(".//input[@type='hidden']")}


def letters(response: HttpResponse) -> list[html.HtmlElement]:
    """The messages of a conversation's page, the oldest first."""
    return list(page(response).xpath("//article[starts-with(@id, 'message-')]"))
