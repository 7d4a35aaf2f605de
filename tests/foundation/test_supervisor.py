"""The supervisor: real processes, really killed."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from carnet.foundation.supervisor import SETTINGS_ARE_WRONG, ChildSpec, Event, Patience, State, Supervisor

SOURCES = Path(__file__).resolve().parents[2] / "src"

# A child as Carnet's processes are: it ends with its parent, says its number, and runs until told to stop.
CHILD = """
import os, signal, sys
sys.path.insert(0, sys.argv[1])
from carnet.foundation.lifeline import die_with_parent
die_with_parent()
with open(sys.argv[2], "a") as file:
    file.write(f"{os.getpid()}\\n")
signal.pause()
"""

# A supervisor in a process of its own; its events are lines on its standard output.
# What starts the tests may itself run under nohup, and whoever inherits that stays when the terminal goes.
SUPERVISE = """
import signal, sys
signal.signal(signal.SIGHUP, signal.SIG_DFL)
sys.path.insert(0, sys.argv[1])
from carnet.foundation.supervisor import *
specs = [ChildSpec(f"child{n}", [sys.executable, "-I", "-S", "-c", sys.argv[2], sys.argv[1], path])
         for n, path in enumerate(sys.argv[3:])]
def say(event):
    print(event.line(), flush=True)
Supervisor(specs, say, Patience(first_delay=0.05, stop=2)).run()
print("returned", flush=True)
"""


def until(what: Callable[[], object], seconds: float = 15.0) -> None:
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.01)


def runs(pid: int) -> bool:
    """Whether the process runs; a zombie does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def numbers(path: Path) -> list[int]:
    return [int(line) for line in path.read_text().split()] if path.exists() else []


def script(code: str, *arguments: str) -> list[str]:
    return [sys.executable, "-I", "-S", "-c", code, *arguments]


class Apart:
    """A supervisor in a process of its own, with children that write their numbers to files."""

    def __init__(self, folder: Path, children: int = 2, **options: object) -> None:
        self.files = [folder / f"child{n}" for n in range(children)]
        self.output = folder / "events"
        command = script(SUPERVISE, str(SOURCES), CHILD, *map(str, self.files))
        with self.output.open("w") as output:
            self.process = subprocess.Popen(command, stdout=output, **options)  # type: ignore[call-overload]

    def wait_started(self, times: int = 1) -> list[int]:
        until(lambda: all(len(numbers(file)) >= times for file in self.files))
        return [numbers(file)[-1] for file in self.files]

    def has_said_something(self) -> bool:
        return self.output.stat().st_size > 0

    def events(self) -> list[dict[str, object]]:
        return [json.loads(line) for line in self.output.read_text().splitlines() if line.startswith("{")]


@pytest.fixture
def apart(tmp_path: Path) -> Iterator[Callable[..., Apart]]:
    made: list[Apart] = []

    def make(**options: object) -> Apart:
        made.append(Apart(tmp_path, **options))  # type: ignore[arg-type]
        return made[-1]

    yield make
    for one in made:
        one.process.kill()
        one.process.wait()
        for pid in (pid for file in one.files for pid in numbers(file)):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


class Watched:
    """A supervisor run here; a thread watches its events and asks it to stop."""

    def __init__(self, children: list[ChildSpec], patience: Patience) -> None:
        self.events: list[Event] = []
        self.supervisor = Supervisor(children, self.events.append, patience)

    def run_until(self, what: Callable[["Watched"], object], seconds: float = 15.0) -> None:
        def watch() -> None:
            with contextlib.suppress(AssertionError):
                until(lambda: what(self), seconds)
            self.supervisor.request_stop()

        thread = threading.Thread(target=watch)
        thread.start()
        self.supervisor.run()
        thread.join()
        assert what(self), "it did not happen in time"

    def named(self, what: str, child: str = "") -> list[Event]:
        return [e for e in list(self.events) if e.what == what and (not child or e.child == child)]


SLEEPER = ["/bin/sleep", "100"]


def test_a_killed_child_is_started_again(apart: Callable[..., Apart]) -> None:
    supervisor = apart()
    first, other = supervisor.wait_started()
    os.kill(first, signal.SIGKILL)
    until(lambda: len(numbers(supervisor.files[0])) == 2)
    assert not runs(first)
    assert runs(numbers(supervisor.files[0])[1])
    assert runs(other)
    assert len(numbers(supervisor.files[1])) == 1
    ended = [event for event in supervisor.events() if event["event"] == "supervisor.ended"]
    assert ended == [{"event": "supervisor.ended", "child": "child0", "pid": first, "status": -9, "delay": 0.05}]


def test_children_end_with_a_killed_supervisor(apart: Callable[..., Apart]) -> None:
    supervisor = apart()
    pids = supervisor.wait_started()
    supervisor.process.kill()
    supervisor.process.wait()
    until(lambda: not any(runs(pid) for pid in pids), 5)


@pytest.mark.parametrize("delay", [0.0, 0.02, 0.05, 0.08])
def test_no_child_is_left_when_the_supervisor_is_killed_while_they_start(
    apart: Callable[..., Apart], delay: float, tmp_path: Path
) -> None:
    supervisor = apart(children=8)
    until(supervisor.has_said_something)
    time.sleep(delay)
    supervisor.process.kill()
    supervisor.process.wait()
    # The children's command line holds the folder of this test.
    until(lambda: not commands_with(str(tmp_path)), 5)


def commands_with(word: str) -> list[int]:
    found = []
    for name in filter(str.isdecimal, os.listdir("/proc")):
        with contextlib.suppress(OSError):
            if int(name) != os.getpid() and word.encode() in Path(f"/proc/{name}/cmdline").read_bytes():
                found.append(int(name))
    return found


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_stops_all_in_time(apart: Callable[..., Apart], number: signal.Signals) -> None:
    supervisor = apart(children=4)
    pids = supervisor.wait_started()
    before = time.monotonic()
    supervisor.process.send_signal(number)
    assert supervisor.process.wait(10) == 0
    assert time.monotonic() - before < 1.5
    assert not any(runs(pid) for pid in pids)
    assert supervisor.output.read_text().endswith("returned\n")
    assert {event["status"] for event in supervisor.events() if event["event"] == "supervisor.ended"} == {-15}


def test_a_signal_at_any_moment_of_the_start_leaves_nobody(apart: Callable[..., Apart], tmp_path: Path) -> None:
    for delay in (0.0, 0.01, 0.02, 0.04):
        supervisor = apart(children=6)
        until(supervisor.has_said_something)
        time.sleep(delay)
        supervisor.process.send_signal(signal.SIGTERM)
        assert supervisor.process.wait(10) == 0
        assert commands_with(str(tmp_path)) == []


def test_many_kills_at_once_lose_no_child(apart: Callable[..., Apart]) -> None:
    supervisor = apart(children=5)
    for times in range(1, 4):
        pids = supervisor.wait_started(times)
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
    pids = supervisor.wait_started(4)
    assert all(runs(pid) for pid in pids)
    assert all(len(numbers(file)) == 4 for file in supervisor.files)


def test_it_works_with_standard_files_closed(tmp_path: Path) -> None:
    file = tmp_path / "child"
    code = f"import os; os.closerange(0, 3)\n{SUPERVISE}".replace("print(event.line(), flush=True)", "pass")
    code = code.replace('print("returned", flush=True)', "")
    process = subprocess.Popen(script(code, str(SOURCES), CHILD, str(file)))
    until(lambda: numbers(file))
    os.kill(numbers(file)[0], signal.SIGKILL)
    until(lambda: len(numbers(file)) == 2)
    process.terminate()
    assert process.wait(10) == 0
    assert not runs(numbers(file)[1])


def test_a_child_that_ignores_the_signal_is_killed_after_the_patience() -> None:
    deaf = script("import signal, time; signal.signal(15, signal.SIG_IGN); print(end='', flush=True); time.sleep(100)")
    watched = Watched([ChildSpec("deaf", deaf), ChildSpec("sleeper", SLEEPER)], Patience(stop=0.6))
    started = time.monotonic()
    watched.run_until(lambda _: time.monotonic() - started > 0.5)
    assert [event.child for event in watched.named("killed")] == ["deaf"]
    assert watched.named("ended", "deaf")[0].status == -9
    assert watched.named("ended", "sleeper")[0].status == -15
    assert time.monotonic() - started < 3
    assert {status.state for status in watched.supervisor.status()} == {State.STOPPED}


def test_delays_grow_to_a_limit() -> None:
    patience = Patience(first_delay=0.02, longest_delay=0.1)
    watched = Watched([ChildSpec("short", ["/bin/false"])], patience)
    watched.run_until(lambda w: len(w.named("ended")) >= 5)
    assert [event.delay for event in watched.named("ended")][:5] == [0.02, 0.04, 0.08, 0.1, 0.1]
    assert {event.status for event in watched.named("ended")} == {1}
    times = watched.supervisor.status()[0]
    assert times.restarts >= 4
    assert times.ended == 1


def test_a_child_that_was_up_for_a_while_starts_over_with_the_first_delay() -> None:
    patience = Patience(first_delay=0.02, longest_delay=5, steady=0.2)
    watched = Watched([ChildSpec("steady", ["/bin/sleep", "0.3"])], patience)
    watched.run_until(lambda w: len(w.named("ended")) >= 3)
    assert [event.delay for event in watched.named("ended")][:3] == [0.02, 0.02, 0.02]


def test_a_program_that_does_not_exist_is_told_and_tried_again() -> None:
    children = [ChildSpec("none", ["/no/such/program"]), ChildSpec("sleeper", SLEEPER)]
    watched = Watched(children, Patience(first_delay=0.02))
    watched.run_until(lambda w: len(w.named("failed", "none")) >= 2)
    assert watched.named("started", "sleeper")
    assert watched.named("failed")[0].status == 2  # ENOENT
    assert watched.supervisor.status()[0].pid is None


def test_a_child_whose_settings_are_wrong_is_given_up_and_the_others_go_on() -> None:
    wrong = ChildSpec("wrong", [sys.executable, "-c", f"raise SystemExit({SETTINGS_ARE_WRONG})"])
    watched = Watched([wrong, ChildSpec("other", SLEEPER)], Patience(first_delay=0.01, stop=2))
    watched.run_until(lambda now: now.named("given-up", "wrong"))
    assert len(watched.named("started", "wrong")) == 1
    assert not watched.named("ended", "wrong")
    wrong_status, other_status = watched.supervisor.status()
    assert (wrong_status.state, wrong_status.ended) == (State.STOPPED, SETTINGS_ARE_WRONG)
    assert other_status.restarts == 0


def test_readiness_is_asked_until_it_is_true(tmp_path: Path) -> None:
    file = tmp_path / "ready"
    answers: list[State] = []

    def ready() -> bool:
        answers.append(watched.supervisor.status()[0].state)
        if len(answers) == 1:
            raise ConnectionRefusedError
        return file.exists()

    child = ChildSpec("slow", ["/bin/sh", "-c", f"sleep 0.3; touch {file}; sleep 100"], ready=ready)
    watched = Watched([child, ChildSpec("plain", SLEEPER)], Patience(ready_first=0.01, ready_longest=0.1))
    watched.run_until(lambda w: w.named("ready", "slow"))
    assert set(answers) == {State.STARTING}
    assert len(watched.named("ready")) == 1
    assert len(answers) >= 3


def test_children_of_a_later_stage_outlive_the_earlier_ones(tmp_path: Path) -> None:
    file = tmp_path / "order"
    both = [tmp_path / "orderdatabase", tmp_path / "orderdoor"]
    code = (
        "import signal, sys, time\n"
        "def end(*_):\n"
        "    time.sleep(float(sys.argv[2])); open(sys.argv[3], 'a').write(sys.argv[1] + '\\n'); sys.exit(0)\n"
        "signal.signal(15, end); open(sys.argv[3] + sys.argv[1], 'w'); time.sleep(100)"
    )
    children = [
        ChildSpec("database", script(code, "database", "0", str(file)), stop_stage=1),
        ChildSpec("door", script(code, "door", "0.3", str(file))),
    ]
    watched = Watched(children, Patience())
    watched.run_until(lambda _: all(path.exists() for path in both))
    assert file.read_text().split() == ["door", "database"]


def test_what_a_child_left_in_its_group_ends_with_it(tmp_path: Path) -> None:
    file = tmp_path / "grandchild"
    child = ChildSpec("parent", ["/bin/sh", "-c", f"sleep 100 & echo $! >> {file}; wait"])
    watched = Watched([child], Patience(first_delay=0.02))
    killed: list[int] = []

    def second_life(w: Watched) -> bool:
        started = w.named("started")
        if len(started) == 1 and numbers(file) and not killed:
            killed.append(started[0].pid or 0)
            os.kill(killed[0], signal.SIGKILL)
        return len(numbers(file)) >= 2

    watched.run_until(second_life)
    until(lambda: not any(runs(pid) for pid in numbers(file)), 5)


def test_the_environment_is_the_childs_own_and_tells_the_supervisor(tmp_path: Path) -> None:
    file = tmp_path / "env"
    code = f"import os; open({str(file)!r}, 'w').write(repr(dict(os.environ))); import time; time.sleep(100)"
    watched = Watched([ChildSpec("child", script(code), env={"ONLY": "this"})], Patience())
    watched.run_until(lambda _: file.exists() and file.read_text().endswith("}"))
    seen = file.read_text()
    assert "'ONLY': 'this'" in seen
    assert f"'CARNET_SUPERVISOR_PID': '{os.getpid()}'" in seen
    assert "HOME" not in seen


def test_a_log_that_fails_does_not_stop_the_supervisor() -> None:
    def full_disk(_: Event) -> None:
        raise OSError(28, "No space left on device")

    supervisor = Supervisor([ChildSpec("sleeper", SLEEPER)], full_disk)
    threading.Timer(0.2, supervisor.request_stop).start()
    supervisor.run()
    assert supervisor.status()[0].ended == -15


def test_it_puts_the_signals_back() -> None:
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD)]
    supervisor = Supervisor([ChildSpec("sleeper", SLEEPER)], lambda _: None)
    threading.Timer(0.1, supervisor.request_stop).start()
    supervisor.run()
    after = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD)]
    assert after == before
    assert signal.set_wakeup_fd(-1) == -1


def test_it_refuses_to_run_beside_the_main_thread() -> None:
    said: list[str] = []

    def run() -> None:
        try:
            Supervisor([ChildSpec("sleeper", SLEEPER)]).run()
        except RuntimeError as refused:
            said.append(str(refused))

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert len(said) == 1
    assert "main thread" in said[0]


def test_two_children_of_one_name_are_refused() -> None:
    with pytest.raises(ValueError, match="twin"):
        Supervisor([ChildSpec("twin", SLEEPER), ChildSpec("twin", SLEEPER)])


def test_a_child_whose_parent_is_already_gone_does_not_stay(tmp_path: Path) -> None:
    file = tmp_path / "child"
    environment = {"CARNET_SUPERVISOR_PID": "4194303"}
    command = [sys.executable, "-S", "-c", CHILD, str(SOURCES), str(file)]
    assert subprocess.run(command, env=environment, timeout=10).returncode == 1
    assert not file.exists()
