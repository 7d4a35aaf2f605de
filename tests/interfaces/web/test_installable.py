"""The installable page as a browser is given it, and the devices that a holder is told on."""

import json
import re

import pytest
from django.test import Client

from carnet.domain.notifications.push import devices, subscribe
from carnet.interfaces.web.installable import SHELL

P256DH = "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"
AUTH = "BTBZMqHH6r4Tts7J_aSIgg"
GIVEN = {"endpoint": "http://127.0.0.1:9/x", "keys": {"p256dh": P256DH, "auth": AUTH}, "device": "Firefox, Android"}


def test_the_manifest_names_icons_that_are_there(client):
    told = json.loads(client.get("/carnet.webmanifest").content)
    assert told["display"] == "standalone"
    assert {"any", "192x192", "512x512"} <= {icon["sizes"] for icon in told["icons"]}
    assert any(icon.get("purpose") == "maskable" for icon in told["icons"])
    for icon in told["icons"]:
        assert client.get(icon["src"]).status_code == 200


def test_the_worker_keeps_the_shell_and_pages_that_are_the_same_for_everybody(client, dominique):
    answer = dominique.get("/carnet-worker.js")
    assert answer.headers["Content-Type"].startswith("text/javascript")
    keeps = json.loads(re.match(r"const KEEPS = (.*);\n", answer.content.decode()).group(1))
    assert len(keeps["shell"]) == len(SHELL)
    for address in (*keeps["shell"], *keeps["pages"].values()):
        mine, anybodys = dominique.get(address), client.get(address)
        assert mine.status_code == 200
        assert b"".join(mine) == b"".join(anybodys)
    assert "worker-src 'self'" in client.get("/").headers["Content-Security-Policy"]


@pytest.mark.parametrize(("language", "said"), [("fr", "Pas de connexion"), ("en", "No connection")])
def test_the_page_for_no_connection_speaks_both_languages(client, language, said):
    assert said in client.get(f"/hors-ligne/{language}/").content.decode()


def test_another_language_than_these_is_not_found(client, db):
    assert client.get("/hors-ligne/xx/").status_code == 404


def test_signing_out_tells_the_browser_to_forget(dominique):
    assert "Clear-Site-Data" not in dominique.get("/accueil/").headers
    answer = dominique.post("/deconnexion/")
    assert answer.headers["Clear-Site-Data"] == '"cache", "storage"'


def test_a_device_is_added_and_taken_away(dominique, patient):
    answer = dominique.post("/reglages/appareils/", json.dumps(GIVEN), content_type="application/json")
    assert answer.status_code == 200
    [device] = devices(patient)
    assert "Firefox, Android" in dominique.get("/reglages/").content.decode()
    dominique.post(f"/reglages/appareils/{device.id}/retrait/")
    assert devices(patient) == []


@pytest.mark.parametrize(
    "given",
    [b"", b"[]", b"{", b'{"endpoint": 5}', b"\xff", json.dumps({**GIVEN, "endpoint": "https://evil.test/"}).encode()],
)
def test_what_is_no_subscription_is_refused_and_nothing_is_kept(dominique, patient, given):
    answer = dominique.post("/reglages/appareils/", given, content_type="application/json")
    assert answer.status_code == 422
    assert devices(patient) == []


def test_somebody_elses_device_cannot_be_taken_away(stephane, patient):
    device = subscribe(patient, endpoint=GIVEN["endpoint"], p256dh=P256DH, auth=AUTH, device="x")
    stephane.post(f"/reglages/appareils/{device}/retrait/")
    assert len(devices(patient)) == 1


def test_a_device_is_not_added_without_the_token_of_the_page(dominique, patient):
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = dominique.cookies
    answer = strict.post("/reglages/appareils/", json.dumps(GIVEN), content_type="application/json")
    assert answer.status_code == 403
    assert devices(patient) == []


def test_preferences_are_kept_by_channel(dominique, patient):
    dominique.post("/reglages/", {"language": "fr", "messages": "on", "push_documents": "on"})
    shown = dominique.get("/reglages/").content.decode()
    ticked = {name for name in re.findall(r'<input type="checkbox" name="(\w+)"[^>]*checked', shown)}
    assert ticked == {"messages", "push_documents"}


def test_no_push_is_offered_where_no_service_is_named(dominique, settings):
    settings.CARNET_PUSH_HOSTS = ()
    assert "data-push-key" not in dominique.get("/reglages/").content.decode()
