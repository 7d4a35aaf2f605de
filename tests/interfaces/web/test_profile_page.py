"""The holder's medical profile in the portal: read, told, changed and taken out without JavaScript."""

from uuid import UUID

import pytest
from django.test import Client
from portal_scene import assert_harmless, main_text, page, signed_in, trail

from carnet.domain.profile.models import ProfileEntry

pytestmark = pytest.mark.django_db
ATTACK = "<script>alert(1)</script><img src=x onerror=alert(1)>\u202e"


def links(client: Client, kind: str) -> list[str]:
    found = page(client.get("/profil/"))
    wanted = {"change": "contains(., 'Modifier')", "remove": "contains(., 'Retirer')"}[kind]
    return found.xpath(f"//div[@class='told-acts']/a[{wanted}]/@href")


def test_a_holder_tells_of_an_illness_changes_it_and_takes_it_out(dominique: Client, patient: UUID) -> None:
    assert dominique.get("/accueil/").content.count(b'href="/profil/"') == 1
    said = {"text": "Asthme", "started": "03/1991", "comment": "Au printemps"}
    done = dominique.post("/profil/diseases/ajout/", said)
    assert done["Location"] == "/profil/#diseases"
    assert "Asthme Depuis mars 1991 Au printemps" in main_text(dominique.get("/profil/"))
    [change] = links(dominique, "change")
    form = page(dominique.get(change))
    assert form.xpath("//input[@name='started']/@value") == ["03/1991"]
    [version] = form.xpath("//input[@name='version']/@value")
    assert dominique.post(change, {**said, "text": "Asthme léger", "version": version}).status_code == 302
    late = dominique.post(change, {**said, "version": version})
    assert "modifié ailleurs" in main_text(late)
    [remove] = links(dominique, "remove")
    assert "Asthme léger" in main_text(dominique.get(remove))
    assert dominique.post(remove).status_code == 302
    assert "Asthme" not in main_text(dominique.get("/profil/"))
    assert trail(patient, "change-profile", allowed=True) == 3
    assert trail(patient, "read-profile", allowed=True) == 1  # one reading, however many pages


def test_what_is_wrong_is_said_beside_its_field_and_what_was_typed_stays(dominique: Client) -> None:
    answer = dominique.post("/profil/measures/ajout/", {"kind": "weight", "value": "soixante", "started": "demain"})
    shown = page(answer)
    assert shown.xpath("//input[@name='value']/@value") == ["soixante"]
    for field in ("value", "started"):
        [control] = shown.xpath(f"//input[@name='{field}']")
        assert control.get("aria-invalid") == "true"
        told = control.get("aria-describedby").split()
        assert shown.get_element_by_id(told[-1]).text_content().strip()
    assert shown.findtext("head/title").startswith("Erreur")
    assert not ProfileEntry.objects.exists()


def test_no_known_allergy_is_told_by_one_press_and_taken_back_by_another(dominique: Client) -> None:
    offered = main_text(dominique.get("/profil/")).count("Aucune allergie connue")
    assert offered == 1
    assert dominique.post("/profil/allergies/rien/", {"nothing": "yes"})["Location"] == "/profil/#allergies"
    assert page(dominique.get("/profil/")).xpath("//p[@class='told-nothing']")
    dominique.post("/profil/allergies/rien/", {"nothing": "no"})
    assert not page(dominique.get("/profil/")).xpath("//p[@class='told-nothing']")
    assert dominique.post("/profil/contacts/rien/", {"nothing": "yes"}).status_code == 403


def test_the_profile_is_downloaded_in_the_language_in_use_and_its_name_says_nothing(dominique: Client) -> None:
    assert not page(dominique.get("/profil/")).xpath("//a[@href='/profil/pdf/']")
    dominique.post("/profil/allergies/rien/", {"nothing": "yes"})
    assert page(dominique.get("/profil/")).xpath("//a[@href='/profil/pdf/']")
    answer = dominique.get("/profil/pdf/")
    assert answer["Content-Type"] == "application/pdf"
    assert answer["Content-Disposition"] == 'attachment; filename="profil-medical.pdf"'
    assert answer.content.startswith(b"%PDF-")
    assert b"(fr)" in answer.content


def test_what_is_typed_never_runs(dominique: Client) -> None:
    for section, said in {
        "allergies": {"text": ATTACK, "comment": ATTACK},
        "treatments": {"text": ATTACK, "dosage": ATTACK},
        "lifestyle": {"kind": "food", "text": ATTACK},
        "contacts": {"kind": "help", "text": ATTACK, "phone": "0639980123"},
    }.items():
        assert dominique.post(f"/profil/{section}/ajout/", said).status_code == 302
    shown = assert_harmless(dominique.get("/profil/"))
    assert shown.text_content().count("<script>alert(1)") >= 4
    for address in (links(dominique, "change")[0], links(dominique, "remove")[0]):
        assert_harmless(dominique.get(address))


def test_another_holder_finds_nothing_by_the_address_of_an_entry(
    dominique: Client, stephane: Client, stranger: UUID
) -> None:
    dominique.post("/profil/allergies/ajout/", {"text": "Arachide"})
    [change], [remove] = links(dominique, "change"), links(dominique, "remove")
    said = {"text": "Rien", "version": "1"}
    assert (stephane.get(change).status_code, stephane.post(change, said).status_code) == (404, 404)
    assert stephane.get(remove).status_code == 404
    stephane.post(remove)
    assert "Arachide" in main_text(dominique.get("/profil/"))
    assert dominique.get(change).status_code == 200
    assert dominique.get("/profil/ailleurs/ajout/").status_code == 404


def test_who_is_not_signed_in_is_sent_to_sign_in_and_a_forged_form_is_refused(dominique: Client, patient: UUID) -> None:
    for address in ("/profil/", "/profil/pdf/", "/profil/allergies/ajout/"):
        assert Client().get(address)["Location"].startswith("/connexion/")
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = signed_in(patient).cookies
    assert strict.post("/profil/allergies/ajout/", {"text": "Arachide"}).status_code == 403
    assert not ProfileEntry.objects.exists()
    assert dominique.post("/profil/allergies/ajout/", {"text": "Arachide"}).status_code == 302
