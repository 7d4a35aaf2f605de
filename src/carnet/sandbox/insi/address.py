"""Where a demo's INSi service is: known before anything of it is loaded."""

from pathlib import Path
from typing import Final

PATH: Final = "/insi"


def insi_url(host: str, port: int) -> str:
    """Its address; with ``?wsdl``, its description."""
    return f"http://{host}:{port}{PATH}"


def register_of(data_dir: Path) -> Path:
    """The file of its people."""
    return data_dir / "insi" / "register.json"
