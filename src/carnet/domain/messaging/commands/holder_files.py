"""Files that a holder sends: of a kind that people send, without the place where a photograph was taken, clean."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.conf import settings

from carnet.domain.messaging.compose.messages import Attachment
from carnet.domain.record.file_names import safe_file_name
from carnet.domain.record.media_types import GIF, HOLDER_EXTENSIONS, sniff_media_type
from carnet.domain.record.photo_places import BrokenPhoto, without_place
from carnet.domain.spaces.values import ALLOWED, Decision, Refusal, refused
from carnet.foundation import antivirus
from carnet.foundation.clamd import Verdict

_PART_HEADER = 1_024
_MESSAGE_HEADER = 16_384
_SENDABLE = frozenset(HOLDER_EXTENSIONS.values()) | {GIF}


@dataclass(frozen=True)
class NewFile:
    """A file that the holder attaches: its name as given, and its bytes."""

    name: str
    content: bytes


@dataclass(frozen=True)
class ReadyFiles:
    """Files fit to leave with a message (name, media type, content), or why they are not."""

    attachments: tuple[Attachment, ...] = ()
    decision: Decision = ALLOWED


def prepared(file: NewFile) -> Attachment | Decision:
    """A file as it leaves: a safe name, the type that its content has, and a photograph without its place."""
    if not file.content:
        return refused(Refusal.EMPTY_FILE)
    media_type = sniff_media_type(file.content)
    if media_type is None or media_type not in _SENDABLE:
        return refused(Refusal.TYPE_NOT_ACCEPTED)
    try:
        return safe_file_name(file.name), media_type, without_place(file.content, media_type)
    except BrokenPhoto:
        return refused(Refusal.UNREADABLE)


def ready_files(files: Sequence[NewFile]) -> ReadyFiles:
    """All the files of a message, looked at before any lock is held: the antivirus may take seconds."""
    if sum(len(file.content) for file in files) > settings.CARNET_HOLDER_MESSAGE_BYTES:
        return ReadyFiles(decision=refused(Refusal.TOO_LARGE))
    ready = []
    for file in files:
        one = prepared(file)
        if isinstance(one, Decision):
            return ReadyFiles(decision=one)
        ready.append(one)
    return scanned(ready)


def scanned(attachments: Iterable[Attachment]) -> ReadyFiles:
    """Files that were prepared already: they leave only once an antivirus, where there is one, found nothing."""
    kept = tuple(attachments)
    if not kept or not antivirus.configured():
        return ReadyFiles(kept)
    found = antivirus.look(lambda: [content for _, _, content in kept])
    if found.verdict is Verdict.CLEAN:
        return ReadyFiles(kept)
    return ReadyFiles(decision=refused(Refusal.INFECTED if found.verdict is Verdict.INFECTED else Refusal.NOT_SCANNED))


def check(text: str, files: ReadyFiles) -> Decision:
    """Whether text and files make a message: something to say, and a size that passes."""
    if not files.decision:
        return files.decision
    if not text.strip() and not files.attachments:
        return refused(Refusal.EMPTY_MESSAGE)
    contents = [content for _, _, content in files.attachments]
    if sum(len(one) for one in contents) > settings.CARNET_HOLDER_MESSAGE_BYTES:
        return refused(Refusal.TOO_LARGE)
    if sent_size(text, contents) > settings.CARNET_MAX_MESSAGE_BYTES:
        return refused(Refusal.TOO_LARGE)
    return ALLOWED


def sent_size(text: str, contents: Sequence[bytes]) -> int:
    """At most what the message will measure: base64 in lines of 76, with room for header fields (RFC 2045 §6.8)."""
    encoded = sum((len(content) + 2) // 3 * 4 * 78 // 76 + _PART_HEADER for content in contents)
    return encoded + 4 * len(text.encode()) + _MESSAGE_HEADER
