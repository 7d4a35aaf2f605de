"""Every published document, by both doors: seen under its sender's name, opened, kept with its metadata; no leak."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from doors_archives import Letter, about, archive, letter_of, sample, sample_parameters
from doors_clients import Attached, encoded, swaks
from doors_demo import Demo
from doors_portal import Portal, whole_text, words

from carnet.domain.record.values import PatientId
from carnet.domain.record.xdm import xdm_for_cda

TYPES_AS_SHOWN = {
    # The national list's own label where the document's author wrote another one.
    "74207-2": "Document de liaison d'urgence",
    "11369-6": "Historique des vaccinations",
}


def plain(text: str) -> str:
    """Typographic apostrophes and spaces as typed ones."""
    return " ".join(text.replace("’", "'").split())


def carried(letter: Letter, subject: str) -> list[Attached]:
    """The attachments of a document's mail: the archive, and the PDF beside it when there is one."""
    found = [Attached("IHE_XDM.zip", "application/zip", archive(letter))]
    if letter.pdf:
        found.append(Attached(f"{subject}.pdf", "application/pdf", letter.pdf))
    return found


def check_in_message(portal: Portal, letter: Letter, *, sender: str, verified: bool) -> None:
    """The conversation on the page shows the letter under its sender's name."""
    shown = portal.text()
    assert f"Avec {sender}" in shown
    assert ("Expéditeur vérifié" in shown) is verified
    (article,) = portal.articles()
    assert words(article.find(".//h2")) == sender
    assert plain(letter.filed.title) in plain(words(article))
    assert len(article.findall(".//li")) == 1  # the PDF beside is the same document: it is not listed twice
    assert "mise de côté" not in shown


def check_opens(portal: Portal, letter: Letter, url: str) -> None:
    """The page of the attachment or document shows it; what it downloads is what was sent."""
    portal.get(url)
    if letter.pdf:
        in_full = next(one for one in portal.page.iter("a") if words(one).startswith("Ouvrir en grand"))
        assert portal.bytes_of(in_full.get("href")) == letter.pdf
        assert portal.headers["Content-Type"] == "application/pdf"
        assert portal.headers["Content-Security-Policy"].startswith("sandbox;")
        assert portal.headers["X-Content-Type-Options"] == "nosniff"
    else:
        region = words(portal.page.find(".//div[@role='region']"))
        assert letter.words
        missing = [word for word in letter.words if word not in region]
        assert not missing


def check_facts(portal: Portal, letter: Letter) -> None:
    """The page shows the title, the type, the author and the date of the metadata."""
    said = letter.filed
    assert plain(words(portal.page.find(".//h1"))) == plain(said.title)
    facts = portal.facts()
    assert plain(facts["Type"]) == plain(TYPES_AS_SHOWN.get(said.type_code, said.type_label))
    for part in (said.family.upper(), said.given, said.institution):
        assert part.strip(".") in facts["Auteur"]
    assert facts["Date"] == said.day


def check_nothing_leaked(demo: Demo, letter: Letter, subject: str, mails: list[str]) -> None:
    """The e-mails to the holder say nothing of what the message is about, nor from whom, nor to whom."""
    said = letter.filed
    secrets = [subject, said.title, said.type_label, said.ins, said.family, said.institution, demo.HOSPITAL]
    secrets += [demo.HOSPITAL_NAME, demo.CLINIC, demo.CLINIC_NAME, "Saint-Aubin", "Horizon", "PAT-TROIS", "BOISJOLI"]
    for mail in mails:
        leaked = [one for one in secrets if len(one) > 1 and one.lower() in mail.lower()]
        assert not leaked


def first_view(portal: Portal) -> str:
    """The address of the first attachment's own page."""
    return next(link.get("href") for link in portal.page.iter("a") if (link.text_content().strip()).startswith("Voir"))


DOORS = {
    "submission": ("dominique", Demo.HOSPITAL_NAME),
    "operators": ("stephane", Demo.CLINIC_NAME),
}
LOGINS = {"dominique": "dominique.p", "ruth": "ruth.nessi", "stephane": "stephane.b"}


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("path", sample_parameters())
def test_a_published_document_is_seen_opened_and_kept(
    demo: Demo, request: pytest.FixtureRequest, path: Path, door: str
) -> None:
    who, sender = DOORS[door]
    letter = letter_of(path.read_bytes())
    if door == "submission" and letter.filed.ins == "277076322082910":
        who = "ruth"
    portal: Portal = request.getfixturevalue(who)
    holder = demo.holder(LOGINS[who])
    if letter.filed.ins != holder["ins"]:
        letter = about(letter, holder["ins"])
    shown_subject = f"{path.stem} par {door}"
    subject = f"XDM/1.0/DDM+{shown_subject}"
    before = demo.outbox.names()

    sent = demo.send(door, demo.address(holder["ins"]), subject, attached=carried(letter, subject))
    assert sent.sent, sent.transcript

    portal.open_conversation(shown_subject)
    check_in_message(portal, letter, sender=sender, verified=True)
    conversation = portal.url
    check_opens(portal, letter, first_view(portal))
    check_facts(portal, letter)
    portal.get(conversation)
    portal.send("/garder/")
    assert "C’est maintenant dans vos documents." in portal.text()
    assert portal.url.startswith(f"{demo.web}/documents/")
    check_facts(portal, letter)
    check_opens(portal, letter, portal.url)
    portal.get(conversation)
    assert "Déjà dans vos documents" in portal.text()
    assert "Garder dans mes documents" not in portal.text()

    check_nothing_leaked(demo, letter, shown_subject, demo.outbox.sent_to(holder["email"], before, count=2))


def test_a_document_that_comes_twice_is_kept_once(demo: Demo, ruth: Portal) -> None:
    letter = about(letter_of(sample("v3-VAC_2023.01.xml")), "277076322082910")
    for number, door in enumerate(("submission", "operators")):
        sent = demo.send(door, demo.address(letter.filed.ins), f"Vaccins {number}", attached=carried(letter, "vaccins"))
        assert sent.sent, sent.transcript
    ruth.open_conversation("Vaccins 0")
    first = ruth.url
    (form,) = [one for one in ruth.page.forms if "/garder/" in (one.get("action") or "")]
    again = (form.get("action"), dict(form.form_values()))
    ruth.send("/garder/")
    document = ruth.url
    ruth.open_conversation("Vaccins 1")
    assert "Déjà dans vos documents" in ruth.text()
    assert any(link.get("href") and document.endswith(link.get("href")) for link in ruth.page.iter("a"))
    # A form that was already on somebody's screen is sent all the same: nothing is added.
    ruth.get(first)
    token = {**again[1], **{f.name: f.value for f in ruth.page.forms[0].inputs if f.name == "csrfmiddlewaretoken"}}
    ruth.post(again[0], token)
    assert "Ce document est déjà dans vos documents." in ruth.text()
    assert ruth.url == document


def test_an_archive_of_our_own_builder_is_read_as_one_made_by_hand(demo: Demo, ruth: Portal) -> None:
    letter = about(letter_of(sample("v3-VSM_1.4_2022.01.xml")), "277076322082910")
    ours = xdm_for_cda(letter.cda, PatientId(letter.filed.ins, letter.filed.oid))
    sent = demo.send(
        "operators",
        demo.address(letter.filed.ins),
        "Synthèse de Carnet",
        attached=[Attached("IHE_XDM.ZIP", "application/octet-stream", ours)],
    )
    assert sent.sent, sent.transcript
    ruth.open_conversation("Synthèse de Carnet")
    check_in_message(ruth, letter, sender=demo.CLINIC_NAME, verified=True)
    check_opens(ruth, letter, first_view(ruth))
    check_facts(ruth, letter)


def test_what_is_kept_is_filed_by_its_metadata_where_they_differ_from_the_document(demo: Demo, ruth: Portal) -> None:
    letter = about(letter_of(sample("v3-LDL-SES_2022.01.xml")), "277076322082910")
    said = replace(
        letter.filed,
        title="Lettre de sortie de chirurgie",
        type_code="11488-4",
        type_system="2.16.840.1.113883.6.1",
        type_label="CR ou fiche de consultation ou de visite",
        family="VASSEUR",
        given="Hélène",
        institution="Clinique des Tilleuls",
        created="20260302101500+0100",
        service_start="20260302090000+0100",
        unique_id=f"{letter.filed.unique_id}.7",
    )
    packed = archive(letter, filed=(said,))
    demo.send(
        "submission",
        demo.address(said.ins),
        "Métadonnées à part",
        attached=[Attached("IHE_XDM.zip", "application/zip", packed)],
    )
    ruth.open_conversation("Métadonnées à part")
    ruth.send("/garder/")
    check_facts(ruth, Letter(letter.cda, said))


def test_two_documents_of_one_archive_are_two_attachments(demo: Demo, ruth: Portal) -> None:
    both = [
        about(letter_of(sample(name)), "277076322082910")
        for name in ("v3-DLU-EHPAD-FLUDT_2022.01.xml", "v3-CSE-MDE_2023.01.xml")
    ]
    demo.send(
        "operators",
        demo.address("277076322082910"),
        "Deux documents",
        attached=[Attached("IHE_XDM.zip", "application/zip", archive(*both))],
    )
    ruth.open_conversation("Deux documents")
    (article,) = ruth.articles()
    shown = [plain(words(item)) for item in article.iterfind(".//li")]
    assert len(shown) == 2
    assert all(plain(one.filed.title) in text for one, text in zip(both, shown, strict=True))


def original(document: bytes) -> bytes:
    return document


def renumbered(document: bytes) -> bytes:
    """Another pair of the same two documents."""
    for number in (b"402", b"403"):
        document = document.replace(b"1.2.250.1.213.4.5.4." + number, b"1.2.250.1.213.4.5.5." + number)
    return document


@pytest.mark.parametrize(
    ("older_first", "numbered"), [(True, original), (False, renumbered)], ids=["older-first", "newer-first"]
)
def test_a_replacing_document_marks_the_older_one_whichever_comes_first(
    demo: Demo, ruth: Portal, older_first: bool, numbered: Callable[[bytes], bytes]
) -> None:
    names = ["hl7v2-RIS_transmission_initiale.xml", "hl7v2-RIS_remplacement.xml"]
    pages = {}
    for name in names if older_first else reversed(names):
        letter = about(letter_of(numbered(sample(name))), "277076322082910")
        subject = f"{name} {numbered.__name__}"
        demo.send("submission", demo.address(letter.filed.ins), subject, attached=carried(letter, subject))
        ruth.open_conversation(subject)
        ruth.send("/garder/")
        pages[name] = ruth.url
    older, newer = (pages[name] for name in names)
    ruth.get(older)
    assert "Remplacé par une version plus récente." in ruth.text()
    assert any(link.get("href") and newer.endswith(link.get("href")) for link in ruth.page.iter("a"))
    ruth.get(newer)
    assert "Remplacé par une version plus récente. " not in ruth.text()
    ruth.get("/documents/")
    marks = [words(row) for row in ruth.page.iterfind(".//li") if "CR d’imagerie médicale" in words(row)]
    assert sum("Remplacé" in mark for mark in marks) == len(marks) / 2


def test_a_sender_that_the_directory_does_not_know_is_shown_unverified_with_its_domain(
    demo: Demo, ruth: Portal
) -> None:
    demo.send(
        "operators",
        demo.address("277076322082910"),
        "Qui est-ce",
        sender="inconnu@clinique-horizon.mssante.test",
        headers=["X-Priority: 1"],
    )
    ruth.open_conversation("Qui est-ce")
    shown = ruth.text()
    assert "Expéditeur non vérifié – clinique-horizon.mssante.test" in shown
    assert "Expéditeur vérifié" not in shown


def test_the_name_of_the_from_field_is_not_believed(demo: Demo, ruth: Portal) -> None:
    sent = demo.hand_over(
        [demo.address("277076322082910")],
        "--h-From",
        f'"Centre hospitalier Saint-Aubin" <{demo.CLINIC}>',
        "--h-Subject",
        "Un nom d'emprunt",
    )
    assert sent.sent, sent.transcript
    ruth.open_conversation("Un nom d'emprunt")
    assert "Saint-Aubin" not in ruth.text()
    assert f"Avec {demo.CLINIC_NAME}" in ruth.text()


def test_people_without_a_sign_in_are_told_too_and_no_e_mail_of_all_says_more_than_that(
    demo: Demo, dominique: Portal
) -> None:
    laurence = next(one for one in demo.ready["holders"] if one["birth_name"] == "PATB-QUATRE")
    before = demo.outbox.names()
    demo.send("submission", demo.address(laurence["ins"]), "Votre rendez-vous de suivi")
    (mail,) = demo.outbox.sent_to(laurence["email"], before)
    assert "activez d’abord votre espace" in mail
    for _, message in demo.outbox.all():
        text = whole_text(message).lower()
        for secret in ("rendez-vous", "laurence pat", "patb", "saint-aubin", "horizon", laurence["ins"], "xdm"):
            assert secret not in text


@pytest.mark.parametrize(
    "address",
    ["184102A00402193@patient.mssante.fr", "184102a00402193@patient.mssante.fr", "184102A00402193@Patient.MSSante.FR"],
)
@pytest.mark.parametrize("door", DOORS)
def test_an_address_is_the_same_in_capitals_and_in_small_letters(demo: Demo, door: str, address: str) -> None:
    ghjuvan = next(one for one in demo.ready["holders"] if one["birth_name"] == "PAOLETTI")
    before = demo.outbox.names()
    sent = demo.send(door, address, "En capitales ou non")
    assert sent.sent, sent.transcript
    demo.outbox.sent_to(ghjuvan["email"], before)


def test_another_operator_may_come_over_tls(demo: Demo, ruth: Portal) -> None:
    sent = demo.hand_over(
        [demo.address("277076322082910")],
        "-tls", "--tls-verify", "--tls-ca-path", demo.ca_file, "--h-Subject", "Par un canal chiffré",
    )  # fmt: skip
    assert sent.sent, sent.transcript
    assert "TLS started" in sent.transcript
    ruth.open_conversation("Par un canal chiffré")


def test_a_copy_to_a_holder_who_is_named_twice_arrives_once(demo: Demo, ruth: Portal) -> None:
    address = demo.address("277076322082910")
    sent = demo.hand_over([address, address, address.upper()], "--h-Subject", "Trois fois nommée")
    assert sent.sent, sent.transcript
    ruth.open_conversation("Trois fois nommée")
    ruth.get("/messages/")
    assert sum("Trois fois nommée" in words(link) for link in ruth.page.iter("a")) == 1
    ruth.open_conversation("Trois fois nommée")
    assert len(ruth.articles()) == 1


@pytest.mark.parametrize("door", DOORS)
def test_a_sender_is_the_same_in_capitals_and_in_small_letters(demo: Demo, ruth: Portal, door: str) -> None:
    subject = f"Expéditeur en capitales par {door}"
    name, _, domain = (demo.HOSPITAL if door == "submission" else demo.CLINIC).partition("@")
    sender = f"{name.capitalize()}@{domain.title()}"
    options = ["--header", f"Subject: {encoded(subject)}"]
    if door == "submission":
        signed_in = demo.submission_options()
        sent = swaks(demo.submission_port, demo.work, sender, [demo.address("277076322082910")], *signed_in, *options)
    else:
        sent = demo.hand_over([demo.address("277076322082910")], *options, sender=sender)
    assert sent.sent, sent.transcript
    ruth.open_conversation(subject)
    assert f"Avec {DOORS[door][1]}" in ruth.text()
    assert "Expéditeur vérifié" in ruth.text()
