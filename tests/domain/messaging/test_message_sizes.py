"""A holder's message is never larger than what the doors of other operators take."""

import os
from datetime import UTC, datetime
from email.message import EmailMessage

import pytest
from django.conf import settings as django_settings

from carnet.domain.messaging.commands.deliver import deliver
from carnet.domain.messaging.commands.holder_files import sent_size
from carnet.domain.messaging.commands.write import NewFile, answer
from carnet.domain.messaging.compose import compose_message
from carnet.domain.messaging.delivery.incoming import read_incoming
from carnet.domain.messaging.envelopes import SpooledEnvelope
from carnet.domain.messaging.mime.addresses import Address
from carnet.domain.messaging.models import ConversationEntry
from carnet.domain.spaces.commands import holder
from carnet.domain.spaces.models import HealthSpace
from carnet.domain.spaces.values import Decision, Refusal
from carnet.foundation.clock import now
from carnet.foundation.ids import new_id
from carnet.foundation.spool import Accepted
from carnet.sandbox import cast

ORTHO = f"orthopedie@{cast.HOSPITAL_DOMAIN}"


@pytest.mark.parametrize("text", ["", "é" * 20_000, "\n" * 50_000])
@pytest.mark.parametrize("sizes", [[], [0, 1, 2, 3], [1_000_000], [57] * 20, [18_000_000]])
def test_the_size_of_a_message_is_foreseen_and_never_too_small(sizes: list[int], text: str) -> None:
    files = [NewFile("é" * 150 + ".pdf", os.urandom(size)) for size in sizes]
    sent = compose_message(
        sender_name="É" * 100,
        sender_address="279035121518989@patient.mssante.fr",
        recipients=[Address("", "a@b.fr")],
        subject="é" * 500,
        text=text,
        message_id="<1@patient.mssante.fr>",
        date=datetime(2026, 3, 2, tzinfo=UTC),
        attachments=[(file.name, "application/pdf", file.content) for file in files],
    )
    foreseen = sent_size(text, [file.content for file in files])
    assert len(sent.content) <= foreseen
    assert foreseen < len(sent.content) * 1.01 + 250_000


def test_the_files_that_a_holder_may_send_fit_into_a_message() -> None:
    files = [NewFile("a.pdf", b"x" * django_settings.CARNET_HOLDER_MESSAGE_BYTES)]
    assert sent_size("Bonjour", [file.content for file in files]) <= django_settings.CARNET_MAX_MESSAGE_BYTES


def test_a_message_that_other_operators_would_refuse_is_not_sent(db: None, settings: object) -> None:
    cast.trust_space_of_the_sandbox()
    cast.hospital()
    cast.orthopaedics()
    space = cast.patient()
    message = EmailMessage()
    message["From"], message["Subject"], message["Message-ID"] = ORTHO, "x", "<1@x.test>"
    message.set_content("Bonjour")
    to = f"{cast.DOMINIQUE.ins}@{django_settings.CARNET_PATIENT_DOMAIN}"
    envelope = SpooledEnvelope("submission", ORTHO, (to,), now())
    deliver([read_incoming(Accepted(new_id(), 0, envelope.to_json(), message.as_bytes().replace(b"\n", b"\r\n")))])
    settings.CARNET_MAX_MESSAGE_BYTES = 200_000  # type: ignore[attr-defined]
    conversation = ConversationEntry.objects.get().conversation_id
    person = holder(HealthSpace.objects.get(id=space))
    large, small = NewFile("a.txt", b"a" * 190_000), NewFile("a.txt", b"a" * 100_000)
    assert answer(person, space, conversation, "Voici", [large]) == Decision(False, Refusal.TOO_LARGE)
    assert not isinstance(answer(person, space, conversation, "Voici", [small]), Decision)
