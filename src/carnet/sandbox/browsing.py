"""A holder at the portal, by HTTP alone: for the played story, which does what a person does and nothing else."""

import email
import re
import time
import urllib.request
from collections.abc import Mapping
from email import policy
from http.cookiejar import CookieJar
from pathlib import Path
from urllib.parse import urlencode, urljoin

from lxml import html


class Unexpected(Exception):
    """The portal did not show what the story expects."""


class Browser:
    """Keeps cookies, follows links and sends forms, as a browser without JavaScript."""

    def __init__(self, start: str) -> None:
        self._opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))
        self.url = start
        self.page = html.document_fromstring("<html></html>")
        self.get(start)

    def get(self, url: str) -> None:
        self._open(urllib.request.Request(urljoin(self.url, url)))  # noqa: S310 - the demo's own portal

    def fetch(self, url: str) -> bytes:
        """The page at an address, whole and unread; the browser stays where it is."""
        with self._opener.open(urljoin(self.url, url), timeout=30) as response:
            return bytes(response.read())

    def follow(self, text: str) -> None:
        """Follow the first link whose words hold ``text``."""
        for link in self.page.iter("a"):
            if text in " ".join(link.text_content().split()):
                self.get(link.get("href") or "")
                return
        raise Unexpected(f"no link « {text} »")

    def send(self, action_part: str, values: Mapping[str, str] | None = None) -> None:
        """Send the first form whose address holds ``action_part``, with these values typed in."""
        for form in self.page.forms:
            action = form.get("action") or self.url
            if form.method == "POST" and action_part in action:
                data = {**dict(form.form_values()), **(values or {})}
                request = urllib.request.Request(  # noqa: S310 - the demo's own portal
                    urljoin(self.url, action), urlencode(data).encode(), headers={"Referer": self.url}
                )
                self._open(request)
                return
        raise Unexpected(f"no form to {action_part}")

    def links(self) -> list[str]:
        """The addresses of the page's links, in their order."""
        return [urljoin(self.url, link.get("href") or "") for link in self.page.iter("a")]

    def text(self) -> str:
        return " ".join(self.page.text_content().split())

    def _open(self, request: urllib.request.Request) -> None:
        with self._opener.open(request, timeout=30) as response:
            self.url = response.geturl()
            self.page = html.document_fromstring(response.read().decode("utf-8"))


def newest_mail(outbox: Path, to: str, holding: str, after: float, seconds: float = 20) -> str:
    """The text of the newest e-mail of the outbox to ``to`` whose text or subject holds ``holding``."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        for path in sorted(outbox.glob("*.eml"), reverse=True):
            if path.stat().st_mtime < after:
                break
            message = email.message_from_bytes(path.read_bytes(), policy=policy.default)
            body = message.get_body()
            text = f"{message['Subject']}\n{body.get_content() if body else ''}"
            if to in str(message["To"]) and re.search(holding, text):
                return text
        time.sleep(0.1)
    raise Unexpected("the e-mail did not arrive")
