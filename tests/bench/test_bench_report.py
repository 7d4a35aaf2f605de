"""The benchmark's result and its parts that need no mail server; and one quick run where there is everything."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from carnet.bench import load, programs
from carnet.bench.load import Load, Target
from carnet.bench.machine import describe, filesystem, flushes_per_second
from carnet.bench.report import Figure, Report, figure, percentile, ratio

RATIOS = {"accept_2kb", "accept_200kb", "end_to_end_5kb"}
ALONE = {"carnet_mutual_tls_2kb"}
some = st.lists(st.floats(0, 1e6, allow_nan=False), min_size=1, max_size=50)


def report():
    ours, theirs = figure([900, 1100, 1000], "msg/s", [1.0, 2.0, 3.0]), figure([250.0], "msg/s")
    return Report("smtp", {"cores": 2}, {"carnet_x": ours, "peer_x": theirs}, {"x": ratio(ours, theirs)})


def test_the_json_has_the_promised_shape(tmp_path):
    report().write(tmp_path / "out.json")
    told = json.loads((tmp_path / "out.json").read_bytes())
    assert told == {
        "bench": "smtp",
        "machine": {"cores": 2},
        "figures": {
            "carnet_x": {"value": 1000, "unit": "msg/s", "p50_ms": 2.0, "p99_ms": 2.98},
            "peer_x": {"value": 250.0, "unit": "msg/s", "p50_ms": None, "p99_ms": None},
        },
        "ratios": {"x": 4.0},
    }


def test_the_table_shows_every_figure_and_ratio():
    console = Console(record=True, width=120, file=open(os.devnull, "w"))  # noqa: SIM115
    report().show(console)
    shown = console.export_text()
    for words in ("carnet_x", "peer_x", "1,000.0", "msg/s", "2.0", "x: 4.00×", "cores 2"):
        assert words in shown


def test_a_figure_is_the_median_of_the_rounds():
    assert figure([10, 1000, 20], "msg/s").value == 20
    assert figure([10, 20], "msg/s") == Figure(15, "msg/s")


def test_percentiles_lie_between_two_neighbours_in_proportion():
    assert percentile([4, 1, 3, 2], 50) == 2.5
    assert percentile([4, 1, 3, 2], 0) == 1
    assert percentile([4, 1, 3, 2], 100) == 4
    assert percentile([7], 99) == 7
    with pytest.raises(ValueError, match="no values"):
        percentile([], 50)


@given(some, st.floats(0, 100))
def test_a_percentile_is_within_the_values_and_grows(values, percent):
    assert min(values) <= percentile(values, percent) <= max(values)
    assert percentile(values, percent / 2) <= percentile(values, percent) * (1 + 1e-9)


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "bench").mkdir()
    return tmp_path / "bench"


def test_the_machine_is_described(folder):
    told = describe(folder, postfix="3.7.11")
    assert told["cores"] >= 1
    assert told["memory_gib"] > 0
    assert told["fdatasync_per_s"] > 0
    assert told["postfix"] == "3.7.11"
    assert told["filesystem"]
    json.dumps(told)
    assert not list(folder.iterdir())


def test_flushing_is_measured_and_leaves_nothing(folder):
    assert flushes_per_second(folder, 0.05) > 1
    assert not list(folder.iterdir())


def test_a_disk_in_memory_is_told():
    if not Path("/dev/shm").is_dir():
        pytest.skip("this machine has no /dev/shm")
    assert filesystem(Path("/dev/shm")) == "tmpfs"


@given(st.integers(0, 10_000), st.integers(1, 30))
def test_messages_and_sessions_are_shared_out_evenly(total, among):
    shares = load._shared_out(total, among)
    assert sum(shares) == total
    assert max(shares) - min(shares) <= 1


def test_each_recipient_has_a_generator_and_all_sessions_are_used():
    target = Target(2525, "a@b.test", ("x@c.test", "y@c.test", "z@c.test"))
    commands = load._commands(target, Load(1000, 2048, 20))
    assert [command[command.index("-t") + 1] for command in commands] == list(target.recipients)
    assert sum(int(command[command.index("-s") + 1]) for command in commands) == 20
    assert sum(int(command[command.index("-m") + 1]) for command in commands) == 1000
    assert "-d" not in commands[0]  # it would keep the connection for more messages


def test_a_message_of_ours_has_the_asked_size_and_lines_that_mail_allows():
    content = load.message("a@b.test", "x@c.test", 1, 5120)
    head, _, payload = content.partition(b"\r\n\r\n")
    assert len(payload) == 5120
    assert b"From: <a@b.test>" in head
    assert max(map(len, content.split(b"\r\n"))) <= 78
    assert load.message("a@b.test", "x@c.test", 1, 5120) != content  # its Message-ID is its own


def missing():
    """Why the quick run cannot be made here; nothing when it can."""
    if os.environ.get("BENCH_SMOKE") != "1":
        return "a minute of two mail servers: set BENCH_SMOKE=1 to run it"
    if os.geteuid() != 0:
        return "Postfix starts as root only"
    if programs.missing(programs.PEER_PACKAGES) or shutil.which(load.SMTP_SOURCE) is None:
        return "Postfix and Dovecot are not installed"
    return ""


def test_a_quick_run_of_both_gives_every_figure_and_leaves_nothing(tmp_path):
    if why := missing():
        pytest.skip(why)
    out = tmp_path / "out.json"
    before = set(Path("/var/tmp").glob("carnet-bench-*"))
    argv = [sys.executable, "-m", "carnet", "bench", "smtp", "--quick", "--json", str(out)]
    subprocess.run(argv, check=True, timeout=170)
    told = json.loads(out.read_bytes())
    assert told["bench"] == "smtp"
    assert set(told["ratios"]) == RATIOS
    both = {f"{who}_{name}" for who in ("carnet", "postfix_dovecot") for name in RATIOS}
    assert set(told["figures"]) == both | ALONE
    for one in told["figures"].values():
        assert one["value"] > 0
        assert one["unit"] == "msg/s"
        assert 0 < one["p50_ms"] <= one["p99_ms"]
    assert set(Path("/var/tmp").glob("carnet-bench-*")) == before
