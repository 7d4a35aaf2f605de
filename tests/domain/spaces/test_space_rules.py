"""Who may do what with a space, and the rules of logins and passwords."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carnet.domain.spaces.rules import decide, password_problems
from carnet.domain.spaces.values import SYSTEM, Act, Actor, ActorKind, InvalidLogin, Login, Refusal
from carnet.foundation.ids import new_id

HERS = new_id()
PATIENT = Actor(ActorKind.HOLDER, "Dominique", space_id=HERS)
STRANGER = Actor(ActorKind.HOLDER, "Stéphane", space_id=new_id())
SURGEON = Actor(ActorKind.PROFESSIONAL, "Dr Vasseur")
HOSPITAL = Actor(ActorKind.ORGANIZATION, "Centre hospitalier")


@pytest.mark.parametrize(
    ("who", "act", "state", "reason"),
    [
        (PATIENT, Act.READ_DOCUMENT, "activated", None),
        (PATIENT, Act.READ_DOCUMENT, "open", Refusal.NOT_ACTIVATED),
        (PATIENT, Act.ACTIVATE, "open", None),
        (PATIENT, Act.READ_DOCUMENT, "closed", Refusal.SPACE_CLOSED),
        (PATIENT, Act.RECEIVE_MESSAGE, "activated", Refusal.NOT_PROVIDED),
        (STRANGER, Act.READ_DOCUMENT, "activated", Refusal.NOT_YOURS),
        (STRANGER, Act.READ_DOCUMENT, "closed", Refusal.NOT_YOURS),
        (SURGEON, Act.RECEIVE_MESSAGE, "open", None),
        (SURGEON, Act.RECEIVE_MESSAGE, "closed", Refusal.SPACE_CLOSED),
        (SURGEON, Act.READ_DOCUMENT, "activated", Refusal.NOT_PROVIDED),
        (HOSPITAL, Act.READ_CONVERSATION, "activated", Refusal.NOT_PROVIDED),
        (SYSTEM, Act.SEND_RECEIPT, "activated", None),
    ],
)
def test_who_may_do_what(who, act, state, reason):
    assert decide(who, act, HERS, state).reason is reason


@given(st.sampled_from(list(Act)), st.sampled_from(["open", "activated", "closed", "opposed"]))
def test_a_stranger_may_do_nothing_whatever_the_act_and_the_state(act, state):
    assert not decide(STRANGER, act, HERS, state)


@given(st.sampled_from([*ActorKind]), st.sampled_from(list(Act)))
def test_nobody_but_the_system_touches_a_space_that_is_closed(kind, act):
    who = Actor(kind, "x", space_id=HERS)
    assert bool(decide(who, act, HERS, "closed")) is (kind is ActorKind.SYSTEM)


@pytest.mark.parametrize("text", ["dominique.p", "a-b_c.123", "abcdefgh"])
def test_a_login_that_keeps_the_rules(text):
    assert Login(text.upper()) == text


@pytest.mark.parametrize(
    "text", ["court", "a@b.fr.fr", "279035121518989", "2790351215189", "fr761234567890123", "x" * 101]
)
def test_a_login_that_breaks_them(text):
    with pytest.raises(InvalidLogin):
        Login(text)


@pytest.mark.parametrize(
    ("password", "problems"),
    [
        ("Sablier-2026!", []),
        ("Ab1!", ["length"]),
        ("sablier-2026!", ["upper"]),
        ("SABLIER-2026!", ["lower"]),
        ("Sablier-sable!", ["digit"]),
        ("Sablier2026x", ["special"]),
        ("Sablier 2026!", ["space"]),
    ],
)
def test_the_password_rule(password, problems):
    assert password_problems(password) == problems
