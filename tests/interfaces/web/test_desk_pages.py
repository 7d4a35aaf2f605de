"""The desk's inbox and conversations, as its team uses them without JavaScript."""

import re
from datetime import timedelta
from urllib.parse import quote
from uuid import uuid4

import pytest
import time_machine
from desk_people import NURSE
from desk_scene import DOCTOR, Desk, colleague_writes, form_of, letters, open_desk, patient_writes, ward_writes
from django.contrib.sessions.models import Session
from django.core.files.uploadedfile import SimpleUploadedFile
from portal_scene import PDF, archive, letter, main_text, page

from carnet.domain.messaging.commands.write import NewFile
from carnet.domain.messaging.models import ConversationEntry, FolderEntry, Message
from carnet.foundation.clock import now
from carnet.sandbox import cast
from carnet.sandbox.letter import discharge_letter

pytestmark = pytest.mark.django_db
GREY = bytes.fromhex("47494638396101000100800000ffffff0000002c00000000010001000002024401003b")


@pytest.fixture
def desk(db: None) -> Desk:
    return open_desk()


def rows(desk: Desk, query: str = "") -> list[str]:
    """The subjects of a list, from the top."""
    found = page(desk.julie.get(f"{desk.inbox}{query}")).xpath("//a[@class='row-title']")
    return [" ".join(row.text_content().split()).removeprefix("Non lu : ") for row in found]


def answer(desk: Desk, thread: str, text: str, **more: object) -> str:
    """Julie answers with the form that the page gives her. Returns the page that she is led to."""
    fields = form_of(desk.julie.get(thread), "/reponse/")
    sent = desk.julie.post(f"{thread}reponse/", {**fields, "text": text, **more})
    assert sent.status_code == 302, main_text(sent)
    return sent["Location"]


def test_a_team_reads_a_patient_and_answers(desk: Desk) -> None:
    patient_writes(desk)
    shown = desk.julie.get(desk.inbox)
    (row,) = page(shown).xpath("//li[contains(@class, 'thread')]")
    words = " ".join(row.text_content().split())
    assert "PAT-TROIS" in words
    assert "Patient" in words
    assert "En attente depuis moins d’une heure" in words
    assert "Nouveau" in words
    thread = desk.thread()
    opened = desk.julie.get(thread)
    assert re.search(r"Patient PAT-TROIS DOMINIQUE .*Matricule INS ?2 79 03 51 215 189 89", main_text(opened))
    assert "Ma cicatrice est rouge." in letters(opened)[0].text_content()
    assert FolderEntry.objects.get(mailbox_id=desk.box).flags == ["\\Seen"]
    where = answer(desk, thread, "Venez demain à 9 h.", attached=SimpleUploadedFile("plan.pdf", PDF))
    sent = letters(desk.helene.get(where.partition("#")[0]))[-1].text_content()
    assert "Mme Julie LEMAIRE" in sent
    assert "plan.pdf" in sent
    received = ConversationEntry.objects.filter(space_id=desk.space, direction="in").latest("at")
    assert received.has_attachments
    assert "Lu par" in main_text(desk.helene.get(thread))
    assert "En attente" not in page(desk.julie.get(desk.inbox)).xpath("string(//ul[contains(@class, 'threads')])")


def test_what_a_colleague_answered_in_the_meantime_is_shown_before_anything_leaves(desk: Desk) -> None:
    patient_writes(desk)
    thread = desk.thread()
    fields = form_of(desk.helene.get(thread), "/reponse/")
    answer(desk, thread, "Je vous rappelle ce soir.")
    stopped = desk.helene.post(f"{thread}reponse/", {**fields, "text": "Venez aux urgences."})
    assert stopped.status_code == 409
    assert "Mme Julie LEMAIRE a répondu entre-temps." in main_text(stopped)
    assert "Je vous rappelle ce soir." in page(stopped).get_element_by_id("meanwhile").text_content()
    assert len(letters(desk.helene.get(thread))) == 2
    assert page(stopped).xpath("//textarea[@name='text']")[0].text.strip() == "Venez aux urgences."
    again = form_of(stopped, "/reponse/")
    assert desk.helene.post(f"{thread}reponse/", {**again, "text": "Venez aux urgences."}).status_code == 302
    assert len(letters(desk.helene.get(thread))) == 3


def test_a_form_that_is_sent_twice_sends_one_answer(desk: Desk) -> None:
    patient_writes(desk)
    thread = desk.thread()
    fields = form_of(desk.julie.get(thread), "/reponse/")
    for _ in range(2):
        assert desk.julie.post(f"{thread}reponse/", {**fields, "text": "Merci."}).status_code == 302
    assert len(letters(desk.julie.get(thread))) == 2
    assert ConversationEntry.objects.filter(space_id=desk.space, direction="in").count() == 2


def test_an_empty_answer_says_what_is_wrong_and_keeps_what_was_ticked(desk: Desk) -> None:
    patient_writes(desk)
    thread = desk.thread()
    fields = form_of(desk.julie.get(thread), "/reponse/")
    wrong = desk.julie.post(f"{thread}reponse/", {**fields, "text": " ", "receipt": "on"})
    assert wrong.status_code == 422
    assert "Écrivez quelque chose" in main_text(wrong)
    assert page(wrong).xpath("//input[@name='receipt']/@checked")
    assert form_of(wrong, "/reponse/")["token"] == fields["token"]


def test_a_saved_reply_is_kept_put_into_an_answer_changed_and_deleted(desk: Desk) -> None:
    patient_writes(desk)
    thread, replies = desk.thread(), f"{desk.inbox}reponses/"
    values = {"title": "Papiers", "text": "Apportez votre carte."}
    assert desk.julie.post(replies, values).status_code == 302
    assert desk.helene.post(replies, values).status_code == 422, "one title, one reply"
    (reply,) = page(desk.helene.get(thread)).xpath("//select[@name='reply']/option[@data-text]/@value")
    fields = form_of(desk.helene.get(thread), "/reponse/")
    typed = {"text": "Bonjour,", "reply": reply, "insert": "1", "end": "on"}
    put = desk.helene.post(f"{thread}reponse/", {**fields, **typed})
    assert page(put).xpath("//textarea[@name='text']")[0].text.strip() == "Bonjour,\n\nApportez votre carte."
    assert page(put).xpath("//input[@name='end']/@checked")
    assert form_of(put, "/reponse/")["token"] == fields["token"]
    assert len(letters(desk.helene.get(thread))) == 1
    assert desk.helene.post(f"{replies}{reply}/", {"title": "Papiers", "text": "Et vos radios."}).status_code == 302
    assert "Et vos radios." in main_text(desk.julie.get(replies))
    assert "Papiers" in main_text(desk.julie.get(f"{replies}{reply}/suppression/"))
    assert desk.julie.post(f"{replies}{reply}/suppression/").status_code == 302
    assert desk.julie.get(f"{replies}{reply}/").status_code == 404


def test_a_note_is_for_the_team_and_in_no_mail(desk: Desk) -> None:
    patient_writes(desk)
    thread = desk.thread()
    assert desk.julie.post(f"{thread}note/", {"note": "À revoir avec le bloc."}).status_code == 302
    assert desk.julie.post(f"{thread}note/", {"note": ""}).status_code == 422
    (note,) = page(desk.helene.get(thread)).xpath("//article[@class='team-note']")
    assert "jamais envoyée" in note.text_content()
    assert "À revoir avec le bloc." in note.text_content()
    answer(desk, thread, "Bonjour.")
    mine = desk.dominique.get(f"/messages/{ConversationEntry.objects.filter(space_id=desk.space)[0].conversation_id}/")
    assert "bloc" not in mine.content.decode()


def test_an_exchange_is_ended_and_opens_again(desk: Desk) -> None:
    home = f"/messages/{patient_writes(desk)}/"
    thread = desk.thread()
    answer(desk, thread, "Tout va bien, au revoir.", end="on")
    assert page(desk.dominique.get(home)).xpath("//textarea[@name='text']") == []
    assert "Échange terminé" in main_text(desk.julie.get(thread))
    answer(desk, thread, "Encore une chose.")
    assert page(desk.dominique.get(home)).xpath("//textarea[@name='text']") != []
    asked = desk.julie.get(f"{thread}fin/")
    assert desk.julie.post(f"{thread}fin/", form_of(asked, "/fin/")).status_code == 302
    assert page(desk.dominique.get(home)).xpath("//textarea[@name='text']") == []


def test_each_act_on_a_conversation_says_what_it_did(desk: Desk) -> None:
    patient_writes(desk)
    thread = desk.thread()

    def act(who: object, name: str, value: str = "", **more: str) -> str:
        done = who.post(f"{thread}{name}/", {"act": value, **more}, follow=True)  # type: ignore[attr-defined]
        assert done.status_code == 200
        return main_text(done)

    assert "Vous vous occupez de cette conversation." in act(desk.julie, "charge", "take")
    assert "Mme Julie LEMAIRE s’occupe de cette conversation" in main_text(desk.helene.get(thread))
    refused = act(desk.helene, "charge", "take")
    assert "Vous vous occupez de cette conversation." not in refused
    assert "Vous vous occupez de cette conversation." in act(desk.helene, "charge", "over")
    assert "confié" in act(desk.helene, "charge", "hand", to=NURSE)
    assert rows(desk, "?taken=me") == ["Votre sortie"]
    assert "N’importe qui" in act(desk.julie, "charge", "release")
    assert "n’attend plus de réponse" in act(desk.julie, "reponse-inutile", "settle")
    assert rows(desk, "?waiting=0") == []
    assert "attend à nouveau" in act(desk.julie, "reponse-inutile", "unsettle")
    assert rows(desk, "?waiting=0") == ["Votre sortie"]
    desk.julie.get(thread)
    assert rows(desk, "?unread=on") == []
    assert "marquée comme non lue" in act(desk.julie, "non-lu")
    assert rows(desk, "?unread=on") == ["Votre sortie"]
    assert "dans la corbeille" in act(desk.julie, "corbeille", "trash")
    assert (rows(desk), rows(desk, "?view=trash")) == ([], ["Votre sortie"])
    assert "remise en place" in act(desk.julie, "corbeille", "restore")
    assert rows(desk) == ["Votre sortie"]


def test_several_conversations_at_once_and_back_to_the_same_list(desk: Desk) -> None:
    patient_writes(desk)
    colleague_writes(subject="Avis sur un genou")
    ticked = page(desk.julie.get(desk.inbox)).xpath("//input[@name='thread']/@value")
    assert len(ticked) == 2
    other = str(uuid4())
    done = desk.julie.post(
        f"{desk.inbox}selection/", {"act": "settle", "thread": [*ticked, other, "'"], "back": "unread=on&x=//evil"}
    )
    assert done["Location"] == f"{desk.inbox}?unread=on"
    assert "2 conversations n’attendent plus de réponse." in main_text(desk.julie.get(desk.inbox))
    assert rows(desk, "?waiting=0") == []
    assert desk.julie.post(f"{desk.inbox}selection/", {"act": "burn", "thread": ticked}).status_code == 302
    assert len(rows(desk)) == 2


def test_words_are_found_and_their_address_tells_nothing(desk: Desk) -> None:
    patient_writes(desk, "Le pansement d’Ysabeau se décolle.")
    colleague_writes(subject="Avis sur un genou")
    found = desk.julie.post(f"{desk.inbox}recherche/", {"text": "ysabeau pansement"})
    address = found["Location"]
    assert "ysabeau" not in address.lower()
    assert rows(desk, address.removeprefix(desk.inbox)) == ["Votre sortie"]
    assert page(desk.julie.get(address)).xpath("//input[@name='text']/@value") == ["ysabeau pansement"]
    forged = address[:-6] + "AAAAAA"
    assert len(rows(desk, forged.removeprefix(desk.inbox))) == 2, "words that do not open seek nothing"
    nothing = desk.julie.post(f"{desk.inbox}recherche/", {"text": "appendicite"})["Location"]
    assert "Rien trouvé" in main_text(desk.julie.get(nothing))


def test_filters_narrow_the_list_and_each_can_be_taken_away(desk: Desk) -> None:
    patient_writes(desk)
    colleague_writes(subject="Avis sur un genou")
    assert rows(desk, "?whom=patient") == ["Votre sortie"]
    assert rows(desk, "?whom=colleague") == ["Avis sur un genou"]
    assert rows(desk, f"?since={now():%Y-%m-%d}&whom=colleague&x=1&ended=no") == ["Avis sur un genou"]
    assert rows(desk, "?since=9999-12-31") == []
    narrowed = page(desk.julie.get(f"{desk.inbox}?whom=colleague&documents=on"))
    found = narrowed.xpath("//a[@class='chip']")
    chips = {chip.text_content().split(" –")[0].strip(): chip.get("href") for chip in found}
    assert chips == {"Avec\u00a0: Professionnels": "?documents=on", "Avec documents seulement": "?whom=colleague"}
    wrongs = (f"?waiting=abc&taken=7&since=x&view=y&of=z&s=%00&before=1&pathway={uuid4()}", "?s=" + "A" * 5_000)
    for wrong in wrongs:
        assert desk.julie.get(desk.inbox + wrong).status_code == 200


def test_who_waits_too_long_stands_on_top(desk: Desk) -> None:
    with time_machine.travel(now() - timedelta(days=3), tick=True):
        patient_writes(desk)
    colleague_writes(subject="Avis sur un genou")
    shown = page(desk.julie.get(desk.inbox))
    assert [title.text_content().strip() for title in shown.xpath("//h2")][:2] == [
        "En attente depuis plus longtemps que d’habitude",
        "Les autres",
    ]
    (late,) = shown.xpath("//section//li[contains(@class, 'thread--late')]")
    assert "En attente depuis 3 jours" in " ".join(late.text_content().split())
    assert len(rows(desk)) == 2, "nobody twice"


def test_new_mail_is_told_and_keeps_no_session_alive(desk: Desk) -> None:
    ward_writes(desk)
    shown = page(desk.julie.get(desk.inbox)).xpath("//p[@data-news]")[0]
    address = f"{shown.get('data-news')}?since={quote(shown.get('data-since'))}"
    assert desk.julie.get(address).json() == {"number": 0, "words": ""}
    patient_writes(desk)
    desk.helene.get(desk.inbox)
    before = Session.objects.get(session_key=desk.julie.session.session_key).expire_date
    assert desk.julie.get(address).json() == {"number": 1, "words": "1 nouveau message"}
    assert Session.objects.get(session_key=desk.julie.session.session_key).expire_date == before
    assert desk.julie.get(f"{desk.inbox}nouveautes/?since=x").json()["number"] == 0


def test_a_conversation_on_paper_names_the_patient_and_what_was_attached(desk: Desk) -> None:
    patient_writes(desk, files=[NewFile("cicatrice.gif", GREY)])
    paper = desk.julie.get(f"{desk.thread()}impression/")
    words = main_text(paper)
    for expected in ("PAT-TROIS", "Matricule INS", "Ma cicatrice est rouge.", "cicatrice.gif", "Mme Julie LEMAIRE"):
        assert expected in words
    assert page(paper).xpath("//nav") == []


def test_attachments_are_seen_in_place(desk: Desk) -> None:
    patient_writes(desk, files=[NewFile("cicatrice.gif", GREY), NewFile("lettre.pdf", PDF)])
    opened = page(desk.julie.get(desk.thread()))
    (small,) = opened.xpath("//a[@class='thumb']/img/@src")
    assert desk.julie.get(small)["Content-Type"] == "image/gif"
    views = opened.xpath("//li[@class='attachment']//a[contains(., 'Voir')]/@href")
    assert len(views) == 2
    shown = page(desk.julie.get(views[0]))
    assert shown.xpath("//img[@class='picture-view']/@src") == [small]
    assert shown.xpath("//a[@class='back']/@href")[0].startswith(desk.thread())


def test_the_keys_can_be_switched_off(desk: Desk) -> None:
    assert page(desk.julie.get(desk.inbox)).xpath("//@data-keys") == ["on"]
    assert desk.julie.post(f"{desk.inbox}raccourcis/", {"keys": "off"}).status_code == 302
    assert page(desk.julie.get(desk.inbox)).xpath("//@data-keys") == ["off"]
    assert page(desk.helene.get(desk.inbox)).xpath("//@data-keys") == ["on"]


def test_a_colleague_is_answered_at_their_address(desk: Desk) -> None:
    colleague_writes(letter(subject="Avis", From=DOCTOR, **{"Reply-To": "voleur@ailleurs.example"}), sender=DOCTOR)
    thread = desk.thread()
    opened = main_text(desk.julie.get(thread))
    assert f"Elle part à : {DOCTOR}" in opened
    assert "ailleurs.example" not in opened
    answer(desk, thread, "D’accord.")
    assert Message.objects.filter(owner_id=desk.box).count() == 2


def test_a_colleagues_clinical_letter_is_read_in_place_and_filed(desk: Desk) -> None:
    cda = discharge_letter(cast.DOMINIQUE, now(), now()).cda
    colleague_writes(archive(letter(subject="XDM/1.0/DDM+Lettre de sortie", From=DOCTOR), cda), sender=DOCTOR)
    assert rows(desk) == ["Lettre de sortie"]
    thread = desk.thread()
    opened = desk.julie.get(thread)
    assert "Professionnel" in letters(opened)[0].text_content()
    (view,) = page(opened).xpath("//li[@class='attachment']//a[contains(., 'Voir')]/@href")
    sheet = page(desk.julie.get(view)).xpath("//img[@class='sheet']/@src")[0]
    assert desk.julie.get(sheet)["Content-Type"] == "image/webp"
    (message,) = page(opened).xpath("//button[@name='message']/@value")
    filed = desk.julie.post(f"{desk.inbox}patients/classer/", {"message": message, "thread": thread.split("/")[4]})
    assert filed["Location"] == thread
    assert page(desk.julie.get(thread)).xpath("//button[@name='message']") == []
