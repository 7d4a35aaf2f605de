"""Take on the user that PostgreSQL runs as, then become one of its programs.

Run as a script in a process of its own (``python -I -S enter.py <order>``), because a user namespace and a change of
user hold for a whole process. It imports nothing of Carnet: the order is one JSON object of the fields of ``Order``.
What goes wrong is told by the exit status, one of the constants below.
"""

import ctypes
import json
import os
import resource
import signal
import sys
from typing import NoReturn, TypedDict

NO_NAMESPACE = 81  # user namespaces are not available to this process
NO_CHANGE = 82  # this process may not change its user
NO_FOLDER = 83  # the data folder cannot be entered as that user
NO_PROGRAM = 84  # the program cannot be executed as that user
ORPHANED = 85  # the launcher was gone before the program could start

_CLONE_NEWUSER = 0x10000000
_PR_SET_PDEATHSIG = 1


class Order(TypedDict):
    way: str  # "self", "namespace" (uid and gid as seen inside) or "dedicated"
    uid: int
    gid: int
    parent: int  # end with this process; 0: outlive it
    folder: str  # working folder
    output: str  # file that takes the program's output, relative to folder; "": the inherited one
    program: list[str]  # what to execute; the last step
    probe: bool  # stop just before executing


def enter(order: Order) -> NoReturn:
    """Follow the order; ends in another program, or in one of the exit statuses above."""
    os.umask(0o077)
    # A core file would hold what the server had in memory.
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if order["way"] == "namespace":
        _enter_namespace(order["uid"], order["gid"])
    elif order["way"] == "dedicated":
        _change_user(order["uid"], order["gid"])
    if order["parent"]:
        # After the change of user, which clears it; then look whether the launcher went away in between.
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != order["parent"]:
            sys.exit(ORPHANED)
    try:
        os.chdir(order["folder"])
    except OSError:
        sys.exit(NO_FOLDER)
    if not os.access(order["program"][0], os.X_OK):
        sys.exit(NO_PROGRAM)
    if order["probe"]:
        sys.exit(0)
    if order["output"]:
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW
        file = os.open(order["output"], flags, 0o600)
        os.dup2(file, 1)
        os.dup2(file, 2)
        os.close(file)
    try:
        os.execv(order["program"][0], order["program"])  # noqa: S606 - a fixed program, and no shell is the point
    except OSError:
        sys.exit(NO_PROGRAM)


def _enter_namespace(uid: int, gid: int) -> None:
    """Be ``uid`` in a user namespace of one user: files stay those of the caller, who is nobody special inside."""
    outer_uid, outer_gid = os.geteuid(), os.getegid()
    if ctypes.CDLL(None).unshare(_CLONE_NEWUSER) != 0:
        sys.exit(NO_NAMESPACE)
    try:
        for name, text in (
            ("setgroups", "deny"),  # user_namespaces(7): needed before an unprivileged gid_map
            ("uid_map", f"{uid} {outer_uid} 1"),
            ("gid_map", f"{gid} {outer_gid} 1"),
        ):
            with open(f"/proc/self/{name}", "w") as file:
                file.write(text)
    except OSError:
        sys.exit(NO_NAMESPACE)


def _change_user(uid: int, gid: int) -> None:
    try:
        os.setgroups([])
        os.setresgid(gid, gid, gid)
        os.setresuid(uid, uid, uid)
    except OSError:
        sys.exit(NO_CHANGE)


if __name__ == "__main__":
    enter(json.loads(sys.argv[1]))
