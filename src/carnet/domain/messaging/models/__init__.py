"""The tables of messaging: messages and conversations, folders, mail on its way out, evidence."""

from carnet.domain.messaging.models.desk import (
    DeskBox,
    DeskDocument,
    DeskDraft,
    DeskDraftFile,
    DeskMessage,
    DeskNote,
    DeskReading,
    DeskSending,
    DeskThread,
    MessagePathway,
    SavedReply,
)
from carnet.domain.messaging.models.drafts import Draft, DraftFile, KnownPharmacy
from carnet.domain.messaging.models.evidence import AutomaticAnswer, Dispatch, MailCount, PatientLetter
from carnet.domain.messaging.models.folders import ExpungedEntry, Folder, FolderEntry, MailboxQuota
from carnet.domain.messaging.models.messages import Contact, Conversation, ConversationEntry, Message
from carnet.domain.messaging.models.outbound import OutboundDestination, OutboundMail, QuarantinedMail, UnscannedMessage

__all__ = [
    "AutomaticAnswer",
    "Contact",
    "Conversation",
    "ConversationEntry",
    "DeskBox",
    "DeskDocument",
    "DeskDraft",
    "DeskDraftFile",
    "DeskMessage",
    "DeskNote",
    "DeskReading",
    "DeskSending",
    "DeskThread",
    "Dispatch",
    "Draft",
    "DraftFile",
    "ExpungedEntry",
    "Folder",
    "FolderEntry",
    "KnownPharmacy",
    "MailCount",
    "MailboxQuota",
    "Message",
    "MessagePathway",
    "OutboundDestination",
    "OutboundMail",
    "PatientLetter",
    "QuarantinedMail",
    "SavedReply",
    "UnscannedMessage",
]
