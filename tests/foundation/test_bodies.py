"""Bodies: what is stored comes back whole, to its owner only."""

import pytest
from django.db import transaction

from carnet.foundation.bodies import INLINE_BYTES, BodyMissing, get_body, put_bodies, put_body, sweep_orphans
from carnet.foundation.ids import new_id
from carnet.foundation.keys import SealBroken
from carnet.foundation.models import Body
from carnet.foundation.owner_keys import create_owner_keys, owner_key

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner():
    owner_id = new_id()
    create_owner_keys([owner_id])
    return owner_id


@pytest.mark.parametrize("size", [0, 1, INLINE_BYTES, INLINE_BYTES + 1, 3_000_000])
def test_a_body_of_any_size_comes_back(owner, size):
    content = b"x" * size
    ref = put_body(owner, content)
    assert ref.size == size
    assert get_body(owner, ref.address) == content


def test_the_same_content_is_stored_once(owner):
    first = put_body(owner, b"letter" * 10_000)
    second = put_body(owner, b"letter" * 10_000)
    assert first == second
    assert Body.objects.filter(owner_id=owner).count() == 1


def test_another_owner_finds_nothing_at_the_address(owner):
    stranger = new_id()
    create_owner_keys([stranger])
    ref = put_body(owner, b"private")
    with pytest.raises(BodyMissing):
        get_body(stranger, ref.address)
    assert put_body(stranger, b"private").address != ref.address


def test_a_body_moved_to_another_row_does_not_open(owner):
    first, second = put_body(owner, b"first"), put_body(owner, b"second")
    moved = Body.objects.get(owner_id=owner, address=first.address).inline
    Body.objects.filter(owner_id=owner, address=second.address).update(inline=moved)
    with pytest.raises(SealBroken):
        get_body(owner, second.address)


def test_nothing_on_disk_shows_the_content(owner, installation):
    put_body(owner, b"diagnostic " * 5_000)
    files = [path for path in (installation / "bodies").rglob("*") if path.is_file()]
    assert len(files) == 1
    assert b"diagnostic" not in files[0].read_bytes()
    assert files[0].stat().st_mode & 0o777 == 0o600


def test_a_file_whose_transaction_was_undone_is_swept_and_others_are_kept(owner, installation):
    kept = put_body(owner, b"k" * 50_000)
    with transaction.atomic():
        put_bodies([(owner_key(owner), b"u" * 50_000)])
        transaction.set_rollback(True)
    assert sweep_orphans(older_than_seconds=-1) == 1
    assert get_body(owner, kept.address) == b"k" * 50_000
