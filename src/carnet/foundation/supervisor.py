"""Run the processes of an installation: restart those that end, stop all in order, leave none behind.

One thread, one selector: a pidfd for each child, a pipe for signals, and the time of the next thing to do. Nothing is
polled except a child's ``ready``, while it is not.
"""

import contextlib
import enum
import json
import os
import selectors
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import FrameType

from carnet.foundation.lifeline import SUPERVISOR

SETTINGS_ARE_WRONG = os.EX_CONFIG
"""The exit status of a child that cannot run with the settings it was given: it is not started again."""


class State(enum.Enum):
    STARTING = "starting"  # runs, not ready yet
    READY = "ready"  # runs, and answers if it can be asked
    WAITING = "waiting"  # ended, to be started again after a delay
    STOPPING = "stopping"  # asked to end
    STOPPED = "stopped"


@dataclass(frozen=True)
class ChildSpec:
    """A process to keep running.

    ``env`` is its whole environment (by default ours). ``ready`` tells whether it serves; it is asked in the
    supervisor's thread and must answer at once. Children of a lower ``stop_stage`` have ended before a higher one is
    asked to. The program should call ``die_with_parent`` first thing.
    """

    name: str
    argv: Sequence[str]
    env: Mapping[str, str] | None = None
    ready: Callable[[], bool] | None = None
    stop_stage: int = 0


@dataclass(frozen=True)
class ChildStatus:
    """What is known of a child. ``ended``: its last exit status, negative for a signal; None when it never ended."""

    name: str
    state: State
    pid: int | None
    restarts: int
    ended: int | None


@dataclass(frozen=True)
class Event:
    """Something happened: started, ready, ended, failed (could not be started), given-up (its settings are wrong),
    stopping, killed, stopped.
    """

    what: str
    child: str = ""
    pid: int | None = None
    status: int | None = None
    delay: float | None = None  # seconds until it is started again

    def line(self) -> str:
        """One line of JSON, without the fields that do not apply."""
        fields = {"event": f"supervisor.{self.what}", "child": self.child, "pid": self.pid, "status": self.status}
        known = {name: value for name, value in (fields | {"delay": self.delay}).items() if value not in (None, "")}
        return json.dumps(known)


@dataclass(frozen=True)
class Patience:
    """How long is waited for what, in seconds."""

    first_delay: float = 0.2  # before a child is started again; doubles each time
    longest_delay: float = 10.0
    steady: float = 30.0  # a child up for so long starts over with the first delay
    stop: float = 15.0  # for the children of one stage to end, before they are killed
    ready_first: float = 0.05  # between two questions to ``ready``; grows by half each time
    ready_longest: float = 1.0


@dataclass
class _Child:
    spec: ChildSpec
    state: State = State.STOPPED
    process: subprocess.Popen[bytes] | None = None
    pidfd: int = -1
    started: float = 0.0
    delay: float = 0.0
    due: float | None = None  # when to start it again, or to ask whether it is ready
    ask_every: float = 0.0
    starts: int = 0
    ended: int | None = None


def write_event(event: Event) -> None:
    """The default for ``on_event``: a line on standard error."""
    sys.stderr.write(event.line() + "\n")
    sys.stderr.flush()


@dataclass
class Supervisor:
    """Keeps ``children`` running from ``run()`` until SIGTERM, SIGINT or SIGHUP, or ``request_stop()``."""

    children: Sequence[ChildSpec]
    on_event: Callable[[Event], None] = write_event
    patience: Patience = field(default_factory=Patience)

    def __post_init__(self) -> None:
        names = [spec.name for spec in self.children]
        if len(set(names)) != len(names):
            raise ValueError(f"two children have the same name: {', '.join(names)}")
        self._kept = [_Child(spec) for spec in self.children]
        self._lock = threading.Lock()  # status() may be asked by another thread
        self._selector: selectors.BaseSelector | None = None
        self._pipe_in = -1
        self._stop_asked = False

    def run(self) -> None:
        """Start the children in their order and keep them, until asked to stop; returns when all have ended.

        Raises ``RuntimeError`` when not called on the main thread: signals only arrive there, and the kernel ends a
        child whose parent *thread* ends.
        """
        if threading.current_thread() is not threading.main_thread():
            raise RuntimeError("the supervisor runs on the main thread only: signals arrive nowhere else")
        if self._selector is not None:
            raise RuntimeError("this supervisor runs already")
        _open_standard_files()
        pipe_out, pipe_in = os.pipe()
        os.set_blocking(pipe_out, False)
        os.set_blocking(pipe_in, False)
        with contextlib.ExitStack() as at_end, selectors.DefaultSelector() as selector:
            at_end.callback(os.close, pipe_out)
            at_end.callback(os.close, pipe_in)
            selector.register(pipe_out, selectors.EVENT_READ)
            self._selector = selector
            with self._lock:
                self._pipe_in = pipe_in
            at_end.callback(self._forget_pipe)
            at_end.callback(_restore_signals, _take_signals(self._on_signal, pipe_in))
            try:
                self._loop(pipe_out)
                self._stop_all(pipe_out)
            finally:
                for child in self._kept:  # only after an error of ours: nobody is left behind
                    self._kill(child)

    def request_stop(self) -> None:
        """Ask ``run()`` to stop all and return; from any thread. Asked before ``run()``, nothing is started."""
        self._stop_asked = True
        with self._lock, contextlib.suppress(BlockingIOError):  # a full pipe wakes as well
            if self._pipe_in >= 0:
                os.write(self._pipe_in, b"\0")

    def status(self) -> list[ChildStatus]:
        """What is known of each child now, in their order; from any thread."""
        with self._lock:
            return [
                ChildStatus(
                    child.spec.name,
                    child.state,
                    None if child.process is None else child.process.pid,
                    max(0, child.starts - 1),
                    child.ended,
                )
                for child in self._kept
            ]

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        # Raises nothing, so that it may come at any point, such as between a fork and the note of the new child. The
        # wake-up pipe interrupts the wait.
        self._stop_asked = True

    def _forget_pipe(self) -> None:
        self._selector = None
        with self._lock:
            self._pipe_in = -1

    def _loop(self, pipe_out: int) -> None:
        for child in self._kept:
            if self._stop_asked:
                return
            self._start(child)
        while not self._stop_asked:
            self._wait(pipe_out, min((c.due for c in self._kept if c.due is not None), default=None))
            now = time.monotonic()
            for child in self._kept:
                if self._stop_asked:
                    return
                if child.due is not None and child.due <= now:
                    if child.state is State.WAITING:
                        self._start(child)
                    else:
                        self._ask_ready(child)

    def _wait(self, pipe_out: int, until: float | None) -> None:
        """Wait for a signal or the end of a child, until a time of the monotonic clock; note the ends."""
        assert self._selector is not None
        seconds = None if until is None else max(0.0, until - time.monotonic())
        for key, _ in self._selector.select(seconds):
            if key.fd == pipe_out:
                with contextlib.suppress(BlockingIOError):
                    while os.read(pipe_out, 4096):
                        pass
            else:
                self._note_end(key.data)

    def _start(self, child: _Child) -> None:
        assert self._selector is not None
        spec = child.spec
        environment = dict(os.environ if spec.env is None else spec.env) | {SUPERVISOR: str(os.getpid())}
        child.due = None
        child.started = time.monotonic()
        try:
            process = subprocess.Popen(  # a group of its own: the terminal's Ctrl-C is for us alone
                list(spec.argv), env=environment, stdin=subprocess.DEVNULL, process_group=0
            )
        except OSError as problem:
            self._await_restart(child, status=None)
            self._tell(Event("failed", spec.name, status=problem.errno, delay=child.delay))
            return
        # A child that has ended already can still be opened: its number is its own until it is reaped, by us.
        pidfd = os.pidfd_open(process.pid)
        with self._lock:
            child.process, child.pidfd = process, pidfd
            child.starts += 1
            child.state = State.READY if spec.ready is None else State.STARTING
        self._selector.register(pidfd, selectors.EVENT_READ, child)
        self._tell(Event("started", spec.name, process.pid))
        if spec.ready is not None:
            child.ask_every = self.patience.ready_first
            child.due = child.started + child.ask_every

    def _ask_ready(self, child: _Child) -> None:
        child.due = None
        assert child.spec.ready is not None
        try:
            answer = child.spec.ready()
        except Exception:  # any failure to answer means no
            answer = False
        if answer:
            with self._lock:
                child.state = State.READY
            self._tell(Event("ready", child.spec.name, child.process.pid if child.process else None))
        else:
            child.due = time.monotonic() + child.ask_every
            child.ask_every = min(child.ask_every * 1.5, self.patience.ready_longest)

    def _note_end(self, child: _Child) -> None:
        pid, status = self._reap(child)
        if self._stop_asked:
            with self._lock:
                child.state, child.ended, child.due = State.STOPPED, status, None
            self._tell(Event("ended", child.spec.name, pid, status))
            return
        if status == SETTINGS_ARE_WRONG:
            with self._lock:
                child.state, child.ended, child.due = State.STOPPED, status, None
            self._tell(Event("given-up", child.spec.name, pid, status))
            return
        self._await_restart(child, status)
        self._tell(Event("ended", child.spec.name, pid, status, child.delay))

    def _reap(self, child: _Child) -> tuple[int, int]:
        assert self._selector is not None
        assert child.process is not None
        # What it left in its group goes first, while the zombie still keeps the group's number for us: workers of
        # their own must not hold the port that the next one wants.
        _signal_group(child.process.pid, signal.SIGKILL)
        status = child.process.wait()
        self._selector.unregister(child.pidfd)
        os.close(child.pidfd)
        pid = child.process.pid
        with self._lock:
            child.process, child.pidfd = None, -1
        return pid, status

    def _await_restart(self, child: _Child, status: int | None) -> None:
        now = time.monotonic()
        steady = now - child.started >= self.patience.steady
        first = child.delay == 0.0 or steady
        delay = self.patience.first_delay if first else min(child.delay * 2, self.patience.longest_delay)
        with self._lock:
            child.state, child.delay, child.due = State.WAITING, delay, now + delay
            child.ended = child.ended if status is None else status

    def _stop_all(self, pipe_out: int) -> None:
        """Stage by stage: ask (TERM), the last started first; wait; kill those that stay."""
        self._tell(Event("stopping"))
        for child in self._kept:
            child.due = None
            if child.process is None:
                with self._lock:
                    child.state = State.STOPPED
        for stage in sorted({spec.stop_stage for spec in self.children}):
            members = [c for c in self._kept if c.spec.stop_stage == stage and c.process is not None]
            for child in reversed(members):
                with self._lock:
                    child.state = State.STOPPING
                assert child.process is not None
                # To the child alone, who knows how to end its own workers in order.
                child.process.send_signal(signal.SIGTERM)
            deadline = time.monotonic() + self.patience.stop
            while any(c.process is not None for c in members) and time.monotonic() < deadline:
                self._wait(pipe_out, deadline)
            for child in members:
                self._kill(child)
        self._tell(Event("stopped"))

    def _kill(self, child: _Child) -> None:
        if child.process is None:
            return
        self._stop_asked = True
        self._tell(Event("killed", child.spec.name, child.process.pid))
        _signal_group(child.process.pid, signal.SIGKILL)
        self._note_end(child)

    def _tell(self, event: Event) -> None:
        # A log that cannot be written (a closed terminal, a full disk) must not bring the installation down.
        with contextlib.suppress(Exception):
            self.on_event(event)


def _signal_group(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, number)


def _open_standard_files() -> None:
    """Have 0, 1 and 2 open, on nothing if need be: a pipe of ours must not get one of these numbers."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free


_Handler = Callable[[int, FrameType | None], object] | int | None


def _take_signals(handler: Callable[[int, FrameType | None], None], pipe_in: int) -> tuple[int, dict[int, _Handler]]:
    """Our handler for the signals that ask to stop, and the default one for SIGCHLD; returns what was before."""
    wakeup = signal.set_wakeup_fd(pipe_in, warn_on_full_buffer=False)
    before: dict[int, _Handler] = {}
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        if number is signal.SIGHUP and signal.getsignal(number) is signal.SIG_IGN:
            continue  # nohup: stay when the terminal goes
        before[number] = signal.signal(number, handler)
    # If it was ignored, the kernel would reap our children itself and their exit status would be lost.
    before[signal.SIGCHLD] = signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    return wakeup, before


def _restore_signals(taken: tuple[int, dict[int, _Handler]]) -> None:
    wakeup, before = taken
    for number, handler in before.items():
        signal.signal(number, handler if handler is not None else signal.SIG_DFL)
    signal.set_wakeup_fd(wakeup)
