"""Which segments hold an older master key back when it is rotated."""

from uuid import uuid4

import pytest

from carnet.foundation.keys import MasterKeys
from carnet.foundation.spool import segment, segments_wrapped_by_others
from carnet.foundation.spool.segment import SegmentDamaged


def lay(folder, master):
    segment_id = uuid4()
    path = folder / f"{segment_id}{segment.SUFFIX}"
    path.write_bytes(segment.header(segment_id, segment.new_key(), master))
    return path


def test_a_segment_of_the_current_key_holds_nothing_back_and_one_of_an_older_key_does(tmp_path):
    older = MasterKeys.create()
    rotated = older.with_new_key()
    lay(tmp_path, rotated)
    assert segments_wrapped_by_others(tmp_path, rotated.current_id) == 0
    path = lay(tmp_path, older)
    assert segments_wrapped_by_others(tmp_path, rotated.current_id) == 1
    path.unlink()
    assert segments_wrapped_by_others(tmp_path, rotated.current_id) == 0


def test_a_segment_whose_header_is_damaged_holds_every_key_back(tmp_path):
    master = MasterKeys.create()
    lay(tmp_path, master).write_bytes(b"CARNSPL1")
    assert segments_wrapped_by_others(tmp_path, master.current_id) == 1


def test_the_header_names_the_key_that_opens_it():
    master = MasterKeys.create().with_new_key()
    start = segment.header(uuid4(), segment.new_key(), master)
    assert segment.wrapped_by(start) == master.current_id
    with pytest.raises(SegmentDamaged):
        segment.wrapped_by(b"not a segment of a spool, but long enough to be one")
