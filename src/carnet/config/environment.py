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
    kind: str  # text | path | integer | seconds | boolean | list | choice:a,b
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
    Setting("CARNET_ROUTES", "", "list", "Static routes to other operators: `domain=host:port`, separated by spaces."),
    Setting(
        "CARNET_OUTBOUND_GIVE_UP_SECONDS",
        "172800",
        "seconds",
        "How long a message to another operator is tried (48 h).",
    ),
    Setting("CARNET_SMTP_MAX_CONNECTIONS", "500", "integer", "Connections in all to one SMTP door."),
    Setting("CARNET_SMTP_MAX_CONNECTIONS_PER_PEER", "100", "integer", "Connections of one peer to one SMTP door."),
    Setting("CARNET_SMTP_IDLE_SECONDS", "300", "seconds", "Silence after which an SMTP session is closed."),
    Setting("CARNET_OPERATORS_DOOR_TLS", "offered", "choice:offered,required", "STARTTLS at the operators' door."),
    # record
    Setting("CARNET_HOLDER_DOCUMENT_BYTES", "5000000", "integer", "Largest document that a holder may add (5 MB)."),
    Setting("CARNET_HOLDER_MESSAGE_BYTES", "20000000", "integer", "Attachments in all of a holder's message."),
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
    Setting("CARNET_NOTIFY_SMTP_HOST", "localhost", "text", "SMTP server of the notification e-mails."),
    Setting("CARNET_NOTIFY_SMTP_PORT", "25", "integer", "Its port."),
    Setting("CARNET_NOTIFY_SMTP_USER", "", "text", "Its user, if it asks for one."),
    Setting("CARNET_NOTIFY_SMTP_PASSWORD_FILE", "", "path", "File of that user's password."),
    Setting("CARNET_NOTIFY_SMTP_STARTTLS", "yes", "boolean", "Whether STARTTLS is required there."),
    # indicators
    Setting("CARNET_INDICATOR_DAYS_BEFORE", "60", "integer", "P1.08: days before a stay in which a message counts."),
    Setting("CARNET_INDICATOR_DAYS_AFTER", "60", "integer", "P1.08: days after a stay in which a message counts."),
    # how it runs
    Setting("CARNET_LOG_LEVEL", "INFO", "choice:DEBUG,INFO,WARNING,ERROR", "Least level that is logged."),
    Setting("CARNET_LOG_FILE", "", "path", "File that logs are added to; by default they go to standard error."),
    Setting("CARNET_WEB_PARENT", "", "text", "Set by the portal's own process for its workers; not for people."),
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
