"""What the holder is told of the antivirus."""

from dataclasses import replace
from uuid import UUID

import pytest
from django.test import Client
from portal_scene import WARD, attach, attachment_urls, conversation_of, letter

from carnet.domain.messaging.commands.deliver import deliver
from carnet.domain.messaging.delivery.incoming import read_incoming
from carnet.domain.messaging.envelopes import EntryContent, SpooledEnvelope, content_name
from carnet.domain.messaging.models import ConversationEntry
from carnet.foundation.clamd import CLEAN, UNSCANNED, Finding
from carnet.foundation.clock import now
from carnet.foundation.ids import new_id
from carnet.foundation.owner_keys import owner_key
from carnet.foundation.spool import Accepted

UNCHECKED = "non contrôlé par l’antivirus"
SET_ASIDE = "a été mise de côté"
PDF = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n"


def arrive(scanned: Finding, content: bytes = PDF, name: str = "courrier.pdf") -> None:
    message = attach(letter(), content, "application/pdf", name)
    envelope = SpooledEnvelope("submission", WARD, (message["To"],), now())
    raw = message.as_bytes().replace(b"\n", b"\r\n")
    incoming = read_incoming(Accepted(new_id(), 0, envelope.to_json(), raw))
    incoming.scanned = scanned
    deliver([incoming])


def shown(dominique: Client, patient: UUID) -> str:
    return dominique.get(f"/messages/{conversation_of(patient)}/").content.decode()


@pytest.mark.parametrize(("scanned", "is_marked"), [(CLEAN, False), (UNSCANNED, True)])
def test_a_file_that_nobody_looked_at_says_so(
    patient: UUID, dominique: Client, scanned: Finding, is_marked: bool
) -> None:
    arrive(scanned)
    assert (UNCHECKED in shown(dominique, patient)) is is_marked


def test_a_message_that_was_withdrawn_shows_why_and_gives_nothing(patient: UUID, dominique: Client) -> None:
    arrive(UNSCANNED)
    (piece,) = attachment_urls(dominique, conversation_of(patient))
    assert dominique.get(piece + "fichier/").status_code == 200
    entry = ConversationEntry.objects.get(space_id=patient)
    key, name = owner_key(patient), content_name(entry.message_id)
    content = EntryContent.from_json(key.open(name, entry.content))
    kept = tuple(replace(one, problem="infected") for one in content.attachments)
    entry.content = key.seal(name, replace(content, text="", attachments=kept, scan="infected").to_json())
    ConversationEntry.objects.filter(space_id=patient).update(content=entry.content)
    page = shown(dominique, patient)
    assert SET_ASIDE in page
    assert "L’antivirus a trouvé" in page
    assert piece not in page
    assert dominique.get(piece + "fichier/").status_code in (404, 410, 403)


def test_a_document_with_macros_is_listed_and_not_given_out(patient: UUID, dominique: Client) -> None:
    arrive(CLEAN, b"words", "modele.docm")
    page = shown(dominique, patient)
    assert "modele" in page
    assert "macros" in page
    assert attachment_urls(dominique, conversation_of(patient)) == []
