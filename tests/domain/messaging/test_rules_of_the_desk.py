"""The desk's decisions, by examples: where an answer goes, who takes part, who tells of a message, who is late, what is
begun."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest

from carnet.domain.messaging.desk.document_values import USUAL_TYPES, DocumentHead, Named, Side
from carnet.domain.messaging.desk.draft_values import DOCUMENTS, MESSAGE, DraftContent, DraftDocument
from carnet.domain.messaging.desk.patient_values import FoundPatient
from carnet.domain.messaging.desk.values import MOST_PEOPLE, Correspondent, DeskHead, MessageKind
from carnet.domain.messaging.rules import (
    answer_addresses,
    begun_about,
    correction,
    is_late,
    late_before,
    may_tell_of,
    new_document,
    of_kind,
    patient_named,
    people_after,
    people_at_first,
    sent_state,
    unready,
    written_documents,
)
from carnet.domain.messaging.values import Direction
from carnet.domain.spaces.values import Refusal

HERE, THERE, AWAY = "mail.carnet.test", "hopital.test", "ailleurs.test"
ADA = Correspondent(f"ada@{THERE}", "Dr Ada", verified=True)
BEA = Correspondent(f"bea@{THERE}", "Dr Béa", verified=True)
SERVICE = f"service@{THERE}"
PAT = Correspondent("277076322082910@patient.test", "277076322082910", patient=True, ins="277076322082910")
PAUL = Correspondent("123456789012345@patient.test", "123456789012345", patient=True, ins="123456789012345")
AT = datetime(2026, 3, 2, 9, tzinfo=UTC)


def came(author, answer_to=None, kind=MessageKind.MESSAGE):
    return (Direction.RECEIVED.value, kind.value, DeskHead(address=author, answer_to=answer_to or author))


WENT = (Direction.SENT.value, MessageKind.MESSAGE.value, DeskHead(address=f"nous@{HERE}"))
SAYS_READ = came(BEA.address, kind=MessageKind.RECEIPT)


@pytest.mark.parametrize(
    ("people", "messages", "everyone", "to"),
    [
        ([PAT], [WENT], False, [PAT.address]),
        ([PAT, ADA], [came(ADA.address)], True, [PAT.address]),  # to the patient alone, whoever wrote
        ([ADA, BEA], [WENT], False, [ADA.address, BEA.address]),  # nobody wrote back yet
        ([ADA, BEA], [came(ADA.address), came(BEA.address), WENT], False, [BEA.address]),
        ([ADA, BEA], [came(ADA.address), SAYS_READ], False, [ADA.address]),  # a receipt is nobody's letter
        ([ADA, BEA], [came(ADA.address, SERVICE)], False, [SERVICE]),  # its Reply-To
        ([ADA, BEA], [came(ADA.address, SERVICE)], True, [SERVICE, BEA.address]),
        ([ADA, BEA], [came(ADA.address)], True, [ADA.address, BEA.address]),
        ([ADA, PAT], [WENT], True, [ADA.address]),  # no patient sees an answer to colleagues
        ([ADA], [(*came("")[:2], DeskHead())], False, [ADA.address]),  # nobody to answer to
    ],
)
def test_an_answer_goes_to_the_patient_alone_or_to_who_wrote_last(people, messages, everyone, to):
    assert answer_addresses(people, messages, everyone=everyone) == tuple(to)


def test_an_answer_goes_to_a_bounded_number_of_people():
    many = [Correspondent(f"n{number}@{THERE}", "") for number in range(2 * MOST_PEOPLE)]
    assert len(answer_addresses(many, [])) == MOST_PEOPLE
    assert len(answer_addresses(many, [came(ADA.address)], everyone=True)) == MOST_PEOPLE


@pytest.mark.parametrize(
    ("written", "people"),
    [
        ([PAT, ADA], (PAT,)),
        ([PAT, PAUL], (PAT,)),
        ([ADA, BEA], (ADA, BEA)),
        ([ADA, PAT, BEA], (ADA, BEA)),
    ],
)
def test_a_conversation_opens_with_one_patient_or_with_colleagues(written, people):
    assert people_at_first(written) == people


KNOWN_PAT = Correspondent(PAT.address, "Dominique PAT-TROIS", patient=True, verified=True, ins=PAT.ins)
UNSURE_ADA = Correspondent(ADA.address, "ada")


@pytest.mark.parametrize(
    ("people", "written", "after"),
    [
        ((ADA,), [BEA], (ADA, BEA)),
        ((ADA,), [PAT], (ADA,)),
        ((ADA,), [UNSURE_ADA], (ADA,)),  # a name is not unlearnt
        ((UNSURE_ADA, BEA), [ADA], (ADA, BEA)),
        ((PAT,), [ADA, PAUL], (PAT,)),  # nobody enters a patient's conversation
        ((PAT,), [KNOWN_PAT], (KNOWN_PAT,)),
    ],
)
def test_who_is_written_to_takes_part_but_nobody_enters_a_patients_conversation(people, written, after):
    assert people_after(people, written, patient=people[0].patient) == after


def test_a_conversation_has_a_bounded_number_of_people():
    full = tuple(Correspondent(f"n{number}@{THERE}", "") for number in range(MOST_PEOPLE))
    assert people_after(full, [ADA], patient=False) == full
    assert people_after(full[1:], [ADA, BEA], patient=False) == (*full[1:], ADA)


@pytest.mark.parametrize(
    ("kind", "author", "believed"),
    [
        (MessageKind.RECEIPT, ADA.address, True),
        (MessageKind.RECEIPT, BEA.address, False),  # of the same house, but not written to
        (MessageKind.RECEIPT, f"mailer-daemon@{HERE}", False),
        (MessageKind.REPORT, f"mailer-daemon@{THERE}", True),
        (MessageKind.REPORT, f"mailer-daemon@{HERE}", True),
        (MessageKind.REPORT, f"mailer-daemon@{AWAY}", False),
        (MessageKind.REPORT, f"mailer-daemon@sous.{THERE}", False),
        (MessageKind.REPORT, "", False),
        (MessageKind.MESSAGE, ADA.address, False),
        (MessageKind.AUTOMATIC, ADA.address, False),
    ],
)
def test_only_who_was_written_to_and_their_server_and_ours_tell_of_a_message(kind, author, believed):
    assert may_tell_of(kind, author, [ADA.address], HERE.upper()) is believed


@pytest.mark.parametrize(
    ("waited", "patient", "late"),
    [
        (timedelta(hours=47, minutes=59), True, False),
        (timedelta(hours=48), True, True),
        (timedelta(days=30), True, True),
        (timedelta(days=30), False, False),
        (None, True, False),
    ],
)
def test_a_patient_who_waits_for_the_usual_delay_or_longer_is_late(waited, patient, late):
    since = AT - waited if waited is not None else None
    assert is_late(since, late_before(AT, 48), patient=patient) is late


READ = AT + timedelta(hours=1)


@pytest.mark.parametrize(
    ("outcome", "read_at", "queued", "state"),
    [
        ("", None, False, ("sent", AT)),
        ("", None, True, ("queued", AT)),
        ("", READ, False, ("read", READ)),
        ("", READ, True, ("read", READ)),  # one of several had it already
        ("failed", None, True, ("failed", AT)),
        ("failed", READ, False, ("failed", AT)),
    ],
)
def test_what_became_of_a_message_is_the_worst_then_the_best_that_is_known(outcome, read_at, queued, state):
    assert sent_state(AT, outcome, read_at, queued=queued) == state


FIRST, SECOND, THREAD = (UUID(int=number) for number in (1, 2, 3))
LETTER = DocumentHead(
    title="Compte rendu", type_code="11490-0", birth_name="Pat-Trois", given_names="Dominique Marie",
    birth_date="19790328", sex="F", ins="279035121518989", oid="1.2.250.1.213.1.4.10", named=Named.INS,
)  # fmt: skip
OUR_LETTER = replace(LETTER, side=Side(own=True))
DOMINIQUE = FoundPatient(
    "279035121518989", "1.2.250.1.213.1.4.10", "PAT-TROIS", "DOMINIQUE MARIE", date(1979, 3, 28), "F", how="thread"
)


@pytest.mark.parametrize(
    ("document", "patient"),
    [
        (LETTER, DOMINIQUE),  # somebody else's letter names her: her identity is checked first
        (OUR_LETTER, replace(DOMINIQUE, verified=True)),
        (replace(OUR_LETTER, birth_date="197903"), replace(DOMINIQUE, verified=True, birth_date=None)),
        (replace(OUR_LETTER, named=Named.SEVERAL), None),
        (replace(OUR_LETTER, named=Named.WRONG_KEY), None),
        (replace(OUR_LETTER, named=Named.NONE), None),
    ],
)
def test_a_document_names_a_patient_by_one_ins_surely_or_nobody(document, patient):
    assert patient_named(document) == patient


@pytest.mark.parametrize(
    ("changed", "may"),
    [({}, True), ({"birth_name": ""}, False), ({"given_names": ""}, False), ({"birth_date": None}, False)],
)
def test_a_document_names_its_patient_in_full(changed, may):
    assert replace(DOMINIQUE, **changed).may_be_named is may


BLANK = DraftDocument(FIRST, type_code=USUAL_TYPES[0])
BROUGHT = DraftDocument(SECOND, type_code=USUAL_TYPES[0], file_id=FIRST)
CORRECTS = DraftDocument(FIRST, "11490-0", "Compte rendu", replaces=SECOND)
MAIL = DraftContent(patient=DOMINIQUE)


def test_a_document_that_is_begun_is_a_letter_a_file_or_a_correction():
    assert new_document(FIRST) == BLANK
    assert new_document(SECOND, file_id=FIRST) == BROUGHT
    assert correction(FIRST, SECOND, OUR_LETTER) == CORRECTS


@pytest.mark.parametrize(
    ("begun", "content"),
    [
        ({}, MAIL),
        ({"thread_id": THREAD}, MAIL),  # a message opens a conversation of its own
        ({"first": BLANK}, replace(MAIL, kind=DOCUMENTS, documents=(BLANK,))),
        ({"first": CORRECTS, "thread_id": THREAD},
         replace(MAIL, kind=DOCUMENTS, documents=(CORRECTS,), thread_id=THREAD)),
    ],
)  # fmt: skip
def test_documents_answer_in_a_conversation_and_a_message_opens_its_own(begun, content):
    assert begun_about(DOMINIQUE, **begun) == content


@pytest.mark.parametrize(
    ("before", "kind", "after"),
    [
        (MAIL, DOCUMENTS, replace(MAIL, kind=DOCUMENTS, documents=(BLANK,))),
        (replace(MAIL, documents=(BROUGHT,)), DOCUMENTS, replace(MAIL, kind=DOCUMENTS, documents=(BROUGHT,))),
        (replace(MAIL, kind=DOCUMENTS, documents=(BROUGHT,), to_patient=False), MESSAGE,
         replace(MAIL, documents=(BROUGHT,))),  # nothing is lost, and its patient is written to
        (DraftContent(colleagues=(ADA.address,)), DOCUMENTS, DraftContent(colleagues=(ADA.address,))),
    ],
)  # fmt: skip
def test_a_draft_about_a_patient_becomes_documents_or_a_message_again(before, kind, after):
    assert of_kind(before, kind, BLANK) == after


def test_an_empty_letter_gives_way_to_what_is_brought_and_nothing_else_does():
    typed = replace(BLANK, text="Chère consœur")
    assert written_documents((BLANK, typed, replace(BLANK, text=" \n"), BROUGHT, CORRECTS)) == (
        typed,
        BROUGHT,
        CORRECTS,
    )


@pytest.mark.parametrize(
    ("content", "recipients", "files", "lacks"),
    [
        (replace(MAIL, subject="Bilan", text="Voici."), 1, 0, None),
        (replace(MAIL, subject="Bilan"), 1, 1, None),
        (replace(MAIL, subject="Bilan", text="Voici."), 0, 0, Refusal.NO_RECIPIENT),
        (replace(MAIL, subject=" ", text="Voici."), 1, 0, Refusal.NO_SUBJECT),
        (replace(MAIL, subject="Bilan", text=" \n"), 1, 0, Refusal.EMPTY_MESSAGE),
        (replace(MAIL, kind=DOCUMENTS), 1, 0, None),  # their subject is written by the rules of the field
        (replace(MAIL, kind=DOCUMENTS), 0, 0, Refusal.NO_RECIPIENT),
    ],
)
def test_a_message_is_ready_to_be_looked_at_when_nothing_lacks(content, recipients, files, lacks):
    assert unready(content, recipients=recipients, files=files) == lacks
