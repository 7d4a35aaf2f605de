"""Where a demo's provider is and what it is called: known before anything of it is loaded."""

from pathlib import Path

REALM = "/auth/realms/esante-wallet"
CLIENT_ID = "carnet-demo-lps"
CIBA_GRANT = "urn:openid:params:grant-type:ciba"


def issuer(host: str, port: int) -> str:
    """The issuer, as tokens name it."""
    return f"http://{host}:{port}{REALM}"


def folder_of(data_dir: Path) -> Path:
    """Where its key, its client's secret and its description lie."""
    return data_dir / "psc"
