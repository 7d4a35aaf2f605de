"""A hospital sends a letter: it is read, kept, answered, on a phone, on a large screen, without scripts."""

import io
import re

from journeys_browser import DESKTOP, Visit, Visitor
from journeys_demo import HOSPITAL_NAME, LETTER_TITLE, Demo
from PIL import Image

from carnet.sandbox import cast

SUBJECT = "Lettre de liaison à la sortie"


def read_letter(who: Visitor, *, look: bool = True) -> None:
    """From the list of messages to the letter itself, every word of it."""
    who.wait_for_message(SUBJECT)
    if look:
        who.look()
    assert "Pas pour une urgence" in who.text()
    assert who.page.locator("a[href='tel:15']").is_visible()
    assert who.page.locator("a[href='tel:112']").is_visible()
    who.follow(SUBJECT)
    assert HOSPITAL_NAME in who.text()
    assert "Expéditeur vérifié" in who.text()
    assert "XDM/1.0" not in who.text()
    if look:
        who.look()
    who.page.locator(".attachment").get_by_role("link", name="Voir").click()
    assert who.heading() == LETTER_TITLE
    sheet = who.page.get_by_role("img", name=f"Page 1 sur 1 de «\u00a0{LETTER_TITLE}\u00a0»")
    sheet.scroll_into_view_if_needed()
    sheet.evaluate("(image) => image.decode()")  # fails when the picture does not come or is none
    assert sheet.evaluate("(image) => image.naturalWidth") == 1240
    assert is_written_on(sheet.screenshot())
    who.page.locator("summary", has_text="Lire le texte seul").click()
    assert "Vous avez été opérée de la hanche droite" in who.text()
    if look:
        who.look()


def is_written_on(picture: bytes) -> bool:
    """Whether a picture is a page with writing: mostly white, and some black."""
    shades = Image.open(io.BytesIO(picture)).convert("L").histogram()
    return sum(shades[250:]) > 0.5 * sum(shades) and sum(shades[:100]) > 0.002 * sum(shades)


def test_a_letter_is_read_filed_and_answered_with_a_photo_on_a_phone(demo: Demo, visit: Visit, photo: bytes) -> None:
    demo.send_letter(cast.DOMINIQUE)
    with visit() as dominique:
        dominique.go("/")
        dominique.look()
        dominique.follow("Se connecter")
        dominique.sign_in(cast.DOMINIQUE, look=True)
        dominique.look()
        read_letter(dominique)

        dominique.follow("Le message")
        dominique.press(f"Garder dans mes documents {LETTER_TITLE}")
        assert dominique.heading() == LETTER_TITLE
        assert "dans vos documents" in dominique.text()
        dominique.look()

        dominique.wait_for_message(SUBJECT)
        dominique.follow(SUBJECT)
        assert "Déjà dans vos documents" in dominique.text()
        dominique.page.get_by_label("Votre message").fill("Bonjour, voici une photo de la cicatrice.")
        file = {"name": "cicatrice.jpg", "mimeType": "image/jpeg", "buffer": photo}
        dominique.page.get_by_label("Joindre des fichiers").set_input_files(file)  # type: ignore[arg-type]
        dominique.page.get_by_role("button", name="Retirer cicatrice.jpg").wait_for()
        dominique.press("Envoyer ma réponse")
        assert "Votre réponse est envoyée." in dominique.text()
        answer = dominique.page.locator(".message--out")
        assert "Bonjour, voici une photo de la cicatrice." in answer.inner_text()
        dominique.look()
        answer.get_by_role("link", name="Voir cicatrice.jpg").click()
        dominique.page.locator(".picture-view").evaluate("(image) => image.decode()")
        dominique.look()

        dominique.page.get_by_role("navigation").get_by_role("link", name="Documents").click()
        assert LETTER_TITLE in dominique.text()
        dominique.look()
        dominique.page.get_by_role("navigation").get_by_role("link", name="Activité").click()
        shown = dominique.text()
        for act in ("Connexion", f"Ouverture de la pièce jointe « {LETTER_TITLE} »", HOSPITAL_NAME):
            assert act in shown
        assert shown.count("Ouverture de la pièce jointe « cicatrice.jpg »") == 1, "a picture is one reading"
        dominique.look()

        dominique.press("English")
        assert dominique.heading() == "Who did what"
        dominique.look()
        dominique.press("Sign out")
        dominique.page.wait_for_url(f"{demo.web}/")
        assert dominique.page.locator("html").get_attribute("lang") == "en"
        dominique.go("/messages/")
        assert "/connexion/" in dominique.page.url


def test_the_same_on_a_large_screen_in_english(demo: Demo, visit: Visit) -> None:
    """Every page of the portal once more, with what the other journeys have left in it."""
    demo.send_letter(cast.RUTH)
    with visit(DESKTOP, language="en-GB") as ruth:
        ruth.go("/")
        assert ruth.page.locator("html").get_attribute("lang") == "en"
        ruth.look()
        ruth.go("/connexion/")
        ruth.press("Français")
        ruth.sign_in(cast.RUTH)
        read_letter(ruth)
        ruth.press("English")
        assert ruth.page.get_by_role("img", name=f"Page 1 of 1 of “{LETTER_TITLE}”").is_visible()
        ruth.look()
        ruth.follow("The message")
        ruth.press(f"Keep in my documents {LETTER_TITLE}")
        for path in (
            "/accueil/",
            "/messages/",
            "/messages/nouveau/",
            "/messages/contacts/",
            "/messages/pharmacies/",
            "/messages/recherche/",
            "/documents/",
            "/documents/?category=BIOLOGIE",
            "/documents/ajout/",
            "/activite/",
            "/reglages/",
            "/reglages/mot-de-passe/",
            "/aide/",
            "/accessibilite/",
            "/mentions/",
            "/deconnexion/",
            "/nulle-part/",
        ):
            ruth.go(path)
            ruth.look()
        ruth.go("/documents/ajout/")
        ruth.press("Add this document")
        assert "Please check what you entered" in ruth.text()
        ruth.look()
        ruth.wait_for_message(SUBJECT)
        ruth.follow(SUBJECT)
        ruth.follow("Delete this conversation")
        ruth.look()


def test_all_of_it_without_javascript(demo: Demo, visit: Visit, photo: bytes) -> None:
    demo.send_letter(cast.STEPHANE)
    with visit(scripts=False) as stephane:
        stephane.sign_in(cast.STEPHANE)
        read_letter(stephane, look=False)
        stephane.follow("Le message")
        stephane.press(f"Garder dans mes documents {LETTER_TITLE}")
        assert stephane.heading() == LETTER_TITLE
        stephane.wait_for_message(SUBJECT)
        stephane.follow(SUBJECT)
        stephane.page.locator("textarea[name=text]").fill("Merci, je vais bien.")
        file = {"name": "photo.jpg", "mimeType": "image/jpeg", "buffer": photo}
        stephane.page.locator("#id_attached").set_input_files(file)  # type: ignore[arg-type]
        stephane.press("Envoyer ma réponse")
        assert "Votre réponse est envoyée." in stephane.text()
        assert re.search(r"Merci, je vais bien\. .*photo\.jpg", stephane.text())
