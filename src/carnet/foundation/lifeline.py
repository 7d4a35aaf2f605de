"""End with one's parent: a process under the supervisor asks the kernel for it, first thing."""

import ctypes
import os
import signal

SUPERVISOR = "CARNET_SUPERVISOR_PID"  # set by the supervisor for its children
_PR_SET_PDEATHSIG = 1


def die_with_parent(parent: int | None = None) -> None:
    """Have the kernel kill this process (SIGKILL) when its parent ends, however it ends; exit if it is gone already.

    ``parent`` is the process number of the parent as the parent knows it; by default what the supervisor wrote in the
    environment, from which it is then removed: it is not true of our own children. Those are to call
    this too, with ``os.getpid()`` of ours, or they outlive us. Without a known parent only a later end counts.
    Raises ``OSError`` when the kernel refuses. Linux only (prctl(2), PR_SET_PDEATHSIG).
    """
    told = os.environ.pop(SUPERVISOR, "")
    if parent is None and told.isdecimal():
        parent = int(told)
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG)")
    # Only now: a parent that ends after this line is the kernel's business, one that ended before it is ours.
    if parent is not None and os.getppid() != parent:
        os._exit(1)
