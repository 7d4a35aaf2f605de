"""A zip archive from a stranger: its index judged first, its files inflated one by one within bounds.

Nothing that a header announces is believed: bytes are counted as they come out. Archives inside are never opened.
"""

import io
import stat
import struct
import unicodedata
import zipfile
import zlib
from dataclasses import dataclass
from typing import Final

from carnet.domain.record.xdm.package import XdmProblem

_CHUNK: Final = 65_536
_END_RECORD: Final = b"PK\x05\x06"
_END_RECORD_SIZE: Final = 22
_ZIP64_LOCATOR: Final = b"PK\x06\x07"
# Control, format (bidirectional marks among them), lone surrogate, line and paragraph separator.
_UNSEEN: Final = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
_RATIO_FLOOR: Final = 1_000_000

# All that zipfile and zlib are known to raise on bytes that are not what they announce.
_DAMAGE: Final = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    OSError,
    ValueError,
    OverflowError,
    RuntimeError,
    LookupError,
)


@dataclass(frozen=True, slots=True)
class XdmLimits:
    """Bounds on an archive, in bytes but for the counts.

    `max_ratio` bounds what a file unpacks to over what it takes, beyond its first million bytes.
    """

    max_archive: int = 25_000_000
    max_files: int = 500
    max_file: int = 20_000_000
    max_total: int = 100_000_000
    max_ratio: int = 100
    max_index: int = 1_000_000


class ZipRefused(Exception):
    """The archive is refused as a whole; `problem` says why."""

    def __init__(self, problem: XdmProblem) -> None:
        self.problem = problem
        super().__init__(problem.sentence)


class SafeZip:
    """The files of an archive by name, folders left out. Raises ZipRefused on opening and on reading."""

    def __init__(self, data: bytes, limits: XdmLimits) -> None:
        self.limits = limits
        self.total = 0
        self.opened = 0
        if len(data) > limits.max_archive:
            raise ZipRefused(XdmProblem.TOO_BIG)
        _check_end_record(data, limits)
        try:
            self.archive = zipfile.ZipFile(io.BytesIO(data))
            infos = self.archive.infolist()
        except NotImplementedError:
            raise ZipRefused(XdmProblem.UNSUPPORTED) from None
        except _DAMAGE:
            raise ZipRefused(XdmProblem.DAMAGED) from None
        if len(infos) > limits.max_files:
            raise ZipRefused(XdmProblem.TOO_MANY_FILES)
        self.files: dict[str, zipfile.ZipInfo] = {}
        self._judge(infos)

    def _judge(self, infos: list[zipfile.ZipInfo]) -> None:
        seen: set[str] = set()
        announced = 0
        for info in infos:
            if problem := _problem_of(info):
                raise ZipRefused(problem)
            # Names are compared without case: on many systems both files would be one.
            name = info.filename.rstrip("/").casefold()
            if name in seen:
                raise ZipRefused(XdmProblem.DUPLICATE_NAME)
            seen.add(name)
            announced += info.file_size
            if info.file_size > self.limits.max_file or announced > self.limits.max_total:
                raise ZipRefused(XdmProblem.TOO_BIG)
            if not info.is_dir():
                self.files[info.filename] = info

    def read(self, name: str) -> bytes:
        """The bytes of one file of `files`."""
        info = self.files[name]
        self.opened += 1
        chunks: list[bytes] = []
        size = 0
        try:
            with self.archive.open(info) as stream:
                while chunk := stream.read(_CHUNK):
                    size += len(chunk)
                    self.total += len(chunk)
                    self._check_room(size, info.compress_size)
                    chunks.append(chunk)
        except NotImplementedError:
            raise ZipRefused(XdmProblem.UNSUPPORTED) from None
        except _DAMAGE:
            raise ZipRefused(XdmProblem.DAMAGED) from None
        return b"".join(chunks)

    def start(self, name: str, length: int) -> bytes:
        """The first bytes of one file of `files`, at most `length` of them."""
        try:
            with self.archive.open(self.files[name]) as stream:
                return stream.read(length)
        except NotImplementedError:
            raise ZipRefused(XdmProblem.UNSUPPORTED) from None
        except _DAMAGE:
            raise ZipRefused(XdmProblem.DAMAGED) from None

    def _check_room(self, size: int, compressed: int) -> None:
        if size > self.limits.max_file or self.total > self.limits.max_total:
            raise ZipRefused(XdmProblem.TOO_BIG)
        if size > _RATIO_FLOOR and size > self.limits.max_ratio * max(compressed, 1):
            raise ZipRefused(XdmProblem.BOMB)


def _check_end_record(data: bytes, limits: XdmLimits) -> None:
    """Judge the size of the index before zipfile makes an object of each of its lines."""
    start = len(data) - _END_RECORD_SIZE
    if start < 0 or not (data[start : start + 4] == _END_RECORD and data.endswith(b"\x00\x00")):
        start = data.rfind(_END_RECORD, max(0, len(data) - _END_RECORD_SIZE - 65_535))
    if start < 0 or start + _END_RECORD_SIZE > len(data):
        started = data.startswith((b"PK\x03\x04", _END_RECORD))
        raise ZipRefused(XdmProblem.DAMAGED if started else XdmProblem.NOT_A_ZIP)
    if data[max(0, start - 20) : start].startswith(_ZIP64_LOCATOR):
        raise ZipRefused(XdmProblem.UNSUPPORTED)
    count, index_size = struct.unpack("<HI", data[start + 10 : start + 16])
    if count > limits.max_files or index_size > limits.max_index:
        raise ZipRefused(XdmProblem.TOO_MANY_FILES)


def _problem_of(info: zipfile.ZipInfo) -> XdmProblem | None:
    if info.flag_bits & 0x2041:  # Encrypted, strongly encrypted, index encrypted.
        return XdmProblem.ENCRYPTED
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        return XdmProblem.UNSUPPORTED
    # The upper half is a Unix mode whatever system the archive says it is from.
    kind = stat.S_IFMT(info.external_attr >> 16)
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        return XdmProblem.SYMLINK
    return None if _is_safe(info.orig_filename) and _is_safe(info.filename) else XdmProblem.UNSAFE_PATH


def _is_safe(name: str) -> bool:
    if not name or name.startswith("/") or "\\" in name or name[1:2] == ":":
        return False
    if any(unicodedata.category(character) in _UNSEEN for character in name):
        return False
    return all(part not in ("", ".", "..") for part in name.removesuffix("/").split("/"))
