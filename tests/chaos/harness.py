"""A whole installation to kill: started with `carnet demo`, its processes found, killed and waited for."""

import contextlib
import imaplib
import json
import os
import signal
import smtplib
import socket
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from carnet.sandbox import ports

INSPECTOR = Path(__file__).with_name("inspector.py")
SECONDS_TO_START = 90.0
SECONDS_TO_ANSWER = 45.0


class NotInTime(AssertionError):
    """Something that must happen did not happen in time."""


def wait_until(true: Callable[[], bool], seconds: float, what: str, every: float = 0.05) -> float:
    """Wait until a condition holds; how many seconds it took. Raises ``NotInTime``.

    Asked every so many seconds, or less often when asking takes long: the processors are for what is waited for.
    """
    began = asked = time.monotonic()
    while not true():
        answered = time.monotonic()
        if answered - began > seconds:
            raise NotInTime(f"{what}: not within {seconds:.0f} s")
        time.sleep(max(every, answered - asked))
        asked = time.monotonic()
    return time.monotonic() - began


class Demo:
    """One `carnet demo` on a data folder of its own, and an inspector that reads its database beside it."""

    def __init__(self, folder: Path) -> None:
        self.data = folder / "data"
        self.ready_file = folder / "ready.json"
        self.output = folder / "demo.log"
        self.ready: dict[str, Any] = {}
        self._ports = {door: str(port) for door, port in zip(ports.DOORS, free_ports(len(ports.DOORS)), strict=True)}
        (self.operator_port,) = free_ports(1)  # where the other operator's server is, when a test runs one
        self._process: subprocess.Popen[bytes] | None = None
        self._inspector: subprocess.Popen[str] | None = None

    # --- its life ---------------------------------------------------------------------------------------------------

    @property
    def environment(self) -> dict[str, str]:
        """Ours, without what names another installation, and with ports that no other demo will want."""
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("CARNET_", "DJANGO_", "PYTEST_", "COV_"))
        }
        return {
            **kept,
            **self._ports,
            "CARNET_DATA_DIR": str(self.data),
            "CARNET_ROUTES": f"clinique-horizon.mssante.test=127.0.0.1:{self.operator_port}",
            "CARNET_OUTBOUND_RETRY_SECONDS": "1",
        }

    def start(self) -> float:
        """Start it, and wait until it says that all answer; how many seconds that took."""
        began = time.monotonic()
        self.ready_file.unlink(missing_ok=True)
        with self.output.open("ab") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "carnet", "demo", "--headless", "--no-play", "--ready-file", self.ready_file],
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        wait_until(lambda: self.ready_file.exists() or not self.runs(), SECONDS_TO_START, "the demo is ready")
        assert self.ready_file.exists(), f"the demo ended: {self.output.read_text()[-2000:]}"
        took = time.monotonic() - began
        self.ready = json.loads(self.ready_file.read_bytes())
        return took

    def runs(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def stop(self) -> None:
        """End it in order, as Ctrl-C does; by force when that takes too long, and nothing is left behind."""
        self._dismiss_inspector()
        if self._process is None:
            return
        self._process.send_signal(signal.SIGCONT)
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(40)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(10)
        postmaster = self._postmaster()
        if postmaster is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(postmaster, signal.SIGQUIT)
        self._process = None

    def carnet(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run another command of `carnet` on this installation."""
        return subprocess.run(
            [sys.executable, "-m", "carnet", *arguments],
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    # --- its processes ----------------------------------------------------------------------------------------------

    def pid(self, name: str) -> int | None:
        """The number of a process that runs now; None when it does not."""
        if name == "supervisor":
            return self._process.pid if self.runs() and self._process else None
        if name == "postmaster":
            return self._postmaster()
        child = "database" if name == "keeper" else name
        pid = None
        for line in (self.data / "log" / "supervisor.log").read_text().splitlines():
            event = json.loads(line)
            if event.get("child") == child:
                if event["event"] == "supervisor.started":
                    pid = event["pid"]
                elif event["event"] == "supervisor.ended":
                    pid = None
        return pid if pid is not None and is_alive(pid) else None

    def _postmaster(self) -> int | None:
        try:
            pid = int((self.data / "postgres" / "cluster" / "postmaster.pid").read_text().splitlines()[0])
        except (OSError, ValueError, IndexError):
            return None
        return pid if is_alive(pid) else None

    def kill(self, name: str) -> int:
        """`kill -9`; the number of the process that is no more."""
        wait_until(lambda: self.pid(name) is not None, SECONDS_TO_ANSWER, f"{name} runs, to be killed")
        pid = self.pid(name)
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        return pid

    def kill_everything(self) -> int:
        """`kill -9` of all at once, as when the power fails; the supervisor's number."""
        names = ("supervisor", "postmaster", "keeper", "smtp", "drain", "imap", "web", "worker")
        pids = [pid for name in names if (pid := self.pid(name)) is not None]
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):  # ended with its supervisor
                os.kill(pid, signal.SIGKILL)
        return pids[0]

    def kill_worker_at_work(self, at: str = "doing") -> tuple[int, list[int]]:
        """`kill -9` of the worker in the middle of jobs; its number, and the numbers of the jobs.

        ``at`` is what the inspector is asked while the worker stands still: whether it is at what is meant.
        """
        pid, jobs = 0, []

        def is_at_work() -> bool:
            nonlocal pid, jobs
            pid = self.pid("worker") or 0
            if pid:
                os.kill(pid, signal.SIGSTOP)
                jobs = self.ask(at)
                if not jobs:
                    os.kill(pid, signal.SIGCONT)
            return bool(jobs)

        wait_until(is_at_work, SECONDS_TO_ANSWER, "the worker is at work", every=0.02)
        os.kill(pid, signal.SIGKILL)
        return pid, jobs

    def starts(self, child: str) -> int:
        """How many times the supervisor has started this child."""
        lines = (self.data / "log" / "supervisor.log").read_text().splitlines()
        return sum(
            1 for line in map(json.loads, lines) if line["event"] == "supervisor.started" and line["child"] == child
        )

    def revive(self, name: str, killed: int) -> float:
        """Wait until the killed process has a successor; start again what nobody restarts. How long it took."""
        began = time.monotonic()
        if name in ("supervisor", "everything"):
            self._bury_supervisor(with_postgres=name == "everything")
            self.start()
        else:
            wait_until(lambda: self.pid(name) not in (None, killed), SECONDS_TO_ANSWER, f"{name} has a successor")
        return time.monotonic() - began

    @contextlib.contextmanager
    def supervisor_asleep(self) -> Iterator[None]:
        """Nobody restarts what is killed meanwhile."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self._process.send_signal(signal.SIGCONT)

    def _bury_supervisor(self, with_postgres: bool) -> None:
        """Its children must have gone with it; PostgreSQL must not, unless it was killed too."""
        assert self._process is not None
        self._process.wait(10)
        for name in ("smtp", "drain", "worker", "web", "imap", "keeper"):
            wait_until(lambda name=name: self.pid(name) is None, 10, f"{name} ends with its supervisor")
        assert with_postgres or self._postmaster() is not None, "PostgreSQL outlives a killed supervisor"

    # --- its doors --------------------------------------------------------------------------------------------------

    @property
    def tls(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=self.ready["ca_file"])

    def mailbox(self, name: str) -> dict[str, str]:
        return next(box for box in self.ready["mailboxes"] if box["address"].startswith(f"{name}@"))

    def patient(self, ins: str) -> str:
        return f"{ins}@{self.ready['patient_domain']}"

    @property
    def reachable(self) -> list[str]:
        """The INS of the people to whom mail can be sent."""
        return [one["ins"] for one in self.ready["holders"] if one["state"] != "closed"]

    def at_operators_door(self, timeout: float = 20, port: int = 0) -> smtplib.SMTP:
        client = smtplib.SMTP(self.ready["smtp"]["host"], port or self.ready["smtp"]["port"], timeout=timeout)
        client.ehlo()
        return client

    def at_submission(self, name: str = "orthopedie", timeout: float = 20) -> smtplib.SMTP:
        box = self.mailbox(name)
        client = smtplib.SMTP(self.ready["submission"]["host"], self.ready["submission"]["port"], timeout=timeout)
        client.starttls(context=self.tls)
        client.login(box["login"], box["password"])
        return client

    def at_imap(self, name: str) -> imaplib.IMAP4:
        box = self.mailbox(name)
        client = imaplib.IMAP4(self.ready["imap"]["host"], self.ready["imap"]["port"], timeout=20)
        client.starttls(ssl_context=self.tls)
        client.login(box["login"], box["password"])
        return client

    def wait_until_all_answer(self) -> None:
        """Every door answers, with what it needs behind it: a listening port is not enough."""
        for name, question in (
            ("portal", self._portal_answers),
            ("operators' door", self._operators_door_answers),
            ("submission", self._submission_answers),
            ("imap", self._imap_answers),
        ):
            wait_until(lambda question=question: _yes(question), SECONDS_TO_ANSWER, f"{name} answers", every=0.1)

    def answers_at(self, port: int) -> bool:
        """Whether an SMTP door answers at this port."""

        def greets() -> bool:
            with self.at_operators_door(5, port) as client:
                return client.noop()[0] == 250

        return _yes(greets)

    def _portal_answers(self) -> bool:
        with urllib.request.urlopen(f"{self.ready['web']}/health/ready", timeout=5) as response:
            return bool(response.status == 200)

    def _operators_door_answers(self) -> bool:
        with self.at_operators_door(5) as client:
            client.mail("cardiologie@clinique-horizon.mssante.test")
            return client.rcpt(self.patient(self.reachable[0]))[0] == 250

    def _submission_answers(self) -> bool:
        self.at_submission(timeout=5).quit()
        return True

    def _imap_answers(self) -> bool:
        client = self.at_imap("orthopedie")
        answer = client.select("INBOX", readonly=True)[0]
        client.logout()
        return answer == "OK"

    # --- what it holds ----------------------------------------------------------------------------------------------

    def ask(self, question: str, **values: Any) -> Any:
        """Ask the inspector, who reads the database and the bodies as Carnet does."""
        if self._inspector is None or self._inspector.poll() is not None:
            with self.output.open("ab") as output:
                self._inspector = subprocess.Popen(
                    [sys.executable, INSPECTOR],
                    env=self.environment,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=output,
                    text=True,
                )
        assert self._inspector.stdin is not None
        assert self._inspector.stdout is not None
        self._inspector.stdin.write(json.dumps({"ask": question, **values}) + "\n")
        self._inspector.stdin.flush()
        line = self._inspector.stdout.readline()
        assert line, f"the inspector ended: {self.output.read_text()[-2000:]}"
        answer = json.loads(line)
        assert "problem" not in answer, answer
        return answer["answer"]

    def wait_until_drained(self, seconds: float = 60) -> float:
        return wait_until(lambda: self.ask("waiting") == 0, seconds, "the spool is empty", every=0.1)

    def _dismiss_inspector(self) -> None:
        if self._inspector is not None:
            assert self._inspector.stdin is not None
            self._inspector.stdin.close()
            try:
                self._inspector.wait(10)
            except subprocess.TimeoutExpired:
                self._inspector.kill()
                self._inspector.wait()
            self._inspector = None


def _yes(question: Callable[[], bool]) -> bool:
    """Whether the answer is yes; a refusal or a broken connection is a no."""
    try:
        return question()
    except (OSError, EOFError, smtplib.SMTPException, imaplib.IMAP4.error, urllib.error.URLError):
        return False


def free_ports(count: int) -> list[int]:
    """So many ports that are free now, far from the usual ones, where another demo may be starting."""
    with contextlib.ExitStack() as probes:
        found = [probes.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [probe.getsockname()[1] for probe in found]


def is_alive(pid: int) -> bool:
    """Whether the process runs; a zombie does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()[0]
    except (OSError, IndexError):
        return False
    return state not in ("Z", "X")
