"""A client of the running demo's provider for scripts: an access token by CIBA, with nobody at the telephone."""

import json
import time
import urllib.error
import urllib.parse
import urllib.request
from base64 import b64encode
from pathlib import Path
from typing import Any

from carnet.sandbox.psc.address import CIBA_GRANT, folder_of

_SECONDS = 10.0


class NoToken(Exception):
    """No token was given; the message says why, for the person at the terminal."""


def access_token(data_dir: Path, id_nat: str) -> str:
    """An access token of this professional. Raises `NoToken`."""
    try:
        provider: dict[str, Any] = json.loads((folder_of(data_dir) / "provider.json").read_bytes())
    except (OSError, ValueError):
        raise NoToken(f"no demo runs in {data_dir}: start one with `carnet demo`, or set CARNET_DATA_DIR") from None
    asked = _post(
        provider,
        provider["ciba_endpoint"],
        {
            "scope": "openid scope_all",
            "acr_values": "eidas1",
            "login_hint": id_nat,
            "binding_message": "42",
            "sandbox_approve": "yes",
        },
    )
    deadline = time.monotonic() + _SECONDS
    while True:
        grant = {"grant_type": CIBA_GRANT, "auth_req_id": asked.get("auth_req_id", "")}
        given = _post(provider, provider["token_endpoint"], grant, may_wait=True)
        if "access_token" in given:
            return str(given["access_token"])
        if time.monotonic() > deadline:
            raise NoToken("nobody approved the sign-in")
        time.sleep(asked.get("interval", 1))


def _post(provider: dict[str, Any], url: str, form: dict[str, str], *, may_wait: bool = False) -> dict[str, Any]:
    secret = b64encode(f"{provider['client_id']}:{provider['client_secret']}".encode()).decode("ascii")
    request = urllib.request.Request(  # noqa: S310 - the address that the demo wrote, on loopback
        url, urllib.parse.urlencode(form).encode("ascii"), {"Authorization": f"Basic {secret}"}
    )
    try:
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=_SECONDS) as response:
            found: dict[str, Any] = json.loads(response.read())
            return found
    except urllib.error.HTTPError as refusal:
        said: dict[str, Any] = json.loads(refusal.read() or b"{}")
        if may_wait and said.get("error") in ("authorization_pending", "slow_down"):
            return {}
        raise NoToken(str(said.get("error_description") or said.get("error") or refusal.code)) from None
    except OSError:
        raise NoToken("the demo's provider does not answer: is the demo running?") from None
