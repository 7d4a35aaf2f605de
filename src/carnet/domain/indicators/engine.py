"""The engine that computes the expressions: DuckDB in memory, or any other that ibis knows.

The analytics libraries are an optional extra of Carnet: nothing here is imported before a figure is asked for.
"""

from importlib.util import find_spec
from typing import Any

_NEEDED = ("ibis", "pyarrow", "duckdb")


class AnalyticsMissing(Exception):
    """The libraries of the analytics extra are not installed; the message says how to have them."""


def require() -> None:
    """Raise `AnalyticsMissing` unless the analytics extra is installed."""
    missing = [name for name in _NEEDED if find_spec(name) is None]
    if missing:
        raise AnalyticsMissing(
            f"the indicators need {', '.join(missing)}, of Carnet's optional extra `analytics`: "
            "pip install 'carnet[analytics]'"
        )


def duckdb() -> Any:
    """A DuckDB in memory that writes nothing to disk and fetches nothing: what it holds is about patients."""
    import ibis

    return ibis.duckdb.connect(temp_directory="", autoinstall_known_extensions=False, autoload_known_extensions=False)


def rows(backend: Any, expression: Any) -> list[dict[str, Any]]:
    """Compute an expression and return its rows."""
    found: list[dict[str, Any]] = backend.to_pyarrow(expression).to_pylist()
    return found
