"""Decisions of the messaging room as pure functions on plain values: allowed or refused, and the reason."""

from carnet.domain.messaging.rules.decision import Decision
from carnet.domain.messaging.rules.documents import PatientMatch, is_automatic_double, patient_matches
from carnet.domain.messaging.rules.doors import (
    check_sender_at_operators_door,
    check_sender_at_submission,
    recipient_reply,
)
from carnet.domain.messaging.rules.exchange import (
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
from carnet.domain.messaging.rules.outbound import next_try
from carnet.domain.messaging.rules.receipts import (
    MAX_RECEIVED,
    ReceiptRequest,
    check_loop,
    dsn_allowed,
    receipt_due,
    receipt_wanted,
)
from carnet.domain.messaging.rules.threads import (
    KnownMessage,
    SenderDisplay,
    answer_address,
    match_conversation,
    sender_display,
)

__all__ = [
    "MAX_RECEIVED",
    "ContactState",
    "ConversationState",
    "Decision",
    "KnownMessage",
    "PatientMatch",
    "ReceiptRequest",
    "SenderDisplay",
    "answer_address",
    "check_loop",
    "check_sender_at_operators_door",
    "check_sender_at_submission",
    "contact_after",
    "conversation_after",
    "dsn_allowed",
    "ending_of",
    "is_automatic_double",
    "match_conversation",
    "may_end",
    "may_holder_answer",
    "may_holder_write",
    "next_try",
    "patient_matches",
    "receipt_due",
    "receipt_wanted",
    "recipient_reply",
    "reply_options",
    "sender_display",
]
