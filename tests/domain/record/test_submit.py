"""The one command by which documents enter a record, on a real database."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from carnet.domain.audit.models import AccessEvent
from carnet.domain.nomenclature.values import Category
from carnet.domain.notifications.models import Notification
from carnet.domain.record.access import open_document, readable
from carnet.domain.record.cda import entry_from_cda
from carnet.domain.record.commands import NewDocument, NewSubmission, Source, add_file, submit
from carnet.domain.record.metadata import dump_entry, load_entry
from carnet.domain.record.models import Document, DocumentKey
from carnet.domain.record.queries import documents, held, versions
from carnet.domain.spaces.commands import holder
from carnet.domain.spaces.models import HealthSpace
from carnet.domain.spaces.values import Decision, Refusal
from carnet.sandbox import cast
from carnet.sandbox.letter import discharge_letter

pytestmark = pytest.mark.django_db
ADMITTED, LEFT = datetime(2026, 10, 1, 8, tzinfo=UTC), datetime(2026, 10, 4, 10, tzinfo=UTC)
PDF = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\nbody"


@pytest.fixture
def patient():
    return cast.patient()


@pytest.fixture
def stranger():
    return cast.curious_stranger()


def actor_of(space_id):
    return holder(HealthSpace.objects.get(id=space_id))


def letter(person=cast.DOMINIQUE, **changes):
    cda = discharge_letter(person, ADMITTED, LEFT).cda
    return NewDocument(cda, replace(entry_from_cda(cda), **changes))


def bring(space_id, *new, source=Source.MESSAGE, by=None):
    return submit(by or actor_of(space_id), NewSubmission(space_id, source, tuple(new)))


def test_a_letter_enters_with_its_metadata_and_the_person_is_told(patient):
    ((document_id, was_there),) = bring(patient, letter()).documents
    assert not was_there
    (row,) = documents(actor_of(patient)).rows
    assert (row.id, row.title) == (document_id, "Lettre de liaison à la sortie de l’hôpital")
    assert "VASSEUR" in row.author
    assert row.date == ADMITTED
    assert row.is_new
    assert Notification.objects.get(space_id=patient).kind == "NOTIF_DOCUMENT"
    assert AccessEvent.objects.filter(space_id=patient, act="add-document", allowed=True).count() == 1
    opened = open_document(actor_of(patient), patient, document_id)
    assert entry_from_cda(opened.content()).unique_id == opened.entry.unique_id
    assert opened.entry.hash
    assert opened.entry.size == len(opened.content())


def test_the_same_document_is_held_once(patient):
    one = letter()
    first = bring(patient, one).documents[0]
    assert bring(patient, one).documents == [(first[0], True)]
    assert Document.objects.filter(space_id=patient).count() == DocumentKey.objects.count() == 1
    assert held(patient, [one.entry.unique_id, "1.2.3"]) == {one.entry.unique_id: first[0]}


@pytest.mark.parametrize("newer_first", [False, True])
def test_a_replacing_version_marks_the_older_one_whichever_comes_first(patient, newer_first):
    older = letter()
    newer = letter(replaces_unique_id=older.entry.unique_id)
    order = (newer, older) if newer_first else (older, newer)
    ids = [bring(patient, one).documents[0][0] for one in order]
    older_id, newer_id = ids[::-1] if newer_first else ids
    states = dict(Document.objects.values_list("id", "status"))
    assert states == {older_id: "deprecated", newer_id: "approved"}
    shown = open_document(actor_of(patient), patient, older_id)
    assert shown.document.replaced_by == newer_id
    assert [one.id for one in versions(actor_of(patient), shown.document)] == [newer_id]


def test_all_or_nothing_enters(patient):
    refused = bring(patient, letter(), letter(cast.RUTH))
    assert refused == Decision(False, Refusal.WRONG_PATIENT)
    assert not Document.objects.exists()
    assert AccessEvent.objects.get(space_id=patient, act="add-document").reason == "wrong-patient"


def test_a_document_whose_own_header_names_another_person_is_refused_whatever_its_entry_says(patient):
    forged = letter(cast.RUTH, patient_id=None, source_patient_id=None)
    assert bring(patient, forged).reason is Refusal.WRONG_PATIENT


def test_a_stranger_adds_and_opens_nothing(patient, stranger):
    document_id = bring(patient, letter()).documents[0][0]
    assert bring(patient, letter(), by=actor_of(stranger)).reason is Refusal.NOT_YOURS
    assert open_document(actor_of(stranger), patient, document_id).reason is Refusal.NOT_YOURS
    assert open_document(actor_of(stranger), stranger, document_id).reason is Refusal.NOT_FOUND
    assert documents(actor_of(stranger)).rows == []


@pytest.mark.parametrize(
    ("content", "name", "reason"),
    [
        (PDF, "scan.pdf", None),
        (PDF, "scan.png", Refusal.CONTENT_MISMATCH),
        (PDF, "scan.exe", Refusal.TYPE_NOT_ACCEPTED),
        (b"MZ\x90\x00\x03\x00\x00\x00\xff\xff", "scan.pdf", Refusal.CONTENT_MISMATCH),
        (b"", "scan.pdf", Refusal.EMPTY_FILE),
        (PDF + b"x" * 5_000_000, "scan.pdf", Refusal.TOO_LARGE),
    ],
)
def test_what_a_holder_may_add(patient, content, name, reason):
    done = add_file(
        actor_of(patient), patient, content, file_name=name, title="Scan", category=Category.AUTR_DOC, date=LEFT
    )
    assert (done.reason if isinstance(done, Decision) else None) is reason
    assert Document.objects.count() == (0 if reason else 1)


def test_the_list_goes_on_where_the_page_before_ended(patient):
    for number in range(7):
        bring(patient, letter(service_start=datetime(2026, 1 + number % 3, 1, tzinfo=UTC)))
    seen, before = [], ""
    while True:
        page = documents(actor_of(patient), before=before, limit=3)
        seen += [row.id for row in page.rows]
        before = page.next_before
        if not before:
            break
    assert len(seen) == len(set(seen)) == 7


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(max_size=80).filter(lambda text: "\x00" not in text and text.isprintable()), st.booleans())
def test_metadata_comes_back_whole(title, masked):
    entry = replace(letter().entry, title=title, confidentiality=("N", "MASQUE_PS") if masked else ("N",))
    assert load_entry(dump_entry(entry)) == entry


def test_nobody_but_the_holder_has_a_list(patient):
    bring(patient, letter())
    from carnet.domain.spaces.values import SYSTEM

    assert not Document.objects.filter(readable(SYSTEM, LEFT)).exists()
