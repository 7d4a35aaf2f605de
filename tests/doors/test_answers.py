"""Answers, read by mail clients that others wrote; what comes back joins; endings hold; receipts leave once."""

import io
import time
from email.message import EmailMessage
from email.utils import make_msgid, parseaddr

import pytest
from doors_clients import eventually, fetch_all, run_mbsync, run_mutt
from doors_demo import Demo
from doors_portal import Portal, words
from PIL import Image

STEPHANE = "179075145422281"
RUTH = "277076322082910"


def _photo() -> bytes:
    """A picture with nothing in it that tells where it was taken: it arrives as it was."""
    drawn = io.BytesIO()
    Image.effect_noise((80, 60), 40).save(drawn, "PNG")
    return drawn.getvalue()


PHOTO = _photo()
ANSWER = "Merci à vous.\n\nLa cicatrice est propre ; « tout va bien »."
NO_ANSWER = "Ce message n’attend pas de réponse."


def send(demo: Demo, door: str, to: str, subject: str, *headers: str, sender: str = "", text: str = "Bonjour.") -> str:
    """Send a message and return its Message-ID."""
    identifier = make_msgid(domain="poste.test")
    more = [*headers, f"Message-Id: {identifier}"]
    sent = demo.send(door, demo.address(to), subject, text, (), more, sender)
    assert sent.sent, sent.transcript
    return identifier


def received(demo: Demo, mailbox: str, subject: str, count: int = 1) -> list[EmailMessage]:
    """The messages of an INBOX with that subject, once there are enough of them."""

    def there() -> list[EmailMessage] | None:
        with demo.mailbox(mailbox) as client:
            found = [one for one in fetch_all(client) if str(one["Subject"]) == subject]
        return found if len(found) >= count else None

    return eventually(there, f"« {subject} » in {mailbox}")


def text_of(message: EmailMessage) -> str:
    body = message.get_body(("plain",))
    assert body is not None
    return str(body.get_content()).replace("\r\n", "\n").strip()


def answer(portal: Portal, text: str) -> None:
    portal.send_files("/reponse/", {"text": text}, [])
    assert "Votre réponse est envoyée." in portal.text()


@pytest.fixture(scope="module")
def answered(demo: Demo, stephane: Portal) -> tuple[str, str]:
    """A message of the archives to Stéphane, which he answered with a picture: its Message-ID, and its conversation."""
    identifier = send(demo, "submission", STEPHANE, "Vos radios de l’épaule", sender=demo.ARCHIVES)
    stephane.open_conversation("Vos radios de l’épaule")
    conversation = stephane.url
    stephane.send_files("/reponse/", {"text": ANSWER}, [("attached", "l’épaule à 10 h.png", PHOTO)])
    assert "Votre réponse est envoyée." in stephane.text()
    return identifier, conversation


def check_answer(demo: Demo, message: EmailMessage, identifier: str) -> None:
    name, address = parseaddr(str(message["From"]))
    assert address == demo.address(STEPHANE)
    assert "BOISJOLI" in name
    assert parseaddr(str(message["To"]))[1] == demo.ARCHIVES
    assert message["In-Reply-To"] == identifier
    assert str(message["References"]).split() == [identifier]
    assert message["Message-ID"] != identifier
    assert text_of(message).startswith(ANSWER)
    (picture,) = message.iter_attachments()
    assert picture.get_content_type() == "image/png"
    assert picture.get_filename() == "l’épaule à 10 h.png"
    assert picture.get_payload(decode=True) == PHOTO


def test_imaplib_reads_the_answer(demo: Demo, answered: tuple[str, str]) -> None:
    (message,) = received(demo, demo.ARCHIVES, "Re: Vos radios de l’épaule")
    check_answer(demo, message, answered[0])
    with demo.mailbox(demo.ARCHIVES) as client:
        client.select("INBOX")
        found = client.search(None, "UNSEEN", "FROM", STEPHANE)[1][0].split()
        assert found
        assert client.fetch(found[-1].decode(), "(BODY[TEXT])")[0] == "OK"
        assert found[-1] not in client.search(None, "UNSEEN")[1][0].split()


def test_mbsync_copies_the_answer(demo: Demo, answered: tuple[str, str], tmp_path) -> None:
    copied = run_mbsync(tmp_path / "mbsync", demo.imap_port, demo.ca_file, demo.ARCHIVES, demo.password)
    (message,) = [one for one in copied if str(one["Subject"]) == "Re: Vos radios de l’épaule"]
    check_answer(demo, message, answered[0])


def test_mutt_reads_the_answer(demo: Demo, answered: tuple[str, str], tmp_path) -> None:
    copied = run_mutt(tmp_path / "mutt", demo.imap_port, demo.ca_file, demo.ARCHIVES, demo.password)
    (message,) = [one for one in copied if str(one["Subject"]) == "Re: Vos radios de l’épaule"]
    check_answer(demo, message, answered[0])


def test_an_answer_to_the_answer_joins_the_conversation(
    demo: Demo, stephane: Portal, answered: tuple[str, str]
) -> None:
    (message,) = received(demo, demo.ARCHIVES, "Re: Vos radios de l’épaule")
    send(
        demo,
        "submission",
        STEPHANE,
        "Re: Vos radios de l’épaule",
        f"In-Reply-To: {message['Message-ID']}",
        f"References: {answered[0]} {message['Message-ID']}",
        sender=demo.ARCHIVES,
        text="À bientôt.",
    )

    def joined() -> bool:
        stephane.get(answered[1])
        return len(stephane.articles()) == 3

    eventually(joined, "three messages in one conversation")
    assert [one.get("class").split("--")[-1] for one in stephane.articles()] == ["in", "out", "in"]


def test_a_stranger_who_knows_the_message_id_opens_another_conversation(
    demo: Demo, stephane: Portal, answered: tuple[str, str]
) -> None:
    send(demo, "operators", STEPHANE, "Re: Vos radios, autre main", f"In-Reply-To: {answered[0]}")
    stephane.open_conversation("Re: Vos radios, autre main")
    assert stephane.url != answered[1]
    assert len(stephane.articles()) == 1


def test_a_subject_alone_joins_nothing(demo: Demo, ruth: Portal) -> None:
    for _ in range(2):
        send(demo, "submission", RUTH, "Même sujet", sender=demo.ARCHIVES)

    def both() -> bool:
        ruth.get("/messages/")
        return ruth.text().count("Même sujet") >= 2

    eventually(both, "two conversations")


def test_the_answer_goes_to_the_reply_to_that_the_trust_list_knows(demo: Demo, ruth: Portal) -> None:
    software = "dpi@saint-aubin.mssante.test"
    send(demo, "submission", RUTH, "Envoi du logiciel", f"Reply-To: {demo.ARCHIVES}", sender=software)
    ruth.open_conversation("Envoi du logiciel")
    answer(ruth, "Bien reçu.")
    received(demo, demo.ARCHIVES, "Re: Envoi du logiciel")


def test_a_reply_to_outside_the_trust_list_is_not_followed(demo: Demo, ruth: Portal) -> None:
    send(demo, "submission", RUTH, "Répondre ailleurs", "Reply-To: pirate@example.com", sender=demo.ARCHIVES)
    ruth.open_conversation("Répondre ailleurs")
    answer(ruth, "Bien reçu.")
    received(demo, demo.ARCHIVES, "Re: Répondre ailleurs")


def test_the_answer_reaches_another_operator(demo: Demo, ruth: Portal) -> None:
    identifier = send(demo, "operators", RUTH, "Votre consultation de cardiologie")
    ruth.open_conversation("Votre consultation de cardiologie")
    answer(ruth, ANSWER)
    found = eventually(lambda: demo.operator.holding("Re: Votre consultation de cardiologie"), "the answer", 60)
    ((sender, recipients, message),) = found
    assert sender == demo.address(RUTH)
    assert recipients == (demo.CLINIC,)
    assert message["In-Reply-To"] == identifier
    assert text_of(message).startswith(ANSWER)

    def told() -> bool:
        ruth.get(ruth.url)
        return "Envoyé" in words(ruth.articles()[-1])

    eventually(told, "the holder sees that it is sent")


def open_to_answers(portal: Portal) -> bool:
    return any("/reponse/" in (form.get("action") or "") for form in portal.page.forms)


def test_a_header_ends_one_conversation_and_a_later_message_reopens_it(demo: Demo, ruth: Portal) -> None:
    first = send(demo, "submission", RUTH, "Une question réglée", sender=demo.ARCHIVES)
    send(
        demo, "submission", RUTH, "Une question réglée, fin", "X-MSS-MES: FIN", f"In-Reply-To: {first}",
        sender=demo.ARCHIVES,
    )  # fmt: skip
    send(demo, "submission", RUTH, "Une question ouverte", sender=demo.ARCHIVES)
    ruth.open_conversation("Une question ouverte")
    assert open_to_answers(ruth)
    ruth.open_conversation("Une question réglée")
    assert len(ruth.articles()) == 2
    assert not open_to_answers(ruth)
    assert NO_ANSWER in ruth.text()
    # A form that was on screen before the end is refused, with its reason.
    ended = ruth.url
    ruth.open_conversation("Une question ouverte")
    token = dict(next(f for f in ruth.page.forms if "/reponse/" in (f.get("action") or "")).form_values())
    ruth.post(f"{ended}reponse/", {**token, "text": "Encore une chose"})
    assert ruth.status == 422
    send(demo, "submission", RUTH, "Re: Une question réglée", f"In-Reply-To: {first}", sender=demo.ARCHIVES)

    def reopened() -> bool:
        ruth.get(ended)
        return len(ruth.articles()) == 3 and open_to_answers(ruth)

    eventually(reopened, "an open conversation")


def test_a_subject_fin_ends_all_with_that_sender_until_they_write_again(demo: Demo, ruth: Portal) -> None:
    first = send(demo, "submission", RUTH, "Ordonnance prête", sender=demo.DOCTOR)
    send(demo, "submission", RUTH, "Bilan à faire", sender=demo.DOCTOR)
    send(demo, "submission", RUTH, "Rien à voir", sender=demo.ARCHIVES)
    for subject in ("Ordonnance prête", "Bilan à faire", "Rien à voir"):
        ruth.open_conversation(subject)
        assert open_to_answers(ruth)
    send(demo, "submission", RUTH, "[FIN]", f"In-Reply-To: {first}", sender=demo.DOCTOR)

    def ended() -> bool:
        ruth.open_conversation("Ordonnance prête")
        return not open_to_answers(ruth)

    eventually(ended, "an ended exchange")
    assert "Dr Claire MORVAN a mis fin à cet échange." in ruth.text()
    ruth.open_conversation("Bilan à faire")
    assert not open_to_answers(ruth)
    ruth.open_conversation("Rien à voir")
    assert open_to_answers(ruth)
    ruth.get("/messages/nouveau/")
    assert "MORVAN" not in ruth.text()
    assert "Archives médicales" in ruth.text()
    send(demo, "submission", RUTH, "Finalement", sender=demo.DOCTOR)
    ruth.open_conversation("Finalement")
    assert open_to_answers(ruth)
    ruth.get("/messages/nouveau/")
    assert "MORVAN" in ruth.text()


def test_a_fin_of_a_stranger_ends_nothing(demo: Demo, ruth: Portal) -> None:
    first = send(demo, "submission", RUTH, "Un échange en cours", sender=demo.ARCHIVES)
    send(demo, "operators", RUTH, "[FIN]", f"In-Reply-To: {first}", sender="autre@clinique-horizon.mssante.test")
    ruth.open_conversation("[FIN]")  # it took part in nothing: an ordinary message
    ruth.open_conversation("Un échange en cours")
    assert open_to_answers(ruth)


def test_a_new_message_to_who_wrote_arrives(demo: Demo, ruth: Portal) -> None:
    send(demo, "submission", RUTH, "Pour pouvoir écrire", sender=demo.ARCHIVES)
    ruth.open_conversation("Pour pouvoir écrire")
    ruth.get("/messages/nouveau/")
    form = next(one for one in ruth.page.forms if one.method == "POST" and "subject" in one.fields)
    archives = next(one.get("value") for one in form.iter("option") if "Archives médicales" in words(one))
    ruth.send_files(
        form.get("action") or "/messages/nouveau/",
        {"contact": archives, "subject": "Ma demande de dossier", "text": "Bonjour, comment faire ?"},
        [],
    )
    assert "Votre message est envoyé." in ruth.text()
    (message,) = received(demo, demo.ARCHIVES, "Ma demande de dossier")
    assert message["In-Reply-To"] is None
    assert "comment faire" in text_of(message)


def receipts(demo: Demo, identifier: str) -> list[EmailMessage]:
    with demo.mailbox(demo.ARCHIVES) as client:
        found = [one for one in fetch_all(client) if one.get_content_type() == "multipart/report"]
    return [one for one in found if f"Original-Message-ID: {identifier}" in one.as_string()]


def test_a_receipt_leaves_once_at_the_first_display_and_not_for_what_reads_ahead(demo: Demo, ruth: Portal) -> None:
    identifier = send(
        demo, "submission", RUTH, "Lu ou pas lu", f"Disposition-Notification-To: {demo.ARCHIVES}", sender=demo.ARCHIVES
    )

    def listed() -> str | None:
        ruth.get("/messages/")
        row = [link for link in ruth.page.iter("a") if "Lu ou pas lu" in words(link)]
        return row[0].get("href") if row else None

    url = eventually(listed, "the conversation")
    assert ruth.ask(url, "GET", Purpose="prefetch") == 200
    assert ruth.ask(url, "GET", Sec_Purpose="prefetch;prerender") == 200
    assert ruth.ask(url, "HEAD") == 200
    time.sleep(1)
    assert receipts(demo, identifier) == []
    ruth.get(url)
    assert "L’expéditeur a demandé" in ruth.text()
    (receipt,) = eventually(lambda: receipts(demo, identifier), "a receipt")
    assert receipt.get_param("report-type") == "disposition-notification"
    fields = "\n".join(str(one) for one in list(receipt.iter_parts())[1].get_payload())
    assert "Disposition: automatic-action/MDN-sent-automatically; displayed" in fields
    assert f"Final-Recipient: rfc822; {demo.address(RUTH)}" in fields
    assert receipt["In-Reply-To"] == identifier
    ruth.get(url)
    ruth.get(url)
    time.sleep(1)
    assert len(receipts(demo, identifier)) == 1


@pytest.mark.parametrize("asked", ["pirate@example.com", "nul@cabinets.mssante.test"])
def test_no_receipt_goes_where_the_sender_is_not(demo: Demo, ruth: Portal, asked: str) -> None:
    send(demo, "submission", RUTH, f"Reçu pour {asked}", f"Disposition-Notification-To: {asked}", sender=demo.ARCHIVES)
    ruth.open_conversation(f"Reçu pour {asked}")
    assert "L’expéditeur a demandé" not in ruth.text()


def test_a_receipt_reaches_another_operator(demo: Demo, ruth: Portal) -> None:
    identifier = send(demo, "operators", RUTH, "Lu à la clinique", f"Disposition-Notification-To: {demo.CLINIC}")
    ruth.open_conversation("Lu à la clinique")

    def told() -> list | None:
        return [one for one in demo.operator.holding("Lu : Lu ") if identifier in one[2].as_string()] or None

    ((sender, recipients, _),) = eventually(told, "a receipt at the other operator", 60)
    assert sender in ("", "<>")
    assert recipients == (demo.CLINIC,)
