"""Structured logs that carry no personal data.

A log line is JSON with an event name and keys from ``ALLOWED_KEYS``; a key that is not on the list is dropped and
counted in ``dropped_keys``, so a slip shows without leaking. Values are identifiers, counts, codes and durations.
"""

import logging
import os
import sys
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any

import structlog

ALLOWED_KEYS = frozenset(
    {
        # the line itself
        "event", "level", "timestamp", "logger", "dropped_keys",
        # which process
        "process", "pid", "child", "exit_code", "delay", "port", "door",
        # which thing: opaque identifiers only
        "account", "space", "message", "conversation", "document", "mailbox", "notification", "job", "segment",
        "position", "session",
        # a certificate's subject, as the first digits of its digest
        "certificate",
        # what happened
        "act", "reason", "code", "task", "attempt", "outcome", "state", "status", "method", "route", "error",
        # how much
        "count", "bytes", "seconds", "waiting", "held", "total",
    }
)  # fmt: skip


def only_allowed_keys(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """structlog processor: keep the allowed keys, count the others."""
    dropped = [key for key in event if key not in ALLOWED_KEYS]
    for key in dropped:
        del event[key]
    if dropped:
        event["dropped_keys"] = len(dropped)
    return event


def exception_without_content(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """structlog processor: an exception becomes its type and the place in our code, never its message."""
    failure = event.pop("exc_info", None)
    if failure is True:
        failure = sys.exc_info()
    if isinstance(failure, BaseException):
        failure = (type(failure), failure, failure.__traceback__)
    if failure and failure[0] is not None:
        trace = failure[2]
        place = ""
        while trace is not None:
            module = trace.tb_frame.f_globals.get("__name__", "")
            if module.startswith("carnet"):
                place = f"{module}:{trace.tb_lineno}"
            trace = trace.tb_next
        event["error"] = f"{failure[0].__name__} at {place or 'outside'}"
    return event


class _LibraryHandler(logging.Handler):
    """Lines of libraries: their name and level only, since their text may quote what they were given."""

    def emit(self, record: logging.LogRecord) -> None:
        log = structlog.get_logger()
        error = record.exc_info[1] if record.exc_info else None
        log.log(record.levelno, "library_line", logger=record.name, exc_info=error)


def configure(level: str, file: Path | None = None) -> None:
    """Send everything to standard error, or to a file, as JSON lines of at least ``level``."""
    stream = sys.stderr
    if file is not None:
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        stream = open(os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600), "w", buffering=1)  # noqa: SIM115 - open as long as the process
    threshold = logging.getLevelNamesMapping()[level]
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            exception_without_content,
            only_allowed_keys,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        logger_factory=structlog.PrintLoggerFactory(stream),
        cache_logger_on_first_use=False,
    )
    root = logging.getLogger()
    root.handlers[:] = [_LibraryHandler()]
    root.setLevel(max(threshold, logging.WARNING))


def get(process: str = "") -> Any:
    """A logger; ``process`` names the door or loop it speaks for."""
    return structlog.get_logger().bind(process=process) if process else structlog.get_logger()
