"""The main job, played live over the real protocols: a hospital writes to a patient, she reads, files and answers."""

import imaplib
import re
import smtplib
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import orjson
from django.conf import settings
from rich.console import Console

from carnet.domain.messaging.compose import compose_document_message, document_subject, make_message_id
from carnet.domain.messaging.mime.addresses import Address
from carnet.domain.record.values import PatientId
from carnet.domain.record.xdm import pdf_name, xdm_for_cda
from carnet.foundation.clock import now
from carnet.foundation.ids import new_id
from carnet.sandbox import cast
from carnet.sandbox.browsing import Browser, newest_mail
from carnet.sandbox.letter import Letter, discharge_letter

_ORTHO = f"orthopedie@{cast.HOSPITAL_DOMAIN}"
_COHORT = (cast.DOMINIQUE, cast.STEPHANE)
_ANSWER = "Bonjour, merci pour la lettre. La cicatrice est propre et je marche chaque jour."


class Story:
    """The steps, in the order in which they happen; each uses what the steps before it left."""

    def __init__(self) -> None:
        self.began = time.time() - 1
        self.left = now()
        self.admitted = self.left - timedelta(days=3)
        self.tls = ssl.create_default_context(cafile=str(Path(settings.CARNET_DATA_DIR) / "tls" / "ca.pem"))
        self.letter: Letter | None = None
        self.browser: Browser | None = None

    def hospital_sends(self) -> str:
        letter = self.letter = discharge_letter(cast.DOMINIQUE, self.admitted, self.left)
        who = cast.DOMINIQUE
        given = who.given_names.split()[0]
        label = "Lettre de liaison à la sortie d'un établissement de soins"
        mail = compose_document_message(
            sender_name="Centre hospitalier Saint-Aubin – Chirurgie orthopédique",
            sender_address=_ORTHO,
            recipients=[Address("", f"{who.ins}@{settings.CARNET_PATIENT_DOMAIN}")],
            subject=document_subject([label], who.birth_name, given, None),
            text="Bonjour,\n\nVous trouverez ci-joint la lettre de votre sortie. Répondez si vous avez une "
            "question sur vos soins à la maison.\n\nL’équipe de chirurgie orthopédique",
            xdm=xdm_for_cda(letter.cda, PatientId(who.ins, who.oid.value)),
            pdfs=[(pdf_name(self.left.date(), label, who.birth_name, given), letter.pdf)],
            message_id=make_message_id(cast.HOSPITAL_DOMAIN, str(new_id())),
            date=now(),
            loinc_codes=[letter.code],
            ins_is_qualified=True,
            receipt_to=_ORTHO,
        )
        with smtplib.SMTP(settings.CARNET_BIND, settings.CARNET_SUBMISSION_PORT, timeout=30) as client:
            client.starttls(context=self.tls)
            client.login(_ORTHO, cast.PASSWORD)
            client.sendmail(_ORTHO, list(mail.recipients), mail.content)
        return f"IHE_XDM.zip and PDF, {len(mail.content) // 1000} kB, by submission with STARTTLS"

    def patient_is_told(self) -> str:
        text = newest_mail(settings.CARNET_OUTBOX_DIR, cast.DOMINIQUE.email, "Carnet", self.began)
        return f"« {text.splitlines()[0]} »"

    def patient_signs_in(self) -> str:
        browser = self.browser = Browser(f"{settings.CARNET_WEB_URL}/connexion/")
        at = time.time() - 1
        browser.send("/connexion/", {"login": cast.DOMINIQUE.login, "password": cast.PASSWORD})
        code = re.search(r"\b\d{6}\b", newest_mail(settings.CARNET_OUTBOX_DIR, cast.DOMINIQUE.email, r"\b\d{6}\b", at))
        assert code is not None
        browser.send("/connexion/code/", {"code": code.group()})
        return "login, password and the six digits sent by e-mail"

    def patient_reads(self) -> str:
        assert self.browser is not None
        self.browser.get("/messages/")
        self.browser.follow("XDM/1.0/DDM" if "XDM/1.0/DDM" in self.browser.text() else "Lettre de liaison")
        shown = "Chirurgie orthopédique" in self.browser.text()
        return "the letter, under the hospital's name in the directory" if shown else "the letter"

    def patient_files(self) -> str:
        assert self.browser is not None
        conversation = self.browser.url
        self.browser.send("/garder/")
        filed = self.browser.page.findtext(".//h1")
        self.browser.get(conversation)
        return f"« {(filed or '').strip()} »"

    def patient_answers(self) -> str:
        assert self.browser is not None
        self.browser.send("/reponse/", {"text": _ANSWER})
        return f"« {_ANSWER[:44]}… »"

    def hospital_reads(self) -> str:
        with imaplib.IMAP4(settings.CARNET_BIND, settings.CARNET_IMAP_PORT, timeout=30) as client:
            client.starttls(ssl_context=self.tls)
            client.login(_ORTHO, cast.PASSWORD)
            client.select("INBOX")
            found = client.search(None, "UNSEEN", "FROM", f'"{cast.DOMINIQUE.ins}"')[1][0].split()
            client.fetch(found[-1].decode(), "(BODY[TEXT])")
        return f"by IMAP: {len(found)} new (the receipt of reading and the answer)"

    def use_is_counted(self) -> str:
        """As the hospital would: from its list of stays, with the command."""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "cohort.csv"
            stays = [f"{one.ins},hanche,stay,{self.admitted:%Y-%m-%d},{self.left:%Y-%m-%d}" for one in _COHORT]
            path.write_text("\n".join(["ins,pathway,kind,stay_start,stay_end", *stays]) + "\n")
            asked = ["--finess", "519999015", "--funded", "yes", "--month", f"{self.left:%Y-%m}", "--cohort", str(path)]
            done = subprocess.run(
                [sys.executable, "-m", "carnet", "indicators", "p1-08", *asked, "--format", "json"],
                capture_output=True,
                text=True,
                timeout=120,
                check=False,
            )
        if done.returncode:
            return done.stderr.strip().splitlines()[-1] if done.stderr.strip() else "not computed"
        everyone = orjson.loads(done.stdout)["all"]
        return f"{everyone['delivered']} of {everyone['eligible']} eligible patients reached"


_STEPS: tuple[tuple[str, Callable[[Story], str]], ...] = (
    ("The hospital's software sends a discharge letter", Story.hospital_sends),
    ("The patient is told by e-mail", Story.patient_is_told),
    ("She signs in", Story.patient_signs_in),
    ("She reads", Story.patient_reads),
    ("She files it in her documents", Story.patient_files),
    ("She answers", Story.patient_answers),
    ("The hospital reads the answer in its mail client", Story.hospital_reads),
    ("The use is counted (P1.08)", Story.use_is_counted),
)


def play(console: Console) -> None:
    """Play the story; each step is told with its own time."""
    console.print("The main job, as it happens:", style="bold")
    story = Story()
    for words, step in _STEPS:
        began = time.monotonic()
        told = step(story)
        console.print(f"  {time.monotonic() - began:6.2f} s  {words}", style="green", end="")
        console.print(f" – {told}")
