"""A hospital's three pathways from template to answer to indicator: the desk on a large screen, the holder on a phone.

Each figure at the end is held against a recount by hand: of what the journey did, or of what a mail program finds.
"""

import csv
import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, timedelta
from email.message import Message
from pathlib import Path
from statistics import median
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from journeys_browser import DESKTOP, PHONE, Visitor, visitor
from journeys_demo import HOSPITAL, Demo
from playwright.sync_api import Browser, StorageState

from carnet.foundation.clock import now
from carnet.sandbox import cast
from carnet.sandbox.letter import discharge_letter

JULIE, HELENE = "99700218938", "99700218920"  # the nurse and the surgeon of the orthopaedics team
SOPHIE, CLAIRE = "99700219027", "99700218912"  # the coordinating nurse of oncology; the patient's GP
NADEGE = "99700219035"  # at the archives
PASSWORD = "Cerisier-1987!"
PATHWAY = "Prothèse de hanche"
ARCHIVES, ONCOLOGY = f"archives@{cast.HOSPITAL_DOMAIN}", f"oncologie@{cast.HOSPITAL_DOMAIN}"


@dataclass(frozen=True)
class Doors:
    """``with doors.desk(JULIE) as julie``, ``with doors.phone(cast.RUTH) as ruth``: each signs in once for all."""

    demo: Demo
    browser: Browser
    cookies: dict[str, StorageState]

    @contextmanager
    def desk(self, rpps: str, *, scripts: bool = True) -> Iterator[Visitor]:
        with self._open(DESKTOP, rpps, lambda who: who.enter_desk(rpps), scripts) as who:
            who.go("/bureau/")
            yield who

    @contextmanager
    def phone(self, holder: cast.Holder, *, password: str = cast.PASSWORD, scripts: bool = True) -> Iterator[Visitor]:
        with self._open(PHONE, holder.login, lambda who: who.sign_in(holder, password=password), scripts) as who:
            yield who

    @contextmanager
    def _open(
        self, size: dict[str, int], name: str, sign_in: Callable[[Visitor], None], scripts: bool
    ) -> Iterator[Visitor]:
        with visitor(self.demo, self.browser, size, scripts=scripts, cookies=self.cookies.get(name)) as who:
            if name not in self.cookies:
                sign_in(who)
                self.cookies[name] = who.context.storage_state()
            yield who


@pytest.fixture(scope="module")
def doors(demo: Demo, chromium: Browser) -> Doors:
    return Doors(demo, chromium, {})


def today() -> date:
    return now().astimezone(ZoneInfo("Europe/Paris")).date()


def french(day: date) -> str:
    return f"{day:%d/%m/%Y}"


def give(who: Visitor, field: str, name: str, media_type: str, content: bytes) -> None:
    """Choose a file of the device."""
    file: Any = {"name": name, "mimeType": media_type, "buffer": content}
    who.page.locator(f"input[type=file][name={field}]").first.set_input_files(file)


def open_thread(who: Visitor, subject: str) -> None:
    """From the desk's list to the conversation of this subject, as soon as it is there."""
    who.wait_for_words(subject)
    who.follow(subject)


def read(who: Visitor, subject: str) -> None:
    """From a holder's list to the conversation of this subject, as soon as it is there."""
    who.wait_for_message(subject)
    who.follow(subject)


def answer(who: Visitor, text: str) -> None:
    """A holder answers the conversation that is shown."""
    who.page.get_by_label("Votre message").fill(text)
    who.press("Envoyer ma réponse")
    who.page.locator(".message--out", has_text=text).wait_for()


def activate(who: Visitor, demo: Demo, holder: cast.Holder) -> None:
    """A space is opened to its holder, by the code that she gets by e-mail."""
    who.go("/activation/")
    who.choose(ins=holder.ins, birth_date=holder.birth_date)
    since = time.time() - 1
    who.press("Envoyez-moi un code")
    code = demo.activation_code(holder, since)
    who.follow("J’ai mon code")
    who.choose(ins=holder.ins, birth_date=holder.birth_date, code=code, login=holder.login, terms=True)
    who.choose(password1=PASSWORD, password2=PASSWORD)
    who.press("Activer mon espace")
    who.page.wait_for_url("**/connexion/")


def datamatrix(holder: cast.Holder) -> str:
    """What a hand scanner types from the barcode of this person, the separators lost on the way."""
    year, month, day = holder.birth_date.split("-")
    fields = (
        ("S1", holder.ins), ("S2", holder.oid.value), ("S3", holder.given_names), ("S4", holder.birth_name),
        ("S5", holder.sex), ("S6", f"{day}-{month}-{year}"), ("S7", holder.birth_place),
    )  # fmt: skip
    return "IS01" + "0" * 22 + "".join(mark + said for mark, said in fields)


def figures(who: Visitor) -> dict[str, int]:
    """What the page of a sending counts."""
    pairs = who.page.locator("dl.figures > div").all_inner_texts()
    return {name: int(number) for name, number in (pair.split("\n") for pair in pairs)}


def indicator(demo: Demo, which: str, folder: Path, stays: list[tuple[cast.Holder, str, date, date]]) -> dict[str, Any]:
    """An indicator of the month in which these stays end, as the hospital asks for it: by the command."""
    lines = [f"{holder.ins};{pathway};séjour;{french(start)};{french(end)}" for holder, pathway, start, end in stays]
    path = folder / "cohort.csv"
    path.write_text("\n".join(["ins;parcours;nature;entrée;sortie", *lines]), "utf-8")
    funded = ["--funded", "yes"] if which == "p1-08" else []
    asked = ["--finess", "519999015", "--month", f"{stays[0][3]:%Y-%m}", "--cohort", str(path), "--format", "json"]
    told: dict[str, Any] = json.loads(demo.carnet("indicators", which, *asked, *funded))
    return told


def counts(exchange: dict[str, Any]) -> dict[str, int]:
    return {name: exchange[name] for name in ("sent", "arrived", "observable", "opened", "answered")}


def is_letter(message: Message) -> bool:
    """Written by somebody: not a receipt."""
    return message.get_content_type() != "multipart/report"


def test_a_hip_operation_from_a_template_to_p1_08(demo: Demo, doors: Doors, photo: bytes, tmp_path: Path) -> None:
    enters, leaves = today() + timedelta(days=7), today() + timedelta(days=10)
    written_to = [cast.DOMINIQUE, cast.GHJUVAN, cast.MEHDI]  # activated; not activated; closed
    subject = "Préparer votre opération"
    with doors.desk(JULIE) as julie:
        julie.follow("Modèles")
        julie.look()
        julie.follow("Parcours")
        julie.follow("Nouveau parcours")
        julie.choose(name=PATHWAY, validated_on=f"{today()}", validated_by="CME")
        julie.look()
        julie.press("Enregistrer")
        julie.look()
        julie.follow("Modèles")
        julie.press("Copier – Consignes avant l’opération")
        text = julie.page.locator("[name=text]").input_value()
        julie.choose(name=PATHWAY, pathway=PATHWAY, text=f"{text}\n\nÀ bientôt, {{{{prenom}}}}.")
        julie.press("Aperçu")
        assert "À bientôt, " in julie.page.locator("#preview").inner_text()
        julie.look()
        julie.press("Enregistrer")
        julie.follow("Réception")
        julie.follow("Réponses enregistrées")
        julie.choose(title="Cicatrice normale", text="Votre peau est belle. Gardez le pansement au sec.")
        julie.press("Garder")
        julie.look()

        julie.follow("Envois")
        julie.look()
        julie.follow("Envoyer à plusieurs")
        julie.choose(template=PATHWAY, title=PATHWAY)
        julie.look()
        julie.press("Continuer")
        julie.look()
        lines = [(one.ins, one.birth_name, one.given_names.split()[0]) for one in written_to]
        lines.insert(2, (cast.RUTH.ins[:-1] + "1", cast.RUTH.birth_name, "RUTH"))
        sheet = ["INS;Nom de naissance;Prénom;Date d'entrée", *(f"{';'.join(one)};{french(enters)}" for one in lines)]
        give(julie, "file", "hanche.csv", "text/csv", "\r\n".join(sheet).encode("cp1252"))
        julie.press("Vérifier la liste")
        assert "3 messages sont prêts à partir" in julie.text(), julie.text()
        bad = julie.page.get_by_role("row").filter(has_text="Inutilisable").inner_text()
        assert bad.split()[0] == "4", "the line as the spreadsheet numbers it"
        assert "les deux derniers étant sa clé" in bad
        julie.look()
        julie.follow("Voir les messages")
        assert "Bonjour DOMINIQUE PAT-TROIS" in julie.text()
        julie.look()
        julie.page.go_back()
        julie.follow("Choisir le moment")
        julie.page.get_by_label("Compté depuis le séjour").check()
        julie.choose(days="7", side="avant", anchor="le premier jour du séjour", hour="00:00")
        julie.choose(past_due="lui écrire tout de suite")
        julie.look()
        julie.press("Continuer")
        julie.look()
        julie.press("Envoyer 3 messages")
        julie.wait_for_words("Terminé")
        sending = julie.page.url
        assert figures(julie) == {
            "Distribué": 2,
            "Ouvert": 0,
            "Répondu": 0,
            "Refusés ou retenus": 1,
            "Espace non activé": 1,
        }

    with doors.phone(cast.DOMINIQUE) as dominique:
        dominique.wait_for_message(subject)
        assert "Si vous ouvrez ce message, son expéditeur en est averti." in dominique.text()
        dominique.look()
        address = dominique.page.get_by_role("link", name=subject).first.get_attribute("href")
        assert address is not None
        dominique.go(address.partition("?")[0])  # as from elsewhere: she is told before anything is opened
        assert "souhaite savoir quand vous lisez" in dominique.text()
        dominique.look()
        dominique.follow("Ouvrir le message")
        assert "À bientôt, DOMINIQUE." in dominique.text()
        dominique.page.get_by_label("Votre message").fill("Bonjour, cette rougeur est-elle normale ?")
        give(dominique, "attached", "peau.jpg", "image/jpeg", photo)
        dominique.page.locator("[data-enclosed]", has_text="peau.jpg").wait_for()
        dominique.look()
        dominique.press("Envoyer ma réponse")
        assert "cette rougeur est-elle normale" in dominique.page.locator(".message--out").inner_text()

    with doors.desk(JULIE) as julie:
        open_thread(julie, subject)
        assert "En attente depuis" in julie.text()
        assert "Ouvert par son destinataire" in julie.text()
        julie.page.locator(".message--in img").evaluate("(image) => image.decode()")
        julie.press("M’en occuper")
        julie.choose(note="Vu avec le Dr Vasseur : rien d’inquiétant.")
        julie.press("Enregistrer la note")
        julie.look()
        julie.choose(text="Bonjour,")
        julie.page.locator("[data-draft-state]", has_text="Gardé aujourd’hui").wait_for()
    with doors.desk(HELENE) as helene:
        helene.look()
        helene.follow("Chirurgie orthopédique")
        assert "Julie LEMAIRE" in helene.page.locator(".thread", has_text=subject).inner_text()
        helene.look()
        helene.follow(subject)
        assert "Vu avec le Dr Vasseur" in helene.page.locator(".team-note").first.inner_text()
        assert "Mme Julie LEMAIRE a commencé une réponse" in helene.text()
        helene.follow("Voir peau.jpg")
        helene.page.locator(".picture-view").evaluate("(image) => image.decode()")
        helene.look()
    with doors.desk(JULIE) as julie:
        open_thread(julie, subject)
        assert julie.page.locator("#answer textarea").input_value() == "Bonjour,", "kept by the page itself"
        julie.choose(reply="Cicatrice normale")
        julie.press("Insérer")
        julie.choose(end=True)
        julie.press("Envoyer la réponse")
        assert "Gardez le pansement au sec." in julie.page.locator(".message--out").last.inner_text()
        assert "Échange terminé" in julie.text()
        julie.follow("Imprimer")
        julie.look()
        julie.go(sending.removeprefix(demo.web))
        julie.wait_for_words("Répondu 1")
        assert figures(julie) == {
            "Distribué": 2,
            "Ouvert": 1,
            "Répondu": 1,
            "Refusés ou retenus": 1,
            "Espace non activé": 1,
        }
        julie.look()
        with julie.page.expect_download() as kept:
            julie.follow("Rapport (CSV)")
        report = list(csv.DictReader(kept.value.path().open(encoding="utf-8-sig", newline=""), delimiter=";"))
        julie.follow("Ceux qui ne sont pas joints")
        assert [one.birth_name in julie.text() for one in written_to] == [False, True, True]
        julie.look()
        julie.follow("Envois")
        julie.follow("Chiffres")
        julie.look()
    with doors.phone(cast.DOMINIQUE) as dominique:
        read(dominique, subject)
        assert "Gardez le pansement au sec." in dominique.text()
        assert "Ce message n’attend pas de réponse." in dominique.text()
        assert dominique.page.locator("textarea").count() == 0
        dominique.look()

    by_hand = {one.ins for one in written_to}
    assert [line["INS"] for line in report if line["État"] in ("Distribué", "Refusé")] == [
        one.ins for one in written_to
    ]
    in_mail_program = {
        one.ins
        for one in cast.HOLDERS
        for _, copy in demo.kept(HOSPITAL, "Sent")
        if one.ins in str(copy["To"]) and "Préparer votre opération" in str(copy["Subject"])
    }
    assert in_mail_program == by_hand
    stays = [(one, "Hanche", enters, leaves) for one in (*written_to, cast.LUCAS)]  # Lucas: nobody writes to him
    everyone = indicator(demo, "p1-08", tmp_path, stays)["all"]
    assert isinstance(everyone, dict)
    assert everyone["eligible"] == len(stays)
    assert everyone["sent"] == len(by_hand)
    assert everyone["delivered"] == len(by_hand) - 1
    assert everyone["refused_only"] == 1
    assert everyone["rate_sent"] == len(by_hand) / len(stays)
    assert everyone["target_reached"] is True


def test_oncology_follow_up_with_a_letter_to_the_patient_and_her_gp(demo: Demo, doors: Doors) -> None:
    ruth_says = ["Je suis fatiguée depuis la dernière cure.", "Et j’ai de la fièvre ce soir : 38,2."]
    kind, title = "CR ou fiche de consultation ou de visite", "Compte rendu de consultation d’oncologie"
    with doors.desk(SOPHIE) as sophie:
        sophie.follow("Écrire")
        sophie.look()
        ways = sophie.page.locator("details.way")
        ways.nth(1).locator("summary").click()
        sophie.choose(birth_name=cast.RUTH.birth_name, given_name="RUTH", birth_date=cast.RUTH.birth_date)
        sophie.choose(sex="Féminin")
        ways.nth(1).get_by_role("button").click()
        assert cast.RUTH.ins[:13] in sophie.text().replace(" ", ""), "found by her traits"
        sophie.look()
        sophie.page.go_back()
        sophie.choose(scan=datamatrix(cast.RUTH))
        sophie.page.locator("form[data-scan] button:not([type=button])").click()
        assert cast.RUTH.ins[:13] in sophie.text().replace(" ", ""), "found by her barcode"
        sophie.choose(identity_checked=True)
        sophie.page.locator("main form button").first.click()
        sophie.press("Documents : lettre, compte rendu, ordonnance")
        sophie.page.get_by_label("Type de document").select_option(label=kind)
        sophie.page.get_by_label("Titre").fill(title)
        sophie.page.get_by_label("Texte de la lettre").fill(
            "La troisième cure a été bien supportée.\n\nProchaine cure dans trois semaines."
        )
        sophie.page.get_by_label("Un mot pour accompagner").fill("Bonjour, voici le compte rendu de mardi.")
        sophie.choose(to_patient=True, colleague_words="morvan")
        sophie.press("Chercher dans l’annuaire")
        sophie.press("Ajouter Dr Claire MORVAN")
        sophie.look()
        sophie.press("Relire avant d’envoyer")
        sheet = sophie.page.locator("img.sheet").first
        sheet.scroll_into_view_if_needed()
        sheet.evaluate("(image) => image.decode()")
        sophie.look()
        sophie.press("Envoyer")

    with doors.phone(cast.RUTH) as ruth:
        read(ruth, kind)
        ruth.look()
        ruth.press(f"Garder dans mes documents {title}")
        assert ruth.heading() == title
        ruth.look()
        for said in ruth_says:
            read(ruth, kind)
            answer(ruth, said)
        ruth.follow("Messages")
        ruth.follow("Contacts")
        assert "Oncologie" in ruth.text()
        ruth.look()

    with doors.desk(SOPHIE) as sophie:
        open_thread(sophie, kind)
        assert [said in sophie.text() for said in ruth_says] == [True, True]
        sophie.choose(text="Appelez-nous tout de suite au numéro de votre carte, nous vous attendons.")
        sophie.press("Envoyer la réponse")
        assert sophie.page.locator(".message--out").count() == 2
        assert "En attente depuis" not in sophie.text()
    with doors.phone(cast.RUTH) as ruth:
        read(ruth, kind)
        assert "nous vous attendons" in ruth.page.locator(".message--in").last.inner_text()

    with doors.desk(CLAIRE) as claire:
        open_thread(claire, kind)
        claire.press("Le classer avec son patient")
        claire.look()
        claire.page.locator(".attachment").get_by_role("link", name="Voir").first.click()
        sheet = claire.page.get_by_role("img", name="Page 1 sur 1").first
        sheet.evaluate("(image) => image.decode()")
        claire.look()
        claire.follow("Patients")
        claire.look()
        claire.follow("NESSI")
        assert title in claire.text()
        claire.look()
    for owner, folder in ((f"claire.morvan@{cast.CITY_DOMAIN}", "INBOX"), (ONCOLOGY, "Sent")):
        letter = next(one for _, one in demo.kept(owner, folder) if str(one["Subject"]).startswith("XDM/1.0/DDM"))
        names = [part.get_filename() or "" for part in letter.walk()]
        assert "IHE_XDM.zip" in names
        assert any(name.endswith(".pdf") for name in names)


def test_archives_from_a_request_to_the_figures_of_the_pilot(demo: Demo, doors: Doors, tmp_path: Path) -> None:
    josette = replace(cast.JOSETTE, login="josette.k")
    subject = "Votre venue du mois prochain"
    with doors.desk(NADEGE) as nadege:
        nadege.follow("Écrire")
        ways = nadege.page.locator("details.way")
        ways.nth(0).locator("summary").click()
        nadege.choose(
            ins=josette.ins, birth_name=josette.birth_name, given_name="JOSETTE", birth_date=josette.birth_date
        )
        ways.nth(0).get_by_role("button").click()
        nadege.choose(identity_checked=True)
        nadege.page.locator("main form button").first.click()
        nadege.choose(subject=subject, text="Apportez vos anciens comptes rendus, s’il vous plaît.")
        nadege.look()
        nadege.press("Relire avant d’envoyer")
        nadege.press("Envoyer")
    with visitor(demo, doors.browser, PHONE) as new:
        activate(new, demo, josette)
    with doors.phone(josette, password=PASSWORD) as phone:
        read(phone, subject)
        answer(phone, "Je ne les ai plus. Pouvez-vous m’envoyer mon dossier de 2019 ?")
    with doors.desk(NADEGE) as nadege:
        open_thread(nadege, subject)
        letter = discharge_letter(josette, now() - timedelta(days=2000), now() - timedelta(days=1995))
        nadege.choose(text="Voici votre dossier de 2019.", end=True)
        give(nadege, "attached", "dossier-2019.pdf", "application/pdf", letter.pdf)
        nadege.press("Envoyer la réponse")
        assert "Échange terminé" in nadege.text()
    with doors.phone(josette, password=PASSWORD) as phone:
        read(phone, subject)
        assert "Ce message n’attend pas de réponse." in phone.text()
        assert phone.page.locator("textarea").count() == 0
        phone.follow("Voir dossier-2019.pdf")
        phone.page.get_by_role("img", name="Page 1 sur 1").first.evaluate("(image) => image.decode()")
        phone.look()
    with doors.desk(NADEGE) as nadege:
        open_thread(nadege, subject)
        nadege.choose(text="Il manquait une page : la voici bientôt.", end=False)
        nadege.press("Envoyer la réponse")
        assert "Échange terminé" not in nadege.text()
    with doors.phone(josette, password=PASSWORD) as phone:
        read(phone, subject)
        answer(phone, "Merci, rien ne presse.")

    sent = [at for at, copy in demo.kept(ARCHIVES, "Sent") if josette.ins in str(copy["To"])]
    came = [at for at, copy in demo.kept(ARCHIVES, "INBOX") if josette.ins in str(copy["From"]) and is_letter(copy)]
    assert (len(sent), len(came)) == (3, 2)
    tomorrow, after = today() + timedelta(days=1), today() + timedelta(days=2)
    stays = [(one, "Archives", tomorrow, after) for one in (josette, cast.LUCAS)]  # Lucas: nobody writes to him
    told = indicator(demo, "pilot", tmp_path, stays)
    before = told["contacted_before"]["all"]
    assert (before["eligible"], before["sent"], before["delivered"]) == (2, 1, 1)
    to_her, from_her = told["to_patients"], told["from_patients"]
    # By hand: her first letter answers our first message; her second one our second and third, which she has read.
    assert counts(to_her) == {"sent": 3, "arrived": 3, "observable": 3, "opened": 3, "answered": 3}
    delays = [came[0] - sent[0], came[1] - sent[1], came[1] - sent[2]]
    assert to_her["median_answer_seconds"] == pytest.approx(median(one.total_seconds() for one in delays), abs=2)
    # Our second message answers her first letter; nobody has opened her second one yet.
    assert counts(from_her) == {"sent": 2, "arrived": 2, "observable": 2, "opened": 1, "answered": 1}
    assert from_her["median_answer_seconds"] == pytest.approx((sent[1] - came[0]).total_seconds(), abs=2)


def test_both_sides_read_and_answer_without_javascript(demo: Demo, doors: Doors) -> None:
    subject = "Votre demande de dossier"
    demo.write_to(
        cast.STEPHANE,
        subject,
        "Bonjour,\nQuelle année cherchez-vous ?",
        sender=ARCHIVES,
        Disposition_Notification_To=ARCHIVES,
    )
    with doors.phone(cast.STEPHANE, scripts=False) as stephane:
        stephane.wait_for_message(subject)
        assert "son expéditeur en est averti" in stephane.text()
        stephane.follow(subject)
        answer(stephane, "L’année 2012, s’il vous plaît.")
    with doors.desk(NADEGE, scripts=False) as nadege:
        nadege.follow("Réponses enregistrées")
        nadege.choose(title="Recherche", text="Nous cherchons, et vous répondrons sous huit jours.")
        nadege.press("Garder")
        nadege.follow("Réception")
        open_thread(nadege, subject)
        assert "L’année 2012" in nadege.text()
        nadege.press("M’en occuper")
        nadege.choose(note="Sous-sol, rangée 12.")
        nadege.press("Enregistrer la note")
        nadege.choose(reply="Recherche")
        nadege.press("Insérer")
        nadege.press("Envoyer la réponse")
        nadege.page.locator("details.more summary").click()
        nadege.follow("Terminer tous les échanges avec ce patient")
        nadege.page.locator("main form button").first.click()
        assert "Échange terminé" in nadege.text()
        nadege.follow("Réception")
        nadege.choose(text="stephane")
        nadege.press("Chercher")
        assert subject in nadege.text()
    with doors.phone(cast.STEPHANE, scripts=False) as stephane:
        read(stephane, subject)
        assert "sous huit jours" in stephane.text()
        assert "Sous-sol" not in stephane.text()
        assert "a mis fin à cet échange" in stephane.text()
