"""Logs carry identifiers, counts and codes; what is not on the list never reaches a line."""

import ast
import io
import json
import logging
import re
from pathlib import Path

import pytest
import structlog

import carnet
from carnet.foundation import logs

KEYS = {
    "event", "level", "timestamp", "logger", "dropped_keys",
    "process", "pid", "child", "exit_code", "delay", "port", "door",
    "space", "message", "conversation", "document", "mailbox", "notification", "job", "segment", "position", "session",
    "account", "certificate",
    "act", "reason", "code", "task", "attempt", "outcome", "state", "status", "method", "route", "error",
    "count", "bytes", "seconds", "waiting", "held", "total",
}  # fmt: skip


@pytest.fixture
def lines(tmp_path):
    """Configure the logs into a file; gives a function that reads its lines."""
    before = structlog.get_config(), logging.getLogger().handlers[:], logging.getLogger().level
    file = tmp_path / "log" / "carnet.log"
    logs.configure("INFO", file)
    yield lambda: [json.loads(line) for line in file.read_text("utf-8").splitlines()]
    structlog.configure(**before[0])
    logging.getLogger().handlers[:], logging.getLogger().level = before[1], before[2]


def test_the_list_of_keys_is_this_one_and_grows_only_by_a_decision():
    assert set(logs.ALLOWED_KEYS) == KEYS


def test_a_key_that_is_not_on_the_list_is_dropped_and_counted(lines):
    logs.get("smtp").info("accepted", message="0198", subject="Votre biopsie", sender="a@b.test", count=2)
    (line,) = lines()
    assert {key: line[key] for key in ("event", "process", "message", "count", "dropped_keys", "level")} == {
        "event": "accepted", "process": "smtp", "message": "0198", "count": 2, "dropped_keys": 2, "level": "info",
    }  # fmt: skip
    assert "biopsie" not in json.dumps(line)
    assert set(line) <= KEYS


def test_a_line_with_nothing_to_drop_says_nothing_of_it(lines):
    logs.get().warning("retried", attempt=3)
    (line,) = lines()
    assert "dropped_keys" not in line


def test_an_exception_becomes_its_type_and_our_place_never_its_words(lines):
    try:
        logs.ALLOWED_KEYS.no_such_thing  # noqa: B018
    except AttributeError as failure:
        logs.get("drain").error("failed", exc_info=failure)
    try:
        raise ValueError("279035121518989 a un cancer")
    except ValueError:
        logs.get("drain").error("failed", exc_info=True)
    first, second = lines()
    assert first["error"] == "AttributeError at outside"
    assert second["error"] == "ValueError at outside"
    assert "279035121518989" not in json.dumps(second)


def test_a_place_in_our_code_is_named(lines):
    try:
        logs.configure("NO-SUCH-LEVEL")
    except KeyError as failure:
        logs.get().error("failed", exc_info=failure)
    (line,) = lines()
    assert re.fullmatch(r"KeyError at carnet\.foundation\.logs:\d+", line["error"])


def test_a_library_is_heard_without_its_words(lines):
    logging.getLogger("django.request").error("Not Found: /messages/%s", "279035121518989")
    try:
        raise RuntimeError("Mme PAT-TROIS")
    except RuntimeError:
        logging.getLogger("procrastinate").exception("Job failed for Mme PAT-TROIS")
    first, second = lines()
    assert (first["event"], first["logger"], first["level"]) == ("library_line", "django.request", "error")
    assert second["error"] == "RuntimeError at outside"
    assert "PAT-TROIS" not in json.dumps([first, second])
    assert "279035121518989" not in json.dumps([first, second])


def test_the_file_is_for_its_owner_only(tmp_path):
    before = structlog.get_config(), logging.getLogger().handlers[:], logging.getLogger().level
    try:
        logs.configure("INFO", tmp_path / "log" / "carnet.log")
        assert (tmp_path / "log" / "carnet.log").stat().st_mode & 0o777 == 0o600
        assert (tmp_path / "log").stat().st_mode & 0o777 == 0o700
    finally:
        structlog.configure(**before[0])
        logging.getLogger().handlers[:], logging.getLogger().level = before[1], before[2]


def calls() -> list[tuple[str, int, str, set[str]]]:
    """Every call of a logger in our sources: file, line, event, keywords."""
    found = []
    root = Path(carnet.__file__).parent
    for path in root.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
                continue
            if node.func.attr not in ("debug", "info", "warning", "error", "exception", "critical"):
                continue
            if not (isinstance(node.func.value, ast.Name) and node.func.value.id in ("log", "logger", "_log")):
                continue
            event = node.args[0].value if node.args and isinstance(node.args[0], ast.Constant) else ""
            keywords = {one.arg or "**" for one in node.keywords}
            found.append((str(path.relative_to(root)), node.lineno, str(event), keywords))
    return found


def test_every_line_that_we_write_uses_these_keys_and_a_constant_event():
    wrong = [
        (file, line, event, sorted(keywords - KEYS - {"exc_info"}))
        for file, line, event, keywords in calls()
        if not keywords <= KEYS | {"exc_info"} or not re.fullmatch(r"[a-z0-9_.-]+", event)
    ]
    assert calls()
    assert wrong == []


def test_the_lines_are_json_even_when_a_value_is_not_text():
    stream = io.StringIO()
    logger = structlog.wrap_logger(
        structlog.PrintLogger(stream), processors=[logs.only_allowed_keys, structlog.processors.JSONRenderer()]
    )
    logger.info("odd", count={1, 2}.__class__, message=b"x")
    assert json.loads(stream.getvalue())["event"] == "odd"
