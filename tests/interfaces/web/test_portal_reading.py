"""Reading: what marks as read, what the trail keeps, long lists, the language, the end of a session."""

from datetime import timedelta
from uuid import UUID

import pytest
import time_machine
from django.test import Client
from portal_scene import (
    archive,
    arrive,
    attach,
    attachment_urls,
    conversation_of,
    letter,
    main_text,
    page,
    signed_in,
    space_of,
    trail,
)

from carnet.domain.audit.commands import leave_all
from carnet.domain.messaging.models import ConversationEntry
from carnet.domain.messaging.queries.conversations import count_unread
from carnet.domain.record.models import Document
from carnet.domain.spaces.access import event
from carnet.domain.spaces.commands import holder
from carnet.domain.spaces.models import Account, HealthSpace
from carnet.domain.spaces.values import Act
from carnet.foundation.clock import now
from carnet.sandbox import cast
from carnet.sandbox.letter import discharge_letter

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "header", [{"Sec-Purpose": "prefetch;prerender"}, {"Purpose": "prefetch"}, {"X-Moz": "prefetch"}]
)
def test_a_program_that_reads_ahead_reads_nothing(patient: UUID, dominique: Client, header: dict[str, str]) -> None:
    arrive(archive(letter(), discharge_letter(cast.DOMINIQUE, now(), now()).cda))
    where = f"/messages/{conversation_of(patient)}/"
    assert dominique.get(where, headers=header).status_code == 200
    assert count_unread(patient) == 1
    assert trail(patient, "send-receipt") == 0
    assert dominique.get(where).status_code == 200
    assert count_unread(patient) == 0
    (piece,) = attachment_urls(dominique, conversation_of(patient))
    dominique.post(f"{piece}garder/")
    document = Document.objects.get(space_id=patient)
    dominique.get(f"/documents/{document.id}/", headers=header)
    assert Document.objects.get(space_id=patient).read_at is None
    dominique.get(f"/documents/{document.id}/")
    assert Document.objects.get(space_id=patient).read_at is not None


def test_a_receipt_is_announced_on_the_page_where_it_leaves_and_only_there(patient: UUID, dominique: Client) -> None:
    message = letter()
    message["Disposition-Notification-To"] = message["From"]
    arrive(message)
    where = f"/messages/{conversation_of(patient)}/"
    told = "L’expéditeur a demandé à savoir"
    assert "dès que vous l’ouvrez" in main_text(dominique.get(where))
    assert (count_unread(patient), trail(patient, "send-receipt")) == (1, 0), "it is said before anything is opened"
    (link,) = page(dominique.get("/messages/")).xpath("//a[@class='row-title']/@href")
    assert "son expéditeur en est averti" in main_text(dominique.get("/messages/"))
    assert told in main_text(dominique.get(link))
    assert told not in main_text(dominique.get(where))
    assert trail(patient, "send-receipt") == 1


def test_a_message_that_came_after_it_was_said_is_said_anew(patient: UUID, dominique: Client) -> None:
    first = letter(subject="Une première")
    first["Disposition-Notification-To"] = first["From"]
    arrive(first)
    (link,) = page(dominique.get("/messages/")).xpath("//a[@class='row-title']/@href")
    second = letter(subject="Une autre")
    second["In-Reply-To"] = first["Message-ID"]
    second["Disposition-Notification-To"] = second["From"]
    arrive(second)
    assert "dès que vous l’ouvrez" in main_text(dominique.get(link))
    assert trail(patient, "send-receipt") == 0


def test_the_pages_of_a_document_are_one_reading(patient: UUID, dominique: Client) -> None:
    letter_of_hers = discharge_letter(cast.DOMINIQUE, now(), now())
    arrive(attach(letter(), letter_of_hers.pdf, "application/pdf", "lettre.pdf"))
    (piece,) = attachment_urls(dominique, conversation_of(patient))
    shown = page(dominique.get(piece))
    pictures = shown.xpath("//img[@class='sheet']/@src")
    assert pictures == [f"{piece}page/1/"]
    assert "Vous avez été opérée" in shown.text_content()
    for where in (pictures[0], f"{piece}contenu/", pictures[0]):
        assert dominique.get(where).status_code == 200
    assert trail(patient, "read-attachment") == 1
    dominique.get(f"{piece}fichier/")
    assert trail(patient, "read-attachment") == 2, "a download is told of its own"
    other_browser = signed_in(patient)
    assert other_browser.get(pictures[0]).status_code == 200
    assert trail(patient, "read-attachment") == 3, "a page without its document is a reading too"
    with time_machine.travel(now() + timedelta(minutes=29), tick=False):
        dominique.get("/accueil/")
    with time_machine.travel(now() + timedelta(minutes=31), tick=False):
        dominique.get(pictures[0])
    assert trail(patient, "read-attachment") == 4, "half an hour later it is another one"


def test_a_picture_of_a_page_is_served_so_that_it_can_do_nothing(patient: UUID, dominique: Client) -> None:
    arrive(attach(letter(), discharge_letter(cast.DOMINIQUE, now(), now()).pdf, "application/pdf", "lettre.pdf"))
    (piece,) = attachment_urls(dominique, conversation_of(patient))
    picture = dominique.get(f"{piece}page/1/")
    assert picture["Content-Type"] == "image/webp"
    assert picture["Content-Security-Policy"].startswith("sandbox;")
    assert picture["Cache-Control"] == "no-store"
    assert dominique.get(f"{piece}page/2/").status_code == 404
    assert dominique.get(f"{piece}page/0/").status_code == 404
    assert dominique.get(f"{piece}page/{10**30}/").status_code == 404


@pytest.mark.parametrize(
    ("path", "links"),
    [("/messages/", "//a[@class='row-title']/@href"), ("/documents/", "//a[@class='row-title']/@href")],
)
def test_a_list_is_walked_through_without_a_line_lost_or_seen_twice(
    patient: UUID, dominique: Client, path: str, links: str
) -> None:
    messages = [
        attach(letter(subject=f"Lettre {n}"), b"%%PDF-1.7 %d" % n, "application/pdf", "a.pdf") for n in range(45)
    ]
    arrive(*messages)
    if path == "/documents/":
        for entry in ConversationEntry.objects.filter(space_id=patient):
            base = f"/messages/{entry.conversation_id}/{entry.message_id}"
            assert dominique.post(f"{base}/2/garder/").status_code == 302
    seen: list[str] = []
    where: str | None = path
    steps = 0
    while where:
        shown = page(dominique.get(where))
        seen += shown.xpath(links)
        following = shown.xpath("//a[@rel='next']/@href")
        where = f"{path}{following[0]}" if following else None
        steps += 1
        if steps == 1:
            arrive(letter(subject="Arrivée entre-temps"))
    assert steps == 3
    assert len(seen) == len(set(seen)) == 45


def test_the_activity_is_walked_through_too(patient: UUID, dominique: Client) -> None:
    actor = holder(HealthSpace.objects.get(id=patient))
    leave_all([event(actor, Act.READ_HOME, patient) for _ in range(120)])
    counts, where = [], "/activite/"
    while where:
        shown = page(dominique.get(where))
        counts.append(len(shown.xpath("//main//li[@class='row']")))
        following = shown.xpath("//a[@rel='next']/@href")
        where = f"/activite/{following[0]}" if following else ""
    assert counts == [50, 50, sum(counts) - 100]
    assert sum(counts) == trail(patient)
    only = main_text(dominique.get("/activite/", {"who_kind": "system"}))
    assert "Activation de l’espace" in only
    assert "Ouverture de l’accueil" not in only


@pytest.mark.parametrize("path", ["/messages/", "/documents/", "/activite/"])
@pytest.mark.parametrize(
    "before",
    [
        "x", "_", "-1", "0", "9" * 40, "²", "١٢", "2026-01-01", "2026-01-01T00:00:00_", "\x00", "' OR 1=1 --",
        "0001-01-01T00:00:00+23:59_018f0000-0000-7000-8000-000000000000",
        "9999-12-31T23:59:59-23:59_018f0000-0000-7000-8000-000000000000",
        "2026-03-29T02:30:00_018f0000-0000-7000-8000-000000000000",
    ],
)  # fmt: skip
def test_a_place_in_a_list_that_makes_no_sense_breaks_nothing(
    patient: UUID, dominique: Client, path: str, before: str
) -> None:
    arrive(letter())
    assert dominique.get(path, {"before": before}).status_code == 200
    assert dominique.get(path, {"before": before, "category": before, "who_kind": before}).status_code == 200


def test_home_tells_what_matters_and_leaves_out_looking_around(patient: UUID, dominique: Client) -> None:
    arrive(letter(subject="Votre sortie"))
    for path in ("/accueil/", "/messages/", "/documents/", "/activite/", "/accueil/"):
        dominique.get(path)
    shown = main_text(dominique.get("/accueil/"))
    assert "1 conversation à lire" in shown
    assert "Votre sortie" in shown
    assert "Ouverture de l’accueil" not in shown
    assert "Ouverture de l’accueil" in main_text(dominique.get("/activite/"))


def test_the_mark_of_software_is_not_shown_to_people(patient: UUID, dominique: Client) -> None:
    arrive(letter(subject="XDM/1.0/DDM+Lettre de sortie PAT-TROIS Dominique [28/03/1979]"))
    for path in ("/accueil/", "/messages/", f"/messages/{conversation_of(patient)}/", "/activite/"):
        shown = main_text(dominique.get(path))
        assert "XDM/1.0" not in shown
        assert "Lettre de sortie" in shown
        assert "sortie PAT-TROIS" not in shown


# --- language -----------------------------------------------------------------------------------------------------
def test_the_language_is_that_of_the_browser_until_one_is_chosen(client: Client, db: None) -> None:
    assert page(client.get("/", headers={"Accept-Language": "en-GB,en;q=0.9"})).get("lang") == "en"
    assert page(client.get("/", headers={"Accept-Language": "de"})).get("lang") == "fr"
    client.post("/langue/", {"language": "en", "next": "/aide/"})
    assert page(client.get("/", headers={"Accept-Language": "fr"})).get("lang") == "en"


def test_the_language_of_a_holder_is_kept_with_their_space(patient: UUID, dominique: Client) -> None:
    response = dominique.post("/langue/", {"language": "en", "next": "/messages/?before=x"})
    assert response["Location"] == "/messages/?before=x"
    assert Account.objects.get(space_id=patient).language == "en"
    cookie = response.cookies["django_language"]
    assert (cookie.value, cookie["httponly"], cookie["samesite"]) == ("en", True, "Lax")
    assert page(dominique.get("/accueil/")).get("lang") == "en"
    dominique.post("/reglages/", {"language": "fr"})
    assert page(dominique.get("/accueil/")).get("lang") == "fr"


@pytest.mark.parametrize("language", ["", "de", "fr-x", "../../en", "en\r\nX: y"])
def test_a_language_that_is_not_spoken_changes_nothing(patient: UUID, dominique: Client, language: str) -> None:
    response = dominique.post("/langue/", {"language": language, "next": "/aide/"})
    assert response["Location"] == "/aide/"
    assert "django_language" not in response.cookies
    assert Account.objects.get(space_id=patient).language == "fr"


AWAY = [
    "https://mal.example/",
    "//mal.example/",
    "/\\mal.example",
    "javascript:alert(1)",
    "https:mal.example",
    "\x00//a",
]


@pytest.mark.parametrize("away", AWAY)
def test_no_form_leads_away_from_the_portal(client: Client, dominique: Client, away: str) -> None:
    assert client.post("/langue/", {"language": "en", "next": away})["Location"] == "/"
    assert dominique.get("/connexion/", {"next": away})["Location"] == "/accueil/"
    assert dominique.post("/deconnexion/", {"next": away})["Location"] == "/"


# --- session ------------------------------------------------------------------------------------------------------
def test_half_an_hour_without_a_sign_of_life_ends_a_sign_in(patient: UUID, dominique: Client) -> None:
    began = now()
    with time_machine.travel(began + timedelta(minutes=29), tick=False):
        assert dominique.get("/accueil/").status_code == 200
    with time_machine.travel(began + timedelta(minutes=58), tick=False):
        assert dominique.get("/accueil/").status_code == 200, "each page starts the half hour anew"
    with time_machine.travel(began + timedelta(minutes=89), tick=False):
        assert dominique.get("/accueil/")["Location"] == "/connexion/?next=/accueil/"


def test_cookies_are_out_of_reach_of_scripts_and_of_other_sites(client: Client, ward: str) -> None:
    cast.patient()
    space_of(cast.DOMINIQUE)
    assert client.get("/connexion/").cookies["csrftoken"]["samesite"] == "Strict"
    response = client.post("/connexion/", {"login": cast.DOMINIQUE.login, "password": cast.PASSWORD})
    session = response.cookies["sessionid"]
    assert (session["httponly"], session["samesite"]) == (True, "Lax")
