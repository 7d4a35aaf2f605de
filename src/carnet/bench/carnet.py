"""Carnet as the benchmark runs it: an installation of its own, all its processes, the sandbox's people."""

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import orjson
import psycopg

from carnet.bench.load import SUBJECT, Target, wait_until
from carnet.bench.mutual import Certificates
from carnet.bench.problems import CannotMeasure
from carnet.foundation.postgres import running_url
from carnet.sandbox import ports
from carnet.sandbox.browsing import Browser, Unexpected, newest_mail

_START_SECONDS = 120
_STOP_SECONDS = 60

_WAITING = "SELECT EXISTS (SELECT FROM foundation_spool_entry WHERE held = '')"
_HELD = "SELECT count(*) FROM foundation_spool_entry WHERE held <> ''"
_UNDONE = f"{_WAITING[:-1]} UNION SELECT FROM notifications_notification WHERE outcome = '')"
_READABLE = "SELECT count(*) FROM messaging_conversation_entry"


class Carnet:
    """``carnet demo`` in ``folder``, without the played story; ``start`` and ``stop`` may alternate, the mail stays."""

    def __init__(self, folder: Path, *, recipients: int, settings: Mapping[str, str] = MappingProxyType({})) -> None:
        self._root = folder
        self._data = folder / "data"
        self._ready = folder / "ready.json"
        self._recipients = recipients
        self._settings = settings
        self._process: subprocess.Popen[bytes] | None = None
        self._database: psycopg.Connection[tuple[Any, ...]] | None = None
        self._description: dict[str, Any] = {}
        folder.mkdir(mode=0o700)

    @property
    def target(self) -> Target:
        """Where its mail is brought to: activated holders, from another operator of the trust space."""
        told = self._description
        living = [one for one in told["holders"] if one["state"] != "closed"]
        # The activated first: the others are only taken when more recipients are asked for.
        living.sort(key=lambda one: one["state"] != "activated")
        if len(living) < self._recipients:
            raise CannotMeasure(f"the sandbox has {len(living)} people with an open space, not {self._recipients}")
        return Target(
            told["smtp"]["port"],
            f"cardiologie@{told['operators'][0]['domain']}",
            tuple(f"{one['ins']}@{told['patient_domain']}" for one in living[: self._recipients]),
        )

    @property
    def mutual(self) -> tuple[Target, Certificates]:
        """The operators' door with mutual TLS, and the other operator's certificate for it."""
        told = self._description
        other = told["operators"][0]
        files = (other["cert_file"], other["key_file"], told["ca_file"])
        return replace(self.target, port=told["smtp_mutual"]["port"]), Certificates(*map(Path, files))

    @property
    def mailbox(self) -> tuple[int, str, str]:
        """The port of the IMAP door, and the login and the password of a mailbox."""
        told = self._description
        return told["imap"]["port"], told["mailboxes"][0]["login"], told["mailboxes"][0]["password"]

    @property
    def mailbox_address(self) -> str:
        """The address of that mailbox."""
        return str(self._description["mailboxes"][0]["address"])

    @property
    def patient_domain(self) -> str:
        """The domain of the holders' addresses."""
        return str(self._description["patient_domain"])

    @property
    def master_key_file(self) -> Path:
        """The file of its master keys."""
        return self._data / "keys" / "master"

    @property
    def database(self) -> "psycopg.Connection[tuple[Any, ...]]":
        """A connection to its database, each statement committed at once, while it runs."""
        assert self._database is not None
        return self._database

    @property
    def pid(self) -> int:
        """The process above all its processes, while it runs."""
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Start it and wait until all doors answer. Raises ``CannotMeasure``."""
        environment = {name: value for name, value in os.environ.items() if not name.startswith("CARNET_")}
        environment |= {"CARNET_DATA_DIR": str(self._data)} | {name: str(ports.free_port(0)) for name in ports.DOORS}
        environment |= self._settings
        argv = [sys.executable, "-m", "carnet", "demo", "--headless", "--no-play", "--ready-file", str(self._ready)]
        with (self._root / "output").open("ab") as output:
            self._process = subprocess.Popen(
                argv, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True
            )
        wait_until(self._answers, every=0.1, longest=_START_SECONDS)
        self._description = orjson.loads(self._ready.read_bytes())
        url = running_url(self._data / "postgres")
        if url is None:
            raise CannotMeasure("Carnet's database does not answer")
        self._database = psycopg.connect(url, autocommit=True, application_name="carnet-bench")

    def _answers(self) -> bool:
        assert self._process is not None
        if self._process.poll() is not None:
            said = (self._root / "output").read_text("utf-8", "replace").strip().splitlines()[-1:]
            raise CannotMeasure(f"Carnet did not start: {' '.join(said)}")
        return self._ready.exists()

    def stop(self) -> None:
        """Stop all its processes; safe when it does not run."""
        if self._database is not None:
            self._database.close()
            self._database = None
        if self._process is not None:
            with contextlib.suppress(CannotMeasure):
                # Let it finish starting: ended halfway, it would leave its database running.
                wait_until(self._answers, every=0.1, longest=_START_SECONDS)
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(self._process.pid, signal.SIGKILL)
                self._process.wait()
            self._process = None

    def delivered(self, expected: int) -> bool:
        """Whether nothing accepted waits: a message leaves the spool in the transaction that makes it readable."""
        return not self._ask(_WAITING)

    def readable(self) -> int:
        """How many messages stand in the holders' conversations. Raises ``CannotMeasure`` when one was held back."""
        if held := self._ask(_HELD):
            raise CannotMeasure(f"{held} messages could not be delivered")
        return int(self._ask(_READABLE))

    def _ask(self, question: str) -> Any:
        assert self._database is not None
        row = self._database.execute(question).fetchone()
        assert row is not None
        return row[0]

    def rests(self) -> bool:
        """Whether nothing is left to do: all delivered, everyone told."""
        return not self._ask(_UNDONE)

    def signed_in(self) -> Browser:
        """A holder at the portal, signed in. Raises ``CannotMeasure``."""
        told = self._description
        holder = next(one for one in told["holders"] if one["state"] == "activated")
        began = time.time() - 1
        try:
            browser = Browser(f"{told['web']}/connexion/")
            browser.send("/connexion/", {"login": holder["login"], "password": holder["password"]})
            mail = newest_mail(Path(told["outbox"]), holder["email"], r"\b\d{6}\b", began)
            code = re.search(r"\b\d{6}\b", mail)
            browser.send("/connexion/code/", {"code": code.group() if code else ""})
            browser.get("/messages/")
        except (Unexpected, OSError) as problem:
            raise CannotMeasure("the holder cannot sign in at the portal") from problem
        return browser

    def team_address(self, name: str) -> str:
        """The address of a team's mailbox. Raises ``CannotMeasure``."""
        for one in self._description["desk"]["professionals"]:
            for address in one["mailboxes"]:
                if address.startswith(f"{name}@"):
                    return str(address)
        raise CannotMeasure(f"nobody of the sandbox uses the mailbox {name}@")

    def at_desk(self, address: str) -> Browser:
        """A professional at the desk, signed in with the sandbox's Pro Santé Connect, in the inbox of this mailbox.

        Raises ``CannotMeasure``.
        """
        desk = self._description["desk"]
        who = next(one for one in desk["professionals"] if address in one["mailboxes"])
        try:
            browser = Browser(desk["sign_in"])
            choice = browser.page.xpath(f"//label[contains(., '{who['rpps']}')]/input/@value")
            browser.send("", {"id_nat": choice[0], "answer": "yes"})
            if "/bureau/" not in browser.url or len(who["mailboxes"]) > 1:
                browser.get(next(one for one in browser.links() if re.search(r"/bureau/[0-9a-f-]{36}/$", one)))
        except (Unexpected, OSError, StopIteration, IndexError) as problem:
            raise CannotMeasure("the professional cannot sign in at the desk") from problem
        return browser

    def confirm(self) -> None:
        """Have a holder sign in at the portal, find a message and open it. Raises ``CannotMeasure``."""
        browser = self.signed_in()
        try:
            browser.follow(SUBJECT)
        except (Unexpected, OSError) as problem:
            raise CannotMeasure("the holder does not find the messages at the portal") from problem
        if "X" * 78 not in browser.text():
            raise CannotMeasure("the holder does not see the text of a message at the portal")

    def remove(self) -> None:
        """Stop, and delete all that was made."""
        self.stop()
        shutil.rmtree(self._root, ignore_errors=True)
