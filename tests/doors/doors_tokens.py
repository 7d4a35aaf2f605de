"""The demo's Pro Santé Connect as software uses it, and curl at the mail doors."""

import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests
from doors_clients import eventually, tool
from doors_demo import Demo

CIBA = "urn:openid:params:grant-type:ciba"
CLAIRE, JULIE = "99700218912", "99700218938"


@dataclass
class Software:
    """A client of the provider: what it was given to know of it is the ready file."""

    demo: Demo

    @property
    def provider(self) -> dict[str, Any]:
        return dict(self.demo.ready["psc"])

    def post(self, url: str, **form: str) -> tuple[int, dict[str, Any]]:
        secret = (self.provider["client_id"], self.provider["client_secret"])
        answer = requests.post(url, data=form, auth=secret, timeout=10)
        return answer.status_code, answer.json()

    def call(self, id_nat: str, message: str = "42", **more: str) -> dict[str, Any]:
        """Ask a professional by CIBA; the answer with its `auth_req_id`."""
        asked = {"scope": "openid scope_all", "acr_values": "eidas1", "login_hint": id_nat, "binding_message": message}
        status, said = self.post(self.provider["ciba_endpoint"], **(asked | more))
        assert status == 200, said
        return said

    def poll(self, auth_req_id: str) -> tuple[int, dict[str, Any]]:
        return self.post(self.provider["token_endpoint"], grant_type=CIBA, auth_req_id=auth_req_id)

    def answer_on_the_telephone(self, auth_req_id: str, answer: str) -> str:
        """What the page says after the professional chose."""
        form = {"auth_req_id": auth_req_id, "answer": answer}
        return requests.post(self.provider["telephone"], data=form, timeout=10).text

    def sign_in(self, rpps: str) -> dict[str, Any]:
        """Tokens of a professional who approves at once."""
        asked = self.call(f"8{rpps}")
        self.answer_on_the_telephone(asked["auth_req_id"], "approve")

        def given() -> dict[str, Any] | None:
            status, said = self.poll(asked["auth_req_id"])
            return said if status == 200 else None

        return eventually(given, "tokens")


def curl(demo: Demo, *options: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run curl, the demo's authority trusted and no other."""
    command = [tool("curl"), "--silent", "--show-error", "--max-time", "30", "--cacert", demo.ca_file, *options]
    return subprocess.run(
        command, capture_output=True, encoding="utf-8", errors="replace", timeout=60, check=False, cwd=cwd
    )
