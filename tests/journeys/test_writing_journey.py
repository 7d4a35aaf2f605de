"""What a holder types is kept by itself, goes on on another device, and no page overwrites another's words."""

from typing import TYPE_CHECKING

from journeys_browser import DESKTOP

from carnet.sandbox import cast

if TYPE_CHECKING:
    from journeys_browser import Visit, Visitor
    from journeys_demo import Demo

SUBJECT = "Avant votre consultation"


def state(who: "Visitor", words: str) -> None:
    """Wait until the form says so."""
    who.page.locator("[data-draft-state]").filter(has_text=words).wait_for()


def test_what_is_written_is_kept_by_itself_and_two_devices_lose_nothing(demo: "Demo", visit: "Visit") -> None:
    demo.write_to(cast.STEPHANE, SUBJECT, "Quels médicaments prenez-vous ?")
    with visit() as phone:
        phone.sign_in(cast.STEPHANE)
        phone.wait_for_message(SUBJECT)
        phone.follow(SUBJECT)
        phone.page.get_by_label("Votre message").fill("Je prends du paracétamol.")
        state(phone, "Brouillon enregistré")
        for name in ("boite.txt", "ordonnance.txt"):
            file = {"name": name, "mimeType": "text/plain", "buffer": b"500 mg"}
            phone.page.get_by_label("Joindre des fichiers").set_input_files(file)  # type: ignore[arg-type]
            phone.page.locator(".enclosed-one").filter(has_text=name).wait_for()
        phone.page.get_by_role("button", name="Retirer boite.txt").click()
        phone.page.locator(".enclosed-one").filter(has_text="boite.txt").wait_for(state="detached")
        program = {"name": "jeu.exe", "mimeType": "application/x-msdownload", "buffer": b"MZ\x90"}
        phone.page.get_by_label("Joindre des fichiers").set_input_files(program)  # type: ignore[arg-type]
        state(phone, "jeu.exe")
        with phone.page.expect_response("**/brouillons/**"):
            phone.page.get_by_label("Votre message").fill("Je prends du paracétamol .")
            phone.page.get_by_label("Votre message").fill("Je prends du paracétamol.")
            phone.page.get_by_label("Votre message").blur()
        assert "jeu.exe" in phone.page.inner_text("[data-draft-state]"), "why a file is not there is not said away"
        phone.look()
        with visit(DESKTOP) as computer:
            computer.sign_in(cast.STEPHANE)
            computer.wait_for_message(SUBJECT)
            computer.follow(SUBJECT)
            assert computer.page.get_by_label("Votre message").input_value() == "Je prends du paracétamol."
            assert "ordonnance.txt" in computer.text()
            with computer.page.expect_response("**/brouillons/**"):
                computer.page.get_by_label("Votre message").fill("Je prends du paracétamol et de l’ibuprofène.")
                computer.page.get_by_label("Votre message").blur()
            phone.page.get_by_label("Votre message").fill("Je ne prends plus rien.")
            phone.page.get_by_role("alert").get_by_text("ibuprofène").wait_for()
            phone.look()
            phone.press("Prendre l’autre texte")
            assert phone.page.get_by_label("Votre message").input_value().endswith("ibuprofène.")
            phone.press("Envoyer ma réponse")
            assert "Votre réponse est envoyée." in phone.text()
            computer.page.get_by_label("Votre message").fill("Et aussi du magnésium.")
            computer.page.locator(".message--out").wait_for()
            assert computer.page.locator(".message--out").count() == 1
        kept = phone.page.context.cookies()
        phone.page.get_by_label("Votre message").fill("Merci, docteur.")
        state(phone, "Brouillon enregistré")
        phone.context.clear_cookies(name="sessionid")  # the session ends by itself
        phone.page.get_by_label("Votre message").fill("Merci, docteur. À lundi.")
        state(phone, "Vous êtes déconnecté")
        with phone.page.expect_response(lambda answer: answer.request.method == "POST"):
            phone.press("Envoyer ma réponse")
        assert phone.page.get_by_label("Votre message").input_value() == "Merci, docteur. À lundi.", "nothing is lost"
        phone.context.add_cookies(kept)  # type: ignore[arg-type] # signed in again in another tab
        phone.press("Envoyer ma réponse")
        phone.page.locator(".message--out").nth(1).wait_for()
        assert "Merci, docteur. À lundi." in phone.text()
