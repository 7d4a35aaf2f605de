"""The spool: what a door has accepted, on disk before the door says so.

``segment`` is the file format, ``writer`` the door's side (one writer a process, one flush and one commit shared by
all who wait), ``reader`` the drain's side.
"""

from carnet.foundation.spool.reader import Accepted, SegmentUnreadable, SpoolReader, segments_wrapped_by_others
from carnet.foundation.spool.writer import SpoolFull, SpoolWriter

__all__ = ["Accepted", "SegmentUnreadable", "SpoolFull", "SpoolReader", "SpoolWriter", "segments_wrapped_by_others"]
