"""Sizes, dates and letters as people read them."""

from datetime import UTC, date, datetime
from uuid import UUID

import pytest
import time_machine
from django.utils import translation

from carnet.interfaces.web.asked import number_of, uuid_of, uuids_of
from carnet.interfaces.web.sentences import subject_words
from carnet.interfaces.web.templatetags import web

NOW = datetime(2026, 3, 3, 13, 5, tzinfo=UTC)  # 14:05 in Paris


@pytest.mark.parametrize(
    ("size", "french", "english"),
    [
        (0, "0 octet", "0 bytes"),
        (1, "1 octet", "1 byte"),
        (999, "999 octets", "999 bytes"),
        (340_400, "340 Ko", "340 KB"),
        (999_499, "999 Ko", "999 KB"),
        (999_500, "1,0 Mo", "1.0 MB"),
        (1_240_000, "1,2 Mo", "1.2 MB"),
        (5_000_000, "5 Mo", "5 MB"),
    ],
)
def test_a_size_is_said_in_the_units_of_the_language(size: int, french: str, english: str) -> None:
    with translation.override("fr"):
        assert web.file_size(size).replace("\u00a0", " ") == french
    with translation.override("en"):
        assert web.file_size(size) == english


def test_an_unknown_size_is_not_said() -> None:
    assert web.file_size(None) == ""


@pytest.mark.parametrize(
    ("at", "style", "french", "english"),
    [
        (NOW, "short", "aujourd’hui à 14 h 05", "today at 14:05"),
        (datetime(2026, 3, 2, 22, 30, tzinfo=UTC), "short", "hier à 23 h 30", "yesterday at 23:30"),
        (datetime(2026, 3, 2, 23, 30, tzinfo=UTC), "short", "aujourd’hui à 0 h 30", "today at 0:30"),
        (datetime(2026, 2, 1, 8, 0, tzinfo=UTC), "short", "1er février", "1 February"),
        (datetime(2025, 12, 31, 8, 0, tzinfo=UTC), "short", "31 décembre 2025", "31 December 2025"),
        (NOW, "day", "3 mars 2026", "3 March 2026"),
        (NOW, "clock", "14 h 05", "14:05"),
        (NOW, "full", "mardi 3 mars 2026 à 14 h 05", "Tuesday 3 March 2026 at 14:05"),
        (date(2026, 3, 1), "full", "1er mars 2026", "1 March 2026"),
    ],
)
def test_a_moment_is_said_as_people_say_it(at: date, style: str, french: str, english: str) -> None:
    for language, words in (("fr", french), ("en", english)):
        with translation.override(language), time_machine.travel(NOW, tick=False):
            assert f">{words}</time>" in web.when(at, style).replace("\u00a0", " ")


def test_an_unknown_moment_is_not_said() -> None:
    assert web.when(None) == ""


def test_events_of_one_local_day_stay_together() -> None:
    moments = [datetime(2026, 3, 3, 0, 30, tzinfo=UTC), datetime(2026, 3, 2, 23, 10, tzinfo=UTC), NOW.replace(day=1)]
    groups = web.by_day([{"when": moment} for moment in moments])
    assert [(day.day, len(rows)) for day, rows in groups] == [(3, 2), (1, 1)]


def test_a_day_is_named_in_full() -> None:
    with translation.override("fr"), time_machine.travel(NOW, tick=False):
        assert web.day_words(date(2026, 3, 3)) == "Aujourd’hui, mardi 3 mars 2026"
        assert web.day_words(date(2026, 3, 2)) == "Hier, lundi 2 mars 2026"
        assert web.day_words(date(2026, 3, 1)) == "Dimanche 1er mars 2026"


@pytest.mark.parametrize(
    ("name", "letters"),
    [("CHU du Val-Fleuri – Chirurgie", "CV"), ("claire martin", "CM"), ("Vous", "V"), ("", "?"), ("<b> 42", "?")],
)
def test_initials_stand_for_a_name(name: str, letters: str) -> None:
    assert web.initials(name) == letters


@pytest.mark.parametrize(
    ("named", "drawing"),
    [("application/pdf", "pdf"), ("image/tiff", "image"), ("Scan.PNG", "image"), ("text/rtf", "text"), ("x", "file")],
)
def test_a_file_is_drawn_by_its_kind(named: str, drawing: str) -> None:
    assert web.file_icon(named) == drawing


def test_an_unknown_drawing_is_an_error_of_the_template() -> None:
    with pytest.raises(FileNotFoundError):
        web.icon("unicorn")


@pytest.mark.parametrize(
    ("subject", "shown"),
    [
        ("XDM/1.0/DDM+Compte rendu d'imagerie MARTIN Hélène [03/12/1987]", "Compte rendu d'imagerie"),
        (
            "XDM/1.0/DDM+Lettre de liaison à la sortie d'un établ MARTIN HELENE",
            "Lettre de liaison à la sortie d'un établ…",
        ),
        ("XDM/1.0/DDM+CR IRM DUPONT Paul", "CR IRM DUPONT Paul"),
        ("Re: XDM/1.0/DDM+3 documents MARTIN Hélène", "Re: 3 documents"),
        ("XDM/1.0/DDM", ""),
        ("xdm/1.0/ddm MARTIN", ""),
        ("Rendez-vous de Hélène MARTIN", "Rendez-vous de Hélène MARTIN"),
        ("À propos de XDM/1.0/DDMX", "À propos de XDM/1.0/DDMX"),
    ],
)
def test_a_subject_is_what_its_reader_wants_to_know(subject: str, shown: str) -> None:
    assert subject_words(subject, "Hélène MARTIN") == shown


def test_a_file_name_may_be_broken_where_it_is_joined_and_nowhere_else() -> None:
    assert web.breakable("compte_rendu-2.pdf") == "compte_<wbr>rendu-<wbr>2.<wbr>pdf"
    assert web.breakable("a_<b>.pdf") == "a_&lt;b&gt;.<wbr>pdf"
    assert web.breakable("Fin. Merci.") == "Fin. Merci."


@pytest.mark.parametrize(
    ("text", "number"),
    [("0", 0), ("007", 7), ("99999999", 99_999_999), ("100000000", None), ("", None), ("-1", None), ("1.5", None),
     ("x", None), (" 1", None), ("\u0661", None)],
)  # fmt: skip
def test_a_number_in_an_address_is_short_and_plain_or_none(text: str, number: int | None) -> None:
    assert number_of(text) == number


def test_an_identifier_in_an_address_is_written_as_the_pages_write_it_or_names_nothing() -> None:
    known = UUID("0190f3a2-7c1e-7d3b-9f00-1a2b3c4d5e6f")
    assert uuid_of(str(known)) == known
    others = ["", "x", str(known).upper(), known.hex, f"{{{known}}}", known.urn, f"{known}\n", f" {known}"]
    assert [uuid_of(one) for one in others] == [None] * len(others)
    assert uuids_of(["x", str(known), known.hex]) == [known]
