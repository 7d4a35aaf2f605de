"""Pathways and templates of an establishment, on a real database."""

from dataclasses import replace
from datetime import date
from uuid import uuid4

import pytest
from sending_desk import actor_of, content, desk, elsewhere

from carnet.domain.directory.models import MailboxTrace
from carnet.domain.pathways import commands, queries
from carnet.domain.pathways.starters import STARTERS
from carnet.domain.pathways.values import (
    PathwayContent,
    PathwayRefusal,
    Refused,
    TemplateProblem,
    TemplateProblems,
    UseCase,
)
from carnet.sandbox import cast

pytestmark = pytest.mark.django_db

PDF = b"%PDF-1.4\n1 0 obj\n<< >>\nendobj\ntrailer\n<< >>\n%%EOF\n"


@pytest.fixture
def actor():
    return desk()


def acts(actor):
    return list(MailboxTrace.objects.filter(mailbox_id=actor.mailbox.id).order_by("at").values_list("act", "author"))


def test_a_pathway_is_named_once_in_its_establishment(actor):
    validated = {"validated_on": date(2026, 1, 5), "validated_by": "CME"}
    first = commands.save_pathway(actor, None, PathwayContent(" Chirurgie  de la hanche ", **validated))
    assert first.content == PathwayContent("Chirurgie de la hanche", **validated)
    again = commands.save_pathway(actor, None, PathwayContent("chirurgie de la HANCHE"))
    assert again == Refused(PathwayRefusal.NAME_TAKEN, "name")
    assert commands.save_pathway(elsewhere(), None, PathwayContent("Chirurgie de la hanche"))
    assert [one.content.name for one in queries.list_pathways(actor)] == ["Chirurgie de la hanche"]
    assert acts(actor)[-1] == ("pathway-changed", actor.rpps)


def test_a_pathway_changes_and_rests(actor):
    found = commands.save_pathway(actor, None, PathwayContent("Hanche"))
    rests = PathwayContent("Hanche et genou", active=False)
    assert commands.save_pathway(actor, found.id, rests).content == rests
    assert queries.list_pathways(actor, active_only=True) == []
    assert queries.open_pathway(actor, found.id).content == rests
    assert commands.save_pathway(elsewhere(), found.id, rests) == Refused(PathwayRefusal.NOT_FOUND)


def test_colleagues_of_the_establishment_share_templates_and_others_find_none(actor):
    mine = commands.save_template(actor, None, content())
    archives = actor_of(cast.archives())
    assert [one.id for one in queries.list_templates(archives)] == [mine.id]
    stranger = elsewhere()
    assert queries.list_templates(stranger) == []
    nothing = Refused(PathwayRefusal.NOT_FOUND)
    assert queries.open_template(stranger, mine.id) == nothing
    assert commands.save_template(stranger, mine.id, content()) == nothing
    assert commands.archive_template(stranger, mine.id, True) == nothing
    assert commands.copy_template(stranger, mine.id) == nothing
    assert commands.create_sending(stranger, mine.id) == nothing
    assert commands.add_template_file(stranger, mine.id, name="a.pdf", media_type="", content=PDF) == nothing
    assert queries.template_versions(stranger, mine.id) == []


def test_each_saving_is_a_version_and_the_old_ones_stay(actor):
    first = commands.save_template(actor, None, content(text="Un\r\ndeux {{prenom}}"))
    second = commands.save_template(actor, first.id, replace(first.content, text="Autre"))
    assert (first.content.text, second.version) == ("Un\ndeux {{prenom}}", 2)
    assert [one.content.text for one in queries.template_versions(actor, first.id)] == ["Autre", "Un\ndeux {{prenom}}"]
    assert queries.open_template(actor, first.id, 1).content.text == "Un\ndeux {{prenom}}"
    assert queries.open_template(actor, first.id, 3) == Refused(PathwayRefusal.NOT_FOUND)


def test_a_template_that_is_wrong_is_not_saved(actor):
    pathway = commands.save_pathway(elsewhere(), None, PathwayContent("La leur"))
    refused = commands.save_template(actor, None, content(text="{{salle}}", pathway_id=pathway.id))
    assert refused == TemplateProblems(
        (TemplateProblem("unknown-field", "text", "salle"), TemplateProblem("pathway", "pathway_id"))
    )
    assert queries.list_templates(actor) == []


def test_a_starter_becomes_the_establishments_own(actor):
    for starter in STARTERS:
        assert commands.copy_starter(actor, starter.key).content == starter.content
    assert [one.content.use_case for one in queries.list_templates(actor)] == list(UseCase)
    assert commands.copy_starter(actor, "none") == Refused(PathwayRefusal.NOT_FOUND)


def test_a_template_put_away_starts_nothing(actor):
    saved = commands.save_template(actor, None, content())
    assert commands.archive_template(actor, saved.id, True).archived
    assert queries.list_templates(actor) == []
    assert [one.id for one in queries.list_templates(actor, archived=True)] == [saved.id]
    assert commands.create_sending(actor, saved.id) == Refused(PathwayRefusal.TEMPLATE_NOT_VALID)
    old = commands.save_template(actor, None, content(valid_until=date(2020, 1, 1)))
    assert commands.create_sending(actor, old.id) == Refused(PathwayRefusal.TEMPLATE_NOT_VALID)


def test_files_go_with_a_template_and_with_its_copy(actor):
    saved = commands.save_template(actor, None, content())
    file = commands.add_template_file(actor, saved.id, name="../livret.pdf", media_type="application/pdf", content=PDF)
    assert (file.name, file.media_type, file.size) == ("livret.pdf", "application/pdf", len(PDF))
    saved = commands.save_template(actor, saved.id, replace(saved.content, files=(file.id,)))
    assert saved.files == (file,)
    assert queries.open_template_file(actor, saved.id, file.id).content == PDF
    copy = commands.copy_template(actor, saved.id)
    assert copy.content.name == "Rappel (copie)"
    assert queries.open_template_file(actor, copy.id, copy.files[0].id).content == PDF
    assert queries.open_template_file(elsewhere(), saved.id, file.id) == Refused(PathwayRefusal.NOT_FOUND)
    assert queries.open_template_file(actor, copy.id, file.id) == Refused(PathwayRefusal.NOT_FOUND)


@pytest.mark.parametrize(
    ("name", "media_type", "data", "reason"),
    [
        ("a.pdf", "image/png", PDF, PathwayRefusal.CONTENT_MISMATCH),
        ("a.html", "", b"<html><script>", PathwayRefusal.TYPE_NOT_ACCEPTED),
        ("a.js", "", b"WScript.Echo(1)", PathwayRefusal.TYPE_NOT_ACCEPTED),
        ("a.pdf", "", b"", PathwayRefusal.TYPE_NOT_ACCEPTED),
        ("a.pdf", "", PDF + b" " * 5_000_000, PathwayRefusal.FILE_TOO_LARGE),
    ],
)
def test_a_file_that_patients_should_not_get_is_refused(actor, name, media_type, data, reason):
    saved = commands.save_template(actor, None, content())
    refused = commands.add_template_file(actor, saved.id, name=name, media_type=media_type, content=data)
    assert refused == Refused(reason)


def test_a_template_names_no_file_of_another(actor):
    one, other = (commands.save_template(actor, None, content(name=name)) for name in "ab")
    file = commands.add_template_file(actor, one.id, name="a.pdf", media_type="", content=PDF)
    refused = commands.save_template(actor, other.id, replace(other.content, files=(file.id, uuid4())))
    assert refused == TemplateProblems((TemplateProblem("file", "files"),))


def test_the_preview_shows_an_invented_patient_and_the_names_of_own_columns(actor):
    draft = content(name="", text="{{prenom}}, {{salle}}, {{boite}}", columns=("salle",))
    shown = queries.preview_template(actor, draft)
    assert shown.text == f"Dominique, [salle], {actor.mailbox.label}"
    assert isinstance(queries.preview_template(actor, content(text="{{prenom")), TemplateProblems)
