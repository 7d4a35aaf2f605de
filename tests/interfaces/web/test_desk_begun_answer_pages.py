"""An answer that is begun at the desk, on its pages: kept by its button or by the page itself, found, thrown away."""

import pytest
from desk_people import PRACTITIONER, sign_in_professional
from desk_scene import DOCTOR, Desk, form_of, letters, open_desk, patient_writes
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse
from django.test import Client
from portal_scene import PDF, assert_harmless, main_text, page

from carnet.domain.directory.models import Mailbox, MailboxTrace
from carnet.domain.messaging.models import DeskDraft, DeskReading

pytestmark = pytest.mark.django_db
SCRIPT = {"Accept": "application/json"}
TYPED = {"text": "Venez demain\r\nà jeun.", "receipt": "on", "end": "on", "do": "keep"}


@pytest.fixture
def desk(db: None) -> Desk:
    desk = open_desk()
    patient_writes(desk)
    return desk


def box_text(response: HttpResponse) -> str:
    (area,) = page(response).xpath("//textarea[@name='text']")
    return " ".join((area.text or "").split())


def keep(desk: Desk, thread: str, **more: object) -> HttpResponse:
    fields = form_of(desk.julie.get(thread), "/reponse/")
    return desk.julie.post(f"{thread}reponse/", {**fields, **TYPED, **more})


def test_without_javascript_an_answer_is_kept_by_its_button_found_and_thrown_away(desk: Desk) -> None:
    thread = desk.thread()
    empty = desk.julie.get(thread)
    assert "commencé" not in main_text(empty)
    kept = keep(desk, thread, attached=SimpleUploadedFile("plan.pdf", PDF))
    assert kept["Location"] == f"{thread}#answer"
    again = desk.julie.get(thread)
    assert "Vous avez commencé cette réponse, gardée pour vous (aujourd’hui à " in main_text(again)
    assert "Les fichiers ne sont pas gardés" in main_text(again)
    assert box_text(again) == "Venez demain à jeun."
    assert page(again).xpath("//input[@name='receipt']/@checked")
    assert page(again).xpath("//input[@name='end']/@checked")
    (row,) = page(desk.julie.get(f"{desk.inbox}ecrire/")).xpath("//li[contains(@class, 'begun')]")
    assert "PAT-TROIS" in row.text_content()
    assert "Votre réponse" in row.text_content()
    assert row.xpath(".//a[@class='row-title']/@href") == [f"{thread}#answer"]
    (discard,) = page(again).xpath("//a[@data-delete]/@href")
    assert "Abandonner cette réponse ?" in main_text(desk.julie.get(discard))
    assert DeskDraft.objects.count() == 1, "a question changes nothing"
    assert desk.julie.post(discard)["Location"] == thread
    assert box_text(desk.julie.get(thread)) == ""
    assert desk.julie.get(discard).status_code == 404
    assert desk.julie.get(f"{desk.inbox}ecrire/").status_code == 302


def test_the_team_sees_that_a_colleague_has_begun_and_not_what(desk: Desk) -> None:
    thread = desk.thread()
    keep(desk, thread)
    seen = desk.helene.get(thread)
    assert "Mme Julie LEMAIRE a commencé une réponse (aujourd’hui à " in main_text(seen)
    assert "jeun" not in seen.content.decode()
    assert box_text(seen) == ""
    assert "a commencé une réponse" not in main_text(desk.julie.get(thread))


def test_a_script_keeps_what_is_typed_without_reading_the_conversation(desk: Desk) -> None:
    thread = desk.thread()
    fields = form_of(desk.julie.get(thread), "/reponse/")
    before, read = MailboxTrace.objects.count(), DeskReading.objects.get().at
    for text in ("Ven", "Venez", "Venez demain"):
        told = desk.julie.post(f"{thread}reponse/", {**fields, **TYPED, "text": text}, headers=SCRIPT).json()
        assert told["state"] == "kept"
        assert told["saved"].startswith("Gardé aujourd’hui à ")
    assert (MailboxTrace.objects.count(), DeskReading.objects.get().at) == (before, read)
    assert desk.julie.get(thread).content.decode().count("Venez demain") == 1
    long = desk.julie.post(f"{thread}reponse/", {**fields, "text": "x" * 20_001, "do": "keep"}, headers=SCRIPT).json()
    assert (long["state"], "20000" in long["sentence"].replace("\u202f", "")) == ("refused", True), long
    assert box_text(desk.julie.get(thread)) == "Venez demain"
    sent = desk.julie.post(f"{thread}reponse/", {**fields, "text": "Venez demain."})
    assert sent.status_code == 302
    late = desk.julie.post(f"{thread}reponse/", {**fields, **TYPED}, headers=SCRIPT).json()
    assert late == {"state": "sent", "url": sent["Location"]}
    assert not DeskDraft.objects.exists()
    assert len(letters(desk.julie.get(thread))) == 2


def test_a_refused_answer_keeps_what_was_begun_and_shows_what_was_typed(desk: Desk) -> None:
    thread = desk.thread()
    keep(desk, thread)
    fields = form_of(desk.julie.get(thread), "/reponse/")
    other = form_of(desk.helene.get(thread), "/reponse/")
    assert desk.helene.post(f"{thread}reponse/", {**other, "text": "J’ai répondu."}).status_code == 302
    stopped = desk.julie.post(f"{thread}reponse/", {**fields, "text": "Venez après-demain."})
    assert (stopped.status_code, box_text(stopped)) == (409, "Venez après-demain.")
    assert box_text(desk.julie.get(thread)) == "Venez demain à jeun."
    assert desk.julie.post(f"{thread}note/", {"note": ""}).status_code == 422
    put = desk.julie.post(f"{thread}reponse/", {**fields, "text": "Autre", "insert": "1", "reply": ""})
    assert box_text(put) == "Autre"


def test_a_text_is_as_long_as_the_browser_counts_it(desk: Desk) -> None:
    thread = desk.thread()
    fields = form_of(desk.julie.get(thread), "/reponse/")
    lines = "a\r\n" * 9_999 + "ab"  # 20,000 characters in the box
    told = desk.julie.post(f"{thread}reponse/", {**fields, **TYPED, "text": lines}, headers=SCRIPT).json()
    assert told["state"] == "kept"
    assert desk.julie.post(f"{thread}reponse/", {**fields, "text": lines}).status_code == 302
    fields = form_of(desk.julie.get(thread), "/reponse/")
    assert desk.julie.post(f"{thread}reponse/", {**fields, "text": f"{lines}c"}).status_code == 422


def test_an_older_page_shows_what_the_newer_kept_and_goes_on_when_asked(desk: Desk) -> None:
    thread = desk.thread()
    older = form_of(desk.julie.get(thread), "/reponse/")
    keep(desk, thread, text="Plutôt mardi.")
    told = desk.julie.post(f"{thread}reponse/", {**older, **TYPED}, headers=SCRIPT).json()
    assert (told["state"], told["deleted"], told["text"]) == ("conflict", False, "Plutôt mardi.")
    assert told["ticks"] == {"receipt": True, "end": True, "everyone": False}
    shown = desk.julie.post(f"{thread}reponse/", {**older, **TYPED})
    assert (shown.status_code, box_text(shown)) == (409, "Venez demain à jeun.")
    (box,) = page(shown).xpath("//*[@data-conflict]")
    assert "autre page" in box.text_content()
    assert "Plutôt mardi." in box.text_content()
    assert box_text(desk.julie.get(thread)) == "Plutôt mardi."
    again = form_of(shown, "/reponse/")
    assert desk.julie.post(f"{thread}reponse/", {**again, **TYPED}).status_code == 302
    assert box_text(desk.julie.get(thread)) == "Venez demain à jeun."
    newest = form_of(desk.julie.get(thread), "/reponse/")
    assert desk.julie.post(f"{thread}reponse/", {**newest, "text": "Venez."}).status_code == 302
    late = desk.julie.post(f"{thread}reponse/", {**again, **TYPED}, headers=SCRIPT).json()
    assert (late["state"], late["deleted"]) == ("conflict", True)
    assert not DeskDraft.objects.exists()
    go_on = {**again, **TYPED, "version": late["version"], "seen": late["seen"]}
    assert desk.julie.post(f"{thread}reponse/", go_on, headers=SCRIPT).json()["state"] == "kept"


def test_nobody_else_keeps_or_discards_and_a_form_from_another_site_changes_nothing(desk: Desk) -> None:
    thread = desk.thread()
    keep(desk, thread)
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = desk.julie.cookies
    for where in (f"{thread}reponse/", f"{thread}reponse/abandonner/"):
        assert strict.post(where, {**TYPED, "text": "x"}, headers=SCRIPT).status_code == 403
    assert desk.julie.get(f"{thread}reponse/?do=keep&text=x").status_code == 405
    doctor = sign_in_professional(Client(), PRACTITIONER)
    own = Mailbox.objects.get(address=DOCTOR).id
    elsewhere = thread.replace(str(desk.box), str(own))
    fields = form_of(desk.julie.get(thread), "/reponse/")
    for foreign in (thread, elsewhere):
        assert doctor.post(f"{foreign}reponse/", {**fields, **TYPED}).status_code == 404
        assert doctor.get(f"{foreign}reponse/abandonner/").status_code == 404
        assert doctor.post(f"{foreign}reponse/abandonner/").status_code == 404
    refused = MailboxTrace.objects.filter(mailbox_id=own, outcome="not-found")
    assert refused.count() == 3
    told = doctor.post(f"{elsewhere}reponse/", {**fields, **TYPED}, headers=SCRIPT).json()
    assert (told["state"], bool(told["sentence"])) == ("refused", True)
    assert DeskDraft.objects.count() == 1
    assert box_text(desk.julie.get(thread)) == "Venez demain à jeun."
    desk.julie.logout()
    ended = desk.julie.post(f"{thread}reponse/", {**fields, **TYPED}, headers=SCRIPT)
    assert ended.status_code == 302, "the page tells by it that it is signed out"


def test_what_was_begun_is_harmless_wherever_it_is_shown(desk: Desk) -> None:
    thread = desk.thread()
    keep(desk, thread, text="</textarea><script>alert(1)</script>")
    assert_harmless(desk.julie.get(thread))
