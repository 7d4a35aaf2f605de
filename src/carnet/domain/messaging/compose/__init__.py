"""Outgoing mail as bytes: messages and answers, mails that carry documents, reports of failure and of reading."""

from carnet.domain.messaging.compose.messages import (
    answer_references,
    answer_subject,
    compose_answer,
    compose_document_message,
    compose_message,
    document_subject,
)
from carnet.domain.messaging.compose.reports import (
    DsnAction,
    FailedRecipient,
    compose_dsn,
    compose_mdn,
)
from carnet.domain.messaging.compose.writing import (
    ComposeProblem,
    ComposeRefused,
    OutgoingMail,
    make_message_id,
)

__all__ = [
    "ComposeProblem",
    "ComposeRefused",
    "DsnAction",
    "FailedRecipient",
    "OutgoingMail",
    "answer_references",
    "answer_subject",
    "compose_answer",
    "compose_document_message",
    "compose_dsn",
    "compose_mdn",
    "compose_message",
    "document_subject",
    "make_message_id",
]
