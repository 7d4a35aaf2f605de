"""Words of the messaging room: what a holder may do, how an exchange ends, what became of a mail."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Self


class Direction(StrEnum):
    """Which way a message of a conversation goes, seen from the health space."""

    RECEIVED = "in"
    SENT = "out"


class ReplyOption(StrEnum):
    """What a holder is offered under a message; the names are those of Mon espace santé's own interface."""

    REPLY = "REPLY"
    REPLY_TO_ALL = "REPLY_TO_ALL"
    REPLY_BLOCKED = "REPLY_BLOCKED"
    NO_REPLY = "NO_REPLY"
    NEW_MESSAGE = "NEW_MESSAGE"


class EndingKind(StrEnum):
    """How a professional ends an exchange (ANS, Référentiel socle MSSanté #2, ECO.2.2.8).

    `HEADER_FIN` ends the one conversation, `SUBJECT_FIN` every conversation of that sender with that holder.
    """

    HEADER_FIN = "header-fin"
    SUBJECT_FIN = "subject-fin"


class RecipientState(StrEnum):
    """What is known of an address when a mail arrives for it; only a mailbox is ever suspended."""

    OPEN = "open"
    UNKNOWN = "unknown"
    CLOSED = "closed"
    OPPOSED = "opposed"
    SUSPENDED = "suspended"
    WRONG_KEY = "wrong-key"
    BAD_SYNTAX = "bad-syntax"


class DeliveryOutcome(StrEnum):
    """What became of one mail for one recipient. Withheld: kept and shown to nobody until a person decides."""

    DELIVERED = "delivered"
    REFUSED_SENDER = "refused-sender"
    REFUSED_RECIPIENT = "refused-recipient"
    REFUSED_MALFORMED = "refused-malformed"
    REFUSED_HOLDER_TO_HOLDER = "refused-holder-to-holder"
    REFUSED_OTHER_PATIENT = "refused-other-patient"
    REFUSED_LOOP = "refused-loop"
    REFUSED_MAILBOX = "refused-mailbox"
    REFUSED_OPPOSITION = "refused-opposition"
    REFUSED_TOO_LARGE = "refused-too-large"
    REFUSED_CONTENT = "refused-content"
    WITHHELD_INFECTED = "withheld-infected"

    @property
    def is_refusal(self) -> bool:
        """True when the sender must be told that the mail was not delivered."""
        return self.value.startswith("refused-")


class MessagingRefusal(StrEnum):
    """Why an act of the messaging room is refused; `sentence` says it to a person."""

    SENDER_UNTRUSTED = "sender-untrusted"
    SENDER_OF_ANOTHER = "sender-of-another"
    SENDER_IS_HOSTED_HERE = "sender-is-hosted-here"
    FROM_MISSING = "from-missing"
    FROM_UNTRUSTED = "from-untrusted"
    SENDER_FIELD_UNTRUSTED = "sender-field-untrusted"
    NOT_YOUR_ADDRESS = "not-your-address"
    HOLDER_TO_HOLDER = "holder-to-holder"
    HOLDER_MAY_NOT_START = "holder-may-not-start"
    EXCHANGE_ENDED = "exchange-ended"
    CONVERSATION_ENDED = "conversation-ended"
    ANSWER_NOT_TAKEN = "answer-not-taken"
    DID_NOT_TAKE_PART = "did-not-take-part"
    OTHER_PATIENT = "other-patient"
    PATIENT_OPPOSED = "patient-opposed"
    INFECTED = "infected"
    CONTENT_REFUSED = "content-refused"
    LOOP = "loop"
    AUTOMATIC_MESSAGE = "automatic-message"
    NO_RETURN_ADDRESS = "no-return-address"
    RECEIPT_NOT_ASKED = "receipt-not-asked"
    RECEIPT_ADDRESS_UNTRUSTED = "receipt-address-untrusted"
    RECEIPT_ADDRESS_ELSEWHERE = "receipt-address-elsewhere"
    RECEIPT_NOT_DUE = "receipt-not-due"

    @property
    def sentence(self) -> str:
        """One sentence for the person who meets the refusal."""
        return _REFUSAL_SENTENCES[self]


_REFUSAL_SENTENCES = {
    MessagingRefusal.SENDER_UNTRUSTED: "The sender's domain is not in the trust list of secure health mail.",
    MessagingRefusal.SENDER_OF_ANOTHER: "The trust list gives the sender's domain to another operator.",
    MessagingRefusal.SENDER_IS_HOSTED_HERE: "This domain is hosted here: its mail does not come from outside.",
    MessagingRefusal.FROM_MISSING: "The message does not say who wrote it.",
    MessagingRefusal.FROM_UNTRUSTED: "The author's domain is not one that the sending operator may use.",
    MessagingRefusal.SENDER_FIELD_UNTRUSTED: "The Sender field's domain is not one that the sending operator may use.",
    MessagingRefusal.NOT_YOUR_ADDRESS: "A message leaves only under the address of the mailbox that sends it.",
    MessagingRefusal.HOLDER_TO_HOLDER: "Holders of health spaces do not write to each other here.",
    MessagingRefusal.HOLDER_MAY_NOT_START: "You can write to a professional once that professional wrote to you.",
    MessagingRefusal.EXCHANGE_ENDED: "This professional has ended your exchanges.",
    MessagingRefusal.CONVERSATION_ENDED: "This conversation takes no further answer.",
    MessagingRefusal.ANSWER_NOT_TAKEN: "This message was sent from a mailbox that reads no answers.",
    MessagingRefusal.DID_NOT_TAKE_PART: "Only somebody who took part in the exchange can end it.",
    MessagingRefusal.OTHER_PATIENT: "The documents of this message are about another person than its recipient.",
    MessagingRefusal.INFECTED: "The antivirus found something in the message: it was not delivered.",
    MessagingRefusal.CONTENT_REFUSED: "A file of the message is of a kind that is not accepted here.",
    MessagingRefusal.PATIENT_OPPOSED: "This patient has asked your establishment not to be written to.",
    MessagingRefusal.LOOP: "The message has gone round too many servers.",
    MessagingRefusal.AUTOMATIC_MESSAGE: "No automatic answer is made to an automatic message.",
    MessagingRefusal.NO_RETURN_ADDRESS: "The message has no return address to answer to.",
    MessagingRefusal.RECEIPT_NOT_ASKED: "The sender asked for no receipt, or asked for it unreadably.",
    MessagingRefusal.RECEIPT_ADDRESS_UNTRUSTED: "The receipt would leave the trust list of secure health mail.",
    MessagingRefusal.RECEIPT_ADDRESS_ELSEWHERE: "The receipt would go to another domain than the sender's.",
    MessagingRefusal.RECEIPT_NOT_DUE: "No receipt is due: nothing was displayed to a person, or one was sent already.",
}


@dataclass(frozen=True, slots=True)
class SmtpAnswer:
    """An answer to an SMTP command: reply code (RFC 5321 §4.2), enhanced status (RFC 3463), one line of ASCII."""

    code: int
    enhanced: str
    text: str

    @property
    def accepts(self) -> bool:
        """True for a positive answer (2xx)."""
        return 200 <= self.code < 300

    def __str__(self) -> str:
        return f"{self.code} {self.enhanced} {self.text}"


class SmtpError(StrEnum):
    """The codes by which a sender's software is told why a mail failed.

    They are the table SMTPERRORCODE of CI-SIS, volet Transmission d'un document CDA-R2 en HL7v2 (segment ERR-5 of the
    acknowledgement of reception). `french` and `english` are one sentence each.
    """

    UNREACHABLE = "101"
    CONNECTION_REFUSED = "111"
    WILL_FORWARD = "251"
    CANNOT_VERIFY = "252"
    TIMED_OUT = "420"
    SERVICE_UNAVAILABLE = "421"
    OVER_QUOTA = "422"
    NO_ROOM = "431"
    QUEUE_STOPPED = "432"
    NO_RESPONSE = "441"
    CONNECTION_DROPPED = "442"
    MAILBOX_BUSY = "450"
    LOCAL_ERROR = "451"
    NO_STORAGE = "452"
    SYNTAX = "500"
    ARGUMENT_SYNTAX = "501"
    NOT_IMPLEMENTED = "502"
    BAD_SEQUENCE = "503"
    ARGUMENT_NOT_IMPLEMENTED = "504"
    BAD_ADDRESS = "510"
    HOST_NOT_FOUND = "512"
    ADDRESS_TYPE = "513"
    TOO_LARGE = "523"
    AUTHENTICATION = "530"
    FILTERED = "541"
    MAILBOX_NOT_FOUND = "550"
    NOT_LOCAL = "551"
    QUOTA_EXCEEDED = "552"
    BAD_MAILBOX_NAME = "553"
    TRANSACTION_FAILED = "554"

    @property
    def french(self) -> str:
        """What happened, in French."""
        return _SMTP_SENTENCES[self][0]

    @property
    def english(self) -> str:
        """What happened, in English."""
        return _SMTP_SENTENCES[self][1]

    @property
    def is_temporary(self) -> bool:
        """True when sending the same mail again later may succeed."""
        return self.value[0] in "14"

    @classmethod
    def of_reply(cls, code: int, enhanced: str = "") -> Self:
        """The entry that tells best the SMTP reply `code` with its enhanced status (`5.3.4`), never failing.

        A size refusal is told apart from a full mailbox by its enhanced status (RFC 3463 §3.4); a code outside the
        table falls back on the general one of its class.
        """
        if code == 552 and enhanced.endswith(".3.4"):
            return cls("523")
        try:
            return cls(str(code))
        except ValueError:
            return cls("451") if 400 <= code < 500 else cls("554")


_SMTP_SENTENCES = {
    SmtpError.UNREACHABLE: (
        "Le serveur du destinataire est injoignable.",
        "The recipient's server cannot be reached.",
    ),
    SmtpError.CONNECTION_REFUSED: (
        "Le serveur du destinataire refuse la connexion.",
        "The recipient's server refuses the connection.",
    ),
    SmtpError.WILL_FORWARD: (
        "Le destinataire est sur un autre serveur, qui reçoit le message.",
        "The recipient is on another server, to which the message is passed on.",
    ),
    SmtpError.CANNOT_VERIFY: (
        "L'adresse ne peut pas être vérifiée ; l'envoi est tenté.",
        "The address cannot be verified; delivery is tried.",
    ),
    SmtpError.TIMED_OUT: ("Le délai de connexion est dépassé.", "The connection timed out."),
    SmtpError.SERVICE_UNAVAILABLE: (
        "Le service du destinataire est momentanément indisponible.",
        "The recipient's service is unavailable for the moment.",
    ),
    SmtpError.OVER_QUOTA: (
        "La boîte du destinataire est pleine pour l'instant.",
        "The recipient's mailbox is full for now.",
    ),
    SmtpError.NO_ROOM: (
        "Le serveur du destinataire manque de place.",
        "The recipient's server is short of space.",
    ),
    SmtpError.QUEUE_STOPPED: (
        "Le serveur du destinataire ne prend plus de message pour l'instant.",
        "The recipient's server takes no message for now.",
    ),
    SmtpError.NO_RESPONSE: (
        "Le serveur du destinataire ne répond pas.",
        "The recipient's server does not respond.",
    ),
    SmtpError.CONNECTION_DROPPED: (
        "La connexion a été coupée pendant l'envoi.",
        "The connection was cut while sending.",
    ),
    SmtpError.MAILBOX_BUSY: (
        "La boîte du destinataire est momentanément indisponible.",
        "The recipient's mailbox is unavailable for the moment.",
    ),
    SmtpError.LOCAL_ERROR: (
        "Une erreur passagère est survenue chez le destinataire.",
        "A passing error occurred on the recipient's side.",
    ),
    SmtpError.NO_STORAGE: (
        "Le serveur du destinataire n'a plus la place de prendre ce message.",
        "The recipient's server has no storage left for this message.",
    ),
    SmtpError.SYNTAX: ("La commande n'a pas été comprise.", "The command was not understood."),
    SmtpError.ARGUMENT_SYNTAX: (
        "Un paramètre de la commande n'a pas été compris.",
        "An argument of the command was not understood.",
    ),
    SmtpError.NOT_IMPLEMENTED: (
        "La commande n'est pas prise en charge.",
        "The command is not implemented.",
    ),
    SmtpError.BAD_SEQUENCE: (
        "Les commandes sont arrivées dans le désordre.",
        "The commands came in the wrong order.",
    ),
    SmtpError.ARGUMENT_NOT_IMPLEMENTED: (
        "Un paramètre de la commande n'est pas pris en charge.",
        "An argument of the command is not implemented.",
    ),
    SmtpError.BAD_ADDRESS: ("L'adresse est incorrecte.", "The address is incorrect."),
    SmtpError.HOST_NOT_FOUND: (
        "Le domaine du destinataire est introuvable.",
        "The recipient's domain cannot be found.",
    ),
    SmtpError.ADDRESS_TYPE: (
        "Cette forme d'adresse n'est pas acceptée.",
        "This form of address is not accepted.",
    ),
    SmtpError.TOO_LARGE: (
        "Le message est plus gros que le destinataire ne l'accepte.",
        "The message is larger than the recipient accepts.",
    ),
    SmtpError.AUTHENTICATION: (
        "Le serveur du destinataire demande une authentification.",
        "The recipient's server asks for authentication.",
    ),
    SmtpError.FILTERED: (
        "Le message a été écarté par un filtre du destinataire.",
        "The message was rejected by a filter of the recipient.",
    ),
    SmtpError.MAILBOX_NOT_FOUND: (
        "La boîte du destinataire n'existe pas ou n'est pas disponible.",
        "The recipient's mailbox does not exist or is not available.",
    ),
    SmtpError.NOT_LOCAL: (
        "Le destinataire n'est pas connu de ce serveur.",
        "The recipient is not known to this server.",
    ),
    SmtpError.QUOTA_EXCEEDED: (
        "La boîte du destinataire a dépassé la place permise.",
        "The recipient's mailbox is beyond its allowed space.",
    ),
    SmtpError.BAD_MAILBOX_NAME: (
        "Le nom de la boîte n'est pas valide.",
        "The name of the mailbox is not valid.",
    ),
    SmtpError.TRANSACTION_FAILED: (
        "Le serveur du destinataire a refusé le message.",
        "The recipient's server refused the message.",
    ),
}
