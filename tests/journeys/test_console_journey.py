"""Who looks after the installation plans a closure, and finds what waits and who is trusted."""

from dataclasses import replace

from journeys_browser import DESKTOP, Visit

from carnet.sandbox import cast

WHO = replace(cast.JOSETTE, login=cast.ADMINISTRATOR, email="exploitation@courriel.test")
PAGES = ("confiance", "confiance/changements", "courrier", "fermetures", "boites", "chiffres")


def test_an_administrator_looks_around_and_plans_a_closure(visit: Visit) -> None:
    with visit(DESKTOP) as administrator:
        administrator.sign_in(WHO, arrive="**/console/")
        assert administrator.heading() == "Vue d’ensemble"
        administrator.look()
        for page in PAGES:
            administrator.go(f"/console/{page}/")
            administrator.look()
        administrator.go("/console/confiance/?text=horizon")
        assert cast.OTHER_OPERATOR_DOMAIN in administrator.text().replace(" ", "")
        assert cast.HOSPITAL_DOMAIN not in administrator.text().replace(" ", "")
        administrator.go(f"/console/boites/orthopedie@{cast.HOSPITAL_DOMAIN}/")
        administrator.look()
        administrator.go("/console/fermetures/")
        administrator.page.locator("input[name=starts_at]").fill("2031-05-10T20:00")
        administrator.page.locator("input[name=until]").fill("2031-05-09T20:00")
        administrator.press("Prévoir")
        assert "finit après avoir commencé" in administrator.page.locator("#errors").inner_text()
        administrator.look()
        administrator.page.locator("input[name=until]").fill("2031-05-12T06:00")
        administrator.press("Prévoir")
        assert "12 mai 2031" in administrator.text()
        administrator.press("Annuler cette fermeture")
        assert "Aucune fermeture" in administrator.text()
        administrator.go("/messages/")
        assert administrator.page.url.endswith("/console/")
