"""What an access token must say to prove a professional."""

import json
from base64 import urlsafe_b64encode
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carnet.domain.identity.tokens import (
    MAX_TOKEN_LENGTH,
    ProvenProfessional,
    TokenHeader,
    TokenPolicy,
    TokenProblem,
    check_claims,
    read_header,
)

AT = 1_795_000_000.0
ISSUER = "https://auth.psc.test/auth/realms/esante-wallet"
POLICY = TokenPolicy(ISSUER, frozenset({"dpi-de-lhopital"}), leeway=10)
CLAIMS = {
    "iss": ISSUER,
    "typ": "Bearer",
    "azp": "dpi-de-lhopital",
    "iat": AT - 5,
    "exp": AT + 55,
    "SubjectNameID": "899700218912",
    "preferred_username": "899700218912",
}


def token(header: object) -> str:
    return f"{urlsafe_b64encode(json.dumps(header).encode()).rstrip(b'=').decode()}.e30.c2ln"


def test_a_token_of_the_provider_proves_its_professional_until_it_expires() -> None:
    proven = check_claims(CLAIMS, POLICY, AT)
    assert isinstance(proven, ProvenProfessional)
    assert (proven.rpps, proven.id_nat, proven.until) == ("99700218912", "899700218912", AT + 55)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"iss": "https://auth.psc.test/auth/realms/other"}, TokenProblem.ISSUER),
        ({"iss": ISSUER + "/"}, TokenProblem.ISSUER),
        ({"iss": [ISSUER]}, TokenProblem.ISSUER),
        ({"iss": None}, TokenProblem.ISSUER),
        ({"typ": "ID"}, TokenProblem.TYPE),
        ({"typ": "Refresh"}, TokenProblem.TYPE),
        ({"typ": None}, TokenProblem.TYPE),
        ({"at_hash": "x"}, TokenProblem.TYPE),
        ({"exp": AT - 10}, TokenProblem.EXPIRED),
        ({"exp": None}, TokenProblem.MALFORMED),
        ({"exp": True}, TokenProblem.MALFORMED),
        ({"exp": "9999999999"}, TokenProblem.MALFORMED),
        ({"exp": 1e300}, TokenProblem.MALFORMED),
        ({"exp": float("nan")}, TokenProblem.MALFORMED),
        ({"nbf": AT + 11}, TokenProblem.NOT_YET),
        ({"nbf": "soon"}, TokenProblem.MALFORMED),
        ({"azp": "another"}, TokenProblem.AUDIENCE),
        ({"azp": None, "aud": ["another"]}, TokenProblem.AUDIENCE),
        ({"azp": {"dpi-de-lhopital": 1}}, TokenProblem.AUDIENCE),
        ({"SubjectNameID": "899700218920"}, TokenProblem.SUBJECT),
        ({"SubjectNameID": None, "preferred_username": None}, TokenProblem.SUBJECT),
        ({"SubjectNameID": "99700218912", "preferred_username": None}, TokenProblem.SUBJECT),
        ({"SubjectNameID": "3519999015/EMP1", "preferred_username": "3519999015/EMP1"}, TokenProblem.SUBJECT),
        ({"SubjectNameID": "8997002189120", "preferred_username": None}, TokenProblem.SUBJECT),
    ],
)
def test_one_claim_that_is_not_right_is_enough(change: dict[str, Any], problem: TokenProblem) -> None:
    assert check_claims(CLAIMS | change, POLICY, AT) is problem


@pytest.mark.parametrize(
    "change",
    [
        {"exp": AT - 9},
        {"nbf": AT + 10},
        {"azp": "another", "aud": "dpi-de-lhopital"},
        {"azp": None, "aud": ["account", "dpi-de-lhopital"]},
        {"SubjectNameID": None},
        {"preferred_username": None},
    ],
)
def test_what_providers_do_differently_is_taken(change: dict[str, Any]) -> None:
    assert isinstance(check_claims(CLAIMS | change, POLICY, AT), ProvenProfessional)


def test_a_star_takes_the_tokens_of_every_client() -> None:
    anyone = TokenPolicy(ISSUER, frozenset({"*"}))
    assert isinstance(check_claims(CLAIMS | {"azp": "another"}, anyone, AT), ProvenProfessional)


def test_without_an_issuer_no_token_is_right() -> None:
    assert check_claims(CLAIMS | {"iss": ""}, TokenPolicy("", frozenset({"*"})), AT) is TokenProblem.ISSUER


@pytest.mark.parametrize(
    ("header", "found"),
    [
        ({"alg": "RS256", "kid": "k1", "typ": "JWT"}, TokenHeader("RS256", "k1")),
        ({"alg": "RS256"}, TokenHeader("RS256", "")),
        ({"alg": "RS256", "typ": "at+jwt"}, TokenHeader("RS256", "")),
        ({"alg": "none"}, TokenProblem.ALGORITHM),
        ({"alg": "HS256", "kid": "k1"}, TokenProblem.ALGORITHM),
        ({"alg": "ES256", "kid": "k1"}, TokenProblem.ALGORITHM),
        ({"alg": ["RS256"]}, TokenProblem.MALFORMED),
        ({"kid": "k1"}, TokenProblem.MALFORMED),
        ({"alg": "RS256", "typ": "dpop+jwt"}, TokenProblem.TYPE),
        ({"alg": "RS256", "kid": 1}, TokenProblem.MALFORMED),
        ({"alg": "RS256", "kid": "k" * 201}, TokenProblem.MALFORMED),
        ({"alg": "RS256", "crit": ["exp"]}, TokenProblem.MALFORMED),
        (["RS256"], TokenProblem.MALFORMED),
    ],
)
def test_the_header_names_an_allowed_algorithm_and_a_key(header: object, found: object) -> None:
    assert read_header(token(header), POLICY) == found


def test_a_list_of_algorithms_never_allows_none_or_a_shared_secret() -> None:
    lax = TokenPolicy(ISSUER, frozenset({"*"}), algorithms=frozenset({"none", "HS256", "RS256"}))
    assert read_header(token({"alg": "none"}), lax) is TokenProblem.ALGORITHM
    assert read_header(token({"alg": "HS256"}), lax) is TokenProblem.ALGORITHM


@given(st.text(max_size=60))
def test_any_text_has_a_header_or_a_problem(text: str) -> None:
    assert isinstance(read_header(text, POLICY), TokenHeader | TokenProblem)


@given(st.dictionaries(st.sampled_from(sorted({*CLAIMS, "aud", "nbf"})), st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=20), st.lists(st.integers(), max_size=2),
)))  # fmt: skip
def test_any_claims_prove_somebody_or_have_a_problem(claims: dict[str, Any]) -> None:
    assert isinstance(check_claims(CLAIMS | claims, POLICY, AT), ProvenProfessional | TokenProblem)


def test_a_token_is_bounded() -> None:
    assert read_header(token({"alg": "RS256"}) + "A" * MAX_TOKEN_LENGTH, POLICY) is TokenProblem.MALFORMED
