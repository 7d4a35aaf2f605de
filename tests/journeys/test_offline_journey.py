"""Without connection: the page says so, what is written is kept locked and leaves later, once; signing out forgets."""

import contextlib
import json
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

import pytest
from journeys_browser import PHONE, Visitor, visitor
from journeys_demo import Demo
from playwright.sync_api import Browser

from carnet.sandbox import cast

SECRET = "La cicatrice suinte depuis hier"
KEPT_IN_CLEAR = """async () => {
  const found = [];
  for (const name of await caches.keys()) {
    const cache = await caches.open(name);
    for (const request of await cache.keys()) found.push(request.url, await (await cache.match(request)).text());
  }
  for (const { name } of await indexedDB.databases()) {
    const database = await new Promise((done) => {
      const asked = indexedDB.open(name);
      asked.onsuccess = () => done(asked.result);
    });
    for (const store of database.objectStoreNames) {
      const rows = await new Promise((done) => {
        const asked = database.transaction(store).objectStore(store).getAll();
        asked.onsuccess = () => done(asked.result);
      });
      for (const row of rows) {
        const plain = (_, value) => value instanceof ArrayBuffer ? new TextDecoder("latin1").decode(value) : value;
        found.push(JSON.stringify(row, plain));
        if (row instanceof CryptoKey) found.push(`key extractable: ${row.extractable}`);
      }
    }
    database.close();
  }
  found.push(JSON.stringify({ ...localStorage }), JSON.stringify({ ...sessionStorage }));
  return found;
}"""


class Line:
    """The line between a browser and the portal: it can be cut."""

    def __init__(self, host: str, port: int) -> None:
        self.target = (host, port)
        self.cut = False
        self.open: list[socket.socket] = []
        self.door = socket.create_server(("127.0.0.1", 0))
        self.port = self.door.getsockname()[1]
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        while True:
            try:
                near, _ = self.door.accept()
            except OSError:
                return
            if self.cut:
                near.close()
                continue
            far = socket.create_connection(self.target)
            self.open += [near, far]
            for one, other in ((near, far), (far, near)):
                threading.Thread(target=self._carry, args=(one, other), daemon=True).start()

    def _carry(self, one: socket.socket, other: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while piece := one.recv(65536):
                other.sendall(piece)
        for end in (one, other):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def lose(self) -> None:
        self.cut = True
        for end in self.open:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def find(self) -> None:
        self.cut = False


@dataclass(frozen=True)
class Away:
    demo: Demo
    line: Line


@pytest.fixture(scope="module")
def away(demo: Demo) -> Iterator[Away]:
    """The demo, reached by a line of its own."""
    parts = urlsplit(demo.web)
    assert parts.hostname
    assert parts.port
    line = Line(parts.hostname, parts.port)
    yield Away(replace(demo, ready={**demo.ready, "web": f"http://127.0.0.1:{line.port}"}), line)
    line.door.close()


def ready(who: Visitor) -> None:
    """Wait until the service worker looks after the page, and has noted whose device it is."""
    who.page.wait_for_function("() => navigator.serviceWorker.controller !== null")
    who.page.wait_for_function("async () => (await indexedDB.databases()).length && (await Outbox.language()) === 'fr'")


def waiting(who: Visitor) -> list[str]:
    """The sealed words that the browser keeps."""
    return [one for one in who.page.evaluate(KEPT_IN_CLEAR) if one.startswith("{") and '"sealed"' in one]


def heard(who: Visitor) -> list[str]:
    """What the browser held against the portal, without the lost connection itself."""
    left = [one for one in who.complaints if "ERR_" not in one]
    who.complaints.clear()
    return left


def test_words_written_without_connection_are_kept_locked_and_leave_once(away: Away, chromium: Browser) -> None:
    away.demo.write_to(cast.DOMINIQUE, "Votre suivi à domicile", "Bonjour, comment va la cicatrice ?")
    with visitor(away.demo, chromium, PHONE) as dominique:
        dominique.sign_in(cast.DOMINIQUE)
        ready(dominique)
        dominique.wait_for_message("Votre suivi à domicile")
        dominique.follow("Votre suivi à domicile")
        conversation = dominique.page.url
        away.line.lose()
        dominique.page.get_by_label("Votre message").fill(SECRET)
        dominique.press("Envoyer ma réponse")
        dominique.page.wait_for_url("**/hors-ligne/**")
        assert dominique.heading() == "Pas de connexion"
        assert "gardé sur cet appareil" in dominique.text()
        assert heard(dominique) == []
        dominique.look()

        kept = dominique.page.evaluate(KEPT_IN_CLEAR)
        assert any("key extractable: false" in one for one in kept)
        assert len(waiting(dominique)) == 1
        told = json.dumps(kept, ensure_ascii=False)
        for private in ("cicatrice", "Saint-Aubin", "PAT-TROIS", "Dominique", cast.DOMINIQUE.ins):
            assert private not in told, private

        away.line.find()
        dominique.page.goto(conversation)
        said = dominique.page.get_by_role("status").filter(has_text="est parti")
        said.wait_for()
        said.get_by_role("link").click()
        assert dominique.page.locator(".message--out", has_text=SECRET).count() == 1
        dominique.page.reload()
        assert dominique.page.locator(".message--out", has_text=SECRET).count() == 1
        assert heard(dominique) == []


def test_a_page_asked_for_without_connection_is_the_one_that_says_so_and_takes_a_note(
    away: Away, chromium: Browser
) -> None:
    with visitor(away.demo, chromium, PHONE) as dominique:
        dominique.sign_in(cast.DOMINIQUE)
        ready(dominique)
        away.line.lose()
        dominique.go("/documents/")
        assert dominique.heading() == "Pas de connexion"
        dominique.page.get_by_label("Votre message").fill("Demander une ordonnance")
        dominique.press("Garder")
        dominique.page.wait_for_url("**/hors-ligne/**#kept")
        assert "1" in dominique.page.locator("[data-waiting]").inner_text()
        away.line.find()
        dominique.go("/accueil/")
        said = dominique.page.get_by_role("status").filter(has_text="brouillon")
        said.wait_for()
        said.get_by_role("link").click()
        assert dominique.page.get_by_label("Votre message").input_value() == "Demander une ordonnance"
        assert heard(dominique) == []


def test_signing_out_forgets_what_the_device_kept(away: Away, chromium: Browser) -> None:
    with visitor(away.demo, chromium, PHONE) as dominique:
        dominique.sign_in(cast.DOMINIQUE)
        ready(dominique)
        away.line.lose()
        dominique.go("/documents/")
        dominique.page.get_by_label("Votre message").fill(SECRET)
        dominique.press("Garder")
        dominique.page.wait_for_url("**/hors-ligne/**#kept")
        away.line.find()
        # Kept from leaving, so that it still waits when she signs out.
        dominique.page.route("**/messages/nouveau/", lambda route: route.abort())
        dominique.go("/accueil/")
        asked = []
        dominique.page.on("dialog", lambda dialog: (asked.append(dialog.message), dialog.accept()))
        dominique.press("Se déconnecter")
        dominique.page.wait_for_url(f"{away.demo.web}/")
        assert len(asked) == 1
        assert "attendent" in asked[0]
        assert waiting(dominique) == []
        heard(dominique)


def test_another_person_on_the_device_neither_sees_nor_sends_what_waits(away: Away, chromium: Browser) -> None:
    with visitor(away.demo, chromium, PHONE) as who:
        who.sign_in(cast.DOMINIQUE)
        ready(who)
        away.line.lose()
        who.go("/documents/")
        who.page.get_by_label("Votre message").fill(SECRET)
        who.press("Garder")
        who.page.wait_for_url("**/hors-ligne/**#kept")
        away.line.find()
        who.context.clear_cookies()  # the session ended by itself
        who.sign_in(cast.STEPHANE)
        ready(who)
        assert waiting(who) == []
        who.go("/messages/")
        assert "Demander" not in who.text()
        assert SECRET not in who.text()
        heard(who)
