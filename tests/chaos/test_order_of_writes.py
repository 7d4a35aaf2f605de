"""The promise behind a `250`, seen from the kernel: written, flushed, indexed, and only then said."""

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import pytest
from harness import Demo, free_ports, wait_until
from promises import check
from sender import OPERATOR, Fate, Ledger, Sent, content, send_one

from carnet.foundation.postgres import running_url

_CALLS = "write,writev,pwrite64,sendto,sendmsg,recvfrom,recvmsg,read,fdatasync,fsync"
_LINE = re.compile(r"^(?P<thread>\d+)\s+(?:<\.\.\. )?(?P<call>\w+)(?P<rest>.*)$")
_SEGMENT = re.compile(r"/spool/[0-9a-f-]{36}\.segment>")


@dataclass(frozen=True)
class Call:
    """A system call, with the lines of the trace at which it began and ended."""

    name: str
    text: str
    began: int
    ended: int


def read_trace(lines: list[str]) -> list[Call]:
    """The calls of all threads, in the order in which they began; one cut in two by another thread's is one again."""
    begun: dict[str, tuple[int, str, str]] = {}
    calls = []
    for number, line in enumerate(lines):
        found = _LINE.match(line)
        if found is None:
            continue
        thread, name, rest = found["thread"], found["call"], found["rest"]
        if "<... " in line:
            start, name, first = begun.pop(thread, (number, name, ""))
            calls.append(Call(name, first + rest, start, number))
        elif rest.endswith("<unfinished ...>"):
            begun[thread] = (number, name, rest)
        else:
            calls.append(Call(name, rest, number, number))
    return sorted(calls, key=lambda call: call.began)


@contextmanager
def traced_doors(demo: Demo, trace: Path) -> Iterator[int]:
    """Another `carnet serve smtp` on the same installation, under strace; the port of its operators' door."""
    url = running_url(demo.data / "postgres")
    assert url is not None
    smtp, submission, submissions = free_ports(3)
    process = subprocess.Popen(
        [
            *("strace", "-f", "-y", "-s", "256", "-e", f"trace={_CALLS}", "-o", trace),
            *(sys.executable, "-m", "carnet", "serve", "smtp"),
        ],
        env={
            **demo.environment,
            "CARNET_DATABASE_URL": url,
            "CARNET_OPERATORS_DOOR_TLS": "none",
            "CARNET_SMTP_PORT": str(smtp),
            "CARNET_SMTP_MUTUAL_PORT": "0",
            "CARNET_SUBMISSION_PORT": str(submission),
            "CARNET_SUBMISSIONS_PORT": str(submissions),
        },
        start_new_session=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_until(lambda: demo.answers_at(smtp), 60, "the traced door answers")
        yield smtp
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(30)


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
def test_a_message_is_written_then_flushed_then_indexed_then_accepted(
    demo: Demo, ledger: Ledger, tmp_path: Path
) -> None:
    trace = tmp_path / "trace"
    number = next(ledger.numbers)
    ins = demo.reachable[0]
    with traced_doors(demo, trace) as port, demo.at_operators_door(port=port) as client:
        fate, answer = send_one(client, OPERATOR, [demo.patient(ins)], content(number, OPERATOR, demo.patient(ins)))
    ledger.sent[number] = Sent(number, (ins,), fate, answer)
    assert fate is Fate.ACCEPTED

    calls = read_trace(trace.read_text(errors="replace").splitlines())
    written = [one for one in calls if one.name in ("write", "writev", "pwrite64") and _SEGMENT.search(one.text)]
    flushed = [one for one in calls if one.name in ("fdatasync", "fsync") and _SEGMENT.search(one.text)]
    # The statement was prepared when the connection was made ("P…"); what is sent for a message is its values ("B…").
    asked = [one for one in calls if one.name in ("sendto", "sendmsg") and re.search(r'"B\\0.*spool_index', one.text)]
    said = [one for one in calls if one.name in ("write", "sendto", "writev") and '"250 2.0.0 Accepted' in one.text]
    assert len(written) == len(flushed) == len(asked) == len(said) == 1, (written, flushed, asked, said)
    committed = next(
        one for one in calls if one.name in ("recvfrom", "recvmsg", "read") and one.began > asked[0].ended
        and one.text.partition(">")[0] == asked[0].text.partition(">")[0]
    )  # fmt: skip
    assert "C\\0\\0\\0" in committed.text, "the answer is that the statement is complete, so committed"
    assert "Z\\0\\0\\0\\5I" in committed.text, "and that no transaction is left open"
    assert re.search(r"= 0$", flushed[0].text), "the flush succeeded"
    order = [written[0], flushed[0], asked[0], committed, said[0]]
    for before, after in pairwise(order):
        assert before.ended < after.began, f"{before} must end before {after} begins"
    check(demo, ledger)
