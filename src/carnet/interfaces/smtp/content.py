"""The content of one message between DATA and the final dot, received without a loop over its lines."""

from io import IncrementalNewlineDecoder

from carnet.interfaces.smtp import reply as replies
from carnet.interfaces.smtp.reply import Reply

_END = b"\r\n.\r\n"
_DOT = b"\r\n."
_SMALL = 4096
_GROUP = 65536
_FEW_DOTS = 32


def _first_dot_line(data: bytes, start: int) -> int:
    """Where a line that begins with a dot begins, with the CR LF before it, or -1.

    Base64 holds no dot, and most text has few: looking at each is many times faster than a search for three octets.
    """
    at = start + 1
    for _ in range(_FEW_DOTS):
        at = data.find(b".", at + 1)
        if at < 0:
            return -1
        if data[at - 2 : at] == b"\r\n":
            return at - 2
    return data.find(_DOT, at - 1)


class ContentReceiver:
    """Collects the octets of one DATA, strict on line ends (RFC 5321 §2.3.8, §4.1.1.4).

    `feed` is given chunks as they arrive until it finds CR LF . CR LF; `finish` then gives the content
    or the refusal. The outcome never depends on how the stream was cut. Once a refusal is certain the
    octets are counted and let go.
    """

    __slots__ = (
        "_bad_line_ends",
        "_chunks",
        "_dots",
        "_line_ends",
        "_max_size",
        "_raw",
        "_refusal",
        "_tail",
        "held",
    )

    def __init__(self, max_size: int) -> None:
        self._max_size = max_size
        self._chunks: list[bytes | bytearray] = []
        # The line end of the DATA command itself may begin the terminator or a stuffed dot.
        self._tail = b"\r\n"
        self._raw = 0
        self._dots = 0
        # The standard library's own record of which line ends it has seen, kept across chunks, in C:
        # three to four times faster than counting CR, LF and CR LF.
        self._line_ends = IncrementalNewlineDecoder(None, translate=False)
        self._bad_line_ends = False
        self._refusal: Reply | None = None
        self.held = 0

    @property
    def received(self) -> int:
        """Octets received, kept or not."""
        return self._raw

    @property
    def pieces(self) -> int:
        """How many objects hold the octets."""
        return len(self._chunks)

    def refuse(self, reply: Reply) -> None:
        """Let the content go and answer `reply` after its end (a size or line-end refusal goes first)."""
        self._refusal = reply
        self._drop()

    def feed(self, data: bytes, start: int) -> int:
        """Take octets of `data` from `start`; the index after the terminator, or -1 if more must come."""
        end = self._find_end(data, start)
        chunk = data[start:] if end < 0 else data[start:end]
        self._raw += len(chunk)
        self._line_ends.decode(chunk.decode("latin-1"))
        if end < 0:
            self._tail = (self._tail + chunk[-4:])[-4:]
        if not self._bad_line_ends and self._line_ends.newlines not in (None, "\r\n"):
            self._bad_line_ends = True
        # Up to three octets may belong to the terminator: the exact comparison is made at the end.
        if self._refusal or self._bad_line_ends or self._raw - self._dots > self._max_size + 3:
            self._drop()
        else:
            self._keep(chunk)
        return end

    def finish(self) -> bytes | Reply:
        """The content without dot-stuffing, or why it is refused. Call once, after the terminator."""
        stuffed = self._dots - 1
        size = self._raw - 3 - stuffed
        if size > self._max_size:
            return replies.MESSAGE_TOO_BIG
        if self._bad_line_ends:
            return replies.BARE_LINE_ENDS
        if self._refusal is not None:
            return self._refusal
        content = self._join()
        if stuffed:
            # RFC 5321 §4.5.2: the first dot of a line goes, whatever follows it.
            if content[:1] == b".":
                content = content[1:]
            content = content.replace(_DOT, b"\r\n")
        return content

    def _find_end(self, data: bytes, start: int) -> int:
        tail = self._tail
        seam = tail + data[start : start + 4]
        at = seam.find(_END)
        if at >= 0:
            if at + 3 > len(tail):
                self._dots += 1
            return start + at + 5 - len(tail)
        if _DOT in seam[max(len(tail) - 2, 0) : len(tail) + 2]:
            self._dots += 1
        # In most messages the first line that begins with a dot is the end: one search does for both.
        first = _first_dot_line(data, start)
        if first < 0:
            return -1
        if data.startswith(_END, first):
            self._dots += 1
            return first + 5
        at = data.find(_END, first)
        end = at + 5 if at >= 0 else -1
        self._dots += data.count(_DOT, first, end if end >= 0 else len(data))
        return end

    def _keep(self, chunk: bytes) -> None:
        self.held += len(chunk)
        chunks = self._chunks
        if len(chunk) < _SMALL and chunks:
            # A sender of tiny pieces must not cost one object for each.
            last = chunks[-1]
            if isinstance(last, bytearray) and len(last) < _GROUP:
                last += chunk
                return
            chunks.append(bytearray(chunk))
            return
        chunks.append(chunk)

    def _drop(self) -> None:
        self._chunks.clear()
        self.held = 0

    def _join(self) -> bytes:
        chunks = self._chunks
        surplus = 3
        while surplus:
            last = chunks[-1]
            if len(last) > surplus:
                chunks[-1] = last[:-surplus]
                break
            surplus -= len(last)
            chunks.pop()
            if not chunks:
                return b""
        return b"".join(chunks)
