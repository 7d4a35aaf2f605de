"""Professionals sign in to the desk with Pro Santé Connect (the sandbox's), and what must not let anybody in."""

import re
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest
import time_machine
from desk_people import NURSE, PRACTITIONER, SURGEON, sign_in_professional
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import path

from carnet.config import settings as installation
from carnet.config import urls as portal
from carnet.config.environment import BadSetting
from carnet.domain.directory.commands import revoke_delegation
from carnet.domain.directory.commands.life import suspend_mailbox
from carnet.domain.directory.models import Mailbox, MailboxDelegate, MailboxTrace
from carnet.domain.identity.models import Professional
from carnet.domain.identity.values import Rpps
from carnet.domain.spaces.models import Account, HealthSpace
from carnet.interfaces.web.desk.session import AtDesk, for_desk
from carnet.sandbox import cast
from carnet.sandbox.psc.app import application
from carnet.sandbox.psc.grants import Client as Software
from carnet.sandbox.psc.grants import Provider
from carnet.sandbox.psc.memory import Memory, Session
from carnet.sandbox.psc.people import Person
from carnet.sandbox.psc.tokens import TokenWriter, ensure_key

PORTAL, OTHER = "portail", "autre-logiciel"


@dataclass(frozen=True)
class TokenWriterThatLies(TokenWriter):
    """Writes identity tokens with other claims than the sign-in asked for, signed with the right key."""

    claims: dict[str, Any] = field(default_factory=dict)

    def id_token(self, session: Session, person: Person, access_token: str) -> str:
        made = self.read(super().id_token(session, person, access_token)) or {}
        return self._sign({**made, **self.claims})


@dataclass
class Psc:
    """The sandbox's provider, served over HTTP; the person at its page is played here."""

    provider: Provider
    honest: TokenWriter
    asked: dict[str, str] = field(default_factory=dict)

    def code(self, address: str, rpps: str) -> dict[str, str]:
        """What the browser brings back when this professional has chosen their name at that address."""
        self.asked = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
        waiting = self.provider.asked(self.asked)
        _request, code = self.provider.chosen(waiting, f"8{rpps}")
        return {"code": code, "state": self.asked["state"]}


class _Quiet(WSGIRequestHandler):
    def log_message(self, *_: Any) -> None:
        """Nothing on the terminal."""


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Psc]:
    key = ensure_key(tmp_path_factory.mktemp("psc"))
    people = {
        f"8{rpps}": Person(rpps, "Mme", "Julie", "LEMAIRE", "60", "")
        for rpps in (NURSE, SURGEON, PRACTITIONER, "99700218999")
    }
    clients = {name: Software(name, f"{name}-secret") for name in (PORTAL, OTHER)}
    tokens = TokenWriter("", key, 60)
    provider = Provider(clients, tokens, people.get, Memory())
    server = make_server("127.0.0.1", 0, application(provider), handler_class=_Quiet)
    provider.tokens = replace(tokens, issuer=f"http://127.0.0.1:{server.server_port}/auth/realms/esante-wallet")
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield Psc(provider, provider.tokens)
    server.shutdown()
    server.server_close()


@pytest.fixture
def psc(served: Psc, settings: Any, tmp_path: Path) -> Iterator[Psc]:
    secret = tmp_path / "secret"
    secret.write_text(f"{PORTAL}-secret\n")
    settings.CARNET_PSC_ISSUER = served.honest.issuer
    settings.CARNET_PSC_DISCOVERY_URL = f"{served.honest.issuer}/.well-known/wallet-openid-configuration"
    settings.CARNET_PSC_CLIENT_ID = PORTAL
    settings.CARNET_PSC_CLIENT_SECRET_FILE = secret
    yield served
    served.provider.tokens = served.honest


def browser() -> Client:
    """The provider sends nobody to another machine than this one."""
    return Client(SERVER_NAME="127.0.0.1")


@pytest.fixture
def client() -> Client:
    return browser()


@pytest.fixture
def team(ward: str) -> UUID:
    """The orthopaedics team's mailbox: Julie and Dr Vasseur have it by delegation."""
    cast.surgeon()
    return cast.nurse()


def in_the_box(request: Any, who: AtDesk) -> Any:
    from django.http import HttpResponse

    return HttpResponse(f"{who.name} in {who.mailbox.address}")


@pytest.fixture
def box_page(monkeypatch: pytest.MonkeyPatch, settings: Any) -> Callable[[UUID], str]:
    """The address of a page of a mailbox that says who is there, whatever the desk's own pages show."""
    routes = [path("bureau/<uuid:box>/ici/", for_desk(in_the_box), name="here"), *portal.urlpatterns]
    settings.ROOT_URLCONF = type("Routes", (), {"urlpatterns": routes, "handler404": portal.handler404})
    return lambda box: f"/bureau/{box}/ici/"


def sign_in(client: Client, psc: Psc, rpps: str, **changed: str) -> Any:
    """The whole way, as a browser goes it; the portal's answer to what it brings back."""
    begun = client.get("/connexion/professionnel/")
    assert begun.status_code == 302, begun.content
    return client.get("/connexion/professionnel/retour/", psc.code(begun["Location"], rpps) | changed)


def is_signed_in(client: Client) -> bool:
    return "_auth_user_id" in client.session


def test_a_nurse_signs_in_by_pro_sante_connect_and_is_known_by_her_rpps_alone(
    psc: Psc, team: UUID, client: Client
) -> None:
    client.get("/connexion/professionnel/")
    before = client.session.session_key
    answer = sign_in(client, psc, NURSE)
    assert (answer.status_code, answer["Location"]) == (302, "/bureau/")
    # what was asked for: a code, with proof keys, for a level
    assert psc.asked["response_type"] == "code"
    assert (psc.asked["code_challenge_method"], psc.asked["acr_values"]) == ("S256", "eidas1")
    assert len(psc.asked["state"]) >= 20
    assert len(psc.asked["nonce"]) >= 20
    assert psc.asked["redirect_uri"].endswith("/connexion/professionnel/retour/")
    # a session of its own, under a new name, that holds no token in clear
    assert client.session.session_key != before
    account = Account.objects.get(pk=client.session["_auth_user_id"])
    assert (account.role, account.professional_id, account.space_id, account.email) == ("professional", NURSE, None, "")
    assert not account.has_usable_password()
    assert not [key for key, _kept in client.session.items() if key.startswith("_state_psc")]
    assert not re.search(r"eyJ[\w-]{10}", str(dict(client.session)))
    sign_in(browser(), psc, NURSE)
    assert Account.objects.filter(professional_id=NURSE).count() == 1


def test_signing_out_ends_the_session_here_and_at_pro_sante_connect(psc: Psc, team: UUID, client: Client) -> None:
    sign_in(client, psc, NURSE)
    assert psc.provider.memory.sessions.all()
    sessions = {one.id for one in psc.provider.memory.sessions.all() if one.id_nat == f"8{NURSE}"}
    answer = client.post("/deconnexion/")
    assert answer["Location"] == "/"
    assert not is_signed_in(client)
    left = {one.id for one in psc.provider.memory.sessions.all() if one.id_nat == f"8{NURSE}"}
    assert len(sessions - left) == 1


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        ({"state": "forged"}, "another window"),
        ({"state": ""}, "another window"),
        ({"iss": "https://elsewhere.test"}, "could not be checked"),
        ({"code": "guessed"}, "could not be checked"),
    ],
)
def test_an_answer_that_was_tampered_with_lets_nobody_in(
    psc: Psc, team: UUID, client: Client, changed: dict[str, str], problem: str
) -> None:
    answer = sign_in(client, psc, NURSE, **changed)
    assert answer.status_code == 403
    client.post("/langue/", {"language": "en"})
    assert problem in sign_in(client, psc, NURSE, **changed).content.decode()
    assert not is_signed_in(client)
    assert sign_in(client, psc, NURSE, iss=psc.honest.issuer).status_code == 302


def test_an_answer_belongs_to_the_browser_that_asked_and_is_taken_once(psc: Psc, team: UUID, client: Client) -> None:
    begun = client.get("/connexion/professionnel/")
    brought = psc.code(begun["Location"], NURSE)
    other = browser()  # a link with the code of another's sign-in: login CSRF
    assert other.get("/connexion/professionnel/retour/", brought).status_code == 403
    assert client.get("/connexion/professionnel/retour/", brought).status_code == 302
    client.logout()
    assert client.get("/connexion/professionnel/retour/", brought).status_code == 403  # replayed
    begun = client.get("/connexion/professionnel/")  # the old code under a new state
    again = psc.code(begun["Location"], NURSE) | {"code": brought["code"]}
    assert client.get("/connexion/professionnel/retour/", again).status_code == 403
    assert not is_signed_in(client)


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "https://elsewhere.test/auth/realms/esante-wallet"},
        {"aud": OTHER, "azp": OTHER},
        {"aud": [PORTAL, OTHER], "azp": OTHER},
        {"nonce": "of-another-sign-in"},
        {"acr": "eidas0"},
        {"exp": 1_600_000_000},
        {"sub": "f:0:someone-else"},
        {"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"},
    ],
    ids=lambda claims: next(iter(claims)),
)
def test_an_identity_token_that_says_another_thing_lets_nobody_in(
    psc: Psc, team: UUID, client: Client, claims: dict[str, Any]
) -> None:
    honest = psc.honest
    psc.provider.tokens = TokenWriterThatLies(honest.issuer, honest.key, honest.seconds, claims)
    assert sign_in(client, psc, NURSE).status_code == 403
    assert not is_signed_in(client)
    psc.provider.tokens = TokenWriterThatLies(honest.issuer, honest.key, honest.seconds, {"jti": "unimportant"})
    assert sign_in(client, psc, NURSE).status_code == 302


def test_a_token_signed_by_another_key_lets_nobody_in(psc: Psc, team: UUID, client: Client, tmp_path: Path) -> None:
    assert sign_in(browser(), psc, NURSE).status_code == 302  # the keys are known now
    psc.provider.tokens = replace(psc.honest, key=ensure_key(tmp_path / "thief"))
    assert psc.provider.tokens.key.kid != psc.honest.key.kid
    key_set = psc.honest.key_set
    psc.provider.tokens.__dict__["key_set"] = key_set
    assert sign_in(client, psc, NURSE).status_code == 403
    assert not is_signed_in(client)


def test_who_is_not_active_in_the_directory_is_not_let_in(psc: Psc, team: UUID, client: Client) -> None:
    assert sign_in(client, psc, "99700218999").status_code == 403  # never heard of
    Professional.objects.filter(rpps=NURSE).update(active=False)
    assert sign_in(client, psc, NURSE).status_code == 403
    assert not Account.objects.filter(role="professional").exists()
    assert not is_signed_in(client)


def test_a_provider_that_is_away_or_is_another_is_told_in_words(
    psc: Psc, team: UUID, client: Client, settings: Any
) -> None:
    client.post("/langue/", {"language": "en"})
    settings.CARNET_PSC_DISCOVERY_URL = "http://127.0.0.1:1/nobody"
    answer = client.get("/connexion/professionnel/")
    assert (answer.status_code, "does not answer" in answer.content.decode()) == (503, True)
    settings.CARNET_PSC_DISCOVERY_URL = f"{psc.honest.issuer}/.well-known/wallet-openid-configuration"
    settings.CARNET_PSC_ISSUER = "http://127.0.0.1:1/auth/realms/another"
    assert client.get("/connexion/professionnel/").status_code == 503
    settings.CARNET_PSC_CLIENT_ID = ""
    assert client.get("/connexion/professionnel/").status_code == 404
    assert "Pro Santé Connect" not in client.get("/").content.decode()


@pytest.mark.parametrize("wanted", ["https://elsewhere.test/", "//elsewhere.test/", "/\\elsewhere.test"])
def test_where_one_goes_after_signing_in_is_a_page_of_the_portal(
    psc: Psc, team: UUID, client: Client, wanted: str
) -> None:
    begun = client.get("/connexion/professionnel/", {"next": wanted})
    answer = client.get("/connexion/professionnel/retour/", psc.code(begun["Location"], NURSE) | {"next": wanted})
    assert answer["Location"] == "/bureau/"
    client.logout()
    # a form that a stranger's page sends here: that page is not where one goes afterwards
    assert client.post(f"/bureau/{team}/rechercher/", {"next": wanted}, HTTP_REFERER=wanted).status_code == 403
    assert sign_in(client, psc, NURSE)["Location"] == "/accueil/"


def test_one_comes_back_to_the_page_of_the_desk_that_one_asked_for(
    psc: Psc, team: UUID, client: Client, box_page: Callable[[UUID], str]
) -> None:
    asked = client.get(box_page(team))
    assert asked["Location"] == "/connexion/professionnel/"
    answer = sign_in(client, psc, NURSE)
    assert answer["Location"] == box_page(team)
    assert client.get(box_page(team)).content.decode() == f"Mme Julie LEMAIRE in orthopedie@{cast.HOSPITAL_DOMAIN}"


def test_a_form_sent_after_the_session_has_ended_loses_no_words_and_leads_to_sign_in(
    psc: Psc, team: UUID, client: Client, box_page: Callable[[UUID], str]
) -> None:
    sign_in(client, psc, NURSE)
    client.cookies.pop("sessionid")
    answer = client.post(f"/bureau/{team}/rechercher/", {"text": "Venez <b>à jeun</b>"}, HTTP_REFERER=box_page(team))
    shown = answer.content.decode()
    assert answer.status_code == 403, "a browser follows no form to another origin"
    assert "Venez &lt;b&gt;à jeun&lt;/b&gt;</textarea>" in shown
    assert 'href="/connexion/professionnel/"' in shown
    assert "à jeun" not in str(dict(client.session.items()))
    by_script = client.post(f"/bureau/{team}/rechercher/", {"text": "x"}, headers={"Accept": "application/json"})
    assert by_script["Location"] == "/connexion/professionnel/"


def test_a_mailbox_opens_to_its_team_and_each_opening_and_refusal_is_traced_once_a_session(
    team: UUID, client: Client, box_page: Callable[[UUID], str]
) -> None:
    of_the_surgeon = Mailbox.objects.get(professional_id=SURGEON).id
    sign_in_professional(client, NURSE)
    for _ in range(2):
        assert client.get(box_page(team)).status_code == 200
        refused = client.get(box_page(of_the_surgeon))
        unknown = client.get(box_page(UUID(int=7)))
    assert (refused.status_code, unknown.status_code) == (404, 404)
    assert _without_tokens(refused.content) == _without_tokens(unknown.content)
    seen = list(
        MailboxTrace.objects.filter(act="sign-in", door="desk")
        .order_by("at")
        .values_list("mailbox_id", "author", "outcome")
    )
    assert seen == [(team, NURSE, ""), (of_the_surgeon, NURSE, "not-entitled")]
    sign_in_professional(client, SURGEON)
    assert client.get(box_page(of_the_surgeon)).status_code == 200
    assert MailboxTrace.objects.filter(act="sign-in", door="desk").values("session").distinct().count() == 2


def _without_tokens(page: bytes) -> str:
    text = re.sub(r'value="[\w]{64}"', "", page.decode())
    return re.sub(r"/bureau/[0-9a-f-]{36}", "", text)


def test_what_is_taken_away_during_a_session_is_gone_at_the_next_request(
    team: UUID, client: Client, box_page: Callable[[UUID], str]
) -> None:
    other = sign_in_professional(Client(), SURGEON)
    sign_in_professional(client, NURSE)
    assert client.get(box_page(team)).status_code == 200
    revoke_delegation(team, Rpps(NURSE), "Dr Hélène Vasseur")
    assert client.get(box_page(team)).status_code == 404
    assert other.get(box_page(team)).status_code == 200
    suspend_mailbox(team, by="exploitation")
    assert other.get(box_page(team)).status_code == 404
    outcomes = MailboxTrace.objects.filter(act="sign-in").exclude(outcome="").values_list("author", "outcome")
    assert set(outcomes) == {(NURSE, "not-entitled"), (SURGEON, "suspended")}
    Professional.objects.filter(rpps=SURGEON).update(active=False)
    assert other.get("/bureau/")["Location"] == "/connexion/professionnel/"
    assert not is_signed_in(other)


def test_a_session_at_the_desk_ends_by_the_clock_however_busy(
    team: UUID, client: Client, settings: Any, box_page: Callable[[UUID], str]
) -> None:
    settings.CARNET_DESK_SESSION_SECONDS = 3600
    sign_in_professional(client, NURSE)
    assert client.get(box_page(team)).status_code == 200
    with time_machine.travel(time.time() + 3599, tick=False):
        assert client.get(box_page(team)).status_code in (200, 302)
    with time_machine.travel(time.time() + 3601, tick=False):
        assert client.get(box_page(team))["Location"] == "/connexion/professionnel/"
        assert not is_signed_in(client)


def test_each_finds_nothing_in_the_pages_of_the_others(
    team: UUID, patient: UUID, client: Client, box_page: Callable[[UUID], str]
) -> None:
    cast.administrator()
    holder = Client()
    holder.force_login(Account.objects.get(space_id=patient))
    operator = Client()
    operator.force_login(Account.objects.get(role="administrator"))
    sign_in_professional(client, NURSE)
    for other in (holder, operator):
        assert other.get("/bureau/").status_code == 404
        assert other.get(box_page(team)).status_code == 404
    assert not MailboxTrace.objects.filter(act="sign-in").exists()
    for place in ("/accueil/", "/messages/", "/documents/", "/activite/", "/reglages/", "/"):
        assert client.get(place)["Location"] == "/bureau/"
    for place in ("/console/", "/console/boites/", "/reglages/mot-de-passe/"):
        assert client.get(place).status_code == 404
    assert client.post("/reglages/mot-de-passe/", {"password1": "x", "password2": "x"}).status_code == 404


def test_no_password_opens_the_account_of_a_professional(team: UUID, client: Client) -> None:
    sign_in_professional(Client(), NURSE)
    account = Account.objects.get(professional_id=NURSE)
    account.set_password(cast.PASSWORD)  # as if somebody had written one into the database
    account.save()
    client.post("/connexion/", {"login": account.login, "password": cast.PASSWORD})
    assert not is_signed_in(client)
    assert client.get("/connexion/code/").status_code != 200


def test_the_database_knows_what_an_account_of_each_role_opens(team: UUID, patient: UUID) -> None:
    space = HealthSpace.objects.get(id=patient)
    for wrong in (
        {"role": "professional", "professional_id": None},
        {"role": "professional", "professional_id": NURSE, "space": HealthSpace.objects.get(id=cast.second_patient())},
        {"role": "administrator", "professional_id": NURSE},
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            Account.objects.create(login="somebody-new", **wrong)
    assert Account.objects.filter(space=space, role="holder").exists()


def test_one_chooses_a_mailbox_and_goes_straight_into_the_only_one(team: UUID, client: Client) -> None:
    sign_in_professional(client, SURGEON)
    client.post("/langue/", {"language": "en"})
    page = client.get("/bureau/").content.decode()
    assert page.index("Dr Hélène VASSEUR") < page.index("Chirurgie orthopédique")  # one's own first
    assert f"/bureau/{team}/" in page
    sign_in_professional(client, NURSE)
    answer = client.get("/bureau/")
    assert (answer.status_code, answer["Location"]) == (302, f"/bureau/{team}/")
    MailboxDelegate.objects.filter(professional_id=NURSE).update(revoked_at="2026-01-01T00:00Z")
    assert "Aucune boîte ne vous est ouverte" in client.get("/bureau/").content.decode()


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({}, ""),
        ({"CARNET_WEB_URL": "http://portail.test"}, "CARNET_WEB_URL"),
        ({"CARNET_PSC_ISSUER": "http://127.0.0.1:8010/auth"}, "CARNET_PSC_ISSUER"),
        ({"CARNET_PSC_DISCOVERY_URL": "http://psc.test/d"}, "CARNET_PSC_DISCOVERY_URL"),
        ({"CARNET_PSC_CLIENT_SECRET_FILE": None}, "CARNET_PSC_CLIENT_ID"),
        ({"CARNET_PSC_SCOPES": ("scope_all",)}, "CARNET_PSC_SCOPES"),
        ({"CARNET_PRODUCTION": False, "CARNET_WEB_URL": "http://127.0.0.1:8000"}, ""),
        ({"CARNET_PSC_CLIENT_ID": "", "CARNET_WEB_URL": "http://portail.test"}, ""),
    ],
)
def test_production_without_https_does_not_start_once_professionals_sign_in(
    monkeypatch: pytest.MonkeyPatch, changed: dict[str, Any], named: str
) -> None:
    right = {
        "CARNET_PRODUCTION": True,
        "CARNET_WEB_URL": "https://portail.test",
        "CARNET_PSC_ISSUER": "https://psc.test/auth",
        "CARNET_PSC_DISCOVERY_URL": "https://psc.test/d",
        "CARNET_PSC_CLIENT_ID": PORTAL,
        "CARNET_PSC_CLIENT_SECRET_FILE": Path("secret"),
        "CARNET_PSC_SCOPES": ("openid",),
    }
    for name, value in (right | changed).items():
        monkeypatch.setattr(installation, name, value)
    if not named:
        installation._check_sign_in_of_professionals()
        return
    with pytest.raises(BadSetting, match=named):
        installation._check_sign_in_of_professionals()
