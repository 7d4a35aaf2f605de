"""What people send stays in memory, and never becomes too much of it."""

from typing import Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.core.files.uploadhandler import MemoryFileUploadHandler

_FORM_BYTES = 1_000_000
"""What a form holds besides its files: its texts, and the lines between its parts."""


class InMemoryUpload(MemoryFileUploadHandler):
    """Keeps files in memory: on a disk, health data would lie in clear. A request larger than any form is refused."""

    def handle_raw_input(
        self,
        input_data: Any,
        META: Any,  # noqa: N803 - Django's name
        content_length: int,
        boundary: Any,
        encoding: Any = None,
    ) -> Any:
        if content_length > settings.CARNET_HOLDER_MESSAGE_BYTES + _FORM_BYTES:
            raise RequestDataTooBig
        self.activated = True
