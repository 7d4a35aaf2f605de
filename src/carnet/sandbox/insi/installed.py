"""The service of a demo: who is in its register, and what a client needs to know of it."""

from pathlib import Path
from typing import Any

from carnet.sandbox import cast
from carnet.sandbox.insi.address import register_of
from carnet.sandbox.insi.register import OTHERS, Registered, write_register


def people() -> list[Registered]:
    """The people of the sandbox, and some who have no space: homonyms, hyphens, Corsica."""
    holders = [
        Registered(
            holder.ins, holder.birth_name, holder.given_names, holder.birth_date, holder.sex, holder.birth_place,
            holder.oid.value,
        )
        for holder in cast.HOLDERS
    ]  # fmt: skip
    return [*holders, *OTHERS]


def ensure_register(data_dir: Path) -> None:
    """The register is in the data folder; one that is there stays, so that what a tester added is kept."""
    path = register_of(data_dir)
    if not path.exists():
        write_register(path, people())


def description(url: str) -> dict[str, Any]:
    """A part of the ready file."""
    return {"url": url, "wsdl": f"{url}?wsdl"}
