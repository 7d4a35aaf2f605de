"""The settings: every environment variable that Carnet reads, with its meaning and its default.

This is the only module that reads the environment. ``docs/configuration.md`` describes each entry; a test holds
the two together.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any


class BadSetting(Exception):
    """An environment variable has a value that cannot be used; the message names it and what is expected."""


@dataclass(frozen=True)
class Setting:
    name: str
    default: str
    kind: str  # text | path | paths | integer | seconds | boolean | list | choice:a,b
    meaning: str

    def read(self, environment: Mapping[str, str]) -> Any:
        """The value, converted. Raises ``BadSetting``."""
        text = environment.get(self.name, self.default).strip()
        if self.kind == "path":
            return Path(text).expanduser().absolute() if text else None
        if self.kind in ("integer", "seconds"):
            try:
                return int(text)
            except ValueError:
                raise BadSetting(f"{self.name}={text!r}: a whole number is expected") from None
        if self.kind == "boolean":
            if text.lower() not in ("yes", "no", "true", "false", "1", "0"):
                raise BadSetting(f"{self.name}={text!r}: yes or no is expected")
            return text.lower() in ("yes", "true", "1")
        if self.kind == "paths":
            return tuple(Path(item).expanduser().absolute() for item in text.split(os.pathsep) if item)
        if self.kind == "list":
            return tuple(item for item in text.replace(",", " ").split() if item)
        if self.kind.startswith("choice:"):
            choices = self.kind.removeprefix("choice:").split(",")
            if text not in choices:
                raise BadSetting(f"{self.name}={text!r}: one of {', '.join(choices)} is expected")
        return text


SETTINGS: tuple[Setting, ...] = (
    # where things are
    Setting("CARNET_DATA_DIR", "var/demo", "path", "Folder of the data: database, bodies, spool (0700)."),
    Setting("CARNET_DATABASE_URL", "", "text", "PostgreSQL to use instead of the embedded one (postgresql://…)."),
    Setting(
        "CARNET_MASTER_KEY_FILE", "", "path", "File of the master keys; `serve` refuses one inside the data folder."
    ),
    Setting("CARNET_BODIES_DIR", "", "path", "Folder of the bodies; by default `bodies` in the data folder."),
    Setting("CARNET_SPOOL_DIR", "", "path", "Folder of the spool; by default `spool` in the data folder."),
    Setting(
        "CARNET_MODE",
        "demo",
        "choice:demo,production",
        "`production` refuses test INS and sandbox accounts; `demo` refuses real ones.",
    ),
    # doors
    Setting("CARNET_BIND", "127.0.0.1", "text", "Address that every door binds to."),
    Setting("CARNET_WEB_PORT", "8000", "integer", "Port of the portal (a demo takes a free one if it is in use)."),
    Setting("CARNET_SMTP_PORT", "2525", "integer", "Port of the operators' SMTP door."),
    Setting("CARNET_SUBMISSION_PORT", "2587", "integer", "Port of the submission door."),
    Setting("CARNET_IMAP_PORT", "2143", "integer", "Port of the IMAP door."),
    Setting("CARNET_SUBMISSIONS_PORT", "2465", "integer", "Port of the submission door with TLS at once; 0: none."),
    Setting("CARNET_IMAPS_PORT", "2993", "integer", "Port of the IMAP door with TLS at once; 0: none."),
    Setting("CARNET_WEB_OTHER_HOSTS", "", "list", "Other names that the portal answers to (autoconfig.example.org)."),
    Setting("CARNET_MAIL_PUBLIC_HOST", "", "text", "Name by which mail clients reach the doors."),
    Setting("CARNET_MAIL_PUBLIC_PORTS", "", "list", "Ports by which they reach them: submission=587 imap=143 …"),
    Setting(
        "CARNET_WEB_URL",
        "",
        "text",
        "Public address of the portal, for links in notifications; by default that of the door.",
    ),
    Setting("CARNET_WEB_WORKERS", "1", "integer", "Processes of the portal."),
    Setting("CARNET_TLS_CERT_FILE", "", "path", "Certificate chain (PEM) of the mail doors."),
    Setting("CARNET_TLS_KEY_FILE", "", "path", "Private key (PEM) of the mail doors."),
    Setting(
        "CARNET_SECRET_KEY_FILE", "", "path", "File of the portal's signing secret; made in the data folder by default."
    ),
    # sign-in of mailboxes
    Setting("CARNET_MAILBOX_PASSWORDS", "in-demo", "choice:in-demo,yes,no", "Whether a mailbox opens by a password."),
    Setting("CARNET_TOKEN_SESSION", "tolerate", "choice:tolerate,end", "A token that expires while its session lasts."),
    Setting("CARNET_PSC_ISSUER", "", "text", "Issuer of the access tokens (Pro Santé Connect); empty: none is taken."),
    Setting("CARNET_PSC_AUDIENCES", "", "list", "Clients whose tokens are taken (client_id); *: every client."),
    Setting("CARNET_PSC_JWKS_URL", "", "text", "Address of the issuer's public keys; by default Keycloak's path."),
    Setting(
        "CARNET_PSC_AUTHORIZATION_URL", "", "text", "Where people sign in at the issuer; by default Keycloak's path."
    ),
    Setting("CARNET_PSC_CA_FILE", "", "path", "Authorities (PEM) of that address; by default the system's."),
    Setting(
        "CARNET_PSC_ALGORITHMS", "RS256", "list", "Signature algorithms that are accepted (never none, never HS…)."
    ),
    Setting("CARNET_PSC_LEEWAY_SECONDS", "10", "seconds", "How far the issuer's clock and this one may differ."),
    Setting("CARNET_PSC_KEYS_SECONDS", "3600", "seconds", "How often the public keys are read anew."),
    Setting("CARNET_PSC_KEYS_KEEP_SECONDS", "86400", "seconds", "How long they serve while the issuer is away."),
    # sign-in of professionals at the portal (their desk)
    Setting("CARNET_PSC_CLIENT_ID", "", "text", "The portal as a client of Pro Santé Connect; empty: no desk."),
    Setting("CARNET_PSC_CLIENT_SECRET_FILE", "", "path", "File of that client's secret."),
    Setting("CARNET_PSC_DISCOVERY_URL", "", "text", "Description of the issuer; by default Pro Santé Connect's path."),
    Setting("CARNET_PSC_SCOPES", "openid scope_all", "list", "What the portal asks for at sign-in."),
    Setting(
        "CARNET_PSC_LEVELS", "eidas1", "list", "Levels of authentication (acr) that are taken; the first is asked."
    ),
    Setting("CARNET_DESK_SESSION_SECONDS", "14400", "seconds", "Longest sign-in of a professional (4 h)."),
    # the sandbox's own Pro Santé Connect
    Setting("CARNET_SANDBOX_PSC_PORT", "8010", "integer", "Port of the demo's OpenID provider."),
    Setting("CARNET_SANDBOX_PSC_TOKEN_SECONDS", "240", "seconds", "Life of its access tokens."),
    Setting(
        "CARNET_SANDBOX_PSC_APPROVE", "ask", "choice:ask,always", "Who approves on the telephone: a person, or all is."
    ),
    # the INSi service, by which a person's INS is found
    Setting("CARNET_INSI_URL", "", "text", "Address of the INSi service; empty: people are found by their INS only."),
    Setting("CARNET_INSI_CA_FILE", "", "path", "Authorities (PEM) of that address; by default the system's."),
    Setting(
        "CARNET_INSI_CERT_FILE", "", "path", "Certificate chain (PEM) that says who asks it; empty: none is shown."
    ),
    Setting("CARNET_INSI_KEY_FILE", "", "path", "Private key (PEM) of that certificate; by default in the same file."),
    Setting("CARNET_INSI_SECONDS", "10", "seconds", "How long an answer of the INSi service may take."),
    Setting("CARNET_SANDBOX_INSI_PORT", "8011", "integer", "Port of the demo's INSi service."),
    # mail
    Setting("CARNET_PATIENT_DOMAIN", "patient.mssante.fr", "text", "Domain of the holders' addresses."),
    Setting("CARNET_HOSTNAME", "carnet.mssante.test", "text", "Name that the mail doors announce."),
    Setting("CARNET_MAX_MESSAGE_BYTES", "26214400", "integer", "Largest message accepted (25 MB)."),
    Setting("CARNET_MAX_RECIPIENTS", "100", "integer", "Most recipients in one transaction."),
    Setting(
        "CARNET_RECIPIENT_REFUSAL",
        "at-rcpt",
        "choice:at-rcpt,mail-back",
        "Unknown, closed and opposed spaces: refuse at RCPT, or accept and mail back.",
    ),
    Setting(
        "CARNET_ROUTES",
        "",
        "list",
        "Static routes to other operators: `domain=host:port`, `*=host:port` for all others; without one, by MX.",
    ),
    Setting(
        "CARNET_DNS_SERVERS",
        "",
        "list",
        "Name servers for MX look-ups (`address` or `address:port`); else the system's.",
    ),
    Setting("CARNET_OUTBOUND_PORT", "25", "integer", "Port of the servers that are found by MX."),
    Setting("CARNET_OUTBOUND_CONNECTIONS", "100", "integer", "Connections to other operators at once, in one worker."),
    Setting("CARNET_OUTBOUND_CONNECTIONS_PER_HOP", "4", "integer", "Connections at once to one server of theirs."),
    Setting("CARNET_OUTBOUND_MESSAGES_PER_CONNECTION", "100", "integer", "Messages sent over one connection."),
    Setting("CARNET_OUTBOUND_RECIPIENTS", "50", "integer", "Most recipients of one message in one transaction."),
    Setting("CARNET_OUTBOUND_IDLE_SECONDS", "5", "seconds", "How long a connection is kept for a next message."),
    Setting("CARNET_OUTBOUND_CONNECT_SECONDS", "30", "seconds", "How long a connection and its TLS may take."),
    Setting("CARNET_OUTBOUND_REPLY_SECONDS", "300", "seconds", "How long a reply to a command may take."),
    Setting("CARNET_OUTBOUND_CONTENT_SECONDS", "600", "seconds", "How long content and its reply may take."),
    Setting(
        "CARNET_OUTBOUND_RETRY_SECONDS",
        "60",
        "seconds",
        "First wait after a refusal for now; then twice as long, to 4 h.",
    ),
    Setting(
        "CARNET_OUTBOUND_WARN_SECONDS", "14400", "seconds", "When the sender of mail that still waits is warned (4 h)."
    ),
    Setting(
        "CARNET_OUTBOUND_GIVE_UP_SECONDS",
        "172800",
        "seconds",
        "How long a message to another operator is tried (48 h).",
    ),
    Setting("CARNET_SMTP_MAX_CONNECTIONS", "500", "integer", "Connections in all to one SMTP door."),
    Setting("CARNET_SMTP_MAX_CONNECTIONS_PER_PEER", "100", "integer", "Connections of one peer to one SMTP door."),
    Setting("CARNET_SMTP_IDLE_SECONDS", "300", "seconds", "Silence after which an SMTP session is closed."),
    Setting("CARNET_IMAP_WORKERS", "1", "integer", "Processes of the IMAP door, all on its port."),
    Setting(
        "CARNET_IMAP_TLS",
        "required",
        "choice:required,none",
        "IMAP: TLS before a password, or none, which binds to loopback only.",
    ),
    Setting("CARNET_IMAP_MAX_CONNECTIONS", "2000", "integer", "Connections in all to one process of the IMAP door."),
    Setting("CARNET_IMAP_MAX_CONNECTIONS_PER_PEER", "100", "integer", "Connections of one peer to one of them."),
    Setting("CARNET_MAILBOX_QUOTA_BYTES", "0", "integer", "What a mailbox may hold; 0: no bound."),
    Setting("CARNET_EXPUNGED_KEPT_DAYS", "30", "integer", "Days that removals from a folder are remembered."),
    # trust space
    Setting(
        "CARNET_OPERATORS_DOOR_TLS",
        "mutual",
        "choice:mutual,none",
        "The operators' door: mutual TLS, or none, which binds to loopback only.",
    ),
    Setting("CARNET_SMTP_MUTUAL_PORT", "0", "integer", "Port of one more operators' door, always mutual; 0: none."),
    Setting("CARNET_OPERATORS_CA_FILE", "", "path", "Authority (PEM) of the operators' certificates; no other counts."),
    Setting("CARNET_CRL_FILES", "", "paths", "Files of revocation lists (PEM or DER), read again when they change."),
    Setting("CARNET_CRL_URLS", "", "list", "Addresses of revocation lists, fetched by the worker."),
    Setting("CARNET_CRL_REFRESH_SECONDS", "3600", "seconds", "Time between two fetches of the revocation lists."),
    Setting("CARNET_CRL_GRACE_SECONDS", "0", "seconds", "How long a revocation list serves after its next update."),
    Setting("CARNET_CRL_REQUIRED", "yes", "boolean", "Whether an operator is refused when no list covers it."),
    Setting("CARNET_TRUST_LIST_URL", "", "text", "Address (https) of the trust list, fetched by the worker."),
    Setting("CARNET_TRUST_LIST_CA_FILE", "", "path", "Authority (PEM) of that server; the system's by default."),
    Setting("CARNET_TRUST_LIST_REFRESH_SECONDS", "86400", "seconds", "Time between two fetches of the trust list."),
    Setting(
        "CARNET_TRUST_LIST_MAX_LOSS_PERCENT", "20", "integer", "Share of its domains that a new list may leave out."
    ),
    # safety
    Setting("CARNET_CLAMAV", "", "text", "ClamAV's daemon: `host:port`, or the path of its socket; empty: none."),
    Setting("CARNET_CLAMAV_SECONDS", "30", "seconds", "How long the daemon may look at one message."),
    Setting("CARNET_QUARANTINE_DAYS", "90", "integer", "Days that an infected message is kept, sealed, as evidence."),
    Setting("CARNET_REFUSED_CONTENT", "executable script", "list", "Kinds of files that make a message be refused."),
    Setting("CARNET_WITHHELD_CONTENT", "macro polyglot", "list", "Kinds of files that the portal does not give out."),
    Setting("CARNET_MIN_FREE_BYTES", "536870912", "integer", "Free disk below which no mail is accepted (452)."),
    Setting("CARNET_SMTP_IN_FLIGHT_BYTES", "268435456", "integer", "Content that one SMTP door holds in memory."),
    Setting("CARNET_SMTP_MIN_BYTES_PER_SECOND", "1000", "integer", "Least rate of a message being received; 0: none."),
    Setting("CARNET_SMTP_REFUSED_RECIPIENTS", "100", "integer", "Refused recipients after which a session ends."),
    Setting(
        "CARNET_PEER_MESSAGES_PER_MINUTE", "30000", "integer", "Messages of one peer of the operators' door; 0: any."
    ),
    Setting("CARNET_MAILBOX_MESSAGES_PER_MINUTE", "6000", "integer", "Messages submitted by one mailbox; 0: any."),
    # life of mailboxes
    Setting(
        "CARNET_SUSPENDED_MAIL",
        "refuse",
        "choice:refuse,later,keep",
        "Mail for a suspended mailbox: refused, asked for later, or kept.",
    ),
    Setting("CARNET_MAILBOX_CLOSING_NOTICE_DAYS", "30", "integer", "Days between announcing and closing a mailbox."),
    Setting("CARNET_MAILBOX_KEEP_DAYS", "90", "integer", "Days that a closed mailbox's content is kept."),
    Setting("CARNET_MAILBOX_DORMANT_DAYS", "365", "integer", "Days without sign-in that make a box dormant; 0: none."),
    Setting("CARNET_MAILBOX_DORMANT_ACTION", "warn", "choice:warn,empty", "Dormant mailboxes: told, or emptied too."),
    Setting("CARNET_MAILBOX_DORMANT_NOTICE_DAYS", "30", "integer", "Days from that notice to the emptying."),
    Setting("CARNET_MAILBOX_TRACE_DAYS", "183", "integer", "Days that the traces of mailboxes are kept."),
    # record
    Setting("CARNET_PRODUCT_REFERENCE", "", "text", "Reference of this product (X-MSS-NIL) on mail of the desk."),
    Setting(
        "CARNET_DESK_ANSWER_HOURS", "72", "integer", "Usual delay of an answer where a mailbox has set none, in hours."
    ),
    Setting(
        "CARNET_SENDING_PER_MINUTE", "3000", "integer", "Messages that one sending to many hands over in a minute."
    ),
    Setting("CARNET_SENDING_KEPT_DAYS", "400", "integer", "Days that the lines of a sending to many are kept."),
    Setting("CARNET_HOLDER_DOCUMENT_BYTES", "5000000", "integer", "Largest document that a holder may add (5 MB)."),
    Setting("CARNET_HOLDER_MESSAGE_BYTES", "18000000", "integer", "Attachments in all of a holder's message."),
    Setting("CARNET_PHARMACY_SECTORS", "SA33 SA38 SA39", "list", "Sectors whose ORG boxes holders may write to first."),
    Setting("CARNET_SENT_DRAFT_DAYS", "30", "integer", "Days that a sent draft is remembered, so that it leaves once."),
    # people
    Setting("CARNET_SESSION_IDLE_SECONDS", "1800", "seconds", "Inactivity after which a sign-in ends."),
    Setting("CARNET_SIGN_IN_CODE_SECONDS", "600", "seconds", "Life of the one-time code."),
    Setting("CARNET_ACTIVATION_CODE_SECONDS", "3628800", "seconds", "Life of an activation code (6 weeks)."),
    Setting(
        "CARNET_ACTIVATION_CODE_PAUSE_SECONDS",
        "30",
        "seconds",
        "Least time between two activation codes for one person.",
    ),
    # notifications
    Setting(
        "CARNET_NOTIFY_BY", "outbox", "choice:outbox,smtp", "Notification e-mails: into a folder (demo), or by SMTP."
    ),
    Setting("CARNET_OUTBOX_DIR", "", "path", "Folder of notification e-mails; by default `outbox` in the data folder."),
    Setting("CARNET_NOTIFY_FROM", "Carnet <ne-pas-repondre@carnet.test>", "text", "Sender of notification e-mails."),
    Setting(
        "CARNET_PUSH_HOSTS",
        "fcm.googleapis.com updates.push.services.mozilla.com *.push.apple.com *.notify.windows.com",
        "list",
        "Push services that notifications may be handed to (*. in front: all below); empty: no web push.",
    ),
    Setting(
        "CARNET_PUSH_CONTACT",
        "",
        "text",
        "Where push services reach who runs this (mailto: or https:); by default the sender of notification e-mails.",
    ),
    Setting("CARNET_NOTIFY_SMTP_HOST", "localhost", "text", "SMTP server of the notification e-mails."),
    Setting("CARNET_NOTIFY_SMTP_PORT", "25", "integer", "Its port."),
    Setting("CARNET_NOTIFY_SMTP_USER", "", "text", "Its user, if it asks for one."),
    Setting("CARNET_NOTIFY_SMTP_PASSWORD_FILE", "", "path", "File of that user's password."),
    Setting("CARNET_NOTIFY_SMTP_STARTTLS", "yes", "boolean", "Whether STARTTLS is required there."),
    # directory
    Setting(
        "CARNET_DIRECTORY_VANISH_PERCENT", "10", "integer", "Rows that an extraction may end before it is refused."
    ),
    Setting("CARNET_DIRECTORY_REQUESTS_PER_MINUTE", "6000", "integer", "Requests of one key to the directory's API."),
    Setting("CARNET_DIRECTORY_PAGE_MAX", "1000", "integer", "Most resources on one page of the directory's API."),
    # indicators
    Setting("CARNET_INDICATOR_DAYS_BEFORE", "60", "integer", "P1.08: days before a stay in which a message counts."),
    Setting("CARNET_INDICATOR_DAYS_AFTER", "60", "integer", "P1.08: days after a stay in which a message counts."),
    # how it runs
    Setting("CARNET_LOG_LEVEL", "INFO", "choice:DEBUG,INFO,WARNING,ERROR", "Least level that is logged."),
    Setting("CARNET_LOG_FILE", "", "path", "File that logs are added to; by default they go to standard error."),
    Setting("CARNET_WEB_PARENT", "", "text", "Set by a process that serves HTTP for its workers; not for people."),
    Setting("CARNET_SUPERVISOR_PID", "", "text", "Set by the supervisor for its processes; not for people."),
    Setting("CARNET_METRICS", "yes", "boolean", "Whether the portal serves `/metrics` (loopback only)."),
    Setting("CARNET_DEBUG", "no", "boolean", "Django's debug pages; never with real people."),
)

_BY_NAME = {setting.name: setting for setting in SETTINGS}


def value(name: str, environment: Mapping[str, str] = os.environ) -> Any:
    """The value of one setting. Raises ``BadSetting`` when it cannot be used, ``KeyError`` when it is not declared."""
    return _BY_NAME[name].read(environment)


def unknown(environment: Mapping[str, str] = os.environ) -> list[str]:
    """Variables that look like settings of Carnet and are none: most often a misspelling."""
    return sorted(name for name in environment if name.startswith("CARNET_") and name not in _BY_NAME)
