"""Web push, from a notification to a real HTTP endpoint, opened by another library than the one that seals."""

import base64
import threading
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import http_ece
import orjson
import pytest
import time_machine
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.conf import settings
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jwt
from joserfc.jwk import ECKey

from carnet.domain.notifications.commands import notify, set_preferences
from carnet.domain.notifications.jobs import send_waiting
from carnet.domain.notifications.models import Notification, PushNotice, PushSender, PushSubscription
from carnet.domain.notifications.push import MOST_DEVICES, devices, sender_key, subscribe, unsubscribe
from carnet.domain.notifications.push_jobs import send_pushes
from carnet.domain.notifications.values import Channel, NotificationKind
from carnet.foundation.clock import now
from carnet.foundation.ids import new_id
from carnet.foundation.web_push.sealing import BadSubscription, BrowserKeys, _sealed, seal
from carnet.foundation.web_push.sending import NotPushed, PushServices, push
from carnet.sandbox import cast


def base64url(raw):
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def opened(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


class Browser:
    """The keys of a browser, which alone can open what is pushed to it."""

    def __init__(self):
        self.private = ec.generate_private_key(ec.SECP256R1())
        self.secret = b"sixteen octets !"
        self.public = self.private.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)

    def subscribe(self, space, endpoint, device="Firefox"):
        return subscribe(
            space, endpoint=endpoint, p256dh=base64url(self.public), auth=base64url(self.secret), device=device
        )

    def open(self, body):
        return http_ece.decrypt(body, private_key=self.private, auth_secret=self.secret, version="aes128gcm")


@pytest.fixture
def push_service():
    """A push service on this machine: what it was handed, and what it answers."""

    class Service(ThreadingHTTPServer):
        answer = 201
        handed: list = []

    class Door(BaseHTTPRequestHandler):
        def do_POST(self):
            self.server.handed.append(
                (self.path, dict(self.headers), self.rfile.read(int(self.headers["Content-Length"])))
            )
            self.send_response(self.server.answer)
            self.send_header("Location", "http://127.0.0.1:1/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_):
            pass

    service = Service(("127.0.0.1", 0), Door)
    service.handed = []
    service.url = f"http://127.0.0.1:{service.server_port}/push/abc?x=1"
    threading.Thread(target=service.serve_forever, daemon=True).start()
    yield service
    service.shutdown()
    service.server_close()


def deliver():
    send_waiting()
    send_pushes()


def later(seconds):
    return time_machine.travel(now() + timedelta(seconds=seconds), tick=True)


def test_the_example_of_rfc_8291_appendix_a():
    browser = BrowserKeys.parse(
        "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
        "BTBZMqHH6r4Tts7J_aSIgg",
    )
    own = int.from_bytes(opened("yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"), "big")
    body = _sealed(
        b"When I grow up, I want to be a watermelon",
        browser,
        ec.derive_private_key(own, ec.SECP256R1()),
        opened("DGv6ra1nlYgDCS1FRnbzlw"),
    )
    assert base64url(body) == (
        "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3"
        "jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
    )


@given(st.binary(max_size=3000))
def test_what_is_sealed_is_opened_by_its_browser(payload):
    browser = Browser()
    assert browser.open(seal(payload, BrowserKeys(browser.public, browser.secret))) == payload


@pytest.mark.django_db
def test_a_message_is_pushed_once_to_each_browser_and_says_nothing_of_itself(push_service):
    space, first, second = cast.patient(), Browser(), Browser()
    first.subscribe(space, push_service.url)
    second.subscribe(space, push_service.url.replace("abc", "def"))
    notify(space, NotificationKind.MESSAGE, new_id())
    deliver()
    deliver()
    handed = sorted(push_service.handed, key=lambda one: one[0])
    assert [path for path, _, _ in handed] == ["/push/abc?x=1", "/push/def?x=1"]
    _, headers, body = handed[0]
    told = orjson.loads(first.open(body))
    assert told == {"title": "Carnet", "body": "Vous avez un nouveau message.", "page": "/messages/"}
    assert headers["Content-Encoding"] == "aes128gcm"
    assert int(headers["TTL"]) > 0
    with pytest.raises(http_ece.ECEException):
        second.open(body)
    assert Notification.objects.get().outcome == "sent"  # by e-mail too, once


@pytest.mark.django_db
def test_the_push_service_knows_who_sends(push_service):
    space = cast.patient()
    Browser().subscribe(space, push_service.url)
    notify(space, NotificationKind.DOCUMENT, new_id())
    deliver()
    [(_, headers, _)] = push_service.handed
    scheme, _, rest = headers["Authorization"].partition(" ")
    parts = dict(one.strip().split("=", 1) for one in rest.split(","))
    raw = opened(parts["k"])
    key = ECKey.import_key({"kty": "EC", "crv": "P-256", "x": base64url(raw[1:33]), "y": base64url(raw[33:])})
    claims = jwt.decode(parts["t"], key, algorithms=["ES256"]).claims
    assert scheme == "vapid"
    assert parts["k"] == sender_key().public
    assert claims["aud"] == f"http://127.0.0.1:{push_service.server_port}"
    assert claims["sub"] == settings.CARNET_PUSH_CONTACT == "mailto:ne-pas-repondre@carnet.test"
    assert 0 < claims["exp"] - now().timestamp() <= 86_400


@pytest.mark.django_db
def test_preferences_hold_for_each_channel_apart(push_service):
    space = cast.patient()
    Browser().subscribe(space, push_service.url)
    set_preferences(space, {NotificationKind.DOCUMENT}, Channel.PUSH)
    set_preferences(space, set(), Channel.EMAIL)
    notify(space, NotificationKind.MESSAGE, new_id())
    notify(space, NotificationKind.DOCUMENT, new_id())
    deliver()
    assert len(push_service.handed) == 1
    assert {one.outcome for one in Notification.objects.all()} == {"not-wanted"}


@pytest.mark.django_db
@pytest.mark.parametrize("answer", [404, 410])
def test_a_browser_that_has_gone_is_forgotten(push_service, answer):
    space = cast.patient()
    Browser().subscribe(space, push_service.url)
    push_service.answer = answer
    notify(space, NotificationKind.MESSAGE, new_id())
    deliver()
    assert devices(space) == []
    assert PushNotice.objects.get().outcome == "gone"


@pytest.mark.django_db
def test_a_busy_push_service_is_asked_again_later_and_not_for_ever(push_service):
    space = cast.patient()
    Browser().subscribe(space, push_service.url)
    push_service.answer = 503
    notify(space, NotificationKind.MESSAGE, new_id())
    deliver()
    deliver()
    assert len(push_service.handed) == 1
    push_service.answer = 201
    with later(120):
        send_pushes()
    assert len(push_service.handed) == 2
    assert PushNotice.objects.get().outcome == "sent"
    notify(space, NotificationKind.MESSAGE, new_id())
    push_service.answer = 500
    for hours in range(12):
        with later(hours * 3600):
            deliver()
    assert PushNotice.objects.exclude(outcome="sent").get().outcome == "gave-up"
    assert len(push_service.handed) == 2 + 6


@pytest.mark.django_db
def test_a_redirection_is_not_followed(push_service):
    push_service.answer = 307
    with pytest.raises(NotPushed, match="307"):
        push(push_service.url, b"x", {}, PushServices((), loopback=True))
    assert len(push_service.handed) == 1


@pytest.mark.parametrize(
    "endpoint",
    [
        "http://fcm.googleapis.com/x",  # in clear
        "https://fcm.googleapis.com.evil.test/x",
        "https://evil.test/fcm.googleapis.com",
        "https://user:pw@fcm.googleapis.com/x",
        "https://fcm.googleapis.com:8443/x",
        "https://push.apple.com/x",  # below it only
        "https://127.0.0.1/x",
        "https://[::1]/x",
        "https://169.254.169.254/latest",
        "https://fcm.googleapis.com/a\r\nHost: x",
        "https://fcm.googleapis.com/é",
        "file:///etc/passwd",
        "https://fcm.googleapis.com:port/x",
        "",
    ],
)
def test_an_address_that_is_no_push_services_is_not_called(endpoint):
    services = PushServices(("fcm.googleapis.com", "*.push.apple.com"))
    assert not services.takes(endpoint)
    with pytest.raises(NotPushed) as refused:
        push(endpoint, b"", {}, services)
    assert refused.value.gone


def test_the_hosts_of_the_setting_are_taken():
    services = PushServices(("fcm.googleapis.com", "*.push.apple.com"))
    assert services.takes("https://fcm.googleapis.com/fcm/send/abc")
    assert services.takes("https://web.push.apple.com/abc")


def test_a_name_that_leads_into_a_private_network_is_not_called():
    with pytest.raises(NotPushed, match="private"):
        push("https://localhost/x", b"", {}, PushServices(("localhost",)))


@pytest.mark.django_db
def test_what_is_no_subscription_is_refused_by_its_part():
    space, browser = cast.patient(), Browser()
    good = {"endpoint": "http://127.0.0.1:9/x", "p256dh": base64url(browser.public), "auth": base64url(browser.secret)}
    for part, wrong in [("endpoint", "https://evil.test/x"), ("p256dh", "AAAA"), ("auth", "AAAA"), ("p256dh", "é")]:
        with pytest.raises(BadSubscription, match=part):
            subscribe(space, **{**good, part: wrong}, device="x")
    assert not PushSubscription.objects.exists()


@pytest.mark.django_db
def test_subscribing_again_changes_nothing_and_the_oldest_of_too_many_is_dropped():
    space, browser = cast.patient(), Browser()
    assert browser.subscribe(space, "http://127.0.0.1:9/a") == browser.subscribe(space, "http://127.0.0.1:9/a")
    for number in range(MOST_DEVICES):
        browser.subscribe(space, f"http://127.0.0.1:9/{number}", device=f"Browser {number}")
    assert len(devices(space)) == MOST_DEVICES
    assert unsubscribe(space, devices(space)[0].id)
    assert not unsubscribe(space, new_id())


@pytest.mark.django_db
def test_addresses_and_the_senders_key_are_sealed(push_service):
    Browser().subscribe(cast.patient(), push_service.url)
    sender_key()
    assert b"127.0.0.1" not in bytes(PushSubscription.objects.get().address)
    assert b"PRIVATE" not in bytes(PushSender.objects.get().key)


@pytest.mark.django_db
def test_what_came_before_the_browser_subscribed_is_not_pushed(push_service):
    space = cast.patient()
    notify(space, NotificationKind.MESSAGE, new_id())
    Browser().subscribe(space, push_service.url)
    deliver()
    assert push_service.handed == []
