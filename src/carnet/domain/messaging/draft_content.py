"""What a draft holds, as it is sealed: the words, and whom they are for."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Self
from uuid import UUID

import orjson

from carnet.domain.messaging.compose.messages import Attachment
from carnet.domain.messaging.envelopes import draft_file_name, draft_name
from carnet.domain.messaging.kept_json import from_kept
from carnet.domain.messaging.models import Draft, DraftFile
from carnet.foundation.bodies import get_body
from carnet.foundation.keys import OwnerKey
from carnet.foundation.owner_keys import owner_key

MOST_TEXT = 20_000
MOST_SUBJECT = 200


@dataclass(frozen=True)
class DraftContent:
    """The words of a draft. ``everyone``: an answer to all; ``pharmacy``: the mailbox of a pharmacy written to first.

    ``writer`` names the page that saved it last, at random: the same page may save again without having been told the
    version that it made.
    """

    subject: str = ""
    text: str = ""
    everyone: bool = False
    pharmacy: str = ""
    writer: str = ""

    @property
    def pharmacy_id(self) -> UUID | None:
        return UUID(self.pharmacy) if self.pharmacy else None

    def says_the_same(self, other: "DraftContent") -> bool:
        """Whether both hold the same words for the same people, whoever saved them."""
        return (self.subject, self.text, self.everyone, self.pharmacy) == (
            other.subject,
            other.text,
            other.everyone,
            other.pharmacy,
        )

    def to_json(self) -> bytes:
        return orjson.dumps(asdict(self))

    @classmethod
    def from_json(cls, kept: bytes) -> Self:
        return from_kept(cls, kept)


def open_content(key: OwnerKey, draft: Draft) -> DraftContent:
    """The words of a stored draft."""
    return DraftContent.from_json(key.open(draft_name(draft.id), draft.content))


def seal_content(key: OwnerKey, draft_id: UUID, content: DraftContent) -> bytes:
    return key.seal(draft_name(draft_id), content.to_json())


def file_name(key: OwnerKey, file: DraftFile) -> str:
    """The name of a file in a draft."""
    return key.open_text(draft_file_name(file.id), file.name)


def files_of(space_id: UUID, draft_id: UUID) -> list[DraftFile]:
    """The files of a draft in the order they were added. Index: ``draft_file_of_draft``."""
    return list(DraftFile.objects.filter(space_id=space_id, draft_id=draft_id).order_by("added_at", "id"))


# A body is addressed by its content: the file's own id before it makes each one alone, so that taking a file out of a
# draft never takes what another draft or the record holds.
def body_of(file_id: UUID, content: bytes) -> bytes:
    """What is stored for a file of a draft."""
    return file_id.bytes + content


def attachments_of(space_id: UUID, files: Sequence[DraftFile]) -> list[Attachment]:
    """The files of a draft as a message takes them: name, media type, content."""
    key = owner_key(space_id)
    return [(file_name(key, one), one.media_type, get_body(space_id, one.body)[16:]) for one in files]
