"""Pathways, templates and sendings at the desk, as a nurse and a stranger's browser meet them."""

import csv
import io
import re
from datetime import time, timedelta
from uuid import UUID, uuid4

import openpyxl
import pytest
from desk_people import NURSE, sign_in_professional
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from carnet.domain.directory.models import Mailbox
from carnet.domain.messaging.models import Message
from carnet.domain.messaging.values import DeliveryOutcome
from carnet.domain.pathways.commands.leaving import send_group
from carnet.domain.pathways.merge import FIELDS, KNOWN_COLUMNS
from carnet.domain.pathways.models import Pathway, Sending, SendingLine, Template, TemplateVersion
from carnet.domain.pathways.queries import MOST_NAMES
from carnet.domain.pathways.spreadsheet import FileProblem
from carnet.domain.pathways.values import (
    MAX_VALIDATED_BY,
    Anchor,
    Conditions,
    LineReason,
    LineState,
    Opened,
    PastDue,
    PathwayRefusal,
    SendingState,
    UseCase,
)
from carnet.foundation.clock import now
from carnet.interfaces.web.desk import pathway_sentences as sentences
from carnet.sandbox import cast

pytestmark = pytest.mark.django_db

HOSTILE = '<script>alert(1)</script>"><img src=x onerror=y>'
PHARMACIST = "99700219050"


class Desk:
    """A professional's browser in one mailbox."""

    def __init__(self, rpps: str, box: UUID) -> None:
        self.client = sign_in_professional(Client(), rpps)
        self.box = box

    def url(self, name: str, **place: object) -> str:
        return reverse(f"desk_{name}", kwargs={"box": self.box, **place})

    def get(self, name: str, query: str = "", **place: object) -> str:
        answer = self.client.get(self.url(name, **place) + query)
        assert answer.status_code == 200, answer.status_code
        return answer.content.decode()

    def post(self, name: str, data: dict[str, object], **place: object):
        return self.client.post(self.url(name, **place), data)

    def template(self, **changed: object) -> Template:
        given = {
            "name": "Rappel",
            "use_case": "appointment-reminder",
            "subject": "Votre rendez-vous",
            "text": "Bonjour {{prenom}} {{nom_naissance}},\n\nÀ bientôt dans le service {{service}}.",
            "takes_answer": "on",
            "receipt_wanted": "on",
            **changed,
        }
        answer = self.post("template_new", given)
        assert answer.status_code == 302, answer.content.decode()
        return Template.objects.get(id=answer.url.split("/")[-2])

    def sending(self, template: Template, **more: object) -> Sending:
        answer = self.post("sending_new", {"template": template.id, **more})
        assert answer.status_code == 302, answer.content.decode()
        return Sending.objects.latest("created_at")

    def give(self, sending: Sending, content: bytes | str, name: str = "liste.csv"):
        content = content.encode() if isinstance(content, str) else content
        return self.post("sending_file", {"file": SimpleUploadedFile(name, content)}, sending=sending.id)


@pytest.fixture
def nurse() -> Desk:
    cast.trust_space_of_the_sandbox()
    cast.hospital()
    cast.clinic()
    cast.orthopaedics()
    cast.surgeon()
    return Desk(NURSE, cast.nurse())


@pytest.fixture
def pharmacist(nurse: Desk) -> Desk:
    """Somebody of another establishment, at their own desk."""
    return Desk(PHARMACIST, cast.pharmacy())


def listed(*people: cast.Holder, service: str = "Orthopédie", **columns: str) -> str:
    head = ["INS", "Nom de naissance", "Prénom", "Service", *columns]
    rows = [[one.ins, one.birth_name, one.given_names, service, *columns.values()] for one in people]
    return "\n".join(";".join(row) for row in [head, *rows])


def test_a_list_becomes_messages_step_by_step(nurse: Desk):
    spaces = [cast.patient(), cast.not_activated()]
    sending = nurse.sending(nurse.template(), title="Rappels de mars")
    refused = nurse.give(sending, "nom;prenom\na;b")
    assert refused.status_code == 422
    assert "INS" in re.search(r'class="wrong".*?</p>', refused.content.decode(), re.S)[0]
    text = listed(cast.DOMINIQUE, cast.LAURENCE) + "\n12;X;Y;Z\n1;2\n"
    assert nurse.give(sending, text).url == nurse.url("sending_lines", sending=sending.id)

    page = nurse.get("sending_lines", sending=sending.id)
    assert "2 messages" in page
    assert sentences.reason_sentence(LineReason.WRONG_INS, "ins") in page
    assert sentences.reason_sentence(LineReason.WRONG_WIDTH) in page
    only_bad = nurse.get("sending_lines", "?etat=bad", sending=sending.id)
    assert "PAT-TROIS" not in only_bad

    page = nurse.get("sending_preview", sending=sending.id)
    assert "Bonjour" in page
    assert "PAT-TROIS" in page
    assert cast.LAURENCE.birth_name not in page
    page = nurse.get("sending_preview", "?ligne=4", sending=sending.id)
    assert "Aucun message" in page
    assert nurse.client.get(nurse.url("sending_preview", sending=sending.id) + "?ligne=99").status_code == 302

    assert nurse.post("sending_plan", {"when": "relative"}, sending=sending.id).status_code == 422
    assert nurse.post("sending_plan", {"when": "now"}, sending=sending.id).status_code == 302
    assert 'name="lines" value="2"' in nurse.get("sending_confirm", sending=sending.id)
    nurse.post("sending_confirm", {"lines": "3"}, sending=sending.id)
    assert Sending.objects.get().state == SendingState.CHECKED
    assert nurse.post("sending_confirm", {"lines": "2"}, sending=sending.id).url == nurse.url(
        "sending", sending=sending.id
    )
    assert "data-moves" in nurse.get("sending", sending=sending.id)
    while send_group(sending.id).more:
        pass
    assert Message.objects.filter(owner_id__in=spaces).count() == 2

    page = nurse.get("sending", sending=sending.id)
    assert "4 lignes sur 4" in page
    assert 'class="chart"' in page
    assert cast.LAURENCE.birth_name in nurse.get("sending_unreached", sending=sending.id)
    assert cast.DOMINIQUE.birth_name not in nurse.get("sending_unreached", sending=sending.id)
    assert "Rappel" in nurse.get("sending_figures")


def test_the_report_is_a_table_without_formulas_that_nobody_keeps(nurse: Desk):
    cast.patient()
    sending = nurse.sending(nurse.template(text="Bonjour {{prenom}}."))
    nurse.give(sending, listed(cast.DOMINIQUE, Téléphone="+33600000000", state="=1+1"))
    nurse.post("sending_plan", {"when": "now"}, sending=sending.id)
    nurse.post("sending_confirm", {"lines": "1"}, sending=sending.id)
    while send_group(sending.id).more:
        pass
    answer = nurse.client.get(nurse.url("sending_report", sending=sending.id, kind="csv"))
    assert (answer["Cache-Control"], answer["X-Content-Type-Options"]) == ("no-store", "nosniff")
    assert re.fullmatch(r'attachment; filename="carnet-[a-z-]+-[0-9-]{10}\.csv"', answer["Content-Disposition"])
    head, row = csv.reader(io.StringIO(answer.content.decode("utf-8-sig"), newline=""), delimiter=";")
    told = dict(zip(head, row, strict=True))
    assert (told["Ligne"], told["État"], told["INS"]) == ("2", "Distribué", cast.DOMINIQUE.ins)
    assert (told["Telephone"], told["State"]) == ("'+33600000000", "'=1+1")
    answer = nurse.client.get(nurse.url("sending_report", sending=sending.id, kind="xlsx"))
    sheet = openpyxl.load_workbook(io.BytesIO(answer.content)).active
    assert [cell.data_type for cell in sheet[2] if cell.value == "=1+1"] == ["s"]
    assert nurse.client.get(nurse.url("sending_report", sending=sending.id, kind="exe")).status_code == 404
    assert nurse.client.get(nurse.url("sending_unreached_table", sending=sending.id, kind="csv")).status_code == 200


def test_what_others_fill_is_text_on_every_page(nurse: Desk):
    cast.patient()
    nurse.post("pathway_new", {"name": HOSTILE[:90], "description": HOSTILE, "active": "on"})
    template = nurse.template(name=HOSTILE[:90], subject=HOSTILE, text="{{prenom}} {{mon_champ}} " + HOSTILE,
                              columns="mon champ")  # fmt: skip
    sending = nurse.sending(template, title=HOSTILE[:90])
    head = f"INS;Prénom;Mon champ;{HOSTILE.replace(';', '')}"
    nurse.give(sending, f"{head}\n{cast.DOMINIQUE.ins};{HOSTILE};{{{{nom_naissance}}}} {HOSTILE};{HOSTILE}\n")
    pages = [
        nurse.get("pathways"),
        nurse.get("templates"),
        nurse.get("template", template=template.id),
        nurse.get("template_versions", template=template.id),
        nurse.get("sendings"),
        nurse.get("sending_lines", sending=sending.id),
        nurse.get("sending_preview", sending=sending.id),
        nurse.get("sending_confirm", sending=sending.id),
    ]
    for page in pages:
        assert "alert(1)" in page
        assert "<script>alert" not in page
        assert "<img" not in page
    assert "{{nom_naissance}}" in pages[6], "a value that looks like a field is not filled"


def test_another_establishment_does_not_find_a_sending(nurse: Desk, pharmacist: Desk):
    sending = nurse.sending(nurse.template())
    nurse.give(sending, listed(cast.DOMINIQUE))
    pages = ("", "_file", "_lines", "_preview", "_plan", "_confirm", "_cancel", "_unreached")
    for page in (f"sending{one}" for one in pages):
        assert nurse.client.get(nurse.url(page, sending=sending.id)).status_code in (200, 302)
        unknown = pharmacist.client.get(pharmacist.url(page, sending=uuid4()))
        theirs = pharmacist.client.get(pharmacist.url(page, sending=sending.id))
        through_the_wards_box = pharmacist.client.get(nurse.url(page, sending=sending.id))
        assert theirs.status_code == unknown.status_code == through_the_wards_box.status_code == 404


def test_another_establishment_does_nothing_to_what_is_not_theirs(nurse: Desk, pharmacist: Desk):
    template = nurse.template(new_files=SimpleUploadedFile("livret.txt", b"Bienvenue", "text/plain"))
    sending = nurse.sending(template)
    nurse.give(sending, listed(cast.DOMINIQUE))
    (kept,) = re.findall(rf"/modeles/{template.id}/fichiers/([0-9a-f-]+)/", nurse.get("template", template=template.id))
    theirs = {"template": template.id}
    assert nurse.client.get(nurse.url("template_file", file=kept, **theirs)).content == b"Bienvenue"
    for name in ("template", "template_versions"):
        assert pharmacist.client.get(pharmacist.url(name, **theirs)).status_code == 404
    assert pharmacist.client.get(pharmacist.url("template_file", file=kept, **theirs)).status_code == 404
    for name in ("template_archive", "template_copy"):
        assert pharmacist.post(name, {"archived": "yes"}, **theirs).status_code == 404
    for name in ("sending_pause", "sending_resume", "sending_cancel", "sending_plan", "sending_confirm"):
        assert pharmacist.post(name, {"when": "now", "lines": "1"}, sending=sending.id).status_code == 404
    assert pharmacist.post("sending_new", {"template": template.id}).status_code == 422
    assert pharmacist.client.get(pharmacist.url("sending_new") + f"?suite={sending.id}").status_code == 404
    assert Sending.objects.get().state == SendingState.CHECKED
    assert Template.objects.get(id=template.id).archived_at is None


def test_a_form_without_its_proof_of_origin_does_nothing(nurse: Desk):
    sending = nurse.sending(nurse.template())
    nurse.give(sending, listed(cast.DOMINIQUE))
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = nurse.client.cookies
    for name in ("sending_confirm", "sending_cancel", "sending_plan", "sending_pause"):
        assert strict.post(nurse.url(name, sending=sending.id), {"lines": "1", "when": "now"}).status_code == 403
    assert Sending.objects.get().state == SendingState.CHECKED


def test_a_template_is_previewed_and_what_is_wrong_stands_beside_its_field(nurse: Desk):
    given = {"name": "N", "use_case": "other", "subject": "S", "text": "Bonjour {{prenom}}"}
    page = nurse.post("template_new", given | {"preview": "1"}).content.decode()
    assert re.search(r'class="letter"[^>]*><p>Bonjour \w+', page)
    assert not Template.objects.exists()
    answer = nurse.post("template_new", given | {"text": "Bonjour {{inconnu}}"})
    assert answer.status_code == 422
    assert "inconnu" in re.search(r'id="id_text_error".*?</p>', answer.content.decode(), re.S)[0]
    starter = re.search(r"/modeles/exemples/([a-z0-9-]+)/", nurse.get("templates"))[1]
    copied = nurse.post("template_starter", {}, key=starter)
    assert copied.status_code == 302
    assert nurse.post("template_starter", {}, key="no-such").status_code == 404
    template = Template.objects.get()
    nurse.post("template_archive", {"archived": "yes"}, template=template.id)
    assert str(template.id) not in nurse.get("templates")
    assert str(template.id) in nurse.get("templates", "?archived=on")


def test_a_sending_is_planned_by_the_stay_paused_and_follows_the_stays(nurse: Desk):
    cast.patient()
    sending = nurse.sending(nurse.template(text="Le {{date_entree}}."))
    start = f"{now().date() + timedelta(days=20):%d/%m/%Y}"
    nurse.give(sending, listed(cast.DOMINIQUE, **{"N° de séjour": "S1", "Date d'entrée": start}))
    plan = {"when": "relative", "days": "7", "side": "before", "anchor": "start", "hour": "09:00"}
    assert nurse.post("sending_plan", plan, sending=sending.id).status_code == 422, "what if it has passed?"
    nurse.post("sending_plan", plan | {"past_due": "skip"}, sending=sending.id)
    assert "7 jours avant" in nurse.get("sending_confirm", sending=sending.id)
    nurse.post("sending_confirm", {"lines": "1"}, sending=sending.id)
    line = SendingLine.objects.get()
    assert "data-moves" not in nurse.get("sending", sending=sending.id)
    nurse.post("sending_pause", {}, sending=sending.id)
    assert Sending.objects.get().state == SendingState.PAUSED
    nurse.post("sending_resume", {}, sending=sending.id)
    later = f"{now().date() + timedelta(days=30):%d/%m/%Y}"
    moved = nurse.post("sending_stays", {"file": SimpleUploadedFile("s.csv", f"sejour;entree\nS1;{later}".encode())})
    assert "<dd>1</dd>" in moved.content.decode()
    assert SendingLine.objects.get().due_at == line.due_at + timedelta(days=10)
    nurse.post("sending_cancel", {"act": "cancel"}, sending=sending.id)
    assert SendingLine.objects.get().state == LineState.CANCELLED


def test_what_was_asked_is_done_and_nothing_else_though_a_colleague_confirmed_meanwhile(nurse: Desk):
    cast.patient()
    sending = nurse.sending(nurse.template(text="Bonjour {{prenom}}."))
    nurse.give(sending, listed(cast.DOMINIQUE))
    nurse.post("sending_plan", {"when": "now"}, sending=sending.id)
    asked = re.search(r'name="act" value="(\w+)"', nurse.get("sending_cancel", sending=sending.id))[1]
    nurse.post("sending_confirm", {"lines": "1"}, sending=sending.id)
    told = nurse.post("sending_cancel", {"act": asked}, sending=sending.id)
    assert told["Location"] == nurse.url("sending", sending=sending.id)
    assert str(sentences.REFUSALS[PathwayRefusal.WRONG_STATE]) in nurse.get("sending", sending=sending.id)
    assert nurse.post("sending_cancel", {}, sending=sending.id).status_code == 422, "which of the two is not said"
    assert Sending.objects.get().state == SendingState.RUNNING
    assert SendingLine.objects.get().state == LineState.WAITING


def test_those_written_to_are_written_to_again_unless_they_have_answered(nurse: Desk):
    cast.patient()
    first = nurse.sending(nurse.template(text="Bonjour {{prenom}}.", receipt_wanted=""), title="Questionnaire")
    nurse.give(first, listed(cast.DOMINIQUE))
    nurse.post("sending_plan", {"when": "now"}, sending=first.id)
    nurse.post("sending_confirm", {"lines": "1"}, sending=first.id)
    while send_group(first.id).more:
        pass
    assert "Questionnaire" in nurse.get("sending_new", f"?suite={first.id}")
    second = nurse.sending(first.template, suite=first.id)
    assert second.follows_id == first.id
    assert "PAT-TROIS" in nurse.get("sending_lines", sending=second.id)
    plan = {"when": "now", "unless_answered": "on", "opened": "not-opened"}
    refused = nurse.post("sending_plan", plan, sending=second.id)
    words = str(sentences.REFUSALS[PathwayRefusal.RECEIPT_NOT_ASKED])
    assert words in re.search(r'id="id_opened_error".*?</p>', refused.content.decode(), re.S)[0]
    assert nurse.post("sending_plan", plan | {"opened": "any"}, sending=second.id).status_code == 302
    assert str(sentences.condition_sentences(Conditions(unless_answered=True))[1]) in nurse.get(
        "sending_confirm", sending=second.id
    )


def test_who_validated_a_pathway_is_kept_in_full_or_refused(nurse: Desk):
    committee = ("Commission médicale d’établissement et direction des soins " * 4)[:MAX_VALIDATED_BY]
    wanted = {"name": "Hanche", "active": "on", "validated_by": committee}
    assert nurse.post("pathway_new", wanted | {"validated_by": committee + "x"}).status_code == 422
    assert nurse.post("pathway_new", wanted).status_code == 302
    assert Pathway.objects.get().validated_by == committee.strip()


def test_figures_count_every_template_and_say_when_they_list_the_largest_alone(nurse: Desk):
    wanted = {"subject": "S", "text": "T", "use_case": "other", "saved_by": NURSE, "saved_at": now()}
    finess = Mailbox.objects.get(id=nurse.box).organization_id
    many = MOST_NAMES + 1
    templates = Template.objects.bulk_create(
        [Template(id=uuid4(), organization_id=finess, created_at=now()) for _ in range(many)]
    )
    TemplateVersion.objects.bulk_create(
        [TemplateVersion(template=one, number=1, name=f"Modèle {rank}", **wanted) for rank, one in enumerate(templates)]
    )
    sendings = Sending.objects.bulk_create(
        [
            Sending(id=uuid4(), mailbox_id=nurse.box, organization_id=finess, template=one, template_version=1,
                    title="Envoi", state="done", hour=time(9), created_by=NURSE, created_at=now(), started_at=now())
            for one in templates
        ]
    )  # fmt: skip
    line = {"number": 1, "content": b"", "state": "sent", "outcome": "delivered"}
    SendingLine.objects.bulk_create([SendingLine(id=uuid4(), sending=one, **line) for one in sendings[:-1]])
    shown = nurse.get("sending_figures")
    assert f"<dd>{many - 1}</dd>" in shown
    assert "Seuls les" not in shown
    SendingLine.objects.bulk_create([SendingLine(id=uuid4(), sending=sendings[-1], **line)])
    shown = nurse.get("sending_figures")
    assert f"<dd>{many}</dd>" in shown
    assert f"Seuls les {MOST_NAMES} " in shown


def test_every_code_has_its_sentence():
    assert set(sentences.USE_CASES) == set(UseCase)
    assert set(sentences.SENDING_STATES) == set(SendingState)
    assert set(sentences.LINE_STATES) == set(LineState)
    assert set(sentences.LINE_REASONS) == set(LineReason)
    assert set(sentences.REFUSALS) == set(PathwayRefusal)
    assert set(sentences.FILE_PROBLEMS) == set(FileProblem)
    assert set(sentences.ANCHORS) == set(Anchor)
    assert set(sentences.PAST_DUES) == set(PastDue)
    assert set(sentences.OPENINGS) == set(Opened)
    assert set(sentences.OUTCOMES) == set(DeliveryOutcome)
    assert set(sentences.COLUMNS) == {*KNOWN_COLUMNS, *(one.value for one in FIELDS)}
