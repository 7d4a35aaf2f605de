"""The lines of an extraction, from a text file or from the archive in which it is published."""

import io
import os
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from carnet.domain.directory.imports.columns import NotAnExtraction

MAX_LINE_BYTES = 64 * 1024
MAX_FILE_BYTES = 8 << 30
MAX_RATIO = 200

_BOM = b"\xef\xbb\xbf"
_BUFFER = 1 << 20


@dataclass
class Source:
    """An open extraction. ``size`` is what its text takes in bytes, ``done`` how much of it was read."""

    name: str
    size: int
    stream: IO[bytes]
    done: int = 0

    def lines(self) -> Iterator[tuple[int, bytes | None]]:
        """Number and bytes of each line that is not empty; ``None`` for one too long to be a line of an extraction.

        Raises ``NotAnExtraction`` when the text outgrows what its archive announces or what an extraction may be.
        """
        number = 0
        while line := self.stream.readline(MAX_LINE_BYTES + 1):
            number += 1
            self.done += len(line)
            if self.done > self.size:
                raise NotAnExtraction(f"{self.name}: more text than announced")
            if number == 1:
                line = line.removeprefix(_BOM)
            if len(line) > MAX_LINE_BYTES:
                self._skip_line(line)
                yield number, None
            elif line.strip(b"\r\n "):
                yield number, line

    def _skip_line(self, line: bytes) -> None:
        while line and not line.endswith(b"\n"):
            line = self.stream.readline(MAX_LINE_BYTES + 1)
            self.done += len(line)
            if self.done > self.size:
                raise NotAnExtraction(f"{self.name}: more text than announced")


@contextmanager
def open_source(path: Path) -> Iterator[Source]:
    """Open an extraction; of an archive its only text file. Raises ``NotAnExtraction`` and ``OSError``.

    What an archive announces is not believed: the text is counted as it comes, and one that would grow more than
    200 times is refused.
    """
    with path.open("rb", buffering=_BUFFER) as file:
        size = os.fstat(file.fileno()).st_size
        if size > MAX_FILE_BYTES:
            raise NotAnExtraction(f"{path.name}: larger than {MAX_FILE_BYTES >> 30} GiB")
        start = file.read(4)
        file.seek(0)
        if start != b"PK\x03\x04":
            yield Source(path.name, size, file)
            return
        try:
            with zipfile.ZipFile(file) as archive:
                member = _only_text(path, archive)
                with archive.open(member) as text:
                    yield Source(f"{path.name}/{member.filename}", member.file_size, io.BufferedReader(text, _BUFFER))  # type: ignore[type-var]
        except (zipfile.BadZipFile, NotImplementedError, EOFError) as error:
            raise NotAnExtraction(f"{path.name}: an archive that cannot be read") from error


def _only_text(path: Path, archive: zipfile.ZipFile) -> zipfile.ZipInfo:
    members = [one for one in archive.infolist() if one.filename.lower().endswith(".txt")]
    named = [one for one in members if "personne_activite" in one.filename.lower()]
    if len(members) != 1 and len(named) != 1:
        raise NotAnExtraction(f"{path.name}: {len(members)} text files, one extraction is expected")
    member = members[0] if len(members) == 1 else named[0]
    if member.flag_bits & 0x1:
        raise NotAnExtraction(f"{path.name}: encrypted")
    if member.file_size > MAX_FILE_BYTES or member.file_size > MAX_RATIO * max(member.compress_size, 1024):
        raise NotAnExtraction(
            f"{path.name}: its text would be {member.file_size:,} bytes, too much for such an archive"
        )
    return member
