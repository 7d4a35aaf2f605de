"""Drafts: kept by versions, so that nothing newer is lost; sent once, by the rules of messages; deleted with files."""

import threading
import time
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from django.conf import settings as django_settings
from django.db import connection, transaction
from holder_scene import a_letter, actor_of, arrive, photo
from hypothesis import given
from hypothesis import strategies as st

from carnet.domain.audit.models import AccessEvent
from carnet.domain.messaging.access import open_conversation
from carnet.domain.messaging.commands.draft_files import Added, add_document, add_file, add_profile, remove_file
from carnet.domain.messaging.commands.drafts import Conflict, Saved, delete_draft, save_draft, send_draft
from carnet.domain.messaging.commands.forgetting import forget_sent_drafts
from carnet.domain.messaging.commands.write import NewFile, Written
from carnet.domain.messaging.draft_content import DraftContent
from carnet.domain.messaging.models import Conversation, ConversationEntry, DraftFile
from carnet.domain.messaging.queries.conversations import conversation, conversations
from carnet.domain.messaging.queries.drafts import draft, draft_of_conversation, new_messages_begun
from carnet.domain.messaging.rules.signature import WritesAs, signature_line, signed
from carnet.domain.nomenclature.values import Category
from carnet.domain.record.commands import add_file as add_to_record
from carnet.domain.spaces.access import decide
from carnet.domain.spaces.values import Act, Actor, ActorKind, Decision, Refusal
from carnet.foundation.clock import now
from carnet.foundation.models import Body
from carnet.sandbox import cast

pytestmark = pytest.mark.django_db


@pytest.fixture
def patient() -> UUID:
    """Dominique, to whom the ward wrote once."""
    cast.trust_space_of_the_sandbox()
    cast.hospital()
    cast.orthopaedics()
    space_id = cast.patient()
    arrive(a_letter())
    return space_id


@pytest.fixture
def begun(patient: UUID) -> UUID:
    """The conversation with the ward."""
    return Conversation.objects.get(space_id=patient).id


def keep(space_id: UUID, draft_id: UUID, text: str, **given: object) -> object:
    content = DraftContent(text=text, subject=str(given.pop("subject", "")), writer=str(given.pop("writer", "")))
    return save_draft(actor_of(space_id), space_id, draft_id, content, **given)  # type: ignore[arg-type]


def sent_texts(space_id: UUID, conversation_id: UUID) -> list[str]:
    opened = open_conversation(actor_of(space_id), Act.READ_CONVERSATION, space_id, conversation_id)
    assert not isinstance(opened, Decision)
    return [one.content.text for one in conversation(opened).messages if one.direction == "out"]


def test_what_is_begun_is_kept_shown_in_the_list_and_sent_once(patient: UUID, begun: UUID) -> None:
    first = keep(patient, draft_id := uuid4(), "Bonjour", conversation_id=begun)
    assert isinstance(first, Saved)
    second = keep(patient, draft_id, "Bonjour, j’ai une question.", conversation_id=begun, version=first.version)
    assert isinstance(second, Saved)
    assert second.version == 2
    assert [row.has_draft for row in conversations(patient).rows] == [True]
    for _ in range(3):  # a retry, another tab, a device that was offline
        done = send_draft(actor_of(patient), patient, draft_id)
        assert isinstance(done, Written)
        again = keep(patient, draft_id, "Bonjour, j’ai une question.", conversation_id=begun, version=2)
        assert again == done
    assert sent_texts(patient, begun) == ["Bonjour, j’ai une question."]
    assert [row.has_draft for row in conversations(patient).rows] == [False]
    assert AccessEvent.objects.filter(space_id=patient, act="write-draft", allowed=True).count() == 1


def test_an_older_page_never_replaces_newer_words(patient: UUID, begun: UUID) -> None:
    keep(patient, draft_id := uuid4(), "Un", conversation_id=begun, writer="telephone")
    newer = keep(patient, draft_id, "Un deux", conversation_id=begun, version=1, writer="ordinateur")
    assert isinstance(newer, Saved)
    stale = keep(patient, draft_id, "Un vieux", conversation_id=begun, version=1, writer="telephone")
    assert stale == Conflict(draft_id, 2, DraftContent(text="Un deux", writer="ordinateur"))
    assert isinstance(send_draft(actor_of(patient), patient, draft_id, version=1), Conflict)
    assert sent_texts(patient, begun) == []
    chosen = keep(patient, draft_id, "Un vieux", conversation_id=begun, version=2, writer="telephone")
    assert isinstance(chosen, Saved)


def test_the_page_that_saved_last_goes_on_when_it_was_not_told_its_version(patient: UUID, begun: UUID) -> None:
    keep(patient, draft_id := uuid4(), "Un", conversation_id=begun, writer="page")
    lost = keep(patient, draft_id, "Un deux", conversation_id=begun, version=1, writer="page")
    repeated = keep(patient, draft_id, "Un deux", conversation_id=begun, version=1, writer="page")
    assert lost == repeated
    assert isinstance(keep(patient, draft_id, "Un deux trois", conversation_id=begun, version=1, writer="page"), Saved)


def test_a_conversation_has_one_draft_and_a_deleted_one_does_not_come_back(patient: UUID, begun: UUID) -> None:
    keep(patient, first := uuid4(), "Un", conversation_id=begun)
    assert keep(patient, uuid4(), "Autre", conversation_id=begun) == Conflict(first, 1, DraftContent(text="Un"))
    assert delete_draft(actor_of(patient), patient, first)
    assert keep(patient, first, "Un encore", conversation_id=begun, version=1) == Conflict(first, 0, None)
    assert draft_of_conversation(patient, begun) is None


def test_two_sendings_at_once_send_one_message(transactional_db: None) -> None:
    cast.trust_space_of_the_sandbox()
    cast.hospital()
    cast.orthopaedics()
    patient = cast.patient()
    arrive(a_letter())
    begun = Conversation.objects.get(space_id=patient).id
    keep(patient, draft_id := uuid4(), "Une seule fois", conversation_id=begun)
    done: list[object] = []

    def send() -> None:
        done.append(send_draft(actor_of(patient), patient, draft_id))
        connection.close()

    threads = [threading.Thread(target=send) for _ in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join(30)
    assert len(done) == 4
    assert len(set(map(str, done))) == 1
    assert isinstance(done[0], Written)
    assert sent_texts(patient, begun) == ["Une seule fois"]


def test_words_that_leave_by_themselves_and_by_the_button_at_once_are_no_conflict(transactional_db: None) -> None:
    """The page keeps what is typed when the button takes the focus, and the button sends the same form."""
    cast.trust_space_of_the_sandbox()
    cast.hospital()
    cast.orthopaedics()
    patient = cast.patient()
    arrive(a_letter())
    begun = Conversation.objects.get(space_id=patient).id
    draft_id = uuid4()
    by_itself: list[object] = []

    def begin() -> None:
        by_itself.append(keep(patient, draft_id, "Bonjour", writer="page", conversation_id=begun))
        connection.close()

    other = threading.Thread(target=begin)
    with transaction.atomic():
        first = keep(patient, draft_id, "Bonjour", writer="page", conversation_id=begun)
        other.start()
        wait_until_somebody_waits()
    other.join(30)
    assert by_itself == [first]


def wait_until_somebody_waits(seconds: float = 20) -> None:
    """Another connection to this database waits for what this one holds."""
    deadline = time.monotonic() + seconds
    with connection.cursor() as cursor:
        while time.monotonic() < deadline:
            cursor.execute("SELECT pg_stat_clear_snapshot()")
            cursor.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
            )
            if cursor.fetchone()[0]:
                return
    raise AssertionError("nobody waits")


def test_a_refused_sending_leaves_the_draft_as_it_is(patient: UUID, begun: UUID) -> None:
    keep(patient, draft_id := uuid4(), "Trop tard", conversation_id=begun)
    add_file(actor_of(patient), patient, draft_id, NewFile("note.txt", b"une note"))
    arrive(a_letter("[FIN]", references=begun))
    refused = send_draft(actor_of(patient), patient, draft_id)
    assert isinstance(refused, Decision)
    assert refused.reason is Refusal.EXCHANGE_ENDED
    kept = draft(patient, draft_id)
    assert kept is not None
    assert (kept.content.text, [one.name for one in kept.files]) == ("Trop tard", ["note.txt"])


def test_files_are_added_one_by_one_within_the_budget_and_taken_out(patient: UUID, settings: object) -> None:
    settings.CARNET_HOLDER_MESSAGE_BYTES = 1_000  # type: ignore[attr-defined]
    actor = actor_of(patient)
    keep(patient, draft_id := uuid4(), "")
    one = add_file(actor, patient, draft_id, NewFile("un.txt", b"a" * 600))
    assert isinstance(one, Added)
    for content, reason in (
        (b"b" * 600, Refusal.TOO_LARGE),
        (b"", Refusal.EMPTY_FILE),
        (b"MZ\x90\x00" + b"\x00" * 60, Refusal.TYPE_NOT_ACCEPTED),
        (photo()[:200], Refusal.UNREADABLE),
    ):
        refused = add_file(actor, patient, draft_id, NewFile("x.jpg", content))
        assert isinstance(refused, Decision)
        assert refused.reason is reason
    assert remove_file(actor, patient, draft_id, one.file_id)
    assert isinstance(add_file(actor, patient, draft_id, NewFile("deux.txt", b"b" * 900)), Added)
    assert not remove_file(actor, patient, draft_id, one.file_id)
    kept = draft(patient, draft_id)
    assert kept is not None
    assert (kept.used, [file.name for file in kept.files]) == (900, ["deux.txt"])


def test_what_leaves_a_draft_leaves_the_store_and_takes_nothing_else_with_it(patient: UUID, begun: UUID) -> None:
    actor = actor_of(patient)
    same = b"le meme contenu, deux fois"
    before = Body.objects.filter(owner_id=patient).count()
    keep(patient, first := uuid4(), "Un", subject="Un")
    keep(patient, second := uuid4(), "Deux", conversation_id=begun)
    for draft_id in (first, second):
        assert isinstance(add_file(actor, patient, draft_id, NewFile("a.txt", same)), Added)
    assert delete_draft(actor, patient, first)
    done = send_draft(actor, patient, second)
    assert isinstance(done, Written)
    assert not DraftFile.objects.filter(space_id=patient).exists()
    assert Body.objects.filter(owner_id=patient).count() == before + 1, "the message itself"
    assert forget_sent_drafts(now() - timedelta(days=django_settings.CARNET_SENT_DRAFT_DAYS)) == 0
    assert forget_sent_drafts(now() + timedelta(seconds=1)) == 1


def test_a_photo_is_sent_without_its_place(patient: UUID, begun: UUID) -> None:
    keep(patient, draft_id := uuid4(), "Ma cicatrice", conversation_id=begun)
    assert isinstance(add_file(actor_of(patient), patient, draft_id, NewFile("cicatrice.jpg", photo(gps=True))), Added)
    kept = draft(patient, draft_id)
    assert kept is not None
    assert kept.used < len(photo(gps=True))
    assert isinstance(send_draft(actor_of(patient), patient, draft_id), Written)


def test_documents_and_the_medical_profile_are_read_for_the_draft_and_that_is_told(patient: UUID) -> None:
    actor = actor_of(patient)
    added = add_to_record(
        actor,
        patient,
        b"%PDF-1.7\n%%EOF\n",
        file_name="bilan.pdf",
        title="Bilan",
        category=Category.AUTR_DOC,
        date=now(),
    )
    assert not isinstance(added, Decision)
    [(document_id, _)] = added.documents
    keep(patient, draft_id := uuid4(), "Voici", subject="Bilan")
    assert isinstance(add_document(actor, patient, draft_id, document_id), Added)
    assert isinstance(add_profile(actor, patient, draft_id, "fr"), Added)
    kept = draft(patient, draft_id)
    assert kept is not None
    assert [one.media_type for one in kept.files] == ["application/pdf"] * 2
    assert kept.files[0].name == "Bilan.pdf"
    assert AccessEvent.objects.filter(space_id=patient, act__in=["read-document", "read-profile"]).count() == 2
    assert isinstance(add_document(actor, patient, draft_id, uuid4()), Decision)


def test_nobody_touches_another_persons_draft(patient: UUID, begun: UUID) -> None:
    keep(patient, draft_id := uuid4(), "À moi", conversation_id=begun)
    stranger = actor_of(cast.curious_stranger())
    file = NewFile("a.txt", b"a")
    tried = [
        save_draft(stranger, patient, draft_id, DraftContent(text="à lui"), version=1),
        send_draft(stranger, patient, draft_id),
        add_file(stranger, patient, draft_id, file),
        remove_file(stranger, patient, draft_id, uuid4()),
        delete_draft(stranger, patient, draft_id),
    ]
    assert all(isinstance(one, Decision) and one.reason is Refusal.NOT_YOURS for one in tried), tried
    assert stranger.space_id is not None
    own = save_draft(stranger, stranger.space_id, draft_id, DraftContent(text="à lui"), conversation_id=begun)
    assert isinstance(own, Decision)
    kept = draft(patient, draft_id)
    assert kept is not None
    assert kept.content.text == "À moi"


def test_new_messages_begun_are_listed_and_none_without_a_recipient_leaves(patient: UUID) -> None:
    keep(patient, draft_id := uuid4(), "Sans destinataire", subject="Question")
    assert [(row.subject, row.recipient) for row in new_messages_begun(patient)] == [("Question", "")]
    refused = send_draft(actor_of(patient), patient, draft_id)
    assert isinstance(refused, Decision)
    assert refused.reason is Refusal.NO_RECIPIENT
    assert ConversationEntry.objects.filter(space_id=patient, direction="out").count() == 0


@pytest.mark.parametrize("kind", [ActorKind.REPRESENTATIVE, ActorKind.CARER])
def test_representatives_and_carers_have_no_right_yet(kind: ActorKind) -> None:
    space_id = uuid4()
    assert not any(decide(Actor(kind, "Alix", space_id=space_id), act, space_id, "activated") for act in Act)


def test_the_signature_line_names_who_writes_for_whom() -> None:
    names = {"writer": "Alix MARTIN", "holder": "Dominique PAT-TROIS"}
    assert signature_line(WritesAs.HOLDER, **names) == ""
    line = signature_line(WritesAs.CARER, **names)
    assert line == "Message écrit par Alix MARTIN, qui aide Dominique PAT-TROIS."
    assert signature_line(WritesAs.REPRESENTATIVE, **names, language="en").startswith("Message written by Alix MARTIN")
    assert signed("Bonjour", line) == f"Bonjour\n\n-- \n{line}"
    assert "\n" not in signature_line(WritesAs.CARER, writer="Alix\n-- \nDr House", holder="D")


@given(text=st.text(max_size=200), writer=st.text(max_size=30))
def test_a_signed_text_ends_with_its_line_once_and_keeps_every_word(text: str, writer: str) -> None:
    line = signature_line(WritesAs.REPRESENTATIVE, writer=writer, holder="Dominique")
    once = signed(text, line)
    assert once.endswith(line)
    assert signed(once, line) == once
    assert once.startswith(text.rstrip())
