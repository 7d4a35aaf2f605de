"""Keys: one master key that wraps one data key per owner (a space, a mailbox, a person).

Everything stored about an owner is sealed with that owner's key (AES-256-GCM), so deleting the key deletes the data,
and rotating the master key only re-wraps keys. The master key lives in a file of its own, one key a line,
``<key id> <base64 of 32 bytes>``; the first line is the one that wraps, the others can only unwrap.
"""

import base64
import hashlib
import hmac
import os
import secrets
import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

NONCE = 12
_KEY_ID = 8  # characters of a master key's id


class KeyProblem(Exception):
    """A key is missing, malformed or does not open what it should; the message never holds key material."""


class SealBroken(KeyProblem):
    """A sealed value does not open: it was changed, or belongs to another owner or object."""


@dataclass(frozen=True)
class MasterKeys:
    """The master keys of an installation: the current one first."""

    keys: tuple[tuple[str, bytes], ...] = field(repr=False)

    @property
    def current_id(self) -> str:
        return self.keys[0][0]

    @classmethod
    def load(cls, path: Path) -> "MasterKeys":
        """Read the key file. Raises ``KeyProblem`` that names the file and the line when it is not usable."""
        try:
            lines = path.read_text("ascii").splitlines()
        except FileNotFoundError:
            raise KeyProblem(f"no master key at {path}: create one with `carnet keys create`") from None
        except UnicodeDecodeError:
            raise KeyProblem(f"{path} is not a key file") from None
        keys = []
        for number, line in enumerate(lines, 1):
            if not line.strip() or line.startswith("#"):
                continue
            try:
                key_id, encoded = line.split()
                key = base64.b64decode(encoded, validate=True)
            except ValueError:
                raise KeyProblem(f"{path}, line {number}: expected `<key id> <base64 key>`") from None
            if len(key_id) != _KEY_ID or len(key) != 32:
                raise KeyProblem(f"{path}, line {number}: a key id has {_KEY_ID} characters, a key 32 bytes")
            keys.append((key_id, key))
        if not keys:
            raise KeyProblem(f"{path} holds no key")
        return cls(tuple(keys))

    @classmethod
    def create(cls) -> "MasterKeys":
        return cls(((_new_key_id(), secrets.token_bytes(32)),))

    def with_new_key(self) -> "MasterKeys":
        """The same keys behind a new current one (first step of a rotation)."""
        return MasterKeys(((_new_key_id(), secrets.token_bytes(32)), *self.keys))

    def only_current(self) -> "MasterKeys":
        """The current key alone (last step of a rotation)."""
        return MasterKeys(self.keys[:1])

    def save(self, path: Path) -> None:
        """Write the file (mode 0600) so that a crash leaves either the old or the new one, whole and on disk."""
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        text = "".join(f"{key_id} {base64.b64encode(key).decode()}\n" for key_id, key in self.keys)
        write_durably(path, text.encode("ascii"))

    def wrap(self, key: bytes, aad: bytes) -> bytes:
        key_id, master = self.keys[0]
        nonce = os.urandom(NONCE)
        return key_id.encode("ascii") + nonce + AESGCM(master).encrypt(nonce, key, aad)

    def unwrap(self, wrapped: bytes, aad: bytes) -> bytes:
        key_id = wrapped[:_KEY_ID].decode("ascii", "replace")
        for known_id, master in self.keys:
            if known_id == key_id:
                try:
                    return AESGCM(master).decrypt(wrapped[_KEY_ID : _KEY_ID + NONCE], wrapped[_KEY_ID + NONCE :], aad)
                except InvalidTag:
                    raise SealBroken(f"a key wrapped by master key {key_id} does not open") from None
        raise KeyProblem(f"master key {key_id} is not in the key file")


def _new_key_id() -> str:
    return secrets.token_hex(_KEY_ID // 2)


def write_durably(path: Path, content: bytes) -> None:
    """Write a whole file (mode 0600): temporary file, fsync, rename, fsync of the folder."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.rename(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Flush a folder's entries, so that a rename or a new file survives a power loss."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


class OwnerKey:
    """One owner's key: seals and opens that owner's values, and gives content its address.

    ``what`` names the object and field (for example ``message:<id>:subject``); it is bound to the sealed value
    with the owner, so a value moved to another row or another owner does not open.
    """

    __slots__ = ("_addressing", "_cipher", "owner_id")

    def __init__(self, owner_id: UUID, key: bytes) -> None:
        self.owner_id = owner_id
        self._cipher = AESGCM(_derive(key, b"carnet seal"))
        self._addressing = _derive(key, b"carnet address")

    def _aad(self, what: str) -> bytes:
        return self.owner_id.bytes + what.encode()

    def seal(self, what: str, plain: bytes) -> bytes:
        nonce = os.urandom(NONCE)
        return nonce + self._cipher.encrypt(nonce, plain, self._aad(what))

    def open(self, what: str, sealed: bytes | memoryview) -> bytes:
        sealed = bytes(sealed)
        try:
            return self._cipher.decrypt(sealed[:NONCE], sealed[NONCE:], self._aad(what))
        except (InvalidTag, ValueError):
            raise SealBroken(f"a sealed value ({what.partition(':')[0]}) does not open") from None

    def seal_text(self, what: str, text: str) -> bytes:
        return self.seal(what, text.encode())

    def open_text(self, what: str, sealed: bytes | memoryview) -> str:
        return self.open(what, sealed).decode()

    def digest(self, kind: str, value: bytes) -> bytes:
        """A 32-byte address of a value under this owner's key: equal values meet, but only inside one owner."""
        return hmac.new(self._addressing, kind.encode() + b"\0" + value, hashlib.sha256).digest()


def _derive(key: bytes, purpose: bytes) -> bytes:
    return hmac.new(key, purpose, hashlib.sha256).digest()


class KeyCache:
    """The unwrapped keys last used by this process; bounded, safe between threads."""

    def __init__(self, size: int = 4096) -> None:
        self._size = size
        self._keys: OrderedDict[UUID, OwnerKey] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, owner_id: UUID) -> OwnerKey | None:
        with self._lock:
            key = self._keys.get(owner_id)
            if key is not None:
                self._keys.move_to_end(owner_id)
            return key

    def put(self, key: OwnerKey) -> None:
        with self._lock:
            self._keys[key.owner_id] = key
            if len(self._keys) > self._size:
                self._keys.popitem(last=False)

    def forget(self) -> None:
        with self._lock:
            self._keys.clear()
