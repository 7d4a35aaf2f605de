"""Files that people send: into their documents, and with an answer."""

import io
from collections.abc import Sequence
from uuid import UUID

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse
from django.test import Client
from PIL import Image
from portal_scene import (
    PDF,
    arrive,
    assert_harmless,
    attachment_urls,
    conversation_of,
    letter,
    main_text,
    page,
    trail,
)

from carnet.domain.messaging.models import ConversationEntry
from carnet.domain.record.models import Document

pytestmark = pytest.mark.django_db


def _photo() -> bytes:
    taken = io.BytesIO()
    Image.effect_noise((64, 48), 40).convert("RGB").save(taken, "JPEG")
    return taken.getvalue()


JPEG = _photo()
HTML = b"<!doctype html><script>alert(1)</script>"


def add(client: Client, name: str, content: bytes, title: str = "Bilan", date: str = "2026-01-15") -> HttpResponse:
    file = SimpleUploadedFile(name, content)
    values = {"file": file, "title": title, "category": "BIOLOGIE", "date": date}
    return client.post("/documents/ajout/", values)


def answer(
    client: Client, conversation: UUID, files: Sequence[tuple[str, bytes]], text: str = "Voici."
) -> HttpResponse:
    attached = [SimpleUploadedFile(name, content) for name, content in files]
    return client.post(f"/messages/{conversation}/reponse/", {"text": text, "attached": attached})


@pytest.fixture
def conversation(patient: UUID) -> UUID:
    arrive(letter())
    return conversation_of(patient)


def test_a_document_is_added_under_its_title(patient: UUID, dominique: Client) -> None:
    response = add(dominique, "scan.pdf", PDF)
    document = Document.objects.get(space_id=patient)
    assert response["Location"] == f"/documents/{document.id}/"
    shown = main_text(dominique.get(response["Location"]))
    assert "Bilan" in shown
    assert "Votre document est ajouté." in shown
    assert "15 janvier 2026" in shown


def test_the_same_file_again_leads_to_the_document_that_is_there(patient: UUID, dominique: Client) -> None:
    first, again = add(dominique, "scan.pdf", PDF), add(dominique, "copie.pdf", PDF, title="Copie")
    assert first["Location"] == again["Location"]
    assert "déjà dans vos documents" in main_text(dominique.get(again["Location"]))
    assert Document.objects.filter(space_id=patient).count() == 1


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("scan.pdf", PDF + b"\x00" * 5_000_000, "5 Mo"),
        ("vide.pdf", b"", "vide"),
        ("page.html", HTML, "n’est pas accepté"),
        ("page.pdf", HTML, "n’est pas accepté"),
        ("photo.png", JPEG, "pas ce que son nom annonce"),
        ("programme.exe", b"MZ\x90\x00\x03\x00", "n’est pas accepté"),
        ("dessin.svg", b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", "n’est pas accepté"),
        ("sans-extension", PDF, "n’est pas accepté"),
    ],
)
def test_a_file_that_is_not_taken_is_refused_with_a_plain_sentence(
    patient: UUID, dominique: Client, name: str, content: bytes, told: str
) -> None:
    response = add(dominique, name, content)
    assert response.status_code == 422
    assert told in main_text(response), main_text(response)[:900]
    assert not Document.objects.filter(space_id=patient).exists()
    assert_harmless(response)


@pytest.mark.parametrize("date", ["2999-01-01", "1500-01-01", "hier", "", "2026-02-31"])
def test_a_date_that_cannot_be_is_refused(patient: UUID, dominique: Client, date: str) -> None:
    assert add(dominique, "scan.pdf", PDF, date=date).status_code == 422
    assert not Document.objects.filter(space_id=patient).exists()


HOSTILE_NAMES = [
    "../../../etc/passwd.pdf",
    "..\\..\\windows\\system.pdf",
    "\u202egnp.exe.pdf",
    '"><img src=x onerror=alert(1)>.pdf',
    "a\r\nSet-Cookie: x=1\r\n.pdf",
    "\u0000nul.pdf",
    "x" * 400 + ".pdf",
    "\u200b\u2066.pdf",
    "été à l’hôpital – №5 😀.pdf",
    "'; filename=autre.html; x='.pdf",
]


@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_a_file_name_can_do_nothing(conversation: UUID, patient: UUID, dominique: Client, name: str) -> None:
    """Not in the page, not in the header of the download, not on the disk of who downloads it."""
    assert answer(dominique, conversation, [(name, PDF)]).status_code == 302
    shown = assert_harmless(dominique.get(f"/messages/{conversation}/"))
    words = shown.text_content()
    assert "\u202e" not in words
    assert "\u2066" not in words
    (piece,) = attachment_urls(dominique, conversation)
    header = dominique.get(f"{piece}fichier/")["Content-Disposition"]
    assert header.startswith('attachment; filename="')
    assert header.isascii()
    assert header.count('"') == 2
    for danger in ("\r", "\n", "..", "/", "\\", "%2F", "%5C", "%E2%80%AE", "%0D", "%00", "<", ">"):
        assert danger not in header, header
    assert len(header) < 1000
    assert dominique.post(f"{piece}garder/").status_code == 302
    document = Document.objects.get(space_id=patient)
    assert_harmless(dominique.get(f"/documents/{document.id}/"))
    assert_harmless(dominique.get("/documents/"))
    assert_harmless(dominique.get("/activite/"))


def test_an_answer_with_a_file_that_is_not_taken_is_not_sent_and_keeps_its_words(
    conversation: UUID, patient: UUID, dominique: Client
) -> None:
    response = answer(dominique, conversation, [("photo.jpg", JPEG), ("photo2.jpg", HTML)], "J’ai une question.")
    assert response.status_code == 422
    shown = page(response)
    assert shown.xpath("//textarea")[0].text.strip() == "J’ai une question."
    assert "n’est pas accepté" in shown.get_element_by_id("errors").text_content()
    assert ConversationEntry.objects.filter(space_id=patient, direction="out").count() == 0
    assert trail(patient, "write-draft", allowed=False) == 1


def test_an_answer_without_words_nor_file_is_not_sent(conversation: UUID, patient: UUID, dominique: Client) -> None:
    response = answer(dominique, conversation, [], "  \n ")
    assert response.status_code == 422
    assert "Écrivez quelque chose" in main_text(response)


def test_twenty_files_pass_and_twenty_five_are_too_many(conversation: UUID, patient: UUID, dominique: Client) -> None:
    files = [(f"photo-{number}.jpg", JPEG + bytes([number])) for number in range(25)]
    response = answer(dominique, conversation, files)
    assert response.status_code == 413
    assert "trop volumineux" in main_text(response)
    assert ConversationEntry.objects.filter(space_id=patient, direction="out").count() == 0
    assert answer(dominique, conversation, files[:20]).status_code == 302
    assert len(attachment_urls(dominique, conversation)) == 20


def test_files_that_are_too_large_together_are_refused(
    conversation: UUID, patient: UUID, dominique: Client, settings: object
) -> None:
    settings.CARNET_HOLDER_MESSAGE_BYTES = 10_000  # type: ignore[attr-defined]
    response = answer(dominique, conversation, [("a.txt", b"a" * 6000), ("b.txt", b"b" * 6000)])
    assert response.status_code == 422
    assert "trop volumineux" in main_text(response)
    assert ConversationEntry.objects.filter(space_id=patient, direction="out").count() == 0


def test_a_request_larger_than_any_form_is_refused_before_it_is_read(client: Client, settings: object) -> None:
    """By anyone, signed in or not: nothing that is sent is ever written to a disk in clear, or fills one."""
    settings.CARNET_HOLDER_MESSAGE_BYTES = 1_000_000  # type: ignore[attr-defined]
    file = SimpleUploadedFile("photo.jpg", JPEG + b"\x00" * 3_000_000)
    response = client.post("/connexion/", {"login": "x", "attached": file})
    assert response.status_code in (400, 413)
    assert "trop volumineux" in main_text(response)
    assert settings.FILE_UPLOAD_HANDLERS == ["carnet.interfaces.web.uploads.InMemoryUpload"]  # type: ignore[attr-defined]


def test_a_new_message_goes_only_to_who_has_written(conversation: UUID, patient: UUID, dominique: Client) -> None:
    contact = page(dominique.get("/messages/nouveau/")).xpath("//select[@name='contact']/option/@value")[1:]
    assert len(contact) == 1
    values = {"subject": "Une question", "text": "Bonjour."}
    refused = dominique.post("/messages/nouveau/", values | {"contact": "00000000-0000-4000-8000-000000000000"})
    assert refused.status_code == 422
    sent = dominique.post("/messages/nouveau/", values | {"contact": contact[0]})
    assert sent.status_code == 302
    assert "Une question" in main_text(dominique.get(sent["Location"]))
