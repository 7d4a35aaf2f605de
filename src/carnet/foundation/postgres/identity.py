"""As whom PostgreSQL runs. It refuses to run as root, so root needs another way; parent folders are never opened up.

1. An ordinary user runs it as they are.
2. Root runs it in a user namespace: it takes itself for an ordinary user while its files stay root's.
3. Root without user namespaces (most containers) runs it as a dedicated user, who is given the data folder.
"""

import dataclasses
import json
import os
import pwd
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from carnet.foundation.postgres import enter
from carnet.foundation.postgres.binaries import Binaries, clean_environment
from carnet.foundation.postgres.refusal import OTHER_FOLDER, OTHER_SERVER, PostgresRefused

ACCOUNT = "carnet"  # the dedicated user, when the machine has an account of this name
NAMELESS = 64742  # else this number: unassigned on Debian, Fedora and Alpine (systemd's UIDS-GIDS, "unused" ranges)
_OVERFLOW = 65534  # how a namespace shows every user it does not map; not a good name for the one that it maps


@dataclass(frozen=True)
class Identity:
    """A way to run PostgreSQL: "self", "namespace" (``uid`` as seen inside) or "dedicated"."""

    way: str
    uid: int
    gid: int

    def command(
        self, folder: Path, program: list[str], *, output: str = "", dies_with_us: bool = False, probe: bool = False
    ) -> list[str]:
        """The command line that takes on this identity and then becomes ``program`` in ``folder``."""
        order = enter.Order(
            way=self.way,
            uid=self.uid,
            gid=self.gid,
            parent=os.getpid() if dies_with_us else 0,
            folder=str(folder),
            output=output,
            program=program,
            probe=probe,
        )
        return [sys.executable, "-I", "-S", enter.__file__, json.dumps(order)]

    def run(self, folder: Path, program: list[str], **options: Any) -> subprocess.CompletedProcess[str]:
        """Run a program to its end under this identity; it dies with us. Options are those of ``subprocess.run``."""
        if "input" not in options:
            options["stdin"] = subprocess.DEVNULL
        return subprocess.run(
            self.command(folder, program, dies_with_us=True),
            capture_output=True,
            text=True,
            check=False,
            env=clean_environment(),
            start_new_session=True,  # Ctrl-C is for us alone
            **options,
        )

    def owns(self, state: os.stat_result) -> bool:
        """Whether a file is this identity's own, as seen from outside."""
        return state.st_uid == (self.uid if self.way == "dedicated" else os.geteuid())

    def named(self) -> "Identity":
        """The same way of running, under a user who has a name: initdb insists on one, the server does not."""
        if self.way == "namespace" or _has_name(self.uid):
            return self
        uid = _any_named_user()
        if self.way == "dedicated" and uid is not None:
            return dataclasses.replace(self, uid=uid)
        raise PostgresRefused(
            f"User {self.uid} has no name on this machine (no line in /etc/passwd), which PostgreSQL needs once to "
            f"make its files: give it one, or {OTHER_SERVER}."
        )


def choose(data_dir: Path, binaries: Binaries) -> Identity:
    """Decide as whom to run PostgreSQL on this folder, having tried it; as a dedicated user, the folder becomes theirs.

    Raises ``PostgresRefused`` when no way works, with the reason.
    """
    me, owner = os.geteuid(), data_dir.stat()
    inside = _namespace()
    if me != 0:
        # A user without a name could not make a cluster; inside a namespace they have one.
        if inside is not None and not _has_name(me) and _try(inside, data_dir, binaries) == 0:
            return inside
        identity = Identity("self", me, os.getegid())
    elif owner.st_uid != 0:
        identity = Identity("dedicated", owner.st_uid, owner.st_gid)
    elif inside is not None and (status := _try(inside, data_dir, binaries)) != enter.NO_NAMESPACE:
        _explain(status, inside, data_dir, binaries)
        return inside
    else:
        identity = _dedicated()
        # Before giving the folder away: this user has to get as far as its parent.
        _explain(_try(identity, data_dir.parent, binaries), identity, data_dir, binaries)
        give(data_dir, identity)
    _explain(_try(identity, data_dir, binaries), identity, data_dir, binaries)
    return identity


def give(tree: Path, identity: Identity) -> None:
    """Make a folder and all below it the identity's own, without following links. Raises ``PostgresRefused``.

    From the leaves up: when interrupted, the top still shows that the work is not done.
    """
    try:
        for _, folders, files, here in os.fwalk(tree, topdown=False, follow_symlinks=False):
            for name in folders + files:
                os.chown(name, identity.uid, identity.gid, dir_fd=here, follow_symlinks=False)
            os.chown(here, identity.uid, identity.gid)
    except OSError as problem:
        raise PostgresRefused(
            f"Running as root, Carnet could not give the data folder {tree} to user {identity.uid} "
            f"({problem.strerror}): start Carnet as an ordinary user, or {OTHER_SERVER}."
        ) from problem


def _namespace() -> Identity | None:
    uid = _any_named_user()
    return None if uid is None else Identity("namespace", uid, uid)


def _dedicated() -> Identity:
    try:
        account = pwd.getpwnam(ACCOUNT)
    except KeyError:
        return Identity("dedicated", NAMELESS, NAMELESS)
    return Identity("dedicated", account.pw_uid, account.pw_gid)


def _has_name(uid: int) -> bool:
    try:
        return bool(pwd.getpwuid(uid).pw_name)
    except KeyError:
        return False


def _any_named_user() -> int | None:
    """The lowest user of the machine that is not root (``daemon`` or ``bin``, who run nothing)."""
    return min((entry.pw_uid for entry in pwd.getpwall() if entry.pw_uid not in (0, _OVERFLOW)), default=None)


def _try(identity: Identity, data_dir: Path, binaries: Binaries) -> int:
    """0 when this identity can enter the folder and run the server, else one of the statuses of ``enter``."""
    return subprocess.run(
        identity.command(data_dir, [str(binaries.postgres)], probe=True, dies_with_us=True),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
        env=clean_environment(),
    ).returncode


def _explain(status: int, identity: Identity, data_dir: Path, binaries: Binaries) -> None:
    """Raise the sentence that belongs to a status that is not 0."""
    if status == 0:
        return
    who = {
        "self": f"user {identity.uid}",
        "namespace": "root without its privileges (in a user namespace)",
        "dedicated": f"the dedicated user {identity.uid}",
    }[identity.way]
    if status == enter.NO_FOLDER:
        raise PostgresRefused(
            f"PostgreSQL runs as {who}, who cannot enter the data folder {data_dir}: one of the folders above it is "
            f"closed, and Carnet does not open folders up. Either {OTHER_FOLDER} that this user can reach, start "
            f"Carnet as an ordinary user, or {OTHER_SERVER}."
        )
    if status == enter.NO_PROGRAM:
        raise PostgresRefused(
            f"PostgreSQL runs as {who}, who cannot run {binaries.postgres}: install Carnet where this user can read "
            f"it, start Carnet as an ordinary user, or {OTHER_SERVER}."
        )
    if status == enter.NO_CHANGE:
        raise PostgresRefused(
            "PostgreSQL does not run as root, and this process may neither use a user namespace nor change its user: "
            f"start Carnet as an ordinary user, or {OTHER_SERVER}."
        )
    raise PostgresRefused(f"PostgreSQL could not be run as {who} (status {status}): {OTHER_SERVER}.")
