"""Getting in: activating a space, the keyboard alone, what goes wrong at sign-in, a sign-in that has ended."""

import time

from journeys_browser import Visit, Visitor
from journeys_demo import HOSPITAL_NAME, Demo

from carnet.sandbox import cast

LOGIN = "laurence.demo"
PASSWORD = "Cerisier-1987!"


def test_a_person_who_was_written_to_activates_her_space_and_reads(demo: Demo, visit: Visit) -> None:
    since = time.time() - 1
    demo.write_to(cast.LAURENCE, "Votre rendez-vous", "Bonjour,\nVenez à jeun.")
    told = demo.mailed(cast.LAURENCE.email, "Carnet", since)
    for secret in ("rendez-vous", "jeun", "Saint-Aubin", "orthop", cast.LAURENCE.birth_name, cast.LAURENCE.ins):
        assert secret.lower() not in told.lower()
    with visit() as laurence:
        laurence.go("/")
        laurence.follow("Activer mon espace")
        laurence.look()
        laurence.page.locator("input[name=ins]").fill("2 07 05 85 756 270 98")
        laurence.page.locator("input[name=birth_date]").fill(cast.LAURENCE.birth_date)
        laurence.press("Envoyez-moi un code")
        assert "numéro de sécurité sociale" in laurence.page.locator("#errors").inner_text()
        laurence.look()
        laurence.page.locator("input[name=ins]").fill("2 07 05 85 756 270 97")
        since = time.time() - 1
        laurence.press("Envoyez-moi un code")
        laurence.look()
        code = demo.activation_code(cast.LAURENCE, since)
        laurence.follow("J’ai mon code")
        laurence.look()
        fill_activation(laurence, code.lower())
        laurence.page.locator("input[name=password2]").fill("Autre-Chose-9!")
        laurence.press("Activer mon espace")
        assert "pas identiques" in laurence.page.locator("#errors").inner_text()
        laurence.look()
        fill_activation(laurence, code.lower())
        laurence.press("Activer mon espace")
        assert laurence.page.url.endswith("/connexion/")
        laurence.sign_in(cast.Holder(**{**cast.LAURENCE.__dict__, "login": LOGIN}), password=PASSWORD)
        laurence.look()
        laurence.follow("Votre rendez-vous")
        assert HOSPITAL_NAME in laurence.text()
        assert "Venez à jeun." in laurence.text()
        laurence.look()
        laurence.go("/documents/")
        laurence.look()  # nothing in it yet


def fill_activation(who: Visitor, code: str) -> None:
    values = {
        "ins": cast.LAURENCE.ins,
        "birth_date": cast.LAURENCE.birth_date,
        "code": code,
        "login": LOGIN,
        "password1": PASSWORD,
        "password2": PASSWORD,
    }
    for name, value in values.items():
        who.page.locator(f"input[name={name}]").fill(value)
    who.page.locator("input[name=terms]").check()


def test_the_keyboard_alone_signs_in_reads_and_answers(demo: Demo, visit: Visit) -> None:
    demo.write_to(cast.STEPHANE, "Au clavier", "Bonjour,\nComment allez-vous ?")
    with visit() as stephane:
        keys = stephane.page.keyboard
        stephane.go("/")
        stephane.tab_to(text="Se connecter")
        keys.press("Enter")
        stephane.page.wait_for_url("**/connexion/")
        stephane.tab_to(name="login")
        keys.type(cast.STEPHANE.login)
        stephane.tab_to(name="password")
        keys.type(cast.PASSWORD)
        since = time.time() - 1
        keys.press("Enter")
        stephane.page.wait_for_url("**/connexion/code/")
        stephane.tab_to(name="code")
        keys.type(demo.sign_in_code(cast.STEPHANE, since))
        keys.press("Enter")
        stephane.page.wait_for_url("**/accueil/")
        stephane.wait_for_message("Au clavier")
        first = stephane.tab()
        assert first["href"] == "#main", "the first stop leads past the menu"
        keys.press("Enter")
        assert stephane.page.evaluate("document.activeElement.id") == "main"
        stephane.tab_to(text="Au clavier")
        keys.press("Enter")
        stephane.page.wait_for_url("**/messages/*-*/")
        stephane.tab_to(name="text")
        keys.type("Bien, merci.")
        stephane.tab_to(type="file")
        stephane.tab_to(text="Envoyer ma réponse")
        keys.press("Enter")
        stephane.page.wait_for_url("**#message-*")
        assert "Bien, merci." in stephane.page.locator(".message--out").inner_text()


def test_wrong_passwords_and_wrong_codes_let_nobody_in(demo: Demo, visit: Visit) -> None:
    with visit() as somebody:
        somebody.go("/connexion/")
        said = set()
        for login in (cast.RUTH.login, "personne.ici", cast.MEHDI.login):
            somebody.page.locator("input[name=login]").fill(login)
            somebody.page.locator("input[name=password]").fill("Faux-Semblant-1!")
            somebody.press("Continuer")
            said.add(somebody.page.locator("#errors").inner_text())
            assert somebody.page.evaluate("document.activeElement.id") == "errors"
        assert len(said) == 1, "the answer tells who has a space"
        somebody.look()
        since = time.time() - 1
        somebody.page.locator("input[name=login]").fill(cast.RUTH.login)
        somebody.page.locator("input[name=password]").fill(cast.PASSWORD)
        somebody.press("Continuer")
        right = demo.sign_in_code(cast.RUTH, since)
        wrong = f"{(int(right) + 1) % 1_000_000:06}"
        for _ in range(2):
            somebody.page.locator("input[name=code]").fill(wrong)
            somebody.press("Se connecter")
            assert "/connexion/code/" in somebody.page.url
        somebody.look()
        somebody.page.locator("input[name=code]").fill(wrong)
        somebody.press("Se connecter")
        assert somebody.page.url.endswith("/connexion/"), "three wrong codes: from the beginning"
        somebody.look()
        somebody.go("/connexion/code/")
        assert somebody.page.locator("input[name=code]").count() == 0
        somebody.go("/accueil/")
        assert "/connexion/" in somebody.page.url


def test_a_sign_in_that_has_ended_leads_back_to_where_one_was(demo: Demo, visit: Visit) -> None:
    demo.write_to(cast.RUTH, "Après la pause", "Bonjour, répondez quand vous voulez.")
    with visit() as ruth:
        ruth.sign_in(cast.RUTH)
        ruth.wait_for_message("Après la pause")
        ruth.follow("Après la pause")
        conversation = ruth.page.url
        ruth.page.locator("textarea[name=text]").fill("Ma réponse")
        ruth.context.clear_cookies(name="sessionid")  # what half an hour without a sign of life does
        ruth.page.locator("[data-draft-state]").filter(has_text="Vous êtes déconnecté").wait_for()
        ruth.press("Envoyer ma réponse")
        assert ruth.page.locator("textarea[name=text]").input_value() == "Ma réponse", "there to be copied"
        ruth.press("Envoyer ma réponse")
        ruth.page.wait_for_url("**/connexion/**")
        since = time.time() - 1
        ruth.page.locator("input[name=login]").fill(cast.RUTH.login)
        ruth.page.locator("input[name=password]").fill(cast.PASSWORD)
        ruth.press("Continuer")
        ruth.page.locator("input[name=code]").fill(demo.sign_in_code(cast.RUTH, since))
        ruth.press("Se connecter")
        ruth.page.wait_for_url(conversation)
        assert ruth.page.locator(".message--out").count() == 0, "nothing was sent without her"
        ruth.look()
