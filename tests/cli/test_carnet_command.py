"""The command as those who run Carnet use it."""

import os
import subprocess
import sys

import pytest
from django.core.exceptions import ImproperlyConfigured
from typer.testing import CliRunner

from carnet.cli import app
from carnet.domain.directory.models import Mailbox, TrustedDomain
from carnet.domain.spaces.models import HealthSpace
from carnet.foundation.supervisor import SETTINGS_ARE_WRONG
from carnet.interfaces.smtp.run import check_settings

PERSON = [
    "--oid", "1.2.250.1.213.1.4.10", "--birth-name", "Pat-Trois", "--given-names", "Dominique", "--birth-date",
    "1979-03-28", "--sex", "F", "--birth-place", "51215", "--email", "dominique@courriel.test",
]  # fmt: skip


def carnet(*arguments):
    return CliRunner().invoke(app, list(arguments))


@pytest.mark.django_db
def test_an_installation_is_filled_by_hand():
    assert carnet("directory", "trust", "Hôpital.mssante.test", "--operator", "Carnet", "--hosted").exit_code == 0
    assert carnet("directory", "organization", "519999015", "--name", "Centre hospitalier").exit_code == 0
    opened = carnet(
        "mailbox", "create", "ortho@hôpital.mssante.test", "--kind", "ORG", "--label", "Chirurgie orthopédique",
        "--finess", "519999015", "--description", "Secrétariat de la chirurgie orthopédique", "--service", "Chirurgie",
        "--responsible", "Dr Vasseur", "--password", "Sablier-2026!",
    )  # fmt: skip
    assert opened.exit_code == 0, opened.output
    assert TrustedDomain.objects.get().hosted
    assert Mailbox.objects.get().address == "ortho@xn--hpital-ixa.mssante.test"
    assert carnet("space", "open", "2 79 03 51 215 189 89", *PERSON).exit_code == 0
    assert HealthSpace.objects.get().state == "open"
    assert carnet("space", "close", "279035121518989").exit_code == 0
    assert HealthSpace.objects.get().state == "closed"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["space", "open", "279035121518980", *PERSON], "89"),
        (["space", "open", "279035121518989", "--oid", "1.2.250.1.213.1.4.8", *PERSON[2:]], "INS-NIR"),
        (["space", "close", "279035121518989"], "no living space"),
        (["directory", "organization", "51999", "--name", "x"], "9"),
        (["directory", "trust", "pas un domaine", "--operator", "x"], "domain"),
    ],
)
def test_what_cannot_be_done_is_told_in_words(arguments, words, capsys):
    done = carnet(*arguments)
    assert done.exit_code == 1
    assert words in done.output + capsys.readouterr().err


@pytest.mark.django_db
def test_the_dns_records_of_a_hosted_domain_are_printed():
    assert carnet("directory", "trust", "hopital.mssante.test", "--operator", "Carnet", "--hosted").exit_code == 0
    told = carnet("directory", "dns", "Hopital.mssante.test.")
    assert told.exit_code == 0, told.output
    assert "_imaps._tcp.hopital.mssante.test. IN SRV 0 1 " in told.output
    assert carnet("directory", "dns", "ailleurs.mssante.test").exit_code == 1


def test_a_mail_door_without_a_certificate_says_what_is_missing_and_is_not_started_again():
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CARNET_")}
    done = subprocess.run(
        [sys.executable, "-m", "carnet", "serve", "imap"],
        env={**kept, "CARNET_DATABASE_URL": "postgresql://127.0.0.1:1/none"},
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == SETTINGS_ARE_WRONG
    assert "CARNET_TLS_CERT_FILE" in done.stderr


@pytest.mark.django_db
def test_the_trail_is_checked_by_command():
    assert "whole" in carnet("audit", "verify").output


def serve(**environment):
    command = [sys.executable, "-m", "carnet", "serve"]
    return subprocess.run(
        command, env={**os.environ, **environment}, capture_output=True, text=True, timeout=60, check=False
    )


def test_serve_wants_a_master_key_of_its_own(tmp_path):
    done = serve(CARNET_DATA_DIR=str(tmp_path / "data"), CARNET_MASTER_KEY_FILE="")
    assert done.returncode == 1
    assert "carnet keys create" in done.stderr


def test_serve_refuses_a_master_key_inside_the_data_folder(tmp_path):
    key = tmp_path / "data" / "keys" / "master"
    assert carnet("keys", "create", str(key)).exit_code == 0
    done = serve(CARNET_DATA_DIR=str(tmp_path / "data"), CARNET_MASTER_KEY_FILE=str(key))
    assert done.returncode == 1
    assert "inside the data folder" in done.stderr


def test_a_key_file_is_never_overwritten(tmp_path):
    path = tmp_path / "master"
    assert carnet("keys", "create", str(path)).exit_code == 0
    before = path.read_bytes()
    assert carnet("keys", "create", str(path)).exit_code == 1
    assert path.read_bytes() == before


def test_a_demo_stays_on_loopback():
    done = subprocess.run(
        [sys.executable, "-m", "carnet", "demo"],
        env={**os.environ, "CARNET_BIND": "0.0.0.0"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert "loopback" in done.stderr


@pytest.mark.parametrize(
    ("door", "words"),
    [
        ({"CARNET_OPERATORS_DOOR_MUTUAL": False, "CARNET_BIND": "0.0.0.0"}, "is for loopback only"),
        ({"CARNET_OPERATORS_DOOR_MUTUAL": True, "CARNET_TLS_CERT_FILE": None}, "CARNET_TLS_CERT_FILE"),
        ({"CARNET_OPERATORS_DOOR_MUTUAL": False, "CARNET_SMTP_MUTUAL_PORT": 2526}, "CARNET_TLS_CERT_FILE"),
    ],
)
def test_an_operators_door_that_would_prove_nobody_does_not_open(settings, door, words):
    settings.CARNET_BIND = "127.0.0.1"
    for name, value in door.items():
        setattr(settings, name, value)
    with pytest.raises(ImproperlyConfigured, match=words):
        check_settings()


def test_a_plain_operators_door_opens_on_loopback(settings):
    settings.CARNET_OPERATORS_DOOR_MUTUAL, settings.CARNET_BIND = False, "127.0.0.1"
    check_settings()
