"""The demo's INSi service, asked as software outside does."""

import subprocess

from doors_demo import Demo

QUESTION = """<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body>
  <rechercherInsAvecTraitsIdentite xmlns="urn:carnet:insi:1"><NomNaissance>{name}</NomNaissance><Prenom>MARIE</Prenom>
  <Sexe>F</Sexe><DateNaissance>1980-05-15</DateNaissance></rechercherInsAvecTraitsIdentite></s:Body></s:Envelope>"""


def test_the_demo_runs_a_service_that_knows_its_people_and_their_homonyms(demo: Demo) -> None:
    def ask(name: str) -> str:
        command = [
            "curl",
            "-sf",
            "-H",
            "Content-Type: application/soap+xml",
            "--data-binary",
            QUESTION.format(name=name),
        ]
        return subprocess.run([*command, demo.ready["insi"]["url"]], capture_output=True, check=True, text=True).stdout

    assert "<CodeCR>02</CodeCR>" in ask("MARTIN")
    assert "<CodeCR>01</CodeCR>" in ask("MARTIN-")
