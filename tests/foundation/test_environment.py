"""Settings: read in one place, refused with words when they cannot be used."""

from pathlib import Path

import pytest

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
