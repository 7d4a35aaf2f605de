"""The sandbox's Pro Santé Connect with a client that nobody here wrote, and its tokens at the mail doors."""

import imaplib
import json
import re
import smtplib
import ssl
import subprocess
import sys
from email.message import EmailMessage
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from authlib.integrations.requests_client import OAuth2Session
from authlib.oidc.core import CodeIDToken
from doors_clients import eventually
from doors_demo import Demo
from doors_tokens import CIBA, CLAIRE, JULIE, Software
from imapclient import IMAPClient
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey

BACK = "http://localhost:1/retour"


@pytest.fixture(scope="module")
def software(demo: Demo) -> Software:
    return Software(demo)


@pytest.fixture(scope="module")
def discovery(software: Software) -> dict[str, object]:
    return requests.get(software.provider["discovery"], timeout=10).json()


def session(software: Software, **more: object) -> OAuth2Session:
    psc = software.provider
    return OAuth2Session(
        psc["client_id"], psc["client_secret"], scope="openid scope_all", redirect_uri=BACK, timeout=10, **more
    )


def choose(address: str, id_nat: str, answer: str = "yes") -> str:
    """Sign in on the page as a person does; the address that one is sent back to."""
    page = requests.get(address, timeout=10)
    assert page.status_code == 200
    waiting = re.search(r'name="waiting" value="([^"]+)"', page.text)
    assert waiting
    assert f'value="{id_nat}"' in page.text
    form = {"waiting": waiting[1], "id_nat": id_nat, "answer": answer}
    return requests.post(address, data=form, allow_redirects=False, timeout=10).headers["Location"]


def test_discovery_is_where_pro_sante_connect_has_it_and_says_what_it_says(
    software: Software, discovery: dict[str, object]
) -> None:
    issuer = software.provider["issuer"]
    assert urlsplit(issuer).path == "/auth/realms/esante-wallet"
    assert software.provider["discovery"] == f"{issuer}/.well-known/wallet-openid-configuration"
    assert discovery == requests.get(f"{issuer}/.well-known/openid-configuration", timeout=10).json()
    connect = f"{issuer}/protocol/openid-connect"
    assert discovery["issuer"] == issuer
    assert discovery["token_endpoint"] == f"{connect}/token"
    assert discovery["userinfo_endpoint"] == f"{connect}/userinfo"
    assert discovery["jwks_uri"] == f"{connect}/certs"
    assert discovery["introspection_endpoint"] == f"{connect}/token/introspect"
    assert discovery["backchannel_authentication_endpoint"] == f"{connect}/ext/ciba/auth"
    assert discovery["backchannel_token_delivery_modes_supported"] == ["poll"]
    [key] = requests.get(str(discovery["jwks_uri"]), timeout=10).json()["keys"]
    assert {"kty", "n", "e", "kid"} <= set(key)
    assert not {"d", "p", "q"} & set(key)


@pytest.mark.parametrize("with_pkce", [True, False])
def test_authlib_goes_through_the_authorization_code_flow(
    software: Software, discovery: dict[str, object], with_pkce: bool
) -> None:
    client = session(software, code_challenge_method="S256")
    verifier = "v" * 64 if with_pkce else None
    address, state = client.create_authorization_url(
        software.provider["authorization_endpoint"], acr_values="eidas1", nonce="n-0S6", code_verifier=verifier
    )
    back = choose(address, f"8{CLAIRE}")
    assert back.startswith(BACK)
    endpoint = software.provider["token_endpoint"]
    given = client.fetch_token(endpoint, authorization_response=back, state=state, code_verifier=verifier)
    assert given["token_type"] == "Bearer"
    keys = KeySet.import_key_set(requests.get(str(discovery["jwks_uri"]), timeout=10).json())
    claims = jwt.decode(given["id_token"], keys, algorithms=["RS256"]).claims
    checked = CodeIDToken(claims, {"alg": "RS256"}, params={"nonce": "n-0S6", "client_id": client.client_id})
    checked.options = {"iss": {"value": discovery["issuer"]}, "aud": {"value": client.client_id}}
    checked.validate()
    assert (claims["acr"], claims["preferred_username"]) == ("eidas1", f"8{CLAIRE}")
    told = client.get(str(discovery["userinfo_endpoint"])).json()
    assert told["sub"] == claims["sub"]
    assert told["sub"].startswith("f:")
    assert told["SubjectNameID"] == f"8{CLAIRE}"
    assert told["SubjectRole"] == ["10^1.2.250.1.213.1.1.5.5"]
    [practice] = told["SubjectRefPro"]["exercices"]
    assert practice["nomDexercice"] == "MORVAN"
    assert practice["activities"][0]["codeSecteurDactivite"] == "SA07"
    # Refresh, introspection, and the end of the session.
    renewed = client.refresh_token(endpoint, refresh_token=given["refresh_token"])
    assert renewed["access_token"] != given["access_token"]
    seen = client.introspect_token(str(discovery["introspection_endpoint"]), token=renewed["access_token"]).json()
    assert (seen["active"], seen["azp"], seen["SubjectNameID"]) == (True, client.client_id, f"8{CLAIRE}")
    bye = requests.get(
        str(discovery["end_session_endpoint"]),
        params={"id_token_hint": given["id_token"], "post_logout_redirect_uri": BACK},
        allow_redirects=False,
        timeout=10,
    )
    assert bye.headers["Location"].startswith(BACK)
    assert client.introspect_token(str(discovery["introspection_endpoint"]), token=renewed["access_token"]).json() == {
        "active": False
    }
    status, refused = software.post(endpoint, grant_type="refresh_token", refresh_token=given["refresh_token"])
    assert (status, refused["error"]) == (400, "invalid_grant")


def test_a_code_serves_once_and_only_who_has_the_verifier(software: Software) -> None:
    client = session(software, code_challenge_method="S256")
    endpoint = software.provider["token_endpoint"]
    form = {"grant_type": "authorization_code", "redirect_uri": BACK}

    def code() -> str:
        address, _ = client.create_authorization_url(
            software.provider["authorization_endpoint"], acr_values="eidas1", code_verifier="v" * 64
        )
        return parse_qs(urlsplit(choose(address, f"8{JULIE}")).query)["code"][0]

    stolen = software.post(endpoint, **form, code=code())
    assert (stolen[0], stolen[1]["error"]) == (400, "invalid_grant")
    mine = code()
    status, given = software.post(endpoint, **form, code=mine, code_verifier="v" * 64)
    assert status == 200
    assert software.post(endpoint, **form, code=mine, code_verifier="v" * 64)[1]["error"] == "invalid_grant"
    # What the code gave before it was used twice is taken back.
    again = software.post(endpoint, grant_type="refresh_token", refresh_token=given["refresh_token"])
    assert again[1]["error"] == "invalid_grant"


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"acr_values": ""}, "invalid_request"),
        ({"scope": "scope_all"}, "invalid_scope"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"code_challenge": "x", "code_challenge_method": "plain"}, "invalid_request"),
    ],
)
def test_what_pro_sante_connect_asks_for_is_asked_for(software: Software, change: dict[str, str], error: str) -> None:
    query = {
        "client_id": software.provider["client_id"],
        "redirect_uri": BACK,
        "response_type": "code",
        "scope": "openid scope_all",
        "acr_values": "eidas1",
        "state": "st",
    }
    address = software.provider["authorization_endpoint"]
    right = requests.get(address, params=query, timeout=10, allow_redirects=False)
    assert right.status_code == 200
    wrong = requests.get(address, params=query | change, timeout=10, allow_redirects=False)
    answer = parse_qs(urlsplit(wrong.headers["Location"]).query)
    assert (answer["error"], answer["state"]) == ([error], ["st"])


@pytest.mark.parametrize(
    "change", [{"redirect_uri": "https://ailleurs.example/retour"}, {"client_id": "unknown"}, {"redirect_uri": ""}]
)
def test_nobody_is_sent_to_an_address_that_is_not_the_client_s(software: Software, change: dict[str, str]) -> None:
    query = {"client_id": software.provider["client_id"], "redirect_uri": BACK, "response_type": "code"}
    address = software.provider["authorization_endpoint"]
    answer = requests.get(address, params=query | change, timeout=10, allow_redirects=False)
    assert answer.status_code == 400
    assert "Location" not in answer.headers


def test_who_cancels_is_sent_back_without_a_code(software: Software) -> None:
    address, state = session(software).create_authorization_url(
        software.provider["authorization_endpoint"], acr_values="eidas1"
    )
    answer = parse_qs(urlsplit(choose(address, f"8{CLAIRE}", answer="no")).query)
    assert answer == {"error": ["access_denied"], "state": [state]}


def test_a_wrong_secret_gets_nothing(software: Software) -> None:
    psc = software.provider
    for secret in ("", "wrong"):
        answer = requests.post(
            psc["token_endpoint"], data={"grant_type": CIBA}, auth=(psc["client_id"], secret), timeout=10
        )
        assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


def test_ciba_from_the_telephone_to_a_letter_read(demo: Demo, software: Software) -> None:
    """Julie, nurse, is asked on her telephone; with her token the team writes; Dr Morvan reads it with hers."""
    asked = software.call(f"8{JULIE}", message="73")
    assert (asked["expires_in"], asked["interval"]) == (120, 1)
    status, waiting = software.poll(asked["auth_req_id"])
    assert (status, waiting["error"]) == (400, "authorization_pending")
    shown = requests.get(software.provider["telephone"], timeout=10).text
    assert "73" in shown
    assert "Julie LEMAIRE" in shown
    assert "approuvée" in software.answer_on_the_telephone(asked["auth_req_id"], "approve")
    assert "n’attend plus" in software.answer_on_the_telephone(asked["auth_req_id"], "refuse")

    def given() -> str | None:
        status, said = software.poll(asked["auth_req_id"])
        return str(said["access_token"]) if status == 200 else None

    julie = eventually(given, "tokens")
    letter = EmailMessage()
    letter["From"], letter["To"] = demo.HOSPITAL, demo.DOCTOR
    letter["Subject"] = "Transmission par CIBA"
    letter.set_content("Le pansement est à refaire jeudi.\n")
    trusted = ssl.create_default_context(cafile=demo.ca_file)
    with smtplib.SMTP_SSL("localhost", demo.ready["submissions"]["port"], context=trusted, timeout=30) as submissions:
        submissions.ehlo("poste.test")
        submissions.auth("XOAUTH2", lambda _=None: f"user={demo.HOSPITAL}\1auth=Bearer {julie}\1\1")
        assert submissions.send_message(letter) == {}
    claire = software.sign_in(CLAIRE)["access_token"]
    with IMAPClient("localhost", port=demo.ready["imaps"]["port"], ssl_context=trusted, timeout=30) as imap:
        imap.oauthbearer_login(demo.DOCTOR, claire)
        imap.select_folder("INBOX")
        found = eventually(lambda: imap.search(["SUBJECT", "Transmission par CIBA"]), "the letter")
        [body] = imap.fetch(found, ["BODY.PEEK[TEXT]"]).values()
        assert "pansement" in body[b"BODY[TEXT]"].decode("utf-8")
    assert julie not in demo.log
    assert claire not in demo.log


def test_a_professional_who_refuses_lets_nobody_in(software: Software) -> None:
    asked = software.call(f"8{JULIE}")
    assert "refusée" in software.answer_on_the_telephone(asked["auth_req_id"], "refuse")
    status, said = software.poll(asked["auth_req_id"])
    assert (status, said["error"]) == (400, "access_denied")
    assert software.poll(asked["auth_req_id"])[1]["error"] == "invalid_grant"


@pytest.mark.parametrize(
    ("form", "error"),
    [
        ({"login_hint": "899999999999"}, "unknown_user_id"),
        ({"login_hint": ""}, "invalid_request"),
        ({"binding_message": ""}, "invalid_binding_message"),
        ({"acr_values": ""}, "invalid_request"),
        ({"scope": "profile"}, "invalid_scope"),
    ],
)
def test_a_ciba_request_is_complete_or_refused(software: Software, form: dict[str, str], error: str) -> None:
    asked = {
        "scope": "openid scope_all", "acr_values": "eidas1", "login_hint": f"8{JULIE}", "binding_message": "42",
    }  # fmt: skip
    status, said = software.post(software.provider["ciba_endpoint"], **(asked | form))
    assert (status, said["error"]) == (400, error)


def test_a_script_gets_a_token_from_the_command_line(demo: Demo) -> None:
    for who in (["--rpps", JULIE], ["--mailbox", demo.HOSPITAL]):
        done = subprocess.run(
            [sys.executable, "-m", "carnet", "sandbox", "token", *who],
            env=demo.environment, capture_output=True, text=True, timeout=60, check=True,
        )  # fmt: skip
        claims = jwt.decode(done.stdout.strip(), _own_key(demo)).claims
        assert claims["SubjectNameID"] == f"8{JULIE}"
    for wrong in (["--rpps", "123"], ["--mailbox", "dpi@saint-aubin.mssante.test"], []):
        refused = subprocess.run(
            [sys.executable, "-m", "carnet", "sandbox", "token", *wrong],
            env=demo.environment, capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        assert (refused.returncode, refused.stdout) == (1, "")
        assert refused.stderr


def test_nothing_of_the_sandbox_is_there_in_production(demo: Demo) -> None:
    for command in (["token", "--rpps", JULIE], ["provider"]):
        refused = subprocess.run(
            [sys.executable, "-m", "carnet", "sandbox", *command],
            env=demo.environment | {"CARNET_MODE": "production"},
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        assert refused.returncode == 1
        assert "production" in refused.stderr


def _own_key(demo: Demo) -> RSAKey:
    return RSAKey.import_key(json.loads((demo.folder / "psc" / "signing-key.json").read_bytes()))


def test_a_token_signed_by_the_provider_for_somebody_else_s_software_opens_nothing(
    demo: Demo, software: Software
) -> None:
    """Forged with the provider's own key: only what is said in it is wrong."""
    key = _own_key(demo)
    real = software.sign_in(JULIE)["access_token"]
    claims = jwt.decode(real, key).claims
    trusted = ssl.create_default_context(cafile=demo.ca_file)

    def answer(token: str) -> str:
        with imaplib.IMAP4_SSL("localhost", demo.ready["imaps"]["port"], ssl_context=trusted, timeout=30) as imap:
            said = iter([f"user={demo.HOSPITAL}\1auth=Bearer {token}\1\1".encode(), b""])
            try:
                return imap.authenticate("XOAUTH2", lambda _: next(said))[0]
            except imaplib.IMAP4.error as refusal:
                return str(refusal)

    for change in ({"azp": "autre-logiciel"}, {"exp": 1_600_000_000}, {"SubjectNameID": "899700218912"}):
        forged = jwt.encode({"alg": "RS256", "kid": key.kid}, claims | change, key)
        assert "AUTHENTICATIONFAILED" in answer(forged)
    assert answer(real) == "OK"
    assert "AUTHENTICATIONFAILED" in answer(software.sign_in(JULIE)["id_token"])
