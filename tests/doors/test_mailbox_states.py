"""What becomes of a mailbox shows at every door: suspended, closed, absent, asked not to write; and is counted."""

import csv
import imaplib
import io
import smtplib
import ssl
from collections import Counter
from datetime import date, timedelta

import pytest
from doors_clients import eventually, fetch_all, message_options
from doors_demo import Demo

RUTH = "277076322082910"
SHUT = (550, b"5.2.1 This mailbox is suspended or closed: nothing is sent from it")


@pytest.fixture(scope="module")
def reception(demo: Demo) -> str:
    """A mailbox of these tests' own."""
    address = "accueil@saint-aubin.mssante.test"
    demo.command(
        "mailbox", "create", address, "--kind", "ORG", "--label", "Centre hospitalier Saint-Aubin – Accueil",
        "--finess", "519999015", "--service", "Accueil", "--responsible", "Dr Hélène Vasseur",
        "--description", "Accueil des patients et des familles", "--password", demo.password,
    )  # fmt: skip
    return address


def write_to(demo: Demo, door: str, recipient: str, sender: str = "") -> str:
    """What a door answers to RCPT; nothing is sent."""
    port = demo.submission_port if door == "submission" else demo.operators_port
    sender = sender or (demo.HOSPITAL if door == "submission" else demo.CLINIC)
    with smtplib.SMTP("127.0.0.1", port, "poste.test", timeout=60) as client:
        if door == "submission":
            client.starttls(context=ssl.create_default_context(cafile=demo.ca_file))
            client.login(sender, demo.password)
        client.ehlo_or_helo_if_needed()
        assert client.mail(sender)[0] == 250
        code, words = client.rcpt(recipient)
        return "250" if code == 250 else f"{code} {words.decode()}"


def signed_in_smtp(demo: Demo, address: str) -> smtplib.SMTP:
    client = smtplib.SMTP("127.0.0.1", demo.submission_port, "poste.test", timeout=60)
    client.starttls(context=ssl.create_default_context(cafile=demo.ca_file))
    client.login(address, demo.password)
    return client


def begin(client: smtplib.SMTP, address: str) -> tuple[int, bytes]:
    """The answer to MAIL."""
    client.rset()
    return client.mail(address)


def may_sign_in(demo: Demo, address: str) -> bool:
    with imaplib.IMAP4("127.0.0.1", demo.imap_port, timeout=60) as client:
        client.starttls(ssl.create_default_context(cafile=demo.ca_file))
        try:
            return client.login(address, demo.password)[0] == "OK"
        except imaplib.IMAP4.error as refusal:
            assert "AUTHENTICATIONFAILED" in str(refusal)  # noqa: PT017 - the very answer matters
            return False


def test_a_mailbox_that_is_suspended_or_closed_is_so_at_every_door(demo: Demo, reception: str) -> None:
    suspended = "550 5.2.1 This mailbox is suspended and takes no mail"
    open_before = signed_in_smtp(demo, reception)
    for state, answer in (("", "250"), ("suspend", suspended), ("resume", "250")):
        if state:
            demo.command("mailbox", state, reception)
        assert {write_to(demo, door, reception) for door in ("submission", "operators")} == {answer}
        assert may_sign_in(demo, reception) is (state != "suspend")
        if state == "suspend":
            refused = demo.send("submission", demo.DOCTOR, "Depuis l'accueil", sender=reception)
            assert refused.last_refusal.startswith("535")
            eventually(lambda: begin(open_before, reception) == SHUT, "who was signed in sends nothing more")
            open_before.close()
    demo.command("mailbox", "close", reception, "--on", str(date.today() + timedelta(days=60)))  # noqa: DTZ011
    assert demo.send("submission", reception, "Une question").sent

    def told():
        with demo.mailbox(demo.HOSPITAL) as client:
            return [one for one in fetch_all(client) if one["From"] and reception in str(one["From"])]

    assert eventually(told, "the sender learns of the closing")[0]["Auto-Submitted"] == "auto-replied"
    with demo.mailbox(reception) as client:
        assert any("ferme le" in str(one["Subject"]) for one in fetch_all(client))
    demo.command("mailbox", "close", reception, "--at-once")
    assert {write_to(demo, door, reception) for door in ("submission", "operators")} == {
        "550 5.2.1 This mailbox is closed"
    }
    assert not may_sign_in(demo, reception)
    demo.command("mailbox", "reopen", reception)
    assert write_to(demo, "operators", reception) == "250"


def test_a_patient_who_asked_an_establishment_not_to_write_is_not_written_to(demo: Demo) -> None:
    patient = demo.address(RUTH)
    assert write_to(demo, "submission", patient) == "250"
    demo.command("mailbox", "opposition", "add", demo.HOSPITAL, RUTH, "--by", "Accueil")
    refused = "550 5.7.1 This patient has asked your establishment not to be written to."
    eventually(lambda: write_to(demo, "submission", patient) == refused, "the door has heard of it")
    assert write_to(demo, "submission", patient, demo.ARCHIVES) == refused
    for door, sender in (("submission", demo.DOCTOR), ("operators", demo.CLINIC)):
        assert write_to(demo, door, patient, sender) == "250"
    assert RUTH in demo.command("mailbox", "opposition", "list", demo.ARCHIVES)
    demo.command("mailbox", "opposition", "lift", demo.HOSPITAL, RUTH, "--by", "Accueil")
    assert write_to(demo, "submission", patient) == "250"


def subjects(demo: Demo, address: str, subject: str) -> list[str]:
    with demo.mailbox(address) as client:
        return [str(one["Subject"]) for one in fetch_all(client) if str(one["Subject"]) == subject]


def numbers(demo: Demo) -> Counter[tuple[str, str, str]]:
    """The month's numbers by kind, what is counted, and code."""
    table = demo.command("statistics", "--month", f"{date.today():%Y-%m}", "--csv")  # noqa: DTZ011
    rows = csv.DictReader(io.StringIO(table))
    return Counter({(row["kind"], row["what"], row["code"]): int(row["number"]) for row in rows})


def test_the_statistics_count_what_went_through_the_doors_once(demo: Demo, reception: str) -> None:
    before = numbers(demo)
    fields = ["X-MSS-CODECDA: 11490-0,11490-0,60591-5", "X-MSS-INS: O", "X-MSS-NIL: DEV935997"]
    options = message_options(demo.work, "Recompte", "Bonjour.", (), fields)
    assert demo.submit([reception, demo.DOCTOR, demo.address(RUTH)], *options).sent
    plain = message_options(demo.work, "Recompte", "Bonjour.")
    assert demo.submit([reception], *plain, login=demo.DOCTOR).sent
    assert demo.hand_over([reception, demo.address(RUTH)], *plain).sent
    expected = Counter(
        {
            ("ORG", "sent", ""): 1,
            ("ORG", "sent-to-patients", ""): 1,
            ("ORG", "sent-with-cda", ""): 1,
            ("ORG", "ins-qualified", ""): 1,
            ("ORG", "document", "11490-0"): 2,
            ("ORG", "document", "60591-5"): 1,
            ("ORG", "product", "DEV935997"): 1,
            ("ORG", "received", ""): 3,
            ("ORG", "received-with-cda", ""): 1,
            ("PER", "sent", ""): 1,
            ("PER", "received", ""): 1,
            ("PER", "received-with-cda", ""): 1,
        }
    )
    for (_, what, code), number in list(expected.items()):
        expected["ALL", what, code] += number

    eventually(lambda: len(subjects(demo, reception, "Recompte")) == 3, "everything is delivered")
    after = numbers(demo)
    changed = Counter({key: number - before[key] for key, number in after.items() if number != before[key]})
    for kind in ("ORG", "ALL"):  # looking into the mailbox may be its first sign-in of the month
        changed.pop((kind, "active-mailboxes", ""), None)
    assert changed == expected
    assert after["ORG", "active-mailboxes", ""] >= 1


def test_the_traces_tell_who_did_what_and_what_failed(demo: Demo, reception: str) -> None:
    with demo.mailbox(reception) as client:
        client.select("INBOX")
        number = client.search(None, "ALL")[1][0].split()[-1].decode()
        client.fetch(number, "(BODY[HEADER])")
        client.fetch(number, "(BODY[])")
        client.fetch(number, "(BODY[])")
        client.copy(number, "Trash")
        client.append("Drafts", None, None, b"Subject: brouillon\r\n\r\n")
        client.store(number, "+FLAGS", r"(\Deleted)")
        client.expunge()
    with imaplib.IMAP4("127.0.0.1", demo.imap_port, timeout=60) as client:
        client.starttls(ssl.create_default_context(cafile=demo.ca_file))
        with pytest.raises(imaplib.IMAP4.error):
            client.login(reception, "faux")

    def traced():
        table = list(csv.DictReader(io.StringIO(demo.command("mailbox", "traces", reception, "--csv"))))
        return table if [row for row in table if row["outcome"] == "wrong-password"] else None

    table = eventually(traced, "the traces are written")
    session = next(row["session"] for row in table if row["act"] == "deleted")
    done = Counter((row["act"], row["outcome"], row["count"]) for row in table if row["session"] == session)
    for act in ("sign-in", "read", "copied", "appended", "deleted"):
        assert done[act, "done", "1"] == 1, (act, done)
    read = next(row for row in table if row["act"] == "read" and row["session"] == session)
    assert len(read["messages"].split()) == 1
    assert {"received", "created"} <= {row["act"] for row in table}
    created = next(row for row in table if row["act"] == "created")
    assert created["author"].startswith("operator:")
    assert "+0" in created["at"]  # local time, with its offset


def test_an_absence_is_told_through_the_doors(demo: Demo, reception: str) -> None:
    today = str(date.today())  # noqa: DTZ011 - the demo's own calendar
    words = "L'accueil est fermé aujourd'hui."
    demo.command("mailbox", "absence", reception, "--from", today, "--until", today, "--text", words)
    demo.send("submission", reception, "Horaires ?", sender=demo.DOCTOR)

    def told():
        with demo.mailbox(demo.DOCTOR) as client:
            return [one for one in fetch_all(client) if words in one.get_content()]

    [answer] = eventually(told, "the absence is told")
    assert str(answer["Subject"]) == "Réponse automatique : Horaires ?"
    assert (answer["Return-Path"], answer["Auto-Submitted"]) == ("<>", "auto-replied")
