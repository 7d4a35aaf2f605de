"""The tables of messaging: messages and conversations, folders, mail on its way out, evidence."""

from carnet.domain.messaging.models.evidence import AutomaticAnswer, Dispatch, MailCount, PatientLetter
from carnet.domain.messaging.models.folders import ExpungedEntry, Folder, FolderEntry, MailboxQuota
from carnet.domain.messaging.models.messages import Contact, Conversation, ConversationEntry, Message
from carnet.domain.messaging.models.outbound import OutboundDestination, OutboundMail, QuarantinedMail, UnscannedMessage

__all__ = [
    "AutomaticAnswer",
    "Contact",
    "Conversation",
    "ConversationEntry",
    "Dispatch",
    "ExpungedEntry",
    "Folder",
    "FolderEntry",
    "MailCount",
    "MailboxQuota",
    "Message",
    "OutboundDestination",
    "OutboundMail",
    "PatientLetter",
    "QuarantinedMail",
    "UnscannedMessage",
]
