"""An e-mail backend that lays each message as an ``.eml`` file in a folder: what a demo or a test reads."""

import os
from collections.abc import Sequence
from pathlib import Path

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend

from carnet.foundation.ids import new_id


class OutboxBackend(BaseEmailBackend):
    """Writes ``<time-ordered id>.eml`` (0600), whole or not at all.

    Not flushed: a demo's e-mails may be lost with the machine, and two flushes each would hold up the doors' own.
    """

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        folder = Path(settings.EMAIL_FILE_PATH)
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for message in email_messages:
            content = message.message().as_bytes(linesep="\r\n")  # type: ignore[call-arg] # Django's own
            name = new_id()
            temporary = folder / f"{name}.part"  # no name that whoever reads the e-mails would read too early
            with open(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.write(content)
            temporary.rename(folder / f"{name}.eml")
        return len(email_messages)
