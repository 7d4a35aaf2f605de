"""The trash of the messages, by its pages alone: moved there, listed, put back."""

from uuid import UUID

import pytest
from django.test import Client
from portal_scene import arrive, assert_harmless, attach, conversation_of, letter, main_text, page, signed_in, trail

from carnet.domain.messaging.models import Conversation
from carnet.domain.record.models import Document

pytestmark = pytest.mark.django_db
TRASH = "/messages/corbeille/"


def at(conversation: UUID, step: str = "") -> str:
    return f"/messages/{conversation}/{step}"


@pytest.fixture
def received(patient: UUID) -> UUID:
    arrive(attach(letter(subject="Votre bilan"), b"%PDF-1.7\n%%EOF\n", "application/pdf", "bilan.pdf"))
    return conversation_of(patient)


@pytest.fixture
def thrown_away(received: UUID, dominique: Client) -> UUID:
    assert dominique.post(at(received, "suppression/"))["Location"] == "/messages/"
    return received


def test_a_conversation_goes_to_the_trash_and_comes_back(patient: UUID, received: UUID, dominique: Client) -> None:
    assert TRASH not in dominique.get("/messages/").content.decode(), "there is no way to what is empty"
    assert "La corbeille est vide" in main_text(dominique.get(TRASH))
    asked = dominique.get(at(received, "suppression/"))
    assert "Vous pourrez l’en ressortir" in main_text(asked)
    assert "définitif" not in main_text(asked)
    (form,) = page(asked).get_element_by_id("main").forms
    gone = dominique.post(form.action, dict(form.form_values()), follow=True)
    assert "Votre bilan" not in main_text(gone)
    led = dominique.get(at(received), follow=True)
    assert led.redirect_chain == [(TRASH, 302)]
    assert "remettez-la en place pour la lire" in led.content.decode()
    (way,) = set(page(gone).xpath(f"//a[@href='{TRASH}']/@href"))
    shown = dominique.get(way)
    assert "orthopédique" in main_text(shown)
    assert "Votre bilan" in main_text(shown)
    (form,) = assert_harmless(shown).get_element_by_id("main").forms
    back = dominique.post(form.action, dict(form.form_values()), follow=True)
    assert "La conversation est de nouveau dans vos messages." in back.content.decode()
    assert "La corbeille est vide" in main_text(back)
    assert "Votre bilan" in main_text(dominique.get("/messages/"))
    assert "bilan.pdf" in main_text(dominique.get(at(received)))
    told = main_text(dominique.get("/activite/"))
    assert "A mis la conversation « Votre bilan » à la corbeille" in told.replace("\u00a0", " ")
    assert "A remis en place la conversation « Votre bilan »" in told.replace("\u00a0", " ")


def test_words_sent_into_a_conversation_in_the_trash_are_kept_and_leave_once_it_is_back(
    patient: UUID, received: UUID, dominique: Client
) -> None:
    draft = page(dominique.get(at(received))).xpath("//input[@name='draft']/@value")[0]
    fields = {"draft": draft, "version": "0", "text": "Merci beaucoup", "do": "keep"}
    dominique.post(at(received, "reponse/"), fields)
    dominique.post(at(received, "suppression/"))  # in another tab
    fields |= {"version": "1", "text": "Merci beaucoup, et à lundi", "do": "send"}
    by_script = dominique.post(at(received, "reponse/"), fields, headers={"Accept": "application/json"}).json()
    assert by_script["state"] == "refused"
    assert "corbeille" in by_script["sentence"]
    told = dominique.post(at(received, "reponse/"), fields | {"version": str(by_script["version"])}, follow=True)
    assert told.redirect_chain[-1] == (TRASH, 302)
    assert dominique.get(f"/messages/brouillons/{draft}/", follow=True).redirect_chain[-1] == (TRASH, 302)
    dominique.post(at(received, "remise/"))
    assert "Merci beaucoup, et à lundi" in page(dominique.get(at(received))).xpath("string(//textarea[@name='text'])")


def test_a_list_whose_conversations_are_all_in_the_trash_says_so(thrown_away: UUID, dominique: Client) -> None:
    listed = dominique.get("/messages/")
    assert "Pas encore de message" not in main_text(listed)
    assert "sont dans la corbeille" in main_text(listed)
    assert page(listed).xpath(f"//*[contains(@class, 'empty')]//a[@href='{TRASH}']")


def test_what_another_page_has_done_already_is_not_lost_but_shown(
    patient: UUID, thrown_away: UUID, dominique: Client
) -> None:
    for again in (dominique.get, dominique.post):
        assert again(at(thrown_away, "suppression/"))["Location"] == "/messages/"
    assert "La conversation est dans la corbeille" in main_text(dominique.get("/messages/"))
    assert dominique.post(at(thrown_away, "remise/"))["Location"] == TRASH
    assert dominique.post(at(thrown_away, "remise/"))["Location"] == at(thrown_away)
    assert Conversation.objects.get(space_id=patient).trashed_at is None
    for act in ("trash-conversation", "put-back-conversation"):
        assert (trail(patient, act, allowed=True), trail(patient, act, allowed=False)) == (1, 1)


def test_documents_that_were_kept_stay(patient: UUID, received: UUID, dominique: Client) -> None:
    (keep,) = page(dominique.get(at(received))).xpath("//form[contains(@action, '/garder/')]/@action")
    assert dominique.post(keep).status_code == 302
    assert dominique.post(at(received, "suppression/")).status_code == 302
    document = Document.objects.get(space_id=patient)
    assert dominique.get(f"/documents/{document.id}/").status_code == 200


def test_nobody_puts_back_what_another_threw_away(
    patient: UUID, thrown_away: UUID, stranger: UUID, stephane: Client, dominique: Client
) -> None:
    hers = trail(patient)
    assert stephane.post(at(thrown_away, "remise/")).status_code == 404
    assert (trail(stranger, "put-back-conversation", allowed=False), trail(patient)) == (1, hers)
    assert "Votre bilan" not in main_text(stephane.get(TRASH))
    assert Conversation.objects.get(space_id=patient).trashed_at is not None
    assert dominique.post(at(thrown_away, "remise/")).status_code == 302
    assert trail(patient, "put-back-conversation", allowed=True) == 1


def test_looking_changes_nothing_and_a_form_without_proof_of_origin_neither(
    patient: UUID, thrown_away: UUID, dominique: Client
) -> None:
    assert dominique.get(TRASH).status_code == 200
    assert dominique.get(at(thrown_away, "remise/")).status_code == 405
    elsewhere = signed_in(patient)
    elsewhere.handler.enforce_csrf_checks = True
    assert elsewhere.post(at(thrown_away, "remise/")).status_code == 403
    assert Conversation.objects.get(space_id=patient).trashed_at is not None


@pytest.mark.parametrize("place", ["x", "2026-01-01T00:00:00+00:00_x", "%00"])
def test_a_place_in_the_trash_that_makes_no_sense_breaks_nothing(
    thrown_away: UUID, dominique: Client, place: str
) -> None:
    assert "Votre bilan" in main_text(dominique.get(f"{TRASH}?before={place}"))
