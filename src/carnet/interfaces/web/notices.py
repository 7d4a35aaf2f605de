"""What one page has the next one say: in the session, sealed, since it may name a file or a person."""

import base64
import binascii
from typing import Any

from django.contrib.messages.storage.session import SessionStorage

from carnet.foundation.keys import KeyProblem
from carnet.foundation.owner_keys import master_keys

_SEALED_FOR = b"web-notices"


class SealedNotices(SessionStorage):
    """Notices of the session under the master key: the table of sessions and the browser's cookies are in clear."""

    def serialize_messages(self, messages: Any) -> str:
        plain = str(super().serialize_messages(messages))
        return base64.b64encode(master_keys().wrap(plain.encode(), _SEALED_FOR)).decode()

    def deserialize_messages(self, data: Any) -> Any:
        """The notices; none when they were not sealed here, or by a master key that is gone."""
        if not isinstance(data, str):
            return []
        try:
            plain = master_keys().unwrap(base64.b64decode(data, validate=True), _SEALED_FOR)
        except (KeyProblem, binascii.Error):
            return []
        return super().deserialize_messages(plain.decode())
