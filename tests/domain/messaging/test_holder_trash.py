"""A holder's trash: hidden from the list, the counts and the search; listed, put back, brought back by a message."""

from uuid import UUID, uuid4

import pytest
from holder_scene import a_letter, actor_of, arrive

from carnet.domain.audit.models import AccessEvent
from carnet.domain.messaging.access import open_conversation
from carnet.domain.messaging.commands.drafts import Saved, save_draft, send_draft
from carnet.domain.messaging.commands.read import move_to_trash, put_back
from carnet.domain.messaging.draft_content import DraftContent
from carnet.domain.messaging.models import Conversation
from carnet.domain.messaging.queries.conversations import conversations, count_unread
from carnet.domain.messaging.queries.drafts import draft_of_conversation
from carnet.domain.messaging.queries.holder_search import search_messages
from carnet.domain.messaging.queries.trash import has_trash, trashed_conversations
from carnet.domain.spaces.values import Act, Actor, ActorKind, Decision, Refusal
from carnet.sandbox import cast

pytestmark = pytest.mark.django_db


@pytest.fixture
def patient() -> UUID:
    """Dominique, to whom the ward wrote once."""
    cast.trust_space_of_the_sandbox()
    cast.hospital()
    cast.orthopaedics()
    space_id = cast.patient()
    arrive(a_letter("Votre bilan"))
    return space_id


@pytest.fixture
def received(patient: UUID) -> UUID:
    """The conversation with the ward."""
    return Conversation.objects.get(space_id=patient).id


def listed(space_id: UUID) -> list[str]:
    return [row.subject for row in conversations(space_id).rows]


def in_trash(space_id: UUID) -> list[str]:
    return [row.subject for row in trashed_conversations(space_id).rows]


def trail(space_id: UUID) -> list[tuple[str, bool]]:
    acts = ["trash-conversation", "put-back-conversation"]
    return list(
        AccessEvent.objects.filter(space_id=space_id, act__in=acts).order_by("sequence").values_list("act", "allowed")
    )


def test_what_is_in_the_trash_is_nowhere_else_until_it_is_put_back(patient: UUID, received: UUID) -> None:
    dominique = actor_of(patient)
    before = (listed(patient), count_unread(patient), len(search_messages(patient, "bilan").hits))
    assert before == (["Votre bilan"], 1, 1)
    assert not has_trash(patient)
    assert move_to_trash(dominique, patient, received) is None
    assert (listed(patient), count_unread(patient), len(search_messages(patient, "bilan").hits)) == ([], 0, 0)
    assert (has_trash(patient), in_trash(patient)) == (True, ["Votre bilan"])
    shut = open_conversation(dominique, Act.READ_CONVERSATION, patient, received)
    assert shut == Decision(False, Refusal.NOT_FOUND)
    assert put_back(dominique, patient, received) is None
    assert (listed(patient), count_unread(patient), len(search_messages(patient, "bilan").hits)) == before
    assert (has_trash(patient), in_trash(patient)) == (False, [])
    assert trail(patient) == [("trash-conversation", True), ("put-back-conversation", True)]


def test_only_what_is_in_the_trash_is_put_back_and_only_what_is_not_is_moved_there(
    patient: UUID, received: UUID
) -> None:
    dominique = actor_of(patient)
    assert put_back(dominique, patient, received) == Decision(False, Refusal.ALREADY_THERE)
    assert put_back(dominique, patient, patient) == Decision(False, Refusal.NOT_FOUND)
    assert move_to_trash(dominique, patient, received) is None
    moved_at = Conversation.objects.get(space_id=patient).trashed_at
    assert move_to_trash(dominique, patient, received) == Decision(False, Refusal.ALREADY_THERE)
    assert Conversation.objects.get(space_id=patient).trashed_at == moved_at
    assert [allowed for _, allowed in trail(patient)] == [False, False, True, False]


def test_the_answer_begun_in_a_conversation_goes_with_it_and_comes_back(patient: UUID, received: UUID) -> None:
    dominique = actor_of(patient)
    begun = save_draft(dominique, patient, uuid4(), DraftContent(text="En cours"), conversation_id=received)
    assert isinstance(begun, Saved)
    assert move_to_trash(dominique, patient, received) is None
    later = DraftContent(text="D’une autre page")
    kept = save_draft(dominique, patient, begun.draft_id, later, conversation_id=received, version=begun.version)
    assert isinstance(kept, Saved)
    assert send_draft(dominique, patient, begun.draft_id) == Decision(False, Refusal.NOT_FOUND), "while it is there"
    assert put_back(dominique, patient, received) is None
    waiting = draft_of_conversation(patient, received)
    assert waiting is not None
    assert waiting.content.text == "D’une autre page"


def test_a_new_message_brings_its_conversation_back_and_no_other(patient: UUID, received: UUID) -> None:
    arrive(a_letter("Autre chose"))
    for one in Conversation.objects.filter(space_id=patient):
        assert move_to_trash(actor_of(patient), patient, one.id) is None
    arrive(a_letter("Re: Votre bilan", references=received))
    assert (listed(patient), in_trash(patient)) == (["Votre bilan"], ["Autre chose"])


def test_the_trash_lists_the_latest_moved_first_page_by_page(patient: UUID) -> None:
    arrive(*(a_letter(f"Lettre {n}") for n in range(4)))
    moved = []
    for row in conversations(patient).rows:
        assert move_to_trash(actor_of(patient), patient, row.id) is None
        moved.insert(0, row.subject)
    pages = [trashed_conversations(patient, limit=2)]
    while pages[-1].next_before:
        pages.append(trashed_conversations(patient, before=pages[-1].next_before, limit=2))
    assert [[row.subject for row in one.rows] for one in pages] == [moved[:2], moved[2:4], moved[4:]]


@pytest.mark.parametrize("kind", [ActorKind.REPRESENTATIVE, ActorKind.CARER, ActorKind.PROFESSIONAL])
def test_nobody_but_the_holder_moves_there_or_puts_back(patient: UUID, received: UUID, kind: ActorKind) -> None:
    helper = Actor(kind, "Alix MARTIN", space_id=patient)
    stranger = actor_of(cast.curious_stranger())
    dominique = actor_of(patient)
    for act in (move_to_trash, put_back):
        assert act(helper, patient, received) == Decision(False, Refusal.NOT_PROVIDED)
        assert act(stranger, patient, received) == Decision(False, Refusal.NOT_YOURS)
        assert act(dominique, patient, received) is None
    assert [allowed for _, allowed in trail(patient)] == [False, False, True] * 2
