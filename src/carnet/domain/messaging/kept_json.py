"""Dataclasses as JSON, to be sealed: read again as they were."""

from collections.abc import Callable
from typing import Any, TypeVar

import orjson

T = TypeVar("T")


def from_kept(made: Callable[..., T], kept: bytes, **read: Callable[[Any], Any]) -> T:
    """The dataclass that ``kept`` holds field by field; ``read`` makes again the fields that JSON has no type for."""
    fields: dict[str, Any] = orjson.loads(kept)
    return made(**{**fields, **{name: again(fields[name]) for name, again in read.items()}})
