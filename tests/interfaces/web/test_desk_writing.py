"""Writing at the desk: messages and documents, to patients and colleagues, each once; documents filed by patient."""

import io
from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pikepdf
import pytest
import typst
from desk_people import NURSE, PRACTITIONER, SURGEON, sign_in_professional
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from portal_scene import assert_harmless, main_text, page, signed_in

from carnet.sandbox import cast

if TYPE_CHECKING:
    from carnet.domain.messaging.desk.patient_values import FoundPatient

PLAIN_PDF = typst.compile(b"= Compte rendu\nTout va bien.", format="pdf")


@pytest.fixture
def box(patient: UUID) -> UUID:
    """The orthopaedics team's mailbox: Julie Lemaire and Dr Vasseur use it. Dr Morvan has her own."""
    cast.general_practitioner()
    cast.surgeon()
    return cast.nurse()


@pytest.fixture
def surgeon(box: UUID) -> Client:
    return sign_in_professional(Client(), SURGEON)


def dominique_found(box: UUID, **changed: Any) -> "FoundPatient":
    from carnet.domain.messaging.desk.patient_values import FoundPatient

    who = cast.DOMINIQUE
    found = FoundPatient(
        who.ins, who.oid.value, who.birth_name, who.given_names, date(1979, 3, 28), who.sex, who.birth_place,
        how="insi", verified=True, insi_agrees=True,
    )  # fmt: skip
    return replace(found, **changed)


def chosen(box: UUID, **changed: Any) -> str:
    from carnet.domain.messaging.desk.patients import seal_patient

    return seal_patient(box, dominique_found(box, **changed))


def begin(client: Client, box: UUID, **fields: Any) -> str:
    """The address of a message begun by what the form before chose."""
    answer = client.post(reverse("desk_new", args=[box]), fields)
    assert answer.status_code == 302, main_text(answer)
    return str(answer["Location"])


def fields_of(client: Client, address: str) -> dict[str, str]:
    """What the form at this address holds, as a browser would send it."""
    form = page(client.get(address)).xpath("//form[contains(@class, 'writing')]")[0]
    return {name: value.removeprefix("\n") for name, value in form.form_values() if value is not None}


def send(client: Client, address: str) -> Any:
    preview = client.get(f"{address}apercu/")
    assert preview.status_code == 200, main_text(preview)
    return client.post(f"{address}envoyer/")


def test_a_message_to_a_patient_is_looked_at_then_sent_and_reaches_her_space(
    surgeon: Client, box: UUID, patient: UUID
) -> None:
    address = begin(surgeon, box, patient=chosen(box))
    assert cast.DOMINIQUE.ins not in address
    surgeon.post(address, {"subject": "Avant votre opération", "text": "Soyez à jeun.", "act": "save"})
    seen = main_text(surgeon.get(f"{address}apercu/"))
    for words in ("PAT-TROIS", "2 79 03 51 215 189 89", "Avant votre opération", "Soyez à jeun."):
        assert words in seen
    done = send(surgeon, address)
    assert done["Location"].startswith(f"/bureau/{box}/echanges/")
    assert "Avant votre opération" in main_text(signed_in(patient).get("/messages/"))
    assert surgeon.get(address).status_code == 404, "what was begun went with it"


def test_documents_answer_in_the_conversation_that_asked_for_them(surgeon: Client, box: UUID, patient: UUID) -> None:
    address = begin(surgeon, box, patient=chosen(box))
    surgeon.post(address, {"subject": "Votre dossier", "text": "Le voici bientôt.", "act": "save"})
    thread = send(surgeon, address)["Location"].rstrip("/").rpartition("/")[2]
    answer = begin(surgeon, box, thread=thread, kind="documents")
    assert "2 79 03 51 215 189 89" in main_text(surgeon.get(answer))
    letter = next(name for name in fields_of(surgeon, answer) if name.endswith("-text"))
    surgeon.post(answer, {**fields_of(surgeon, answer), letter: "Voici.", "act": "save"})
    assert send(surgeon, answer)["Location"].rstrip("/").rpartition("/")[2] == thread
    from carnet.domain.directory.models import Mailbox

    own = Mailbox.objects.get(address=f"claire.morvan@{cast.CITY_DOMAIN}").id
    doctor = sign_in_professional(Client(), PRACTITIONER)
    refused = doctor.post(reverse("desk_new", args=[own]), {"thread": thread, "kind": "documents"})
    assert refused["Location"] == reverse("desk_find", args=[own]), "another team's conversation names nobody"


def test_a_form_that_is_sent_twice_sends_once(surgeon: Client, box: UUID, patient: UUID) -> None:
    from carnet.domain.messaging.models import ConversationEntry

    address = begin(surgeon, box, patient=chosen(box))
    surgeon.post(address, {"subject": "Rappel", "text": "À demain.", "act": "save"})
    first, second = send(surgeon, address), surgeon.post(f"{address}envoyer/")
    assert first["Location"] == second["Location"]
    assert ConversationEntry.objects.filter(space_id=patient).count() == 1


def test_nothing_is_begun_for_a_patient_whose_identity_nobody_checked(surgeon: Client, box: UUID) -> None:
    asked = surgeon.post(reverse("desk_new", args=[box]), {"patient": chosen(box, verified=False)})
    assert asked.status_code == 200
    token = page(asked).xpath("//input[@name='patient']/@value")[0]
    unticked = surgeon.post(reverse("desk_new", args=[box]), {"patient": token})
    assert unticked.status_code == 200, "asked again"
    assert begin(surgeon, box, patient=token, identity_checked="yes")


@pytest.mark.parametrize("token", ["", "x", "Zm9yZ2Vk", "A" * 5000])
def test_a_forged_patient_is_nobody(surgeon: Client, box: UUID, token: str) -> None:
    asked = surgeon.post(reverse("desk_new", args=[box]), {"patient": token})
    assert asked["Location"] == reverse("desk_find", args=[box])


def test_a_colleague_who_is_away_or_cannot_be_reached_is_told_of_before_sending(surgeon: Client, box: UUID) -> None:
    from carnet.domain.directory.models import Mailbox

    today = timezone.localdate()
    Mailbox.objects.filter(address=f"claire.morvan@{cast.CITY_DOMAIN}").update(
        absence_id=box, absence_from=today - timedelta(days=1), absence_until=today + timedelta(days=1)
    )
    address = begin(surgeon, box, colleague=f"claire.morvan@{cast.CITY_DOMAIN}")
    assert "Absence aujourd’hui" in main_text(surgeon.get(address))
    found = surgeon.post(address, {"colleague_words": "morvan", "act": "find"})
    assert page(found).xpath("//button[@name='add']/@value") == [f"claire.morvan@{cast.CITY_DOMAIN}"]
    surgeon.post(address, {**fields_of(surgeon, address), "add": "nobody@elsewhere.test"})
    surgeon.post(address, {**fields_of(surgeon, address), "subject": "Avis", "text": "Merci.", "act": "save"})
    refused = surgeon.post(f"{address}envoyer/")
    assert refused.status_code == 422, "nobody gets half of it"
    surgeon.post(address, {**fields_of(surgeon, address), "drop": "nobody@elsewhere.test"})
    assert send(surgeon, address).status_code == 302


def with_documents(client: Client, box: UUID, **fields: Any) -> str:
    """The address of a mail to Dominique with a letter typed and a PDF brought, both about her."""
    address = begin(client, box, patient=chosen(box), kind="documents", **fields)
    letter = next(name for name in fields_of(client, address) if name.endswith("-text"))
    typed = {**fields_of(client, address), letter: "Chère consœur,\n\nTout va *bien* #panic()."}
    client.post(address, {**typed, "act": "files", "attached": _file("cr.pdf", PLAIN_PDF)})
    return address


def _file(name: str, content: bytes) -> io.BytesIO:
    file = io.BytesIO(content)
    file.name = name
    return file


def test_documents_leave_as_an_archive_with_the_same_pdf_beside_it(
    surgeon: Client, box: UUID, patient: UUID, settings: Any
) -> None:
    settings.CARNET_PRODUCT_REFERENCE = "3734"
    address = with_documents(surgeon, box)
    surgeon.post(
        address, {**fields_of(surgeon, address), "add": f"claire.morvan@{cast.CITY_DOMAIN}", "text": "Bien à vous."}
    )
    seen = surgeon.get(f"{address}apercu/")
    assert len(page(seen).xpath("//img[@class='sheet']")) == 2
    assert surgeon.get(f"{address}documents/1/")["Content-Type"] == "application/pdf"
    assert surgeon.get(f"{address}documents/1/pages/1/")["Content-Type"] == "image/webp"
    assert surgeon.get(f"{address}documents/9/").status_code == 404
    assert send(surgeon, address).status_code == 302
    check_what_left(box)
    assert "Chirurgie orthopédique" in main_text(signed_in(patient).get("/messages/"))


def check_what_left(box: UUID) -> None:
    """By our own reader of archives and another's reader of PDF."""
    from carnet.domain.messaging.mime.read import part_content, read_message
    from carnet.domain.messaging.models import Message
    from carnet.domain.record.cda import embedded_document
    from carnet.domain.record.xdm import patient_ids, read_xdm
    from carnet.foundation.bodies import get_body

    raws = [get_body(box, row.body) for row in Message.objects.filter(owner_id=box)]
    assert len(raws) == 2, "one to the patient, one to her doctor: their answers never mix"
    for raw in raws:
        head = raw.partition(b"\r\n\r\n")[0].decode()
        assert "Subject: XDM/1.0/DDM+2 documents PAT-TROIS Dominique [28/03/1979]" in head
        assert "X-MSS-CODECDA: 11490-0,11490-0" in head
        assert "X-MSS-INS: O" in head
        assert "X-MSS-NIL: 3734" in head
        files = read_message(raw).attachments
        assert [one.file_name for one in files][:1] == ["IHE_XDM.zip"]
        package = read_xdm(part_content(raw, files[0].path))
        assert package.problems == frozenset()
        assert {one.matricule for one in patient_ids(package)} == {cast.DOMINIQUE.ins}
        for document, file in zip(package.documents, files[1:], strict=True):
            inside = embedded_document(document.content)
            assert inside is not None
            beside = part_content(raw, file.path)
            assert inside.content == beside, "the same document"
            assert "_PAT-TROIS_DOMINIQUE" in file.file_name
            with pikepdf.open(io.BytesIO(beside)) as pdf, pdf.open_metadata() as metadata:
                assert metadata["pdfaid:part"] == "1"


def test_a_pdf_that_cannot_travel_is_named_and_nothing_else_is_lost(surgeon: Client, box: UUID) -> None:
    locked = io.BytesIO()
    with pikepdf.open(io.BytesIO(PLAIN_PDF)) as pdf:
        pdf.save(locked, encryption=pikepdf.Encryption(owner="a", user="b"))
    address = begin(surgeon, box, patient=chosen(box), kind="documents")
    letter = next(name for name in fields_of(surgeon, address) if name.endswith("-text"))
    typed = {**fields_of(surgeon, address), letter: "Bonjour.", "act": "files"}
    refused = surgeon.post(address, {**typed, "attached": _file("verrou.pdf", locked.getvalue())})
    assert refused.status_code == 422
    assert "verrou.pdf : Ce PDF est verrouillé" in main_text(refused).replace("\xa0", " ")
    assert fields_of(surgeon, address)[letter] == "Bonjour."
    not_pdf = surgeon.post(
        address, {**fields_of(surgeon, address), "act": "files", "attached": _file("x.pdf", b"GIF89a")}
    )
    assert not_pdf.status_code == 422


def test_what_a_colleague_has_begun_is_found_by_nobody_else(surgeon: Client, box: UUID) -> None:
    address = with_documents(surgeon, box)
    assert surgeon.get(address).status_code == 200
    nurse = sign_in_professional(Client(), NURSE)
    outsider = sign_in_professional(Client(), PRACTITIONER)
    for client in (nurse, outsider):
        for where in (address, f"{address}apercu/", f"{address}documents/1/", f"{address}abandonner/"):
            found = client.post(where) if where.endswith("abandonner/") else client.get(where)
            assert found.status_code == 404 or found["Location"] == reverse("desk_inbox", args=[box])
        assert client.post(f"{address}envoyer/").status_code == 404
    assert surgeon.get(address).status_code == 200


def test_a_form_from_another_site_begins_and_sends_nothing(surgeon: Client, box: UUID) -> None:
    address = begin(surgeon, box, patient=chosen(box))
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = surgeon.cookies
    for where in (address, f"{address}envoyer/", reverse("desk_new", args=[box]), reverse("desk_file", args=[box])):
        assert strict.post(where, {"patient": chosen(box)}).status_code == 403


HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(1)>"


def test_what_people_type_never_becomes_part_of_a_page(surgeon: Client, box: UUID) -> None:
    patient = chosen(box, birth_name=HOSTILE, given_names=HOSTILE)
    address = begin(surgeon, box, patient=patient)
    surgeon.post(
        address, {"subject": HOSTILE, "text": HOSTILE, "act": "save", "attached": _file(f"{HOSTILE}.txt", b"text")}
    )
    assert_harmless(surgeon.get(address))
    assert_harmless(surgeon.get(f"{address}apercu/"))
    assert_harmless(surgeon.get(reverse("desk_new", args=[box])))


def test_a_letter_received_is_filed_in_one_click_and_its_correction_stands_above_it(surgeon: Client, box: UUID) -> None:
    """Dr Vasseur writes to Dr Morvan, corrects her letter, and Dr Morvan files both."""
    address = with_documents(surgeon, box)
    surgeon.post(address, {**fields_of(surgeon, address), "add": f"claire.morvan@{cast.CITY_DOMAIN}"})
    send(surgeon, address)
    mine = reverse("desk_patients", args=[box])
    file = page(surgeon.get(mine)).xpath("//a[@class='row-title']/@href")[0]
    assert "Envoyer une version corrigée" in main_text(surgeon.get(file))
    first = page(surgeon.get(file)).xpath("//input[@name='replaces']/@value")[0]
    again = begin(surgeon, box, replaces=first)
    letter = next(name for name in fields_of(surgeon, again) if name.endswith("-text"))
    surgeon.post(
        again,
        {
            **fields_of(surgeon, again),
            letter: "Corrigé.",
            "add": f"claire.morvan@{cast.CITY_DOMAIN}",
            "to_patient": "on",
        },
    )
    send(surgeon, again)

    doctor = sign_in_professional(Client(), PRACTITIONER)
    from carnet.domain.directory.models import Mailbox

    own = Mailbox.objects.get(address=f"claire.morvan@{cast.CITY_DOMAIN}").id
    waiting = doctor.get(reverse("desk_patients_to_file", args=[own]))
    ticked = page(waiting).xpath("//input[@name='document']/@value")
    assert len(ticked) == 3
    filed = doctor.post(reverse("desk_file", args=[own]), {"document": ticked}, follow=True)
    assert "3 documents sont classés." in main_text(filed)
    found = doctor.post(reverse("desk_patients_search", args=[own]), {"text": "pat-troi"})
    assert "pat" not in found["Location"].lower().partition("?")[2].partition("s=")[0]
    theirs = page(doctor.get(found["Location"])).xpath("//a[@class='row-title']/@href")[0]
    assert cast.DOMINIQUE.ins not in theirs
    shown = doctor.get(theirs)
    assert "1 version antérieure" in main_text(shown)
    assert len(page(shown).xpath("//section[@aria-labelledby='documents-title']/ul/li")) == 2
    sent = page(surgeon.get(file)).xpath("//section[@aria-labelledby='documents-title']/ul/li")
    assert len(sent) == 2, "a letter to her and to her doctor is one letter"
    assert surgeon.get(theirs).status_code == 404
