"""The words of the national lists' codes, as the extractions give them."""

import threading
import time

from carnet.domain.directory.models import CodeLabel

_KEEP_SECONDS = 300.0
_lock = threading.Lock()
_kept: tuple[float, dict[tuple[str, str], str]] = (0.0, {})


def label_of(code_list: str, code: str) -> str:
    """The label of a code, at most five minutes old; empty for one that no extraction gave."""
    global _kept
    until, labels = _kept
    if time.monotonic() > until:
        with _lock:
            if time.monotonic() > _kept[0]:
                rows = CodeLabel.objects.values_list("code_list", "code", "label")
                _kept = (time.monotonic() + _KEEP_SECONDS, {(one, other): label for one, other, label in rows})
            labels = _kept[1]
    return labels.get((code_list, code), "")


def forget_labels() -> None:
    """Make the next question read the labels again (after an import)."""
    global _kept
    with _lock:
        _kept = (0.0, {})
