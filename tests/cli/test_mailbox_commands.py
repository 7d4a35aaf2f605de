"""``carnet mailbox`` and ``carnet statistics`` as operators use them."""

import csv
import io
import json
from datetime import timedelta

import pytest
from django.utils import timezone
from typer.testing import CliRunner

from carnet.cli import app
from carnet.domain.directory.models import Mailbox
from carnet.foundation.clock import now
from carnet.sandbox import cast

pytestmark = pytest.mark.django_db
ORTHO, DPI = f"orthopedie@{cast.HOSPITAL_DOMAIN}", f"dpi@{cast.HOSPITAL_DOMAIN}"
NURSE = "99700218938"


@pytest.fixture(autouse=True)
def hospital():
    cast.trust_space_of_the_sandbox()
    cast.hospital()
    cast.orthopaedics()
    cast.hospital_software()
    return cast.surgeon()


def carnet(*arguments):
    done = CliRunner().invoke(app, list(arguments))
    assert done.exit_code == 0, done.output
    return done.output


def refused(capsys, *arguments):
    done = CliRunner().invoke(app, list(arguments))
    assert done.exit_code == 1
    return done.output + capsys.readouterr().err


def day(number):
    return str(timezone.localdate(now()) + timedelta(days=number))


def shown():
    return json.loads(carnet("mailbox", "show", ORTHO, "--json"))


def test_a_mailbox_is_described_delegated_and_shown():
    carnet("mailbox", "describe", ORTHO, "--answer-hours", "24", "--red-list", "--rank", "1")
    carnet("directory", "professional", NURSE, "--given-name", "Alix", "--family-name", "Leroy", "--profession", "60")
    carnet("mailbox", "delegate", ORTHO, NURSE, "--given-by", "Dr Vasseur", "--until", day(30))
    found = shown()
    assert (found["mailbox"]["answer_hours"], found["mailbox"]["red_list"], found["mailbox"]["rank"]) == (24, True, 1)
    assert [(one["rpps"], one["last"], one["given_by"]) for one in found["delegates"]] == [
        (NURSE, day(30), "Dr Vasseur")
    ]
    carnet("mailbox", "revoke", ORTHO, NURSE)
    assert shown()["delegates"][0]["revoked_by"].startswith("operator:")
    assert "red list: True" in carnet("mailbox", "show", ORTHO)
    carnet("mailbox", "describe", ORTHO, "--published")
    assert shown()["mailbox"]["red_list"] is False


def test_a_mailbox_lives_by_command():
    carnet("mailbox", "suspend", ORTHO)
    assert ORTHO in carnet("mailbox", "list", "--state", "suspended")
    carnet("mailbox", "resume", ORTHO)
    carnet("mailbox", "absence", ORTHO, "--from", day(0), "--until", day(2), "--text", "Fermé.")
    assert shown()["mailbox"]["absent"] is True
    carnet("mailbox", "absence", ORTHO, "--none")
    carnet("mailbox", "close", ORTHO, "--on", day(40))
    assert shown()["mailbox"]["closes_on"] == day(40)
    carnet("mailbox", "close", ORTHO, "--at-once")
    assert shown()["mailbox"]["state"] == "closed"
    carnet("mailbox", "reopen", ORTHO)
    carnet("mailbox", "password", ORTHO, "--none")
    assert shown()["mailbox"]["has_password"] is False
    listed = json.loads(carnet("mailbox", "list", "--kind", "ORG", "--json"))
    assert [one["address"] for one in listed] == [ORTHO]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["suspend", "personne@saint-aubin.mssante.test"], "no mailbox is hosted here"),
        (["close", ORTHO], "--on"),
        (["close", ORTHO, "--on", "demain"], "YYYY-MM-DD"),
        (["close", ORTHO, "--on", "2020-01-01"], "announced earlier"),
        (["resume", ORTHO], "not suspended"),
        (["absence", ORTHO, "--from", "2026-01-01"], "--until"),
        (["delegate", ORTHO, NURSE, "--given-by", "x"], "No professional"),
        (["delegate", ORTHO, "123", "--given-by", "x"], "11"),
        (["certificate", ORTHO, "CN=x,C=FR"], "APP"),
        (["certificate", DPI, "ni nom ni titre"], "TYPE=value"),
        (["opposition", "add", ORTHO, "279035121518980", "--by", "x"], "89"),
        (["opposition", "lift", ORTHO, cast.DOMINIQUE.ins, "--by", "x"], "No opposition"),
        (["describe", ORTHO, "--description", "BAL2"], "outsiders"),
    ],
)
def test_what_cannot_be_done_is_told_in_words(capsys, arguments, words):
    assert words in refused(capsys, "mailbox", *arguments)


def test_a_mailbox_has_a_bound_of_its_own_by_command(capsys):
    assert "0.0 MB without bound" in carnet("mailbox", "quota", ORTHO)
    assert "of 500 MB" in carnet("mailbox", "quota", ORTHO, "--megabytes", "500")
    assert "of 500 MB" in carnet("mailbox", "quota", ORTHO)
    assert "without bound" in carnet("mailbox", "quota", ORTHO, "--usual")
    assert "give one of" in refused(capsys, "mailbox", "quota", ORTHO, "--usual", "--none")


def test_the_check_has_a_line_a_finding_and_an_exit_code():
    carnet("directory", "professional", NURSE, "--given-name", "Alix", "--family-name", "Leroy", "--profession", "60")
    assert carnet("mailbox", "check") == ""
    assert json.loads(carnet("mailbox", "check", "--json")) == []
    Mailbox.objects.filter(address=ORTHO).update(responsible="", service="")
    done = CliRunner().invoke(app, ["mailbox", "check"])
    assert done.exit_code == 1
    assert [line.split("  ")[:3] for line in done.output.splitlines()] == [
        [ORTHO, "ORG", "no-service"],
        [ORTHO, "ORG", "no-responsible"],
    ]
    told = json.loads(CliRunner().invoke(app, ["mailbox", "check", "--json"]).output)
    assert list(told[0]["findings"]) == ["no-service", "no-responsible"]


def test_oppositions_are_listed_to_their_establishment_alone():
    carnet("mailbox", "opposition", "add", ORTHO, cast.DOMINIQUE.ins, "--by", "Accueil")
    assert carnet("mailbox", "opposition", "list", DPI).startswith(f"{cast.DOMINIQUE.ins}  establishment")
    cast.general_practitioner()
    assert carnet("mailbox", "opposition", "list", f"claire.morvan@{cast.CITY_DOMAIN}") == ""
    carnet("mailbox", "opposition", "lift", ORTHO, cast.DOMINIQUE.ins, "--by", "Accueil")
    assert carnet("mailbox", "opposition", "list", ORTHO) == ""
    [one] = json.loads(carnet("mailbox", "opposition", "list", ORTHO, "--lifted", "--json"))
    assert (one["recorded_by"], one["lifted_by"]) == ("Accueil", "Accueil")


def test_traces_are_given_as_a_table_and_as_json():
    carnet("mailbox", "suspend", ORTHO)
    rows = list(csv.DictReader(io.StringIO(carnet("mailbox", "traces", ORTHO, "--csv"))))
    assert [row["act"] for row in rows] == ["created", "suspended"]
    assert rows[1]["author"].startswith("operator:")
    lines = [json.loads(line) for line in carnet("mailbox", "traces", ORTHO, "--json").splitlines()]
    assert [one["outcome"] for one in lines] == ["done", "done"]
    assert carnet("mailbox", "traces", ORTHO, "--since", day(1)) == ""
    assert carnet("mailbox", "traces", ORTHO, "--until", day(0)) == ""


def test_the_statistics_of_a_month_have_every_kind(capsys):
    month = f"{timezone.localdate(now()):%Y-%m}"
    rows = list(csv.DictReader(io.StringIO(carnet("statistics", "--month", month, "--csv"))))
    assert {row["kind"] for row in rows} == {"PER", "ORG", "APP", "CAB", "ALL"}
    numbers = {(row["kind"], row["what"]): int(row["number"]) for row in rows}
    assert (numbers["ALL", "mailboxes"], numbers["ORG", "mailboxes"], numbers["CAB", "mailboxes"]) == (3, 1, 0)
    assert json.loads(carnet("statistics", "--month", month, "--json"))["kinds"][-1]["kind"] == "ALL"
    assert "YYYY-MM" in refused(capsys, "statistics", "--month", "2026-13")
