"""Letters that arrive and people who are signed in, for the tests of the portal's pages."""

import re
from email.message import EmailMessage
from email.utils import make_msgid
from uuid import UUID

from django.conf import settings
from django.http import HttpResponse
from django.test import Client
from lxml import html

from carnet.domain.audit.models import AccessEvent
from carnet.domain.messaging.commands.deliver import deliver
from carnet.domain.messaging.delivery.incoming import read_incoming
from carnet.domain.messaging.envelopes import SpooledEnvelope
from carnet.domain.messaging.models import Conversation, ConversationEntry
from carnet.domain.record.values import PatientId
from carnet.domain.record.xdm import xdm_for_cda
from carnet.domain.spaces.models import Account, HealthSpace
from carnet.foundation.clock import now
from carnet.foundation.ids import new_id
from carnet.foundation.spool import Accepted
from carnet.sandbox import cast

WARD = f"orthopedie@{cast.HOSPITAL_DOMAIN}"
PDF = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n"


def letter(
    to: cast.Holder = cast.DOMINIQUE, subject: str = "Votre sortie", text: str = "Bonjour.", **headers: str
) -> EmailMessage:
    message = EmailMessage()
    message["From"] = headers.pop("From", WARD)
    message["To"] = f"{to.ins}@{settings.CARNET_PATIENT_DOMAIN}"
    message["Subject"] = subject
    message["Message-ID"] = make_msgid(domain=cast.HOSPITAL_DOMAIN)
    for name, value in headers.items():
        message[name] = value
    message.set_content(text)
    return message


def attach(message: EmailMessage, content: bytes, media_type: str, name: str) -> EmailMessage:
    main, _, sub = media_type.partition("/")
    message.add_attachment(content, maintype=main, subtype=sub, filename=name)
    return message


def archive(message: EmailMessage, cda: bytes, to: cast.Holder = cast.DOMINIQUE) -> EmailMessage:
    """The message with an IHE_XDM.zip that holds one clinical document."""
    return attach(message, xdm_for_cda(cda, PatientId(to.ins, to.oid.value)), "application/zip", "IHE_XDM.zip")


def arrive(*messages: EmailMessage | bytes, to: cast.Holder = cast.DOMINIQUE, sender: str = WARD) -> None:
    """Deliver messages as the drain would."""
    incoming = []
    for position, message in enumerate(messages):
        raw = message if isinstance(message, bytes) else message.as_bytes().replace(b"\n", b"\r\n")
        envelope = SpooledEnvelope(
            door="submission",
            sender=sender,
            recipients=(f"{to.ins}@{settings.CARNET_PATIENT_DOMAIN}",),
            accepted_at=now(),
        )
        incoming.append(read_incoming(Accepted(new_id(), position, envelope.to_json(), raw)))
    deliver(incoming)


def signed_in(space_id: UUID) -> Client:
    client = Client()
    client.force_login(Account.objects.get(space_id=space_id))
    return client


def space_of(holder: cast.Holder) -> UUID:
    return HealthSpace.objects.get(ins=holder.ins).id


def conversation_of(space_id: UUID) -> UUID:
    return Conversation.objects.get(space_id=space_id).id


def message_of(space_id: UUID) -> UUID:
    return ConversationEntry.objects.get(space_id=space_id).message_id


def attachment_urls(client: Client, conversation_id: UUID) -> list[str]:
    """The addresses by which a conversation's attachments are seen or downloaded, without their last step."""
    found = page(client.get(f"/messages/{conversation_id}/"))
    links = found.xpath("//li[@class='attachment']//a/@href")
    return list(dict.fromkeys(re.sub("(fichier/)?$", "", link, count=1) for link in links))


def trail(space_id: UUID, act: str = "", *, allowed: bool | None = None) -> int:
    """How many events a space's trail holds, of an act, allowed or refused."""
    events = AccessEvent.objects.filter(space_id=space_id)
    if act:
        events = events.filter(act=act)
    return (events if allowed is None else events.filter(allowed=allowed)).count()


def page(response: HttpResponse) -> html.HtmlElement:
    assert response["Content-Type"].startswith("text/html")
    return html.document_fromstring(response.content.decode())


def main_text(response: HttpResponse) -> str:
    return " ".join(page(response).get_element_by_id("main").text_content().split())


def assert_harmless(response: HttpResponse) -> html.HtmlElement:
    """Nothing in the page runs, loads or leads where the portal itself did not mean to."""
    shown = page(response)
    assert all(source.startswith("/static/web/") for source in shown.xpath("//script/@src"))
    assert shown.xpath("//script[not(@src)] | //iframe | //object | //embed | //base | //svg//*[@href]") == []
    assert shown.xpath("//@*[starts-with(name(), 'on')] | //@style | //style") == []
    assert shown.xpath("//meta[@http-equiv]") == []
    fetched = shown.xpath("//img/@src | //@srcset | //video/@src | //audio/@src | //source/@src | //@background")
    assert all(address.startswith("/") and not address.startswith("//") for address in fetched), fetched
    schemes = [address.partition(":")[0].lower() for address in shown.xpath("//@href | //@action | //@formaction")]
    assert {scheme for scheme in schemes if "javascript" in scheme or scheme in ("data", "vbscript")} == set()
    policy = response["Content-Security-Policy"]
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    return shown
