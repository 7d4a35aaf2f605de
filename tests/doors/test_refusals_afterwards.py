"""What is found wrong after the 250: the sender gets the headers back, the reader what is sound, and the reason."""

import base64
import re
from email.message import EmailMessage
from pathlib import Path

import pytest
from doors_archives import about, archive, letter_of, metadata, sample, zipped
from doors_clients import Attached, eventually, fetch_all, talk
from doors_demo import Demo
from doors_portal import Portal, whole_text, words

STEPHANE = "179075145422281"
RUTH = "277076322082910"
DOORS = ("submission", "operators")
SECRET = "La glycémie est à surveiller."
NOTE = Attached("consignes.txt", "text/plain; charset=utf-8", b"Marcher chaque jour.\n")


def report_to_sender(demo: Demo, door: str, subject: str) -> EmailMessage:
    """The failure report about a message, wherever its sender reads."""

    def in_mailbox() -> EmailMessage | None:
        with demo.mailbox(demo.HOSPITAL) as client:
            found = [one for one in fetch_all(client) if is_report(one) and subject in original_headers(one)]
        assert len(found) <= 1
        return found[0] if found else None

    def at_the_operator() -> EmailMessage | None:
        found = [one for one in demo.operator.holding("Undelivered") if subject in original_headers(one[2])]
        assert len(found) <= 1
        if found:
            assert found[0][0] in ("", "<>")  # the null return path: nothing answers a report (RFC 5321 §4.5.5)
        return found[0][2] if found else None

    return eventually(in_mailbox if door == "submission" else at_the_operator, "a report to the sender")


def is_report(message: EmailMessage) -> bool:
    return message.get_content_type() == "multipart/report"


def original_headers(report: EmailMessage) -> str:
    return "".join(part.get_content() for part in report.walk() if part.get_content_type() == "text/rfc822-headers")


def check_report(report: EmailMessage, recipient: str, status: str, reason: str) -> None:
    """A report in the form of RFC 3464, with the headers alone of what was sent."""
    assert report.get_param("report-type") == "delivery-status"
    assert report["Auto-Submitted"] == "auto-replied"
    kinds = [part.get_content_type() for part in report.iter_parts()]
    assert kinds == ["text/plain", "message/delivery-status", "text/rfc822-headers"]
    fields = "\n".join(str(block) for block in list(report.iter_parts())[1].get_payload())
    assert f"Final-Recipient: rfc822; {recipient}" in fields
    assert "Action: failed" in fields
    assert f"Status: {status}" in fields
    diagnostic = re.sub(r"\s+", " ", fields)
    assert f"{status} {reason}" in diagnostic
    said = report.as_string() + whole_text(report)
    for secret in (SECRET, base64.b64encode(SECRET.encode()).decode()[:24], "glyc", "Content-Disposition: attachment"):
        assert secret not in said


def send(demo: Demo, door: str, subject: str, *attached: Attached, to: str = STEPHANE):
    sent = demo.send(door, demo.address(to), subject, SECRET, attached)
    assert sent.sent, sent.transcript
    return sent


def xdm(content: bytes, name: str = "IHE_XDM.zip") -> Attached:
    return Attached(name, "application/zip", content)


def with_entity(document: bytes) -> bytes:
    """The document with an external entity where its title was."""
    start = document.index(b"<ClinicalDocument")
    doctype = b'<!DOCTYPE ClinicalDocument [<!ENTITY secret SYSTEM "file:///etc/passwd">]>\n'
    changed = re.sub(rb"(<title>)[^<]*(</title>)", rb"\1&secret;\2", document[start:], count=1)
    return document[:start] + doctype + changed


def hostile_archives() -> dict[str, tuple[bytes, str]]:
    """Archives that are not opened, with what the reader is told of each."""
    good = zipped({"IHE_XDM/SUBSET01/DOC0001.XML": b"<a/>"})
    return {
        "not-a-zip": (b"Ceci n'est pas une archive.\r\n" * 50, "Cette archive n’est pas un fichier zip."),
        "truncated": (good[:-30], "Cette archive est abîmée ou incomplète."),
        "bomb": (
            zipped({"IHE_XDM/SUBSET01/DOC0001.XML": bytes(6_000_000)}),
            "Cette archive contient bien plus que sa taille ne l’annonce",
        ),
        "bomb-of-many": (
            zipped({f"IHE_XDM/SUBSET01/DOC{n:04d}.XML": bytes(19_000_000) for n in range(6)}),
            "Cette archive contient trop de données.",
        ),
        "dot-dot": (
            zipped({"IHE_XDM/SUBSET01/../../../../tmp/carnet-was-here": b"oops"}),
            "Un fichier de cette archive porte un nom qui pourrait être nuisible.",
        ),
        "absolute": (
            zipped({"/tmp/carnet-was-here": b"oops"}),
            "Un fichier de cette archive porte un nom qui pourrait être nuisible.",
        ),
    }


HOSTILE = ("not-a-zip", "truncated", "bomb", "bomb-of-many", "dot-dot", "absolute")


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_archive_is_shown_with_its_reason_and_the_rest_stays_readable(
    demo: Demo, stephane: Portal, kind: str, door: str
) -> None:
    content, reason = hostile_archives()[kind]
    subject = f"Archive {kind} par {door}"
    send(demo, door, subject, xdm(content), NOTE)
    stephane.open_conversation(subject)
    (article,) = stephane.articles()
    assert SECRET in words(article)
    archive_row, note_row = article.findall(".//li")
    assert "IHE_XDM.zip" in words(archive_row)
    assert reason in words(archive_row)
    assert not archive_row.findall(".//a")
    assert not archive_row.findall(".//form")
    file = next(link.get("href") for link in note_row.iter("a") if "/fichier/" in link.get("href"))
    assert stephane.bytes_of(file) == NOTE.content
    # Nor is it given out to who asks for it by its address.
    stephane.get(file.replace("/3/", "/2/"))
    assert stephane.status == 403
    assert not Path("/tmp/carnet-was-here").exists()


@pytest.mark.parametrize("door", DOORS)
def test_a_document_with_an_external_entity_is_not_read_and_the_reader_is_told(
    demo: Demo, stephane: Portal, door: str
) -> None:
    letter = about(letter_of(sample("v3-VAC_2023.01.xml")), STEPHANE)
    files = {
        "IHE_XDM/SUBSET01/METADATA.XML": metadata(letter.filed, contents=(with_entity(letter.cda),)),
        "IHE_XDM/SUBSET01/DOC0001.XML": with_entity(letter.cda),
    }
    subject = f"Entité externe par {door}"
    send(demo, door, subject, xdm(zipped(files)), NOTE)
    stephane.open_conversation(subject)
    (article,) = stephane.articles()
    assert "root:" not in words(article)
    archive_row, note_row = article.findall(".//li")
    assert "Un document de cette archive ne peut pas être ouvert sans risque." in words(archive_row)
    assert not archive_row.findall(".//a")
    assert "consignes.txt" in words(note_row)


def test_metadata_with_an_external_entity_leave_the_document_to_its_own_header(demo: Demo, stephane: Portal) -> None:
    letter = about(letter_of(sample("v3-CNAM-HR_2021.01.xml")), STEPHANE)
    said = metadata(letter.filed, contents=(letter.cda,))
    entity = b'<!DOCTYPE x [<!ENTITY secret SYSTEM "file:///etc/passwd">]><lcm:'
    files = {
        "IHE_XDM/SUBSET01/METADATA.XML": said.replace(b"<lcm:", entity, 1),
        "IHE_XDM/SUBSET01/DOC0001.XML": letter.cda,
    }
    send(demo, "operators", "Métadonnées piégées", xdm(zipped(files)))
    stephane.open_conversation("Métadonnées piégées")
    (article,) = stephane.articles()
    (row,) = article.findall(".//li")
    assert letter.filed.title in words(row)
    assert "root:" not in stephane.text()
    assert "mise de côté" not in stephane.text()


def test_an_ordinary_zip_is_an_attachment_like_another(demo: Demo, stephane: Portal) -> None:
    content = zipped({"photo.txt": b"une photo"})
    send(demo, "submission", "Un zip de photos", xdm(content, "photos.zip"))
    stephane.open_conversation("Un zip de photos")
    (article,) = stephane.articles()
    assert "mise de côté" not in words(article)
    file = next(link.get("href") for link in article.iter("a") if "/fichier/" in link.get("href"))
    assert stephane.bytes_of(file) == content


def test_a_wrong_hash_in_the_metadata_alarms_nobody(demo: Demo, stephane: Portal) -> None:
    letter = about(letter_of(sample("v3-LDL-SES_2022.01.xml")), STEPHANE)
    files = {
        "IHE_XDM/SUBSET01/METADATA.XML": metadata(letter.filed, contents=(letter.cda + b" ",)),
        "IHE_XDM/SUBSET01/DOC0001.XML": letter.cda,
    }
    send(demo, "operators", "Empreinte fausse", xdm(zipped(files)))
    stephane.open_conversation("Empreinte fausse")
    (article,) = stephane.articles()
    assert letter.filed.title in words(article)
    assert "mise de côté" not in words(article)


OTHER_PATIENT = "The documents of this message are about another person than its recipient."


def other_patients() -> dict[str, list[Attached]]:
    """Attachments that are about Dominique, or partly about her, in a message to Stéphane."""
    hers = letter_of(sample("v3-VAC_2023.01.xml"))
    his = about(hers, STEPHANE)
    return {
        "document": [xdm(archive(hers))],
        "document-behind-metadata": [xdm(archive(hers, patient=STEPHANE))],
        "metadata": [xdm(archive(his, patient=hers.filed.ins))],
        "one-of-two": [xdm(archive(his, letter_of(sample("v3-VSM_1.4_2022.01.xml"))))],
        "second-archive": [xdm(archive(his)), xdm(archive(hers), "suite.zip")],
        "loose-document": [Attached("vaccins.xml", "text/xml", hers.cda)],
        "unnamed-type": [Attached("vaccins.xml", "application/octet-stream", hers.cda)],
        "undescribed": [
            xdm(
                zipped(
                    {
                        "IHE_XDM/SUBSET01/METADATA.XML": metadata(his.filed, contents=(his.cda,)),
                        "IHE_XDM/SUBSET01/DOC0001.XML": his.cda,
                        "IHE_XDM/SUBSET01/DOC0002.XML": hers.cda,
                    }
                )
            )
        ],
        "metadata-without-document": [
            xdm(zipped({"IHE_XDM/SUBSET01/METADATA.XML": metadata(hers.filed, contents=(hers.cda,))}))
        ],
    }


OTHER = (
    "document",
    "document-behind-metadata",
    "metadata",
    "one-of-two",
    "second-archive",
    "loose-document",
    "unnamed-type",
    "undescribed",
    "metadata-without-document",
)


@pytest.mark.parametrize("kind", OTHER)
def test_documents_of_another_person_withhold_all_of_the_message_and_the_sender_is_told(
    demo: Demo, stephane: Portal, kind: str
) -> None:
    door = DOORS[OTHER.index(kind) % 2]
    subject = f"Autre patient {kind}"
    before = demo.outbox.names()
    send(demo, door, subject, *other_patients()[kind], NOTE)
    report = report_to_sender(demo, door, subject)
    check_report(report, demo.address(STEPHANE), "5.7.1", OTHER_PATIENT)
    assert not stephane.has_conversation(subject)
    assert not [one for name, one in demo.outbox.all() if name not in before and "stephane" in str(one["To"])]
    stephane.get("/activite/")
    assert "ses documents concernent une autre personne" in stephane.text()
    assert subject not in stephane.text()


def test_one_recipient_in_two_gets_what_is_hers_and_the_report_names_the_other(
    demo: Demo, ruth: Portal, stephane: Portal
) -> None:
    letter = about(letter_of(sample("v3-VAC_2023.01.xml")), RUTH)
    path = demo.work / "hers.zip"
    path.write_bytes(archive(letter))
    sent = demo.hand_over(
        [demo.address(RUTH), demo.address(STEPHANE)],
        *("--h-Subject", "À deux personnes", "--attach-type", "application/zip"),
        *("--attach-name", "IHE_XDM.zip", "--attach", f"@{path}"),
    )
    assert sent.sent, sent.transcript
    report = report_to_sender(demo, "operators", "personnes")
    check_report(report, demo.address(STEPHANE), "5.7.1", OTHER_PATIENT)
    assert RUTH not in str(list(report.iter_parts())[1])
    ruth.open_conversation("À deux personnes")
    assert not stephane.has_conversation("À deux personnes")


def deep(levels: int) -> str:
    """Multiparts inside multiparts."""
    body = f"Content-Type: text/plain; charset=utf-8\r\n\r\n{SECRET}\r\n"
    for level in range(levels):
        body = f"Content-Type: multipart/mixed; boundary=b{level}\r\n\r\n--b{level}\r\n{body}\r\n--b{level}--\r\n"
    return body


MALFORMED = {
    "too-deep": (deep(25), "nested"),
    "too-many-parts": (
        "Content-Type: multipart/mixed; boundary=b\r\n\r\n" + f"--b\r\n\r\n{SECRET}\r\n" * 300 + "--b--\r\n",
        "parts",
    ),
    "too-many-fields": ("X-Field: 1\r\n" * 2500 + f"\r\n{SECRET}\r\n", "header"),
    "too-long-a-field": ("X-Field: " + "\r\n ".join(["b" * 900] * 90) + f"\r\n\r\n{SECRET}\r\n", "header"),
}


@pytest.mark.parametrize("kind", MALFORMED)
def test_a_message_that_cannot_be_read_as_mail_goes_back(demo: Demo, stephane: Portal, kind: str) -> None:
    door = DOORS[list(MALFORMED).index(kind) % 2]
    rest, reason = MALFORMED[kind]
    subject = f"Malforme {kind}"
    deliver_raw(demo, door, f"Subject: {subject}\r\nMIME-Version: 1.0\r\n{rest}", [STEPHANE])
    report = report_to_sender(demo, door, subject)
    check_report(report, demo.address(STEPHANE), "5.6.0", "")
    assert reason in " ".join(str(list(report.iter_parts())[1]).split())
    assert not stephane.has_conversation(subject)


TOLERATED = {
    "no-closing-boundary": 'Content-Type: multipart/mixed; boundary="b"\r\n\r\n--b\r\n\r\nLisible.\r\n',
    "no-boundary-at-all": "Content-Type: multipart/mixed\r\n\r\nLisible.\r\n",
    "unknown-charset": "Content-Type: text/plain; charset=martien\r\n\r\nLisible.\r\n",
    "broken-base64": "Content-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\n\r\nTGlzaWJsZS4\r\n@@@\r\n",
    "unknown-encoding": "Content-Transfer-Encoding: x-uuencode\r\n\r\nLisible.\r\n",
    "odd-header-line": "ceci n'est pas un en-tête\r\n\r\nLisible.\r\n",
    "bad-date": "Date: hier soir\r\n\r\nLisible.\r\n",
    "hostile-html": "Content-Type: text/html\r\n\r\n<p>Lisible.</p><script>alert(1)</script><img src=http://x.test/p.gif>\r\n",
}


@pytest.mark.parametrize("kind", TOLERATED)
def test_a_message_that_is_only_odd_is_read(demo: Demo, stephane: Portal, kind: str) -> None:
    subject = f"Bizarre {kind}"
    deliver_raw(demo, "operators", f"Subject: {subject}\r\nMIME-Version: 1.0\r\n{TOLERATED[kind]}", [STEPHANE])
    stephane.open_conversation(subject)
    (article,) = stephane.articles()
    assert "Lisible." in words(article)
    assert "alert(1)" not in words(article)
    assert not article.findall(".//img")
    assert not article.findall(".//script")


def deliver_raw(demo: Demo, door: str, rest: str, to: list[str], sender: str | None = None) -> None:
    """Hand in bytes that no mail software would make."""
    if door == "submission":
        path = demo.work / "raw.eml"
        path.write_bytes(f"From: {demo.HOSPITAL}\r\n{rest}".encode())
        sent = demo.submit([demo.address(one) for one in to], "--data", f"@{path}")
        assert sent.sent, sent.transcript
        return
    with talk(demo.operators_port) as wire:
        wire.reply()
        wire.say("EHLO poste.test")
        assert wire.say(f"MAIL FROM:<{demo.CLINIC if sender is None else sender}>").startswith("250")
        for one in to:
            assert wire.say(f"RCPT TO:<{demo.address(one)}>").startswith("250")
        wire.say("DATA")
        assert wire.say(f"From: {demo.CLINIC}\r\n{rest}.").startswith("250")


def test_no_report_goes_back_to_a_report(demo: Demo) -> None:
    deliver_raw(demo, "operators", f"Subject: Sans retour\r\n{deep(25)}", [STEPHANE], sender="")
    deliver_raw(demo, "operators", f"Subject: Avec retour\r\n{deep(25)}", [STEPHANE])
    report_to_sender(demo, "operators", "Avec retour")
    assert not [one for one in demo.operator.holding("Undelivered") if "Sans retour" in original_headers(one[2])]


def test_nothing_waits_nor_is_held_and_no_row_is_half_written(demo: Demo) -> None:
    def settled() -> bool:
        return "Spool: 0 waiting, 0 held back" in demo.command("queue", "list")

    eventually(settled, "an empty spool", 60)
    with demo.database() as cursor:
        cursor.execute(
            "SELECT count(*) FROM messaging_message m WHERE NOT EXISTS (SELECT 1 FROM messaging_conversation_entry e"
            " WHERE e.space_id = m.owner_id AND e.message_id = m.id) AND NOT EXISTS (SELECT 1 FROM"
            " messaging_folder_entry f WHERE f.mailbox_id = m.owner_id AND f.message_id = m.id)"
        )
        assert cursor.fetchone() == (0,)
        cursor.execute(
            "SELECT count(*) FROM messaging_conversation c WHERE NOT EXISTS (SELECT 1 FROM"
            " messaging_conversation_entry e WHERE e.space_id = c.space_id AND e.conversation_id = c.id)"
        )
        assert cursor.fetchone() == (0,)
        cursor.execute("SELECT count(*) FROM messaging_message WHERE body IS NULL")
        assert cursor.fetchone() == (0,)
