"""Keys: what is sealed opens for its owner and its place only, and a rotation loses nothing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carnet.foundation.ids import new_id
from carnet.foundation.keys import KeyProblem, MasterKeys, OwnerKey, SealBroken
from carnet.foundation.models import OwnerKeyRow
from carnet.foundation.owner_keys import (
    create_owner_keys,
    forget_cached_keys,
    master_keys,
    older_master_ids,
    owner_key,
    rewrap_batch,
)

KEY = bytes(range(32))


@given(st.binary(max_size=2000), st.text(min_size=1, max_size=40))
def test_what_is_sealed_opens_again(plain, what):
    key = OwnerKey(new_id(), KEY)
    assert key.open(what, key.seal(what, plain)) == plain


@given(st.binary(max_size=200), st.integers(min_value=0))
def test_a_changed_byte_is_noticed(plain, place):
    key = OwnerKey(new_id(), KEY)
    sealed = bytearray(key.seal("x", plain))
    sealed[place % len(sealed)] ^= 1
    with pytest.raises(SealBroken):
        key.open("x", bytes(sealed))


def test_another_owner_or_another_place_does_not_open_it():
    mine, hers = OwnerKey(new_id(), KEY), OwnerKey(new_id(), KEY)
    sealed = mine.seal("message:1:subject", b"x")
    with pytest.raises(SealBroken):
        hers.open("message:1:subject", sealed)
    with pytest.raises(SealBroken):
        mine.open("message:2:subject", sealed)


def test_a_sealed_value_cut_short_is_refused():
    with pytest.raises(SealBroken):
        OwnerKey(new_id(), KEY).open("x", b"short")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "holds no key"),
        ("abcdefgh\n", "line 1"),
        ("abcdefgh bm90LTMyLWJ5dGVz\n", "32 bytes"),
        ("# a comment\nabcdefgh !!!\n", "line 2"),
    ],
)
def test_a_bad_key_file_is_told_with_its_line(tmp_path, text, words):
    path = tmp_path / "master"
    path.write_text(text)
    with pytest.raises(KeyProblem, match=words):
        MasterKeys.load(path)


def test_a_key_file_is_for_its_owner_only(tmp_path):
    path = tmp_path / "keys" / "master"
    MasterKeys.create().save(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700


@pytest.mark.django_db
def test_a_rotation_wraps_every_key_anew_and_loses_nothing(settings):
    owners = [new_id() for _ in range(25)]
    create_owner_keys(owners)
    sealed = {owner: owner_key(owner).seal("x", owner.bytes) for owner in owners}
    before = master_keys()
    before.with_new_key().save(settings.CARNET_MASTER_KEY_FILE)
    forget_cached_keys()
    assert older_master_ids() == {before.current_id: 25}
    assert sum(iter(lambda: rewrap_batch(10), 0)) == 25
    master_keys().only_current().save(settings.CARNET_MASTER_KEY_FILE)
    forget_cached_keys()
    assert before.current_id not in OwnerKeyRow.objects.values_list("master_id", flat=True)
    assert all(owner_key(owner).open("x", sealed[owner]) == owner.bytes for owner in owners)


@pytest.mark.django_db
def test_an_owner_whose_key_is_deleted_cannot_be_read_any_more():
    owner = new_id()
    create_owner_keys([owner])
    owner_key(owner)
    OwnerKeyRow.objects.filter(owner_id=owner).delete()
    forget_cached_keys()
    with pytest.raises(KeyProblem):
        owner_key(owner)
