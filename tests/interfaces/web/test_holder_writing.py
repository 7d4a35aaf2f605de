"""What a holder writes with the buttons of the form alone: kept, in conflict, sent; contacts, pharmacies, search."""

import io
import re
from uuid import UUID, uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from PIL import Image
from portal_scene import (
    arrive,
    assert_harmless,
    attach,
    conversation_of,
    letter,
    main_text,
    page,
    trail,
)

from carnet.domain.directory.models import Mailbox
from carnet.domain.messaging.models import Conversation, ConversationEntry, Draft
from carnet.domain.messaging.queries.drafts import draft
from carnet.domain.record.models import Document
from carnet.sandbox import cast

pytestmark = pytest.mark.django_db


@pytest.fixture
def conversation(patient: UUID) -> UUID:
    arrive(letter())
    return conversation_of(patient)


def form_of(response: HttpResponse) -> dict[str, str]:
    """The fields of the form of writing as a browser would send them, without a button."""
    form = next(one for one in page(response).forms if "data-draft" in one.attrib)
    return {name: value for name, value in form.form_values() if name != "attached"}


def at(conversation: UUID) -> str:
    return f"/messages/{conversation}/"


def test_without_javascript_a_draft_is_kept_by_its_button_and_resumed(
    patient: UUID, conversation: UUID, dominique: Client
) -> None:
    fields = form_of(dominique.get(at(conversation)))
    note = SimpleUploadedFile("note.txt", b"une note")
    kept = dominique.post(f"{at(conversation)}reponse/", fields | {"text": "À finir", "do": "keep", "attached": note})
    assert (kept.status_code, kept["Location"]) == (302, f"{at(conversation)}#answer")
    again = dominique.get(at(conversation))
    assert form_of(again)["text"].strip() == "À finir"
    assert "note.txt" in main_text(again)
    assert "Brouillon" in main_text(dominique.get("/messages/"))
    sent = dominique.post(f"{at(conversation)}reponse/", form_of(again) | {"text": "C’est fini", "do": "send"})
    assert sent.status_code == 302
    assert ConversationEntry.objects.get(space_id=patient, direction="out").has_attachments
    repeated = dominique.post(f"{at(conversation)}reponse/", form_of(again) | {"text": "C’est fini", "do": "send"})
    assert repeated["Location"] == sent["Location"]
    assert ConversationEntry.objects.filter(space_id=patient, direction="out").count() == 1


def test_two_pages_that_write_the_same_answer_lose_nothing(conversation: UUID, dominique: Client) -> None:
    telephone, computer = (form_of(dominique.get(at(conversation))) for _ in range(2))
    where = f"{at(conversation)}reponse/"
    assert dominique.post(where, telephone | {"text": "Du téléphone", "do": "keep"}).status_code == 302
    found = dominique.post(where, computer | {"text": "De l’ordinateur", "do": "send"})
    assert found.status_code == 409
    told = main_text(found)
    assert "modifié sur une autre page" in told
    assert "Du téléphone" in told
    assert form_of(found)["text"].strip() == "De l’ordinateur"
    chosen = dominique.post(where, form_of(found) | {"do": "send"})
    assert chosen.status_code == 302
    shown = main_text(dominique.get(at(conversation)))
    assert "De l’ordinateur" in shown
    assert "Du téléphone" not in shown


def test_a_script_is_told_each_outcome_in_words(patient: UUID, conversation: UUID, dominique: Client) -> None:
    def post(draft_id: UUID, **fields: object) -> HttpResponse:
        values = {"conversation": str(conversation), "do": "keep", **fields}
        return dominique.post(reverse("draft", args=[draft_id]), values, headers={"Accept": "application/json"})

    kept = post(draft_id := uuid4(), text="Bonjour", version=0).json()
    assert (kept["state"], kept["version"], kept["files"]) == ("kept", 1, [])
    with_file = post(
        draft_id, text="Bonjour", version=1, attached=SimpleUploadedFile("a.exe", b"MZ" + b"\0" * 80)
    ).json()
    assert "a.exe" in with_file["refused"][0]
    conflict = post(draft_id, text="Autre", version=0).json()
    assert (conflict["state"], conflict["text"], conflict["version"]) == ("conflict", "Bonjour", 1)
    assert post(uuid4(), text=" ", version=0).json()["state"] == "refused"
    sent = post(draft_id, text="Bonjour", version=1, do="send").json()
    assert sent["url"].startswith(at(conversation))
    late = post(draft_id, text="Bonjour, encore", version=1).json()
    assert late == sent, "a page that saves after its message left is led to it"
    assert not Draft.objects.filter(space_id=patient, sent_as=None).exists()


def test_a_message_begun_waits_in_the_list_and_is_deleted_after_a_question(patient: UUID, dominique: Client) -> None:
    arrive(letter())
    fields = form_of(dominique.get("/messages/nouveau/"))
    kept = dominique.post("/messages/nouveau/", fields | {"subject": "Mon dossier", "text": "Bonjour", "do": "keep"})
    assert re.fullmatch(r"/messages/brouillons/[0-9a-f-]{36}/", kept["Location"])
    assert "Mon dossier" in main_text(dominique.get("/messages/"))
    nobody = dominique.post(kept["Location"], form_of(dominique.get(kept["Location"])) | {"do": "send"})
    assert nobody.status_code == 422
    assert "Choisissez à qui vous écrivez" in main_text(nobody)
    assert "définitivement" in main_text(dominique.get(f"{kept['Location']}suppression/"))
    assert dominique.post(f"{kept['Location']}suppression/").status_code == 302
    assert dominique.get(kept["Location"]).status_code == 404


def test_documents_are_chosen_from_a_list_and_files_taken_out(
    patient: UUID, conversation: UUID, dominique: Client
) -> None:
    arrive(attach(letter(subject="Bilan"), b"%PDF-1.7\n%%EOF\n", "application/pdf", "bilan.pdf"))
    entry = ConversationEntry.objects.filter(space_id=patient, has_attachments=True).get()
    dominique.post(f"/messages/{entry.conversation_id}/{entry.message_id}/2/garder/")
    where = f"{at(conversation)}reponse/"
    asked = dominique.post(where, form_of(dominique.get(at(conversation))) | {"text": "Voici", "do": "documents"})
    [choice] = page(dominique.get(asked["Location"])).xpath("//input[@name='document']/@value")
    assert dominique.post(asked["Location"], {"document": [choice, "x", str(uuid4())]}).status_code == 302
    kept = Draft.objects.get(space_id=patient)
    shown = draft(patient, kept.id)
    assert shown is not None
    [file] = shown.files
    assert file.name == "bilan.pdf"
    taken = dominique.post(where, form_of(dominique.get(at(conversation))) | {"do": f"take-out:{file.id}"})
    assert taken.status_code == 302
    without = draft(patient, kept.id)
    assert without is not None
    assert without.files == ()


def test_the_pages_of_writing_are_harmless_whatever_was_written(conversation: UUID, dominique: Client) -> None:
    attack = '"><script>alert(1)</script><img src=x onerror=alert(1)>'
    fields = form_of(dominique.get(at(conversation)))
    file = SimpleUploadedFile(f"{attack}.txt", b"une note")
    dominique.post(f"{at(conversation)}reponse/", fields | {"text": attack, "do": "keep", "attached": file})
    assert form_of(dominique.get(at(conversation)))["text"].strip() == attack
    new = form_of(dominique.get("/messages/nouveau/")) | {"text": attack, "subject": attack, "do": "keep"}
    begun = dominique.post("/messages/nouveau/", new)["Location"]
    for where in (at(conversation), begun, "/messages/"):
        assert_harmless(dominique.get(where))
    assert_harmless(dominique.post("/messages/recherche/", {"text": attack}))


def test_what_was_begun_is_still_shown_when_it_cannot_be_sent_any_more(conversation: UUID, dominique: Client) -> None:
    fields = form_of(dominique.get(at(conversation)))
    dominique.post(f"{at(conversation)}reponse/", fields | {"text": "Encore une question", "do": "keep"})
    Conversation.objects.update(ended="subject-fin")
    told = main_text(dominique.get(at(conversation)))
    assert "Ce que vous aviez commencé à écrire" in told
    assert "Encore une question" in told


def test_a_pharmacy_is_found_chosen_and_written_to_and_its_name_is_in_no_address(
    patient: UUID, dominique: Client
) -> None:
    cast.pharmacy()
    cast.pharmacies_known()
    assert "Pharmacies déjà fréquentées" in main_text(dominique.get("/messages/pharmacies/"))
    found = dominique.post("/messages/pharmacies/", {"text": "tilleuls"})
    [chosen, *_] = page(found).xpath("//button[@name='pharmacy']/@value")
    begun = dominique.post("/messages/pharmacies/ecrire/", {"pharmacy": chosen})["Location"]
    told = main_text(dominique.get(begun))
    assert "Pharmacie des Tilleuls" in told
    assert "l’ordonnance sur papier" in told
    assert "Répond d’habitude en moins de 4 heures" in told
    sent = dominique.post(begun, form_of(dominique.get(begun)) | {"subject": "Ordonnance", "text": "Voici"})
    assert sent.status_code == 302
    assert Conversation.objects.filter(space_id=patient).count() == 1
    elsewhere = Mailbox.objects.get(address=f"orthopedie@{cast.HOSPITAL_DOMAIN}")
    assert dominique.post("/messages/pharmacies/ecrire/", {"pharmacy": str(elsewhere.id)}).status_code == 403


def test_contacts_tell_who_can_be_written_to_and_why_not_the_others(conversation: UUID, dominique: Client) -> None:
    shown = dominique.get("/messages/contacts/")
    assert "Répond d’habitude en moins de 2 jours" in main_text(shown)
    [where] = page(shown).xpath("//a[@class='row-title']/@href")
    assert "orthopédique" in main_text(dominique.get(where))
    Mailbox.objects.update(state="closed")
    assert "Sa messagerie est fermée" in main_text(dominique.get("/messages/contacts/"))


def test_all_attachments_are_kept_each_with_its_result(patient: UUID, dominique: Client) -> None:
    message = attach(letter(), b"%PDF-1.7\n%%EOF\n", "application/pdf", "un.pdf")
    arrive(
        attach(
            attach(message, b"une note", "text/plain", "deux.txt"),
            b"PK\x03\x04" + b"\0" * 40,
            "application/zip",
            "z.zip",
        )
    )
    where = f"/messages/{conversation_of(patient)}/"
    [action] = page(dominique.get(where)).xpath("//form[contains(@action, '/garder/')][not(.//span)]/@action")
    told = main_text(dominique.post(action))
    assert told.count("C’est maintenant dans vos documents") == 2
    assert "Pas enregistré dans vos documents" in told
    assert Document.objects.filter(space_id=patient).count() == 2
    assert main_text(dominique.post(action)).count("Déjà dans vos documents") == 2


def test_deleting_a_conversation_names_what_goes(patient: UUID, dominique: Client) -> None:
    arrive(attach(letter(subject="Votre bilan"), b"%PDF-1.7\n%%EOF\n", "application/pdf", "bilan.pdf"))
    where = f"{at(conversation_of(patient))}suppression/"
    told = main_text(dominique.get(where))
    for named in ("Votre bilan", "1 message", "1 pièce jointe : bilan.pdf"):
        assert named in told.replace("\u00a0", " "), named


def test_searching_marks_what_was_found_and_leaves_no_words_in_an_address(
    conversation: UUID, dominique: Client
) -> None:
    found = dominique.post("/messages/recherche/", {"text": "SORTIE"})
    assert page(found).xpath("//mark/text()") == ["sortie"]
    assert "sortie" not in " ".join(page(found).xpath("//@href | //@action")).lower()
    assert trail(Conversation.objects.get().space_id, "search-messages") == 1


def test_the_size_of_the_text_is_kept_on_the_device(patient: UUID, dominique: Client) -> None:
    assert dominique.post("/reglages/", {"language": "fr", "text_size": "larger"}).status_code == 302
    assert page(dominique.get("/aide/")).xpath("/html/@class") == ["text-larger"]
    dominique.cookies["carnet_text"] = '"><script>'
    assert page(dominique.get("/aide/")).xpath("/html/@class") == []


def test_a_photo_arrives_without_its_place(patient: UUID, conversation: UUID, dominique: Client) -> None:
    exif = Image.Exif()
    exif.get_ifd(0x8825).update({1: "N", 2: (48.0, 51.0, 29.6)})
    taken = io.BytesIO()
    Image.effect_noise((64, 48), 40).convert("RGB").save(taken, "JPEG", exif=exif)
    file = SimpleUploadedFile("photo.jpg", taken.getvalue())
    dominique.post(f"{at(conversation)}reponse/", {"text": "Ma cicatrice", "attached": file})
    entry = ConversationEntry.objects.get(space_id=patient, direction="out")
    got = dominique.get(f"{at(conversation)}{entry.message_id}/2/fichier/")
    picture = Image.open(io.BytesIO(got.content))
    assert dict(picture.getexif().get_ifd(0x8825)) == {}
