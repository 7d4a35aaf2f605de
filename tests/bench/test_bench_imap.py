"""The parts of ``carnet bench imap`` that need no mail server; and one quick run where there is everything."""

import json
import os
import shutil
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from carnet.bench import imap, imap_peer, processes, programs
from carnet.bench.imap_load import KINDS, Client, UnexpectedAnswer, command, last_line


@pytest.mark.parametrize(
    ("so_far", "last"),
    [
        (b"", None),
        (b"a OK do", None),
        (b"a OK done\r\n", b"a OK done\r\n"),
        (b"* 1 EXISTS\r\na OK done\r\n", b"a OK done\r\n"),
        (b"* 1 FETCH (BODY[] {4}\r\nab\r\n", b"ab\r\n"),
    ],
)
def test_the_last_line_of_an_answer_is_known_once_it_is_whole(so_far, last):
    assert last_line(bytearray(so_far)) == last


def test_what_is_asked_is_within_the_box():
    assert command("list_50", 4_951)[0].startswith(b"FETCH 4951:5000 ")
    assert {command(kind, 7)[2] for kind in KINDS} == {50, 1}


def test_letters_have_the_asked_size_and_are_never_the_same():
    letters = {imap.message(number) for number in range(20)}
    assert {len(one) for one in letters} == {imap.OCTETS}
    assert len(letters) == 20
    assert all(b"\r\n\r\n" in one and b"\n" not in one.replace(b"\r\n", b"") for one in letters)


def test_a_refusal_is_not_counted_as_an_answer():
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            accepted, _ = listening.accept()
            with accepted:
                accepted.sendall(b"* OK ready\r\n")
                accepted.recv(100)
                accepted.sendall(b"a1 NO not today\r\n")

        thread = threading.Thread(target=serve)
        thread.start()
        client = Client("127.0.0.1", listening.getsockname()[1])
        with pytest.raises(UnexpectedAnswer, match="NO not today"):
            client.ask(b"SELECT INBOX")
        client.close()
        thread.join()


def test_what_processes_used_is_found_below_the_one_that_started_them():
    with subprocess.Popen(
        [sys.executable, "-c", "import sys; print(sum(range(3_000_000)), flush=True); sys.stdin.read()"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as child:
        assert child.stdout is not None
        child.stdout.readline()
        [found] = [one for one in processes.below(os.getpid()) if "3_000_000" in one.command]
        assert found.cpu_seconds > 0
        assert found.resident > 1_000_000
        child.communicate()


def missing():
    """Why the quick run cannot be made here; nothing when it can."""
    if os.environ.get("BENCH_SMOKE") != "1":
        return "a minute of two mail servers: set BENCH_SMOKE=1 to run it"
    if os.geteuid() != 0:
        return "Dovecot starts as root only"
    if programs.missing(imap_peer.PACKAGES) or shutil.which("dovecot") is None:
        return "Dovecot is not installed"
    return ""


def test_a_quick_run_of_both_gives_every_figure_and_leaves_nothing(tmp_path):
    if why := missing():
        pytest.skip(why)
    out = tmp_path / "out.json"
    before = set(Path("/var/tmp").glob("carnet-bench-*"))
    subprocess.run(
        [sys.executable, "-m", "carnet", "bench", "imap", "--quick", "--json", str(out)], check=True, timeout=170
    )
    told = json.loads(out.read_bytes())
    assert told["bench"] == "imap"
    assert set(told["ratios"]) == set(KINDS)
    for who in ("carnet", "dovecot"):
        for kind in KINDS:
            assert told["figures"][f"{who}_{kind}"]["value"] > 0
            assert told["figures"][f"{who}_{kind}_cpu"]["value"] > 0
    assert 10 < told["figures"]["carnet_idle"]["value"] < 400
    assert set(Path("/var/tmp").glob("carnet-bench-*")) == before
