"""What strangers write, shown and served so that it can do nothing."""

import base64
from uuid import UUID

import pytest
from django.test import Client
from portal_scene import PDF, archive, arrive, assert_harmless, attach, attachment_urls, conversation_of, letter, page

from carnet.domain.record.models import Document
from carnet.foundation.clock import now
from carnet.sandbox import cast
from carnet.sandbox.letter import discharge_letter

pytestmark = pytest.mark.django_db
SCRIPT = "<script>alert(1)</script>"
PICTURE = '"><img src=x onerror=alert(2)>'
SVG = b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(3)</script></svg>"
HTML = b"<!doctype html><html><body><script>alert(4)</script></body></html>"
SERVED = "sandbox; default-src 'none'; img-src 'self' data:; style-src 'unsafe-inline'; frame-ancestors 'none'"


def test_subject_name_and_words_are_shown_as_they_are_written(patient: UUID, dominique: Client) -> None:
    message = letter(subject=f"{SCRIPT}{PICTURE}", text=f"{SCRIPT} & {PICTURE}\njavascript:alert(1)")
    message.replace_header("From", f'"{SCRIPT}" <orthopedie@{cast.HOSPITAL_DOMAIN}>')
    arrive(message)
    for path in ("/accueil/", "/messages/", f"/messages/{conversation_of(patient)}/", "/activite/"):
        assert SCRIPT in assert_harmless(dominique.get(path)).text_content(), path


def test_a_sender_whom_nobody_knows_cannot_name_themselves(patient: UUID, dominique: Client) -> None:
    sender = f"inconnu@{cast.OTHER_OPERATOR_DOMAIN}"
    message = letter(From=f'"Centre hospitalier Saint-Aubin {SCRIPT}" <{sender}>')
    arrive(message, sender=sender)
    shown = assert_harmless(dominique.get(f"/messages/{conversation_of(patient)}/")).text_content()
    assert "Saint-Aubin" not in shown
    assert f"Expéditeur non vérifié – {cast.OTHER_OPERATOR_DOMAIN}" in shown


def test_an_html_mail_keeps_its_words_and_loses_the_rest(patient: UUID, dominique: Client) -> None:
    message = letter()
    message.add_alternative(
        "<html><head><base href='https://mal.example/'><style>body{background:url(https://mal.example/a)}</style>"
        "<meta http-equiv=refresh content='0;url=https://mal.example'></head><body onload=alert(1)>"
        "<p style='position:fixed;inset:0'>Bonjour <b>Madame</b></p><script>alert(1)</script>"
        "<img src='https://mal.example/espion.gif'><img src=x onerror=alert(1)><iframe src='//mal.example'></iframe>"
        "<svg><a href='javascript:alert(1)'>la</a></svg><a href='javascript:alert(1)'>ici</a>"
        "<form action='https://mal.example'><input name=mot><button>OK</button></form>"
        "<a href='https://hopital.example/'>Notre site</a><math><mtext><style><img src=x onerror=alert(1)></style>",
        subtype="html",
    )
    arrive(message)
    shown = assert_harmless(dominique.get(f"/messages/{conversation_of(patient)}/"))
    written = shown.xpath("//article//div[@class='letter']")[0]
    assert "Bonjour Madame" in " ".join(written.text_content().split())
    assert written.xpath(".//form | .//input | .//img | .//svg | .//math | .//meta") == []
    assert written.xpath(".//a/@href") == ["https://hopital.example/"]
    assert set(written.xpath(".//a/@rel")) <= {"noopener noreferrer nofollow", "noopener noreferrer"}
    assert "mal.example" not in dominique.get(f"/messages/{conversation_of(patient)}/").content.decode()


@pytest.mark.parametrize(
    ("content", "media_type", "name"),
    [
        (HTML, "text/html", "page.html"),
        (HTML, "text/plain", "page.txt"),
        (HTML, "application/pdf", "page.pdf"),
        (HTML, "image/png", "page.png"),
        (SVG, "image/svg+xml", "dessin.svg"),
        (b"<?xml version='1.0'?><x xmlns='http://www.w3.org/1999/xhtml'><script>1</script></x>", "text/xml", "a.xml"),
        (b"%PDF-1.7 <script>alert(1)</script>", "text/html", "b.html"),
    ],
)
def test_nothing_that_could_run_is_served_as_what_runs(
    patient: UUID, dominique: Client, content: bytes, media_type: str, name: str
) -> None:
    arrive(attach(letter(), content, media_type, name))
    (piece,) = attachment_urls(dominique, conversation_of(patient))
    for last in ("contenu/", "fichier/"):
        response = dominique.get(piece + last)
        assert response.status_code == 200
        assert response["Content-Type"] == "application/octet-stream"
        assert response["Content-Disposition"].startswith("attachment; ")
        assert response["X-Content-Type-Options"] == "nosniff"
        assert response["Content-Security-Policy"] == SERVED
        assert response.content == content
    assert_harmless(dominique.get(piece))


@pytest.mark.parametrize(
    ("content", "media_type", "name", "served"),
    [
        (PDF, "application/pdf", "a.pdf", "application/pdf"),
        (b"\x89PNG\r\n\x1a\n" + b"\x00" * 20, "image/png", "a.png", "image/png"),
        ("Été\n<b>gras</b>".encode("cp1252"), "text/plain", "a.txt", "text/plain; charset=utf-8"),
    ],
)
def test_what_can_be_shown_is_shown_in_place_within_a_sandbox(
    patient: UUID, dominique: Client, content: bytes, media_type: str, name: str, served: str
) -> None:
    arrive(attach(letter(), content, media_type, name))
    (piece,) = attachment_urls(dominique, conversation_of(patient))
    shown = dominique.get(f"{piece}contenu/")
    assert shown["Content-Type"] == served
    assert shown["Content-Disposition"].startswith("inline; ")
    for response in (shown, dominique.get(f"{piece}fichier/")):
        assert response["Content-Security-Policy"] == SERVED
        assert response["X-Content-Type-Options"] == "nosniff"
        assert response["Cache-Control"] == "no-store"
        assert response["X-Frame-Options"] == "DENY"
    assert dominique.get(f"{piece}fichier/")["Content-Disposition"].startswith("attachment; ")


def test_a_text_is_shown_as_text(patient: UUID, dominique: Client) -> None:
    arrive(attach(letter(), f"Voici\n{SCRIPT}\n\n{PICTURE}".encode(), "text/plain", "note.txt"))
    (piece,) = attachment_urls(dominique, conversation_of(patient))
    shown = assert_harmless(dominique.get(piece)).get_element_by_id("main").text_content()
    assert SCRIPT in shown
    assert PICTURE in shown


def _structured(narrative: str, title: str) -> bytes:
    """The letter's document with a narrative in place of its PDF."""
    cda = discharge_letter(cast.DOMINIQUE, now(), now()).cda.decode()
    start, end = cda.index("<component><nonXMLBody>"), cda.index("</nonXMLBody></component>")
    body = (
        f"<component><structuredBody><component><section><title>{title}</title><text>{narrative}</text></section>"
        "</component></structuredBody></component>"
    )
    cda = cda[:start] + body + cda[end + len("</nonXMLBody></component>") :]
    shown = base64.b64encode(b"").decode()
    return cda.replace("Lettre de liaison à la sortie de l’hôpital", f"{title}{shown}").encode()


def test_a_clinical_document_is_shown_without_what_could_harm(patient: UUID, dominique: Client) -> None:
    title = "&lt;script&gt;alert(1)&lt;/script&gt;"
    narrative = (
        "<paragraph>Tout va <content styleCode='Bold'>bien</content>.</paragraph>"
        "<script xmlns='http://www.w3.org/1999/xhtml'>alert(1)</script>"
        "<img xmlns='http://www.w3.org/1999/xhtml' src='x' onerror='alert(1)'/>"
        "<linkHtml href='javascript:alert(1)'>ici</linkHtml>"
        "<paragraph onclick='alert(1)' style='position:fixed'>&lt;img src=x onerror=alert(1)&gt;</paragraph>"
        "<renderMultiMedia referencedObject='x'/>"
    )
    arrive(archive(letter(), _structured(narrative, title)))
    conversation = conversation_of(patient)
    listed = assert_harmless(dominique.get(f"/messages/{conversation}/"))
    assert SCRIPT in listed.text_content()
    (piece,) = attachment_urls(dominique, conversation)
    shown = assert_harmless(dominique.get(piece))
    assert "Tout va bien." in " ".join(shown.text_content().split())
    assert dominique.post(f"{piece}garder/").status_code == 302
    document = Document.objects.get(space_id=patient)
    for path in (f"/documents/{document.id}/", "/documents/", "/accueil/", "/activite/"):
        assert SCRIPT in assert_harmless(dominique.get(path)).text_content(), path
    header = dominique.get(f"/documents/{document.id}/fichier/")["Content-Disposition"]
    assert "<" not in header


def test_a_letter_about_somebody_else_shows_nothing_of_them(patient: UUID, dominique: Client) -> None:
    arrive(archive(letter(), discharge_letter(cast.RUTH, now(), now()).cda, cast.RUTH))
    shown = " ".join(dominique.get(path).content.decode() for path in ("/accueil/", "/messages/", "/activite/"))
    assert "NESSI" not in shown
    assert cast.RUTH.ins not in shown


def test_titles_and_names_that_holders_give_are_shown_as_they_are_written(patient: UUID, dominique: Client) -> None:
    from django.core.files.uploadedfile import SimpleUploadedFile

    file = SimpleUploadedFile("a.pdf", PDF)
    values = {"file": file, "title": f"{SCRIPT}{PICTURE}", "category": "BIOLOGIE", "date": "2026-01-15"}
    where = dominique.post("/documents/ajout/", values)["Location"]
    for path in (where, "/documents/", "/accueil/", "/activite/"):
        assert SCRIPT in assert_harmless(dominique.get(path)).text_content(), path


def test_a_login_that_is_a_script_is_shown_as_it_is_written(client: Client, db: None) -> None:
    response = client.post("/connexion/", {"login": PICTURE, "password": "x"})
    assert page(response).xpath("//input[@name='login']/@value") == [PICTURE]
    assert_harmless(response)
    assert_harmless(client.get("/documents/", {"category": PICTURE}, follow=True))
