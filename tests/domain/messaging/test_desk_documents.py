"""The documents of a team's mailbox: whose they are, which replaces which, filed by a person."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carnet.domain.directory.models import Mailbox, MailboxTrace
from carnet.domain.directory.queries import mailboxes_by_id
from carnet.domain.messaging.desk.actors import DeskActor
from carnet.domain.messaging.desk.document_values import DocumentHead, KnownDocument, Named, Side, replacements
from carnet.domain.messaging.desk.documents import file_documents, index_documents, unfile_document
from carnet.domain.messaging.desk.filed import document_marks, patient_file, patients, unfiled
from carnet.domain.messaging.models import DeskDocument
from carnet.domain.record.cda import Organization, PatientTraits, entry_from_cda
from carnet.domain.record.cda.writing import LevelOne, write_level_one
from carnet.domain.record.ebrim import Association, AssociationType, write_submission
from carnet.domain.record.values import Author, Code, PatientId
from carnet.domain.record.xdm import XdmPackage, build_xdm, read_xdm
from carnet.domain.record.xdm.building import submission_set_for
from carnet.foundation.ids import new_id
from carnet.foundation.owner_keys import create_owner_keys
from carnet.sandbox import cast

AT = datetime(2026, 3, 4, 10, 30, tzinfo=UTC)
GP = f"claire.morvan@{cast.CITY_DOMAIN}"
CARDIOLOGY = f"cardiologie@{cast.OTHER_OPERATOR_DOMAIN}"
LETTER = LevelOne(
    unique_id="2.25.1",
    code=Code("11488-4", "2.16.840.1.113883.6.1", "CR ou fiche de consultation ou de visite"),
    title="Consultation",
    created_at=AT,
    service_start=AT,
    patient_id=PatientId(cast.DOMINIQUE.ins, cast.DOMINIQUE.oid.value),
    patient=PatientTraits(
        birth_family="PAT-TROIS", birth_given="DOMINIQUE", birth_given_names="DOMINIQUE MARIE-LOUISE",
        birth_date="19790328", sex="F", birth_place_code="51215",
    ),
    author=Author("899700218912", "MORVAN", "Claire", "1359999034", "Cabinet"),
    custodian=Organization("1359999034", "1.2.250.1.71.4.2.2", "Cabinet"),
    practice_setting=Code("AMBULATOIRE", "1.2.250.1.213.1.1.4.9", "Ambulatoire"),
    facility_type=Code("SA07", "1.2.250.1.71.4.2.4", "Cabinet individuel"),
)  # fmt: skip
CORRECTED = replace(LETTER, unique_id="2.25.2", set_id="2.25.1", version=2, replaces="2.25.1", title="Corrigée")


def package(*letters: LevelOne) -> XdmPackage:
    documents = [write_level_one(one, b"%PDF-1.4\n%%EOF\n") for one in letters]
    entries = [entry_from_cda(one) for one in documents]
    return read_xdm(build_xdm(list(zip(entries, documents, strict=True)), submission_set_for(entries)))


@pytest.fixture
def ward(db: None) -> DeskActor:
    """Dr Vasseur in the orthopaedics team's mailbox; Dr Morvan and another hospital's cardiology write to it."""
    cast.trust_space_of_the_sandbox()
    cast.hospital()
    cast.clinic()
    cast.orthopaedics()
    cast.general_practitioner()
    cast.surgeon()
    cast.colleague_elsewhere()
    box = cast.nurse()
    create_owner_keys([box])
    return DeskActor("99700218920", "Dr Hélène VASSEUR", mailboxes_by_id([box])[box])


def receive(actor: DeskActor, *letters: LevelOne, sender: str = GP, direction: str = "in", minutes: int = 0) -> UUID:
    message_id = new_id()
    index_documents(
        actor.mailbox.id,
        message_id,
        packages=MappingProxyType({"2": package(*letters)}),
        correspondent=sender,
        direction=direction,
        at=AT + timedelta(minutes=minutes),
    )
    return message_id


def test_a_letter_is_known_by_its_patient_and_filed_once_with_its_trace(ward: DeskActor) -> None:
    message_id = receive(ward, LETTER)
    waiting = unfiled(ward).rows
    assert [(one.title, one.patient_name, one.named) for one in waiting] == [
        ("Consultation", "Dominique PAT-TROIS", Named.INS)
    ]
    assert file_documents(ward, message_ids=[message_id]) == 1
    assert file_documents(ward, message_ids=[message_id]) == 0
    assert unfiled(ward).rows == []
    found = patient_file(ward, waiting[0].patient)
    assert found is not None
    assert (found.who.ins, [one.filed_by for one in found.documents]) == (cast.DOMINIQUE.ins, ["99700218920"])
    assert unfile_document(ward, waiting[0].id)
    assert [one.id for one in unfiled(ward).rows] == [waiting[0].id]
    left = MailboxTrace.objects.filter(mailbox_id=ward.mailbox.id, act__in=["filed", "unfiled"]).order_by("at")
    assert [(one.act, one.author, one.messages) for one in left] == [
        ("filed", "99700218920", [message_id]),
        ("unfiled", "99700218920", [message_id]),
    ]


def test_a_message_that_is_noted_again_adds_nothing(ward: DeskActor) -> None:
    message_id = new_id()
    for _ in range(2):
        index_documents(
            ward.mailbox.id, message_id, packages={"2": package(LETTER)}, correspondent=GP, direction="in", at=AT
        )
    assert DeskDocument.objects.count() == 1


def test_another_team_finds_and_files_none_of_it(ward: DeskActor) -> None:
    receive(ward, LETTER)
    document = unfiled(ward).rows[0]
    box = Mailbox.objects.get(address=GP).id
    create_owner_keys([box])
    doctor = DeskActor("99700218912", "Dr Claire MORVAN", mailboxes_by_id([box])[box])
    assert patients(doctor, "pat-trois") == []
    assert patient_file(doctor, document.patient) is None
    assert file_documents(doctor, document_ids=[document.id]) == 0
    assert not unfile_document(doctor, document.id)
    assert unfiled(ward).rows[0].filed_at is None


def test_a_patient_is_found_by_name_its_beginning_or_the_number(ward: DeskActor) -> None:
    receive(ward, LETTER)
    for text in ("", "pat-trois", "PAT", "trois dominique", "2 79 03 51 215 189 89", "279035121518989"):
        assert [one.name for one in patients(ward, text)] == ["Dominique PAT-TROIS"], text
    for text in ("nessi", "rois", "2 77 07 63 220 829 10", "!", "pat-trois ruth"):
        assert patients(ward, text) == [], text


def test_a_corrected_letter_of_the_same_doctor_stands_above_the_one_that_it_replaces(ward: DeskActor) -> None:
    first, second = receive(ward, LETTER), receive(ward, CORRECTED, minutes=5)
    marks = document_marks(ward.mailbox.id, [first, second])
    newer = marks[first][0].replaced_by
    assert newer is not None
    assert newer.message_id == second
    assert [one.message_id for one in marks[second][0].replaces] == [first]
    assert document_marks(ward.mailbox.id, [first])[first] == marks[first], "asked alone, the same"
    found = patient_file(ward, marks[first][0].patient)
    assert found is not None
    assert [(one.title, [old.title for old in one.older]) for one in found.unfiled] == [("Corrigée", ["Consultation"])]


_STRANGER = replace(LETTER.author, institution_id="1")
FORGED = {
    "another hospital": (CORRECTED, CARDIOLOGY),
    "by its set": (replace(CORRECTED, replaces=""), CARDIOLOGY),
    "under her name": (CORRECTED, f"stranger@{cast.OTHER_OPERATOR_DOMAIN}"),
    "a neighbour of her domain": (replace(CORRECTED, author=_STRANGER), f"stranger@{cast.CITY_DOMAIN}"),
    "a neighbour who names her practice": (CORRECTED, f"stranger@{cast.CITY_DOMAIN}"),
    "another patient": (replace(CORRECTED, patient_id=PatientId(cast.RUTH.ins, cast.RUTH.oid.value)), GP),
    "a wrong key": (replace(CORRECTED, patient_id=PatientId("279035121518988", cast.DOMINIQUE.oid.value)), GP),
}


def test_nobody_else_marks_a_letter_as_replaced(ward: DeskActor) -> None:
    first = receive(ward, LETTER)
    for number, (who, (forged, sender)) in enumerate(FORGED.items(), 1):
        second = receive(ward, replace(forged, unique_id=f"2.25.1{number}"), sender=sender, minutes=number)
        marks = document_marks(ward.mailbox.id, [first, second])
        assert marks[first][0].replaced_by is None, who
        assert marks[second][0].replaces == (), who
    receive(ward, CORRECTED, minutes=60)
    assert document_marks(ward.mailbox.id, [first])[first][0].replaced_by is not None, "she herself does"


def test_the_association_of_the_metadata_counts_as_the_letter_itself_does(ward: DeskActor) -> None:
    documents = {
        one: write_level_one(one, b"%PDF-1.4\n%%EOF\n") for one in (LETTER, replace(LETTER, unique_id="2.25.3"))
    }
    old, new = (replace(entry_from_cda(one), entry_uuid=new_id().urn) for one in documents.values())
    told = _archive_with_association(new, list(documents.values())[1], old.entry_uuid)
    message = new_id()
    receive_old = new_id()
    for message_id, found, minutes in (
        (receive_old, read_xdm(build_xdm([(old, next(iter(documents.values())))], submission_set_for([old]))), 0),
        (message, told, 5),
    ):
        index_documents(
            ward.mailbox.id,
            message_id,
            packages={"2": found},
            correspondent=GP,
            direction="in",
            at=AT + timedelta(minutes=minutes),
        )
    assert [one.message_id for one in document_marks(ward.mailbox.id, [message])[message][0].replaces] == [receive_old]


def _archive_with_association(entry: "object", content: bytes, replaced: str) -> XdmPackage:
    """An archive whose METADATA.XML says that its document replaces another (XDS RPLC)."""
    import io
    import zipfile

    filed = replace(entry, uri="DOC0001.XML")  # type: ignore[type-var]
    link = Association(AssociationType.REPLACES, filed.entry_uuid, replaced)  # type: ignore[attr-defined]
    metadata = write_submission(submission_set_for([filed]), [filed], [link])  # type: ignore[list-item]
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("IHE_XDM/SUBSET01/METADATA.XML", metadata)
        archive.writestr("IHE_XDM/SUBSET01/DOC0001.XML", content)
    return read_xdm(out.getvalue())


def test_what_the_mailbox_sent_is_filed_at_once_and_replaced_by_its_own_only(ward: DeskActor) -> None:
    first = receive(ward, LETTER, direction="out", sender=GP)
    assert unfiled(ward).rows == []
    receive(ward, CORRECTED, direction="in", minutes=5)
    assert document_marks(ward.mailbox.id, [first])[first][0].replaced_by is None
    own = receive(ward, replace(CORRECTED, unique_id="2.25.9"), direction="out", minutes=9)
    replaced = document_marks(ward.mailbox.id, [first])[first][0].replaced_by
    assert replaced is not None
    assert replaced.message_id == own


def test_a_letter_without_a_right_number_is_kept_apart_and_says_so(ward: DeskActor) -> None:
    receive(ward, LETTER)
    receive(
        ward, replace(LETTER, unique_id="2.25.8", patient_id=PatientId("279035121518988", cast.DOMINIQUE.oid.value))
    )
    named = {one.patient: one.named for one in unfiled(ward).rows}
    assert sorted(named.values()) == [Named.INS, Named.WRONG_KEY]


_SIDES = st.sampled_from(
    [
        Side("a@one.test", "1"),
        Side("b@one.test", "1"),
        Side("c@one.test"),
        Side("d@two.test"),
        Side("e@two.test", own=True),
    ]
)
_HEADS = st.builds(
    DocumentHead,
    ins=st.sampled_from(["1", "2"]),
    named=st.sampled_from([Named.INS, Named.WRONG_KEY]),
    unique_id=st.sampled_from(list("abcde")),
    entry_uuid=st.sampled_from(["", "u1", "u2"]),
    set_id=st.sampled_from(["", "s"]),
    version=st.integers(0, 3),
    replaces=st.lists(st.sampled_from(list("abcde")), max_size=2).map(tuple),
    replaces_entry=st.sampled_from(["", "u1", "u2"]),
    institution=st.sampled_from(["", "i"]),
    side=_SIDES,
)


@given(st.lists(st.tuples(_HEADS, st.integers(0, 3)), max_size=9))
def test_replacements_never_go_round_in_a_circle_nor_from_one_side_or_patient_to_another(
    drawn: Sequence[tuple[DocumentHead, int]],
) -> None:
    known = {
        UUID(int=number): KnownDocument(UUID(int=number), AT + timedelta(minutes=minutes), head)
        for number, (head, minutes) in enumerate(drawn)
    }
    links = replacements(list(known.values()))
    for older, newer in links.items():
        one, other = known[older].head, known[newer].head
        assert one.ins == other.ins
        assert {one.named, other.named} == {Named.INS}
        assert one.side.own == other.side.own
        assert one.side.address == other.side.address or (one.side.finess == other.side.finess != "")
        seen = {older}
        at: UUID | None = newer
        while at is not None:
            assert at not in seen
            seen.add(at)
            at = links.get(at)
