"""Settings: read in one place, refused with words when they cannot be used."""

from pathlib import Path

import pytest

from carnet.config import settings
from carnet.config.environment import SETTINGS, BadSetting, unknown, value

SOURCE = Path(__file__).parents[2] / "src" / "carnet"
READERS = {"config/environment.py"}
"""The only modules that read the environment. Those that hand it on to child processes write it (see below)."""


def test_every_default_can_be_read():
    assert all(value(setting.name, {}) is not Ellipsis for setting in SETTINGS)


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("CARNET_WEB_PORT", "eight", "whole number"),
        ("CARNET_MODE", "test", "demo, production"),
        ("CARNET_DEBUG", "perhaps", "yes or no"),
        ("CARNET_RECIPIENT_REFUSAL", "never", "at-rcpt"),
    ],
)
def test_a_bad_value_is_named_with_what_is_expected(name, text, words):
    with pytest.raises(BadSetting, match=f"{name}.*{words}"):
        value(name, {name: text})


def test_a_misspelt_setting_is_noticed():
    assert unknown({"CARNET_WEB_PROT": "1", "CARNET_WEB_PORT": "1", "HOME": "/"}) == ["CARNET_WEB_PROT"]


def test_settings_are_read_in_one_place():
    for path in SOURCE.rglob("*.py"):
        name = str(path.relative_to(SOURCE))
        if name not in READERS:
            assert "os.environ.get(" not in path.read_text() or name.startswith("foundation/postgres/"), name
            assert "os.getenv(" not in path.read_text(), name


def test_a_mailbox_opens_by_a_password_in_a_demo_and_in_production_only_when_asked():
    taken = {
        (choice, live): settings._passwords(choice, live) for choice in ("in-demo", "yes", "no") for live in (0, 1)
    }
    assert {key for key, value in taken.items() if value} == {("in-demo", 0), ("yes", 0), ("yes", 1)}


@pytest.mark.parametrize("items", [("RS256", "HS256"), ("none",), ("rs256",)])
def test_a_signature_that_anybody_can_make_is_never_allowed(items):
    assert settings._algorithms(("RS256", "ES256")) == ("RS256", "ES256")
    with pytest.raises(BadSetting, match="CARNET_PSC_ALGORITHMS"):
        settings._algorithms(items)


@pytest.mark.parametrize("item", ["pop=110", "imap", "imap=x", "imap=70000"])
def test_a_public_port_names_its_door(item):
    assert settings._ports(("imap=143", "submissions=465")) == {"imap": 143, "submissions": 465}
    with pytest.raises(BadSetting, match="CARNET_MAIL_PUBLIC_PORTS"):
        settings._ports((item,))
