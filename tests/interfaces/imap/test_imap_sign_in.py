"""Signing in to a mailbox with an access token or a certificate, at a real door with a real directory behind it."""

import contextlib
import imaplib
import json
import socket
import ssl
import time
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.utils import timezone
from imap_door import COMMITTED, LOGIN, PASSWORD, QUICK, door
from imapclient import IMAPClient
from imapclient.exceptions import LoginError
from joserfc import jwt
from joserfc.jwk import RSAKey

from carnet.domain.directory.commands import (
    add_certificate,
    delegate_mailbox,
    register_professional,
    revoke_certificate,
    revoke_delegation,
    suspend_mailbox,
)
from carnet.domain.directory.subjects import Subject
from carnet.domain.identity.tokens import TokenPolicy
from carnet.domain.identity.values import Rpps
from carnet.foundation.clock import now
from carnet.foundation.tls import revocation
from carnet.interfaces.bearer import BearerTokens, ProviderKeys
from carnet.interfaces.imap.server import ImapServer
from carnet.interfaces.sign_in import InThread, SignIn
from carnet.interfaces.tls import mailbox_server_context
from carnet.sandbox import cast
from carnet.sandbox.certificates import Authority, Issued

pytestmark = COMMITTED

ISSUER = "https://auth.psc.test/auth/realms/esante-wallet"
KEY = RSAKey.generate_key(2048, {"use": "sig", "alg": "RS256"}, auto_kid=True)
NURSE, SURGEON, STRANGER = Rpps("99700218938"), Rpps("99700218920"), Rpps("99700218946")
SOFTWARE = f"dpi@{cast.HOSPITAL_DOMAIN}"


def token(rpps: Rpps = NURSE, **changes: Any) -> str:
    claims = {"iss": ISSUER, "typ": "Bearer", "azp": "dpi", "exp": int(time.time()) + 60, "SubjectNameID": f"8{rpps}"}
    return jwt.encode({"alg": "RS256", "kid": KEY.kid}, claims | changes, KEY)


def sign_in(in_thread: InThread, *, passwords: bool = True, away: bool = False) -> SignIn:
    known = {} if away else {"_keys": {KEY.kid: KEY}, "_read_at": time.monotonic()}
    keys = ProviderKeys("http://127.0.0.1:9/certs", **known)  # nobody answers there
    tokens = BearerTokens(TokenPolicy(ISSUER, frozenset({"dpi"}), leeway=0), keys)
    return SignIn("imap", in_thread, passwords=passwords, certificates=True, tokens=tokens)


@pytest.fixture
def today():
    return timezone.localdate(now())


@pytest.fixture
def authority(tmp_path: Path, settings: Any) -> Authority:
    """The authority of the trust space, and the door's own certificate by it."""
    made = Authority(tmp_path / "tls")
    own = made.issue("server", "localhost", siren="999000015", organization="Carnet")
    settings.CARNET_TLS_CERT_FILE, settings.CARNET_TLS_KEY_FILE = own.certificate, own.key
    settings.CARNET_OPERATORS_CA_FILE = made.certificate
    settings.CARNET_CRL_FILES = (made.revoke(),)
    revocation.forget()
    return made


@pytest.fixture
def team(mailbox: UUID, today: Any) -> UUID:
    """The orthopaedics team's mailbox, which its nurse has by delegation; a stranger has nothing."""
    register_professional(NURSE, title="Mme", given_name="Julie", family_name="LEMAIRE", profession="60")
    register_professional(STRANGER, title="Dr", given_name="Ivan", family_name="CURIE", profession="10")
    delegate_mailbox(mailbox, NURSE, first=today, last=None, given_by="Dr Vasseur")
    return mailbox


@pytest.fixture
def opened(team: UUID, authority: Authority) -> Iterator[ImapServer]:
    with door(None, tls=mailbox_server_context(), implicit_port=0, sign_in=sign_in) as server:
        yield server


def client_context(authority: Authority, shown: Issued | None = None) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=str(authority.certificate))
    if shown is not None:
        context.load_cert_chain(shown.certificate, shown.key)
    return context


class Client:
    """A session over TLS at once, by imaplib."""

    def __init__(self, server: ImapServer, authority: Authority, shown: Issued | None = None) -> None:
        context = client_context(authority, shown)
        self.imap = imaplib.IMAP4_SSL("localhost", server.implicit_port, ssl_context=context, timeout=10)
        self.challenges: list[bytes] = []

    def by_token(self, access_token: str, user: str = LOGIN) -> str:
        """`OK`, or the words of the refusal."""
        answers = iter([f"user={user}\1auth=Bearer {access_token}\1\1".encode(), b""])

        def respond(challenge: bytes) -> bytes:
            self.challenges.append(challenge)
            return next(answers)

        return self._authenticate("XOAUTH2", respond)

    def by_certificate(self, user: str = "") -> str:
        return self._authenticate("EXTERNAL", lambda _challenge: user.encode())

    def _authenticate(self, mechanism: str, respond: Callable[[bytes], bytes]) -> str:
        try:
            return self.imap.authenticate(mechanism, respond)[0]
        except imaplib.IMAP4.error as refusal:
            return str(refusal)

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_: object) -> None:
        self.imap.shutdown()


@pytest.fixture
def client(opened: ImapServer, authority: Authority) -> Iterator[Client]:
    with Client(opened, authority) as made:
        yield made


def test_the_nurse_opens_the_team_s_mailbox_with_her_token(client: Client) -> None:
    assert client.by_token(token()) == "OK"
    assert client.imap.select("INBOX")[0] == "OK"


def test_imapclient_signs_in_by_both_mechanisms_over_starttls(opened: ImapServer, authority: Authority) -> None:
    for way in ("oauth2_login", "oauthbearer_login"):
        with IMAPClient("localhost", opened.port, ssl=False, timeout=10) as foreign:
            assert not foreign.has_capability("AUTH=XOAUTH2")
            foreign.starttls(client_context(authority))
            assert foreign.has_capability("AUTH=XOAUTH2")
            assert foreign.has_capability("AUTH=OAUTHBEARER")
            assert not foreign.has_capability("AUTH=EXTERNAL")
            getattr(foreign, way)(LOGIN, token())
            assert foreign.folder_exists("INBOX")
        with IMAPClient("localhost", opened.port, ssl=False, timeout=10) as foreign:
            foreign.starttls(client_context(authority))
            with pytest.raises(LoginError, match="AUTHENTICATIONFAILED"):
                getattr(foreign, way)(LOGIN, token(STRANGER))


def test_a_refusal_is_told_as_clients_of_mssante_know_it(client: Client) -> None:
    assert "AUTHENTICATIONFAILED" in client.by_token(token(STRANGER))
    assert json.loads(client.challenges[1]) == {"status": "401", "schemes": "bearer", "scope": "mail"}
    assert client.by_token(token()) == "OK"


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: token(exp=int(time.time()) - 60),
        lambda: token(typ="ID", aud="dpi"),
        lambda: token(azp="another-client"),
        lambda: token(iss="https://auth.other.test"),
        lambda: jwt.encode({"alg": "RS256", "kid": KEY.kid}, {"iss": ISSUER}, RSAKey.generate_key(2048)),
    ],
)
def test_a_token_that_proves_nobody_opens_nothing(client: Client, wrong: Callable[[], str]) -> None:
    assert "AUTHENTICATIONFAILED" in client.by_token(wrong())
    assert client.by_token(token()) == "OK"


def test_a_delegation_holds_in_its_dates_only(opened: ImapServer, authority: Authority, team: UUID, today: Any) -> None:
    """One after the other, each in a session of its own: no delegation, one to come, one that lasts, one revoked."""

    def answer() -> str:
        with Client(opened, authority) as client:
            return client.by_token(token(STRANGER))

    assert "AUTHENTICATIONFAILED" in answer()
    delegate_mailbox(team, STRANGER, first=today + timedelta(days=1), last=None, given_by="Dr Vasseur")
    assert "AUTHENTICATIONFAILED" in answer()
    revoke_delegation(team, STRANGER, by="Dr Vasseur")
    delegate_mailbox(team, STRANGER, first=today - timedelta(days=9), last=today, given_by="Dr Vasseur")
    assert answer() == "OK"
    revoke_delegation(team, STRANGER, by="Dr Vasseur")
    assert "AUTHENTICATIONFAILED" in answer()


def test_a_professional_opens_her_own_mailbox_and_not_her_colleague_s(client: Client) -> None:
    cast.surgeon()
    cast.general_practitioner()
    assert "AUTHENTICATIONFAILED" in client.by_token(token(SURGEON), f"claire.morvan@{cast.CITY_DOMAIN}")
    assert client.by_token(token(SURGEON), f"Helene.Vasseur@{cast.HOSPITAL_DOMAIN}") == "OK"


def test_a_suspended_mailbox_opens_for_nobody(client: Client, team: UUID) -> None:
    suspend_mailbox(team, by="test")
    assert "AUTHENTICATIONFAILED" in client.by_token(token())


def test_an_address_is_always_said(client: Client) -> None:
    first = b64encode(f"n,,\1auth=Bearer {token()}\1\1".encode()).decode()
    client.imap.send(f"a AUTHENTICATE OAUTHBEARER {first}\r\n".encode())
    challenge = client.imap.readline()
    assert json.loads(b64decode(challenge[2:]))["status"] == "401"
    client.imap.send(b"AQ==\r\n")
    assert client.imap.readline().startswith(b"a NO [AUTHENTICATIONFAILED]")


def test_while_the_provider_is_away_nobody_is_called_wrong(team: UUID, authority: Authority) -> None:
    with (
        door(None, tls=mailbox_server_context(), implicit_port=0, sign_in=partial(sign_in, away=True)) as server,
        Client(server, authority) as client,
    ):
        for _ in range(QUICK.login_failures + 1):
            assert "[UNAVAILABLE]" in client.by_token(token())
        assert client.challenges == [b""] * (QUICK.login_failures + 1)
        assert client.imap.login(LOGIN, PASSWORD)[0] == "OK"
        assert server.counters.login_failures == 0


def test_where_passwords_are_not_taken_none_is_asked_for(team: UUID, authority: Authority) -> None:
    with (
        door(None, tls=mailbox_server_context(), implicit_port=0, sign_in=partial(sign_in, passwords=False)) as server,
        Client(server, authority) as client,
    ):
        offered = client.imap.capability()[1][0].decode().split()
        assert "LOGINDISABLED" in offered
        assert [one for one in offered if one.startswith("AUTH=")] == ["AUTH=XOAUTH2", "AUTH=OAUTHBEARER"]
        with pytest.raises(imaplib.IMAP4.error, match="CANNOT"):
            client.imap.login(LOGIN, PASSWORD)
        assert "CANNOT" in client._authenticate("PLAIN", lambda _: f"\0{LOGIN}\0{PASSWORD}".encode())
        assert client.by_token(token()) == "OK"


def test_a_session_outlives_its_token_unless_the_setting_ends_it(
    opened: ImapServer, authority: Authority, settings: Any
) -> None:
    brief = token(exp=int(time.time()) + 5)
    with Client(opened, authority) as tolerated:
        assert tolerated.by_token(brief) == "OK"
        settings.CARNET_TOKEN_ENDS_SESSION = True
        with Client(opened, authority) as ended:
            assert ended.by_token(brief) == "OK"
            ended.imap.send(b"a IDLE\r\n") if ended.imap.select("INBOX")[0] == "OK" else None
            assert ended.imap.readline().startswith(b"+ ")
            said = ended.imap.readline()
            assert said.startswith(b"* BYE")
            assert b"expired" in said
        assert tolerated.imap.noop()[0] == "OK"
        assert "AUTHENTICATIONFAILED" in tolerated_again(opened, authority, brief)


def tolerated_again(opened: ImapServer, authority: Authority, old: str) -> str:
    """The same token once more, after its end: nothing of it was remembered."""
    while b64_exp(old) > time.time():
        time.sleep(0.2)
    with Client(opened, authority) as client:
        return client.by_token(old)


def b64_exp(text: str) -> float:
    payload = text.split(".")[1]
    return float(json.loads(b64decode(payload + "=" * (-len(payload) % 4), b"-_"))["exp"])


# Certificates


@pytest.fixture
def software(opened: ImapServer, authority: Authority) -> Issued:
    """The hospital's software and its certificate, which its mailbox knows."""
    shown = authority.issue("software", "dpi.test", siren="999000031", organization="Centre hospitalier Saint-Aubin")
    add_certificate(cast.hospital_software(), Subject.parse(shown.subject), written=shown.subject, by="test")
    return shown


@pytest.mark.parametrize("user", ["", SOFTWARE, SOFTWARE.upper()])
def test_software_opens_its_mailbox_with_its_certificate(
    opened: ImapServer, authority: Authority, software: Issued, user: str
) -> None:
    with Client(opened, authority, software) as client:
        assert "AUTH=EXTERNAL" in client.imap.capabilities
        assert client.by_certificate(user) == "OK"
        assert client.imap.select("INBOX")[0] == "OK"


def test_a_certificate_opens_no_other_mailbox(opened: ImapServer, authority: Authority, software: Issued) -> None:
    other = authority.issue("other", "other.test", siren="999000049", organization="Autre")
    with Client(opened, authority, software) as client:
        assert "AUTHENTICATIONFAILED" in client.by_certificate(LOGIN)
    with Client(opened, authority, other) as client:
        assert "AUTHENTICATIONFAILED" in client.by_certificate(SOFTWARE)


def test_without_a_certificate_external_is_not_there(client: Client, software: Issued) -> None:
    assert "AUTH=EXTERNAL" not in client.imap.capabilities
    assert "CANNOT" in client.by_certificate(SOFTWARE)


def test_a_certificate_taken_back_opens_nothing(opened: ImapServer, authority: Authority, software: Issued) -> None:
    authority.revoke(software.serial)
    revocation.forget()
    with Client(opened, authority, software) as client:
        assert "AUTHENTICATIONFAILED" in client.by_certificate(SOFTWARE)


def test_a_revocation_list_that_ran_out_is_no_fault_of_the_software(
    opened: ImapServer, authority: Authority, software: Issued
) -> None:
    long_ago = now() - timedelta(days=60)
    authority.revoke(this_update=long_ago, next_update=long_ago + timedelta(days=30))
    revocation.forget()
    with Client(opened, authority, software) as client:
        assert "UNAVAILABLE" in client.by_certificate(SOFTWARE)


def test_a_mailbox_forgets_a_certificate(opened: ImapServer, authority: Authority, software: Issued) -> None:
    from carnet.domain.directory.models import Mailbox

    revoke_certificate(Mailbox.objects.get(address=SOFTWARE).id, Subject.parse(software.subject), by="test")
    with Client(opened, authority, software) as client:
        assert "AUTHENTICATIONFAILED" in client.by_certificate(SOFTWARE)


def test_a_certificate_of_another_authority_ends_the_handshake(
    opened: ImapServer, authority: Authority, tmp_path: Path
) -> None:
    elsewhere = Authority(tmp_path / "elsewhere", "Une autre autorité")
    stranger = elsewhere.issue("software", "dpi.test", siren="999000031", organization="Centre hospitalier Saint-Aubin")
    with pytest.raises((ssl.SSLError, ConnectionError, imaplib.IMAP4.abort)), Client(opened, authority, stranger):
        pass


def test_nothing_is_said_in_clear_on_the_port_with_tls_at_once(opened: ImapServer) -> None:
    with socket.create_connection((opened.host, opened.implicit_port), timeout=10) as plain:
        plain.sendall(b"a CAPABILITY\r\n")
        said = b""
        with contextlib.suppress(ConnectionError):
            while more := plain.recv(4096):
                said += more
    assert b"CAPABILITY" not in said
