"""The SASL exchanges that both mail doors share."""

import json
from base64 import b64decode, b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carnet.interfaces.sasl import (
    MECHANISMS,
    Bearer,
    Certificate,
    Password,
    SaslError,
    SaslExchange,
    refusal_challenge,
)

BOX = "anne@cabinet.mssante.test"
TOKEN = "eyJhbGciOi.eyJpc3Mi.c2lnbmF0dXJl_-"


def b64(text: str) -> bytes:
    return b64encode(text.encode())


@pytest.mark.parametrize(
    ("mechanism", "words", "claim"),
    [
        ("XOAUTH2", f"user={BOX}\1auth=Bearer {TOKEN}\1\1", Bearer(BOX, TOKEN)),
        ("XOAUTH2", f"user={BOX}\1auth=bearer  {TOKEN}\1\1", Bearer(BOX, TOKEN)),
        ("OAUTHBEARER", f"n,a={BOX},\1host=mail\1port=143\1auth=Bearer {TOKEN}\1\1", Bearer(BOX, TOKEN)),
        ("OAUTHBEARER", f"n,a=o=3Dbrien=2Cx@a.test,\1auth=Bearer {TOKEN}\1\1", Bearer("o=brien,x@a.test", TOKEN)),
        ("OAUTHBEARER", f"y,,\1auth=Bearer {TOKEN}\1\1", Bearer("", TOKEN)),
        ("EXTERNAL", BOX, Certificate(BOX)),
        ("EXTERNAL", "", Certificate("")),
        ("PLAIN", f"\0{BOX}\0sésame", Password(BOX, "sésame")),
    ],
)
def test_a_claim_is_read(mechanism: str, words: str, claim: object) -> None:
    assert SaslExchange(mechanism).respond(b64(words)) == claim


@pytest.mark.parametrize("mechanism", ["XOAUTH2", "OAUTHBEARER", "EXTERNAL", "PLAIN"])
def test_an_exchange_without_a_first_response_begins_with_an_empty_challenge(mechanism: str) -> None:
    assert SaslExchange(mechanism).respond(None) == b""


@pytest.mark.parametrize(
    ("mechanism", "words"),
    [
        ("XOAUTH2", f"user={BOX}\1auth=Bearer {TOKEN}\1"),
        ("XOAUTH2", f"auth=Bearer {TOKEN}\1\1"),
        ("XOAUTH2", f"user=\1auth=Bearer {TOKEN}\1\1"),
        ("XOAUTH2", f"user={BOX}\1auth=Basic {TOKEN}\1\1"),
        ("XOAUTH2", f"user={BOX}\1auth=Bearer a b\1\1"),
        ("XOAUTH2", f"user={BOX}\1user=other@a.test\1auth=Bearer {TOKEN}\1\1"),
        ("XOAUTH2", f"user={BOX}\1auth=Bearer {TOKEN}\1nothing\1\1"),
        ("OAUTHBEARER", f"auth=Bearer {TOKEN}\1\1"),
        ("OAUTHBEARER", f"p=tls-unique,a={BOX},\1auth=Bearer {TOKEN}\1\1"),
        ("OAUTHBEARER", f"n,{BOX},\1auth=Bearer {TOKEN}\1\1"),
        ("OAUTHBEARER", f"n,a={BOX}\1auth=Bearer {TOKEN}\1\1"),
        ("OAUTHBEARER", f"n,a=a=b@a.test,\1auth=Bearer {TOKEN}\1\1"),
        ("OAUTHBEARER", f"n,a={BOX},\1\1"),
        ("EXTERNAL", "a\0b"),
        ("PLAIN", f"other@a.test\0{BOX}\0sésame"),
    ],
)
def test_a_response_of_another_shape_is_refused(mechanism: str, words: str) -> None:
    with pytest.raises(SaslError):
        SaslExchange(mechanism).respond(b64(words))


@given(mechanism=st.sampled_from(MECHANISMS), lines=st.lists(st.one_of(st.binary(max_size=80), st.none()), max_size=3))
def test_whatever_a_client_says_gives_a_challenge_a_claim_or_a_refusal(
    mechanism: str, lines: list[bytes | None]
) -> None:
    exchange = SaslExchange(mechanism)
    for line in lines:
        try:
            outcome = exchange.respond(line if line is None else b64encode(line))
        except SaslError:
            return
        if isinstance(outcome, bytes):
            b64decode(outcome, validate=True)
        else:
            assert TOKEN not in repr(outcome)


def test_no_claim_shows_what_it_holds() -> None:
    for claim in (Bearer(BOX, TOKEN), Password(BOX, "sésame"), Certificate(BOX)):
        assert not {BOX, TOKEN, "sésame"} & set(repr(claim).replace("(", " ").replace(")", " ").split())


def test_a_refused_token_is_told_as_clients_of_mssante_know_it() -> None:
    said = b64decode(refusal_challenge("XOAUTH2", "https://psc.test/.well-known/x"))
    assert said == b'{"status":"401","schemes":"bearer","scope":"mail"}'
    with_provider = json.loads(b64decode(refusal_challenge("OAUTHBEARER", "https://psc.test/.well-known/x")))
    assert with_provider["openid-configuration"] == "https://psc.test/.well-known/x"
    assert refusal_challenge("PLAIN") == refusal_challenge("EXTERNAL") == b""
