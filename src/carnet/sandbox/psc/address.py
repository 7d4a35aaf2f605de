"""Where a demo's provider is and what it is called: known before anything of it is loaded."""

from pathlib import Path

REALM = "/auth/realms/esante-wallet"
CLIENT_ID = "carnet-demo-lps"
PORTAL_ID = "carnet-demo-portail"
CIBA_GRANT = "urn:openid:params:grant-type:ciba"


def issuer(host: str, port: int) -> str:
    """The issuer, as tokens name it."""
    return f"http://{host}:{port}{REALM}"


def folder_of(data_dir: Path) -> Path:
    """Where its key, its clients' secrets and its description lie."""
    return data_dir / "psc"


def portal_secret_file(data_dir: Path) -> Path:
    """The secret of the demo's own portal, a client beside the one that is given to everybody."""
    return folder_of(data_dir) / "portal-secret"
