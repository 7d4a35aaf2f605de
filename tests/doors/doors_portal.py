"""A holder at the portal without JavaScript, and the e-mails that people get."""

import email
import os
import re
import time
import urllib.error
import urllib.request
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from email import policy
from email.message import EmailMessage
from pathlib import Path
from urllib.parse import urlencode, urljoin

from doors_clients import eventually
from lxml import html

from carnet.sandbox.browsing import Browser, Unexpected


class Portal(Browser):
    """A browser that can also send files, ask for headers alone, and see an error page."""

    status = 200
    body = b""
    headers: Mapping[str, str] = {}

    def _open(self, request: urllib.request.Request) -> None:
        try:
            response = self._opener.open(request, timeout=60)
        except urllib.error.HTTPError as error:
            response = error
        with response:
            self.status, self.body, self.headers = response.status, response.read(), response.headers
            if "text/html" in (response.headers.get("Content-Type") or ""):
                self.url = response.geturl()
                self.page = html.document_fromstring(self.body.decode("utf-8") or "<html></html>")

    def bytes_of(self, url: str) -> bytes:
        """What an address gives, left out of the history of pages."""
        here, page = self.url, self.page
        self.get(url)
        self.url, self.page = here, page
        return self.body

    def ask(self, url: str, method: str, **headers: str) -> int:
        """One request of another kind than a person's; the page stays where it is."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        request = urllib.request.Request(urljoin(self.url, url), method=method, headers=named)
        with self._opener.open(request, timeout=60) as response:
            response.read()
            return response.status

    def post(self, url: str, values: Mapping[str, str]) -> None:
        """Send what a form on an older page would have sent."""
        request = urllib.request.Request(urljoin(self.url, url), urlencode(values).encode(), {"Referer": self.url})
        self._open(request)

    def send_files(self, action_part: str, values: Mapping[str, str], files: Sequence[tuple[str, str, bytes]]) -> None:
        """Send a form with files, as multipart/form-data (RFC 7578)."""
        for form in self.page.forms:
            action = form.get("action") or self.url
            if form.method == "POST" and action_part in action:
                boundary = os.urandom(16).hex()
                data = {**dict(form.form_values()), **values}
                parts = [
                    f'--{boundary}\r\nContent-Disposition: form-data; name="{n}"\r\n\r\n{v}\r\n'.encode()
                    for n, v in data.items()
                ]
                parts += [
                    f'--{boundary}\r\nContent-Disposition: form-data; name="{field}"; filename="{name}"\r\n'
                    f"Content-Type: application/octet-stream\r\n\r\n".encode()
                    + content
                    + b"\r\n"
                    for field, name, content in files
                ]
                body = b"".join(parts) + f"--{boundary}--\r\n".encode()
                kind = f"multipart/form-data; boundary={boundary}"
                headers = {"Referer": self.url, "Content-Type": kind}
                self._open(urllib.request.Request(urljoin(self.url, action), body, headers))
                return
        raise Unexpected(f"no form to {action_part}")

    def articles(self) -> list[html.HtmlElement]:
        """The messages of the conversation on the page, the oldest first."""
        return list(self.page.iterfind(".//article"))

    def facts(self) -> dict[str, str]:
        """The terms and their texts on a document's page."""
        terms = self.page.findall(".//dl[@class='facts']/dt")
        return {words(term): words(term.getnext()) for term in terms}

    def conversation_links(self) -> list[str]:
        """The addresses of the listed conversations, the newest first."""
        self.get("/messages/")
        found = (link.get("href") or "" for link in self.page.iter("a"))
        return list(dict.fromkeys(one for one in found if re.fullmatch(r"/messages/[0-9a-f-]{36}/", one)))

    def open_conversation(self, subject: str, seconds: float = 30) -> None:
        """Open the conversation of that subject once it is listed."""

        def there() -> bool:
            self.get("/messages/")
            return subject in self.text()

        eventually(there, f"a conversation « {subject} »", seconds)
        self.follow(subject)

    def has_conversation(self, subject: str) -> bool:
        self.get("/messages/")
        return subject in self.text()


def words(element: html.HtmlElement) -> str:
    """The text of an element on one line."""
    return " ".join(element.text_content().split())


@dataclass
class Outbox:
    """The folder where the e-mails to people fall."""

    folder: Path
    seen: dict[str, EmailMessage] = field(default_factory=dict)

    def all(self) -> list[tuple[str, EmailMessage]]:
        """Every e-mail with its name, in the order of writing."""
        for path in self.folder.glob("*.eml"):
            if path.name not in self.seen:
                self.seen[path.name] = email.message_from_bytes(path.read_bytes(), policy=policy.default)
        return sorted(self.seen.items())

    def names(self) -> set[str]:
        return {name for name, _ in self.all()}

    def sent_to(self, address: str, before: Iterable[str], count: int = 1, seconds: float = 30) -> list[str]:
        """The whole text of the e-mails to somebody that were not there before, once there are enough of them."""
        known = set(before)

        def there() -> list[str] | None:
            found = [
                whole_text(message)
                for name, message in self.all()
                if name not in known and address in str(message["To"])
            ]
            return found if len(found) >= count else None

        return eventually(there, "an e-mail to the holder", seconds)


def whole_text(message: EmailMessage) -> str:
    """All that an e-mail says: its headers decoded, and its bodies."""
    said = [f"{name}: {value}" for name, value in message.items()]
    for part in message.walk():
        if part.get_content_maintype() == "text":
            said.append(part.get_content())
    return "\n".join(said)


def sign_in(web: str, outbox: Outbox, login: str, password: str, address: str) -> Portal:
    """Sign a holder in with the password and the code of the e-mail."""
    portal = Portal(f"{web}/connexion/")
    before = outbox.names()
    portal.send("/connexion/", {"login": login, "password": password})
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        for text in outbox.sent_to(address, before, seconds=60):
            code = re.search(r"^\s*(\d{6})\s*$", text, re.MULTILINE)
            if code:
                portal.send("/connexion/code/", {"code": code.group(1)})
                assert portal.url.endswith("/accueil/"), portal.text()
                return portal
        time.sleep(0.1)
    raise AssertionError("no code came")
