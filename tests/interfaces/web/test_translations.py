"""The translations are whole, and the tool that says so can say no."""

from pathlib import Path

import pytest

from carnet import translations

SENTENCE = "{% load i18n %}{% blocktranslate count number=n trimmed %}{{ number }} letter{% plural %}{{ number }} letters{% endblocktranslate %}"  # noqa: E501


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    folder = tmp_path / "sources"
    (folder / "templates").mkdir(parents=True)
    (folder / "templates" / "page.html").write_text(SENTENCE + "{% translate 'Hello, <b>you</b>' %}")
    (folder / "words.py").write_text(
        'from x import gettext as _, pgettext\n_("Bye {name}")\npgettext("menu", "File")\n'
    )
    return folder


def _fill(locales: Path, **words: str) -> None:
    path = translations.po_file("fr", locales)
    text = path.read_text()
    for original, translated in words.items():
        key = {"hello": "Hello, <b>you</b>", "bye": "Bye {name}", "file": "File"}[original]
        text = text.replace(f'msgid "{key}"\nmsgstr ""', f'msgid "{key}"\nmsgstr "{translated}"')
    text = text.replace('msgstr[0] ""', 'msgstr[0] "une lettre"')
    path.write_text(text.replace('msgstr[1] ""', 'msgstr[1] "%(number)s lettres"'))


def test_the_french_file_is_what_extraction_writes(tmp_path: Path) -> None:
    kept = translations.po_file("fr").read_text()
    copy = translations.po_file("fr", tmp_path)
    copy.parent.mkdir(parents=True)
    copy.write_text(kept)
    translations.update("fr", locales=tmp_path)
    assert copy.read_text() == kept


def test_messages_are_gathered_from_python_and_templates(sources: Path) -> None:
    found = {
        (translations._singular(message), message.context) for message in translations.extract(sources) if message.id
    }
    assert found == {("%(number)s letter", None), ("Hello, <b>you</b>", None), ("Bye {name}", None), ("File", "menu")}


def test_a_full_translation_passes_and_can_be_read_back(sources: Path, tmp_path: Path) -> None:
    locales = tmp_path / "locale"
    translations.update("fr", sources, locales)
    _fill(locales, hello="Bonjour, <b>vous</b>", bye="Au revoir {name}", file="Fichier")
    assert translations.check(sources, locales) == []
    assert [path.name for path in translations.compile_all(locales)] == ["django.mo"]


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        ({"hello": "Bonjour, <b>vous</b>", "bye": "Au revoir {name}"}, "not translated"),
        ({"hello": "Bonjour, <b>vous</b>", "bye": "Au revoir {nom}", "file": "Fichier"}, "other placeholders"),
        ({"hello": "Bonjour, vous", "bye": "Au revoir {name}", "file": "Fichier"}, "other tags"),
        ({"hello": "Bonjour, <b>vous</b> !", "bye": "Au revoir {name}", "file": "Fichier"}, "typography"),
        ({"hello": "Bonjour, <b>vous</b> ", "bye": "Au revoir {name}", "file": "Fichier"}, "other spaces at an end"),
    ],
)
def test_what_is_wrong_is_told(sources: Path, tmp_path: Path, words: dict[str, str], problem: str) -> None:
    locales = tmp_path / "locale"
    translations.update("fr", sources, locales)
    _fill(locales, **words)
    assert [line.split(": ")[1] for line in translations.check(sources, locales)] == [problem]


def test_a_message_that_is_gone_or_new_is_told(sources: Path, tmp_path: Path) -> None:
    locales = tmp_path / "locale"
    translations.update("fr", sources, locales)
    _fill(locales, hello="Bonjour, <b>vous</b>", bye="Au revoir {name}", file="Fichier")
    (sources / "words.py").write_text('from x import gettext as _\n_("Bye {name}")\n_("Welcome")\n')
    told = translations.check(sources, locales)
    assert told == ["fr: no longer used: 'File'", "fr: not in the file: 'Welcome'"]


@pytest.mark.parametrize(
    ("typed", "printed"),
    [
        ("Qui est-ce ?", "Qui est-ce\u202f?"),
        ("L'heure : 14:05", "L’heure\u00a0: 14:05"),
        ("« Oui » !", "«\u00a0Oui\u00a0»\u202f!"),
        ("https://exemple.fr/a?b=c", "https://exemple.fr/a?b=c"),
        ("<a href=\"tel:15\" title='x'>15</a> ; 75342 Paris", "<a href=\"tel:15\" title='x'>15</a>\u202f; 75342 Paris"),
    ],
)
def test_french_typography_is_set_right(typed: str, printed: str) -> None:
    assert translations.french_typography(typed) == printed
    assert translations.french_typography(printed) == printed


def test_carnets_translations_are_whole_and_the_command_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    assert translations.main(["check"]) == 0
    assert capsys.readouterr().out == ""
    assert translations.main(["compile"]) == 0
    assert "django.mo" in capsys.readouterr().out
