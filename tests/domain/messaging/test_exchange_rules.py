"""The life of an exchange: only a professional starts and ends it, the holder writes only to who wrote."""

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from carnet.domain.messaging.mime.message import ParsedMessage
from carnet.domain.messaging.rules import (
    ContactState,
    ConversationState,
    contact_after,
    conversation_after,
    ending_of,
    may_end,
    may_holder_answer,
    may_holder_write,
    reply_options,
)
from carnet.domain.messaging.values import EndingKind, MessagingRefusal, ReplyOption

OPEN = ContactState(has_written=True)
HEADER, SUBJECT = EndingKind.HEADER_FIN, EndingKind.SUBJECT_FIN


@pytest.mark.parametrize(
    ("contact", "refusal"),
    [
        (ContactState(), MessagingRefusal.HOLDER_MAY_NOT_START),
        (OPEN, None),
        (ContactState(has_written=True, ended=True), MessagingRefusal.EXCHANGE_ENDED),
        (ContactState(takes_first_message=True), None),
        (ContactState(takes_first_message=True, ended=True), MessagingRefusal.EXCHANGE_ENDED),
    ],
)
def test_the_holder_writes_to_who_wrote_and_to_an_open_pharmacy(
    contact: ContactState, refusal: MessagingRefusal | None
) -> None:
    assert may_holder_write(contact).reason is refusal


@pytest.mark.parametrize(
    ("conversation", "contact", "refusal"),
    [
        (ConversationState(), OPEN, None),
        (ConversationState(ended=HEADER), OPEN, MessagingRefusal.CONVERSATION_ENDED),
        (ConversationState(ended=SUBJECT), OPEN, MessagingRefusal.EXCHANGE_ENDED),
        (ConversationState(), ContactState(has_written=True, ended=True), MessagingRefusal.EXCHANGE_ENDED),
        (ConversationState(takes_answers=False), OPEN, MessagingRefusal.ANSWER_NOT_TAKEN),
        (ConversationState(), ContactState(), MessagingRefusal.HOLDER_MAY_NOT_START),
    ],
)
def test_the_holder_answers_in_an_open_conversation(
    conversation: ConversationState, contact: ContactState, refusal: MessagingRefusal | None
) -> None:
    assert may_holder_answer(conversation, contact).reason is refusal


@pytest.mark.parametrize(
    ("subject", "header", "ending"),
    [
        ("[FIN]", None, SUBJECT),
        ("[FIN]", "FIN", SUBJECT),
        ("Bonjour", "FIN", HEADER),
        ("Bonjour", "fin", None),
        ("Bonjour", "FIN.", None),
        ("Bonjour", "", None),
        ("[fin]", None, None),
        ("[FIN] ok", None, None),
        ("Re: [FIN]", None, None),
        ("[ FIN ]", None, None),
        ("", None, None),
    ],
)
def test_an_ending_is_exact(subject: str, header: str | None, ending: EndingKind | None) -> None:
    parsed = ParsedMessage(subject=subject, x_mss={} if header is None else {"X-MSS-MES": header})
    assert ending_of(parsed, recipient_is_patient=True) is ending
    assert ending_of(parsed, recipient_is_patient=False) is None


def test_only_who_took_part_ends() -> None:
    assert may_end(sender_took_part=True)
    assert may_end(sender_took_part=False).reason is MessagingRefusal.DID_NOT_TAKE_PART


@pytest.mark.parametrize(
    ("conversation", "contact", "options"),
    [
        (ConversationState(), OPEN, (ReplyOption.REPLY, ReplyOption.NEW_MESSAGE)),
        (
            ConversationState(professionals=2),
            OPEN,
            (ReplyOption.REPLY, ReplyOption.REPLY_TO_ALL, ReplyOption.NEW_MESSAGE),
        ),
        (ConversationState(ended=HEADER), OPEN, (ReplyOption.NO_REPLY, ReplyOption.NEW_MESSAGE)),
        (ConversationState(ended=HEADER), ContactState(), (ReplyOption.NO_REPLY,)),
        (ConversationState(takes_answers=False), OPEN, (ReplyOption.NO_REPLY, ReplyOption.NEW_MESSAGE)),
        (ConversationState(ended=SUBJECT), ContactState(True, True), (ReplyOption.REPLY_BLOCKED,)),
        (ConversationState(ended=SUBJECT), OPEN, (ReplyOption.REPLY_BLOCKED, ReplyOption.NEW_MESSAGE)),
    ],
)
def test_what_the_holder_is_offered(
    conversation: ConversationState, contact: ContactState, options: tuple[ReplyOption, ...]
) -> None:
    assert reply_options(conversation, contact) == options


def test_a_first_message_that_closes_itself_makes_no_contact() -> None:
    assert not may_holder_write(contact_after(ContactState(), HEADER))
    assert not may_holder_write(contact_after(ContactState(), SUBJECT))


class Exchange(RuleBasedStateMachine):
    """One holder, one mailbox, three conversations, and beside them the plain history of what the mailbox said."""

    def __init__(self) -> None:
        super().__init__()
        self.contact = ContactState()
        self.conversations: dict[int, ConversationState] = {}
        self.said: list[tuple[int, EndingKind | None]] = []

    @rule(thread=st.integers(0, 2), ending=st.sampled_from([None, HEADER, SUBJECT]))
    def the_professional_writes(self, thread: int, ending: EndingKind | None) -> None:
        self.said.append((thread, ending))
        before = self.conversations.setdefault(thread, ConversationState())
        self.contact = contact_after(self.contact, ending)
        self.conversations[thread] = conversation_after(before, ending)
        if ending is SUBJECT:
            for other, state in self.conversations.items():
                self.conversations[other] = conversation_after(state, ending)

    @rule()
    def the_holder_tries(self) -> None:
        # Trying, allowed or not, changes nothing of what is allowed.
        before = (self.contact, dict(self.conversations))
        may_holder_write(self.contact)
        for state in self.conversations.values():
            reply_options(state, self.contact)
        assert before == (self.contact, self.conversations)

    @invariant()
    def the_holder_writes_only_to_who_wrote_and_has_not_ended(self) -> None:
        since = [ending for _, ending in self.said]
        if SUBJECT in since:
            since = since[len(since) - since[::-1].index(SUBJECT) :]
        assert bool(may_holder_write(self.contact)) == (None in since)

    @invariant()
    def the_holder_answers_only_where_the_last_word_allows(self) -> None:
        for thread, state in self.conversations.items():
            # The last word that counts for the thread: its own, or an ending of everything.
            words = [ending for other, ending in self.said if other == thread or ending is SUBJECT]
            open_ = words[-1] is None
            assert bool(may_holder_answer(state, self.contact)) == open_
            options = reply_options(state, self.contact)
            assert (ReplyOption.REPLY in options) == open_
            assert (ReplyOption.NEW_MESSAGE in options) == bool(may_holder_write(self.contact))


Exchange.TestCase.settings = settings(max_examples=150, stateful_step_count=15, deadline=None)
TestExchange = Exchange.TestCase
