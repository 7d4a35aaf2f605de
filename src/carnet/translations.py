"""Translations of Carnet's words: gathered from the sources, kept in ``.po`` files, compiled to ``.mo``, checked.

    python -m carnet.translations extract   gathers the messages and brings every .po up to date
    python -m carnet.translations compile   makes the .mo files that Django reads (at set-up; git ignores them)
    python -m carnet.translations check     tells what is missing, wrong or no longer used

All in Python, by Babel: GNU gettext is not needed. The messages are written in English in Python (``gettext`` and its
kin) and in templates; English needs no file.
"""

import argparse
import os
import re
import sys
from collections import Counter
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_python
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.utils.translation.template import templatize

SOURCES = Path(__file__).parent
LOCALES = SOURCES / "locale"
LANGUAGES = ("fr",)
_KEYWORDS: dict[str, tuple[int | tuple[int, str], ...] | None] = {
    "gettext": None,
    "gettext_lazy": None,
    "gettext_noop": None,
    "_": None,
    "ngettext": (1, 2),
    "ngettext_lazy": (1, 2),
    "pgettext": ((1, "c"), 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
    "npgettext_lazy": ((1, "c"), 2, 3),
}
_PLACEHOLDER = re.compile(r"%\((\w+)\)[sd]|(?<!\w)(%[sd])|\{(\w*)\}")
_TAG = re.compile(r"</?([a-z][a-z0-9]*)\b")
_WHOLE_TAG = re.compile(r"<[^>]*>")
_FRENCH = (
    (re.compile(r"(?<=\w)'(?=\w)"), "’"),
    (re.compile(r"\.\.\."), "…"),
    (re.compile(r"«[ \u00a0\u202f]*"), "«\u00a0"),
    (re.compile(r"[ \u00a0\u202f]*»"), "\u00a0»"),
    (re.compile(r"(?<=\S)[ \u00a0\u202f]*:(?=\s|$)"), "\u00a0:"),
    (re.compile(r"(?<=\S)[ \u00a0\u202f]*([;!?]+)(?=\s|$)"), "\u202f\\1"),
    (re.compile(r"(?<=\d) (?=\d{3}\b)"), "\u202f"),
)
_Key = tuple[str, str, str]


def po_file(language: str, locales: Path = LOCALES) -> Path:
    return locales / language / "LC_MESSAGES" / "django.po"


# --- gathering ----------------------------------------------------------------------------------------------------
def _source_files(sources: Path) -> Iterator[Path]:
    for path in sorted(sources.rglob("*")):
        is_template = "templates" in path.parts and path.suffix in (".html", ".txt")
        if path.suffix == ".py" or is_template:
            yield path


def _messages_of(path: Path, sources: Path) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The function and the literal arguments of each call that marks a message, in one file."""
    text = path.read_text("utf-8")
    if path.suffix != ".py":
        text = templatize(text, origin=str(path.relative_to(sources)))
    elif "gettext" not in text:
        return  # it marks nothing: most files need no reading word by word
    for _line, function, arguments, _comments in extract_python(BytesIO(text.encode()), _KEYWORDS, [], {}):
        given = arguments if isinstance(arguments, tuple | list) else (arguments,)
        yield str(function), tuple(argument for argument in given if isinstance(argument, str))


def extract(sources: Path = SOURCES) -> Catalog:
    """Every message of the Python files and templates under ``sources``, with the files it comes from."""
    catalog = Catalog(project="Carnet", charset="utf-8", fuzzy=False)
    for path in _source_files(sources):
        where = [(path.relative_to(sources).as_posix(), 1)]
        for function, arguments in _messages_of(path, sources):
            context = None
            if "pgettext" in function:
                context, *rest = arguments
                arguments = tuple(rest)
            if arguments and arguments[0]:
                is_plural = function.removeprefix("_").startswith(("ngettext", "npgettext"))
                catalog.add(arguments[:2] if is_plural else arguments[0], locations=where, context=context)
    return catalog


def read(path: Path, language: str) -> Catalog:
    """A ``.po`` file. Raises ``FileNotFoundError``."""
    with path.open("rb") as file:
        return read_po(file, locale=language, abort_invalid=True)


def update(language: str, sources: Path = SOURCES, locales: Path = LOCALES) -> Path:
    """Brings one language's ``.po`` up to date: new messages are added empty, unused ones go, typography is set right.

    Nothing is guessed from a message that looks alike: a wrong sentence about health is worse than an English one.
    """
    path = po_file(language, locales)
    known = read(path, language) if path.exists() else Catalog(locale=language)
    fresh = Catalog(locale=language, project="Carnet", charset="utf-8", fuzzy=False)
    for message in extract(sources):
        if not message.id:
            continue
        kept = known.get(_singular(message), message.context)
        words = _forms(kept.string) if kept is not None and _is_plural(kept) == _is_plural(message) else ("",)
        if language == "fr":
            words = tuple(map(french_typography, words))
        text = words if len(words) > 1 else words[0]
        fresh.add(message.id, text, locations=message.locations, flags=message.flags, context=message.context)
    header = f'msgid ""\nmsgstr ""\n"Language: {language}\\n"\n"MIME-Version: 1.0\\n"\n'
    header += f'"Content-Type: text/plain; charset=utf-8\\n"\n"Plural-Forms: {fresh.plural_forms}\\n"\n\n'
    body = BytesIO()
    write_po(body, fresh, width=0, omit_header=True, sort_by_file=True, include_lineno=False, ignore_obsolete=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(f".po.{os.getpid()}")
    partial.write_text(header + body.getvalue().decode(), "utf-8")
    partial.replace(path)  # whole: who reads it meanwhile would take what is missing for untranslated
    return path


def compile_all(locales: Path = LOCALES) -> list[Path]:
    """Makes the ``.mo`` of every ``.po``, replacing each whole. Returns the files made."""
    made = []
    for path in sorted(locales.glob("*/LC_MESSAGES/django.po")):
        target = path.with_suffix(".mo")
        partial = target.with_suffix(f".mo.{os.getpid()}")
        with partial.open("wb") as file:
            write_mo(file, read(path, path.parent.parent.name))
        partial.replace(target)
        made.append(target)
    return made


# --- checking -----------------------------------------------------------------------------------------------------
def check(sources: Path = SOURCES, locales: Path = LOCALES) -> list[str]:
    """What is wrong, one line each; empty when every language is complete and in step with the sources."""
    problems = []
    wanted = {_key(message): message for message in extract(sources) if message.id}
    for language in LANGUAGES:
        path = po_file(language, locales)
        if not path.exists():
            problems.append(f"{language}: {path.name} is missing")
            continue
        catalog = read(path, language)
        found = {_key(message): message for message in catalog if message.id}
        problems += [f"{language}: not in the file: {_shown(wanted[key])}" for key in wanted.keys() - found.keys()]
        problems += [f"{language}: no longer used: {_shown(found[key])}" for key in found.keys() - wanted.keys()]
        problems += [f"{language}: no longer used: {_shown(message)}" for message in catalog.obsolete.values()]
        for message in found.values():
            problems += [
                f"{language}: {problem}: {_shown(message)}" for problem in _message_problems(message, language)
            ]
    return sorted(problems)


def _message_problems(message: Message, language: str) -> Iterator[str]:
    texts = _forms(message.string)
    if message.fuzzy:
        yield "fuzzy"
    if not all(texts):
        yield "not translated"
        return
    originals = _forms(message.id)
    for number, text in enumerate(texts):
        original = originals[min(number, len(originals) - 1)]
        # A form for one may say "one" in words; no form may name what the message does not have.
        same = _placeholders(text) == _placeholders(original)
        if not (same or (len(texts) > 1 and number == 0 and _placeholders(text) < _placeholders(originals[-1]))):
            yield "other placeholders"
        if Counter(_TAG.findall(text)) != Counter(_TAG.findall(original)):
            yield "other tags"
        if text[:1].isspace() != original[:1].isspace() or text[-1:].isspace() != original[-1:].isspace():
            yield "other spaces at an end"
        if language == "fr" and french_typography(text) != text:
            yield "typography"


def _placeholders(text: str) -> set[str]:
    return {next(filter(None, match.groups()), "{}") for match in _PLACEHOLDER.finditer(text)}


def french_typography(text: str) -> str:
    """French spacing: no-break spaces inside « » and before : (U+00A0) and ; ! ? (U+202F), and ’ for '. Tags untouched.

    Source: Lexique des règles typographiques en usage à l'Imprimerie nationale.
    """
    tags = _WHOLE_TAG.findall(text)
    text = _WHOLE_TAG.sub("\ue000", text)
    for pattern, replacement in _FRENCH:
        text = pattern.sub(replacement, text)
    for tag in tags:
        text = text.replace("\ue000", tag, 1)
    return text


def _forms(text: object) -> tuple[str, ...]:
    """The forms of a message or of its translation: one, or one a grammatical number."""
    return tuple(map(str, text)) if isinstance(text, tuple | list) else (str(text or ""),)


def _is_plural(message: Message) -> bool:
    return isinstance(message.id, tuple | list)


def _singular(message: Message) -> str:
    return _forms(message.id)[0]


def _key(message: Message) -> _Key:
    return _singular(message), "".join(_forms(message.id)[1:]), message.context or ""


def _shown(message: Message) -> str:
    return repr(_singular(message)[:90])


def main(arguments: list[str] | None = None) -> int:
    """The command; returns the exit status (1 when ``check`` finds something)."""
    parser = argparse.ArgumentParser(prog="python -m carnet.translations", description="Translations of Carnet.")
    parser.add_argument("act", choices=("extract", "compile", "check"))
    act = parser.parse_args(arguments).act
    if act == "extract":
        lines = [str(update(language)) for language in LANGUAGES]
    elif act == "compile":
        lines = [str(path) for path in compile_all()]
    else:
        lines = check()
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    return 1 if act == "check" and lines else 0


if __name__ == "__main__":
    sys.exit(main())
