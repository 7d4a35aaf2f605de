"""The provider of a demo: its folder, its client, and how the demo's doors are told of it."""

import json
import secrets
from pathlib import Path
from typing import Any

from django.conf import settings

from carnet.foundation.keys import write_durably
from carnet.sandbox.psc.address import CLIENT_ID, PORTAL_ID, REALM, folder_of, issuer, portal_secret_file
from carnet.sandbox.psc.grants import Client, Provider
from carnet.sandbox.psc.memory import Memory
from carnet.sandbox.psc.people import person
from carnet.sandbox.psc.tokens import TokenWriter, ensure_key


def ensure_client(folder: Path) -> Client:
    """The demo's client, its secret made at first use."""
    return Client(CLIENT_ID, _ensure_secret(folder / "client-secret"))


def ensure_portal(data_dir: Path) -> Client:
    """The demo's own portal as a client, its secret made at first use."""
    return Client(PORTAL_ID, _ensure_secret(portal_secret_file(data_dir)))


def _ensure_secret(path: Path) -> str:
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_durably(path, secrets.token_urlsafe(24).encode("ascii"))
    return path.read_text("ascii")


def description(data_dir: Path, address: str) -> dict[str, Any]:
    """What a client needs to know of the running provider: a part of the ready file."""
    client = ensure_client(folder_of(data_dir))
    connect = f"{address}/protocol/openid-connect"
    return {
        "issuer": address,
        "discovery": f"{address}/.well-known/wallet-openid-configuration",
        "authorization_endpoint": f"{address.removesuffix(REALM)}/auth",
        "token_endpoint": f"{connect}/token",
        "ciba_endpoint": f"{connect}/ext/ciba/auth",
        "telephone": f"{address.removesuffix(REALM)}/telephone",
        "client_id": client.id,
        "client_secret": client.secret,
    }


def write_description(data_dir: Path, address: str) -> None:
    """For scripts that find the demo by its data folder."""
    content = json.dumps(description(data_dir, address), indent=2).encode("utf-8")
    write_durably(folder_of(data_dir) / "provider.json", content)


def provider() -> Provider:
    """The provider of the installation whose settings are loaded."""
    folder = folder_of(settings.CARNET_DATA_DIR)
    clients = {client.id: client for client in (ensure_client(folder), ensure_portal(settings.CARNET_DATA_DIR))}
    tokens = TokenWriter(
        issuer(settings.CARNET_BIND, settings.CARNET_SANDBOX_PSC_PORT),
        ensure_key(folder),
        settings.CARNET_SANDBOX_PSC_TOKEN_SECONDS,
    )
    return Provider(clients, tokens, person, Memory(), settings.CARNET_SANDBOX_PSC_APPROVE)
