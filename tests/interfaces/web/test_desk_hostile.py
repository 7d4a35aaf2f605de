"""What strangers write to a team, and who tries to open what is another team's."""

from email.message import EmailMessage
from uuid import UUID, uuid4

import pytest
from desk_people import PRACTITIONER, sign_in_professional
from desk_scene import DOCTOR, Desk, colleague_writes, form_of, open_desk, patient_writes
from django.test import Client
from django.urls import URLPattern
from portal_scene import PDF, WARD, arrive, assert_harmless, attach, letter, page

from carnet.domain.directory.models import Mailbox, MailboxTrace
from carnet.domain.messaging.commands.write import NewFile
from carnet.domain.messaging.models import DeskNote, FolderEntry, SavedReply
from carnet.interfaces.web.desk.urls import urlpatterns

pytestmark = pytest.mark.django_db
SCRIPT = "<script>alert(1)</script>"
PICTURE = '"><img src=x onerror=alert(2)>'
SVG = b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(3)</script></svg>"
HTML = (
    "<html><head><base href='https://mal.example/'><meta http-equiv=refresh content='0;url=https://mal.example'></head>"
    "<body onload=alert(1)><p style='position:fixed;inset:0'>Bonjour <b>Docteur</b></p><script>alert(1)</script>"
    "<img src='https://mal.example/espion.gif'><iframe src='//mal.example'></iframe><form><input name=mot></form>"
    "<svg><a href='javascript:alert(1)'>la</a></svg><a href='javascript:alert(1)'>ici</a>"
)
SERVED = "sandbox; default-src 'none'; img-src 'self' data:; style-src 'unsafe-inline'; frame-ancestors 'none'"


@pytest.fixture
def desk(db: None) -> Desk:
    return open_desk()


def hostile_letter() -> EmailMessage:
    message = letter(subject=f"{SCRIPT}{PICTURE}", text=f"{SCRIPT} & {PICTURE}")
    message.replace_header("From", f'"{SCRIPT}" <{DOCTOR}>')
    message.add_alternative(HTML, subtype="html")
    attach(message, SVG, "image/svg+xml", f"{SCRIPT}.svg")
    return attach(message, HTML.encode(), "image/png", 'a"onerror="alert(1).png')


def test_what_a_colleague_writes_runs_nowhere_at_the_desk(desk: Desk) -> None:
    colleague_writes(hostile_letter(), sender=DOCTOR)
    assert SCRIPT in assert_harmless(desk.julie.get(desk.inbox)).text_content()
    thread = desk.thread()
    shown = assert_harmless(desk.julie.get(thread))
    assert SCRIPT in shown.text_content()
    written = shown.xpath("//article//div[@class='letter']")[0]
    assert "Bonjour Docteur" in " ".join(written.text_content().split())
    assert written.xpath(".//form | .//input | .//img | .//svg | .//meta") == []
    assert "mal.example" not in desk.julie.get(thread).content.decode()
    assert_harmless(desk.julie.get(f"{thread}impression/"))
    files = shown.xpath("//li[@class='attachment']//a[@download]/@href")
    assert len(files) == 2
    for file in files:
        for address in (file, file.replace("fichier/", "contenu/")):
            given = desk.julie.get(address)
            assert given["Content-Type"] == "application/octet-stream"
            assert given["Content-Disposition"].startswith("attachment; ")
            assert "<" not in given["Content-Disposition"]
            assert given["Content-Security-Policy"] == SERVED
            assert given["X-Content-Type-Options"] == "nosniff"
        assert_harmless(desk.julie.get(file.replace("fichier/", "")))


def test_what_a_patient_and_a_colleague_of_the_team_write_runs_nowhere(desk: Desk) -> None:
    patient_writes(desk, f"{SCRIPT}{PICTURE}", [NewFile(f"{SCRIPT}.pdf", PDF)])
    thread = desk.thread()
    assert desk.julie.post(f"{thread}note/", {"note": f"{SCRIPT}{PICTURE}"}).status_code == 302
    reply = {"title": f"{SCRIPT}{PICTURE}", "text": f"{SCRIPT}{PICTURE}"}
    assert desk.julie.post(f"{desk.inbox}reponses/", reply).status_code == 302
    sought = desk.julie.post(f"{desk.inbox}recherche/", {"text": f"{SCRIPT}{PICTURE}"})["Location"]
    for address in (desk.inbox, thread, f"{thread}impression/", f"{desk.inbox}reponses/", sought):
        assert SCRIPT in assert_harmless(desk.helene.get(address)).text_content() or address == sought, address
    for query in (f"?view={SCRIPT}&waiting={PICTURE}&s={SCRIPT}", f"?back={PICTURE}", f"?since={SCRIPT}&of={PICTURE}"):
        assert_harmless(desk.helene.get(desk.inbox + query))
        assert_harmless(desk.helene.get(thread + query))


def addresses(box: UUID, thread: UUID, message: UUID, piece: str) -> list[tuple[str, str]]:
    """Every address in a mailbox that these fill in, by name: the inbox, its conversations, the lists of the desk."""
    filled = {"box": box, "thread": thread, "message": message, "piece": piece, "reply": uuid4(), "number": 1}

    def fill(pattern: URLPattern) -> str:
        path = str(pattern.pattern)
        for name, value in filled.items():
            for kind in ("uuid", "str", "int"):
                path = path.replace(f"<{kind}:{name}>", str(value))
        return f"/{path}"

    filled_in = [(str(one.name), fill(one)) for one in urlpatterns if "<uuid:box>" in str(one.pattern)]
    return [(name, address) for name, address in filled_in if "<" not in address]


def test_nobody_opens_or_changes_what_is_another_teams(desk: Desk) -> None:
    patient_writes(desk, files=[NewFile("secret.txt", b"Rien que pour le service.")])
    thread = desk.thread()
    (file,) = page(desk.julie.get(thread)).xpath("//li[@class='attachment']//a[@download]/@href")
    thread_id, message_id, piece = (file.split("/")[at] for at in (4, 5, 6))
    hers = Mailbox.objects.get(address=DOCTOR).id
    claire = sign_in_professional(Client(), PRACTITIONER)
    assert claire.get(f"/bureau/{hers}/").status_code == 200
    flags = list(FolderEntry.objects.filter(mailbox_id=desk.box).values_list("flags", flat=True))
    unknown = claire.get(f"/bureau/{uuid4()}/echanges/{uuid4()}/")
    assert unknown.status_code == 404
    posted = {"act": "trash", "text": "x", "note": "x", "token": str(uuid4()), "thread": thread_id, "to": PRACTITIONER}
    for box in (desk.box, hers):
        for name, address in addresses(box, UUID(thread_id), UUID(message_id), piece):
            if box == hers and "/echanges/" not in address:
                continue
            shown = claire.get(address)
            assert shown.status_code in (404, 405), name
            assert b"Rien que" not in shown.content
            changed = claire.post(address, posted)
            assert changed.status_code in (404, 405) or (box == hers and changed.status_code == 302), name
    assert claire.post(f"/bureau/{hers}/selection/", posted).status_code == 302
    assert list(FolderEntry.objects.filter(mailbox_id=desk.box).values_list("flags", flat=True)) == flags
    assert not DeskNote.objects.exists()
    assert not SavedReply.objects.exists()
    assert len(page(desk.julie.get(thread)).xpath("//article")) == 1
    assert MailboxTrace.objects.filter(mailbox_id=desk.box, author=PRACTITIONER).exists()


def test_a_holder_and_who_is_not_signed_in_find_nothing(desk: Desk) -> None:
    patient_writes(desk)
    for name, address in addresses(desk.box, uuid4(), uuid4(), "2"):
        assert desk.dominique.get(address).status_code in (404, 405), name
        assert desk.dominique.post(address).status_code in (404, 405), name
        assert Client().get(address).status_code in (302, 405), name


def test_no_act_is_done_without_the_proof_of_its_form(desk: Desk) -> None:
    patient_writes(desk)
    thread = desk.thread()
    thread_id = UUID(thread.split("/")[4])
    fields = form_of(desk.julie.get(thread), "/reponse/")
    forged = Client(enforce_csrf_checks=True)
    forged.cookies = desk.julie.cookies
    values = {**fields, "text": "x", "note": "x", "act": "trash", "thread": str(thread_id), "title": "x", "keys": "off"}
    values.pop("csrfmiddlewaretoken", None)
    refused = [name for name, address in addresses(desk.box, thread_id, uuid4(), "2")
               if forged.post(address, values).status_code == 403]  # fmt: skip
    assert set(refused) >= {
        *("desk_search", "desk_several", "desk_keys", "desk_replies", "desk_reply", "desk_reply_delete", "desk_answer"),
        *("desk_take", "desk_note", "desk_settle", "desk_unread", "desk_trash", "desk_end"),
    }
    assert len(page(desk.julie.get(thread)).xpath("//article")) == 1


def test_a_forged_reference_does_not_join_a_patients_conversation(desk: Desk) -> None:
    message = letter(subject="Votre sortie")
    arrive(message)
    patient_writes(desk)
    forged = letter(subject="Re: Votre sortie", From=DOCTOR, **{"In-Reply-To": message["Message-ID"]})
    colleague_writes(forged, sender=DOCTOR)
    rows = page(desk.julie.get(desk.inbox)).xpath("//li[contains(@class, 'thread')]")
    assert len(rows) == 2
    assert WARD not in desk.julie.get(f"{desk.inbox}?whom=patient").content.decode()
