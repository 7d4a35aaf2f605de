"""A mailbox on the red list, suspended, closed or withdrawn is neither given nor found, by any way."""

import pytest
from directory_api import Api
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from carnet.domain.directory.models import Mailbox
from carnet.domain.directory.queries.criteria import SHOWN
from carnet.domain.directory.queries.search import find_mailboxes
from carnet.sandbox import cast

HIDDEN = (
    {"red_list": True},
    {"published": False},
    {"state": "suspended"},
    {"state": "closed"},
)
SECRET = "motsecret"
ADDRESSES = (
    f"claire.morvan@{cast.CITY_DOMAIN}",
    f"helene.vasseur@{cast.HOSPITAL_DOMAIN}",
    f"orthopedie@{cast.HOSPITAL_DOMAIN}",
    f"cardiologie@{cast.OTHER_OPERATOR_DOMAIN}",
)
WAYS = [
    (kind, pairs)
    for kind in ("Practitioner", "PractitionerRole", "Organization")
    for pairs in (
        [],
        [("mailbox-mss:contains", "@")],
        [("mailbox-mss:contains", "mssante.test")],
        [("data-information-system", "MSS")],
        [("_lastUpdated", "ge2000")],
        [("_include", "*")],
        [("_elements", "telecom")],
    )
] + [
    ("Practitioner", [("_revinclude", "PractitionerRole:practitioner")]),
    ("Organization", [("_revinclude", "PractitionerRole:organization"), ("_include", "Organization:partof")]),
]


def everything_told(api: Api, address: str) -> str:
    local = address.partition("@")[0]
    told = [str(api.get(kind, *pairs).json) for kind, pairs in WAYS]
    for kind in ("Practitioner", "PractitionerRole", "Organization"):
        for modifier, value in (("", address), (":exact", address), (":contains", local), (":contains", local[2:5])):
            found = api.get(kind, (f"mailbox-mss{modifier}", value))
            told.append("".join(sorted(found.addresses)))
            for one in found.ids:
                told.append(str(api.get(one).json))
    told.append(str(find_mailboxes(local)))
    told.append(str(find_mailboxes(SECRET)))
    return "\n".join(told)


@pytest.mark.parametrize("change", HIDDEN, ids=str)
def test_no_way_of_asking_gives_a_hidden_mailbox_away(api, change):
    for address in ADDRESSES:
        assert address in everything_told(api, address)
    for address in ADDRESSES:
        Mailbox.objects.filter(address=address).update(service=SECRET, **change)
    for address in ADDRESSES:
        told = everything_told(api, address)
        assert address not in told
        assert SECRET not in told


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    red_list=st.booleans(),
    published=st.booleans(),
    state=st.sampled_from(["active", "suspended", "closed"]),
    address=st.sampled_from(ADDRESSES),
)
def test_a_mailbox_is_found_exactly_when_it_is_shown_and_the_database_agrees(api, red_list, published, state, address):
    Mailbox.objects.filter(address=address).update(red_list=red_list, published=published, state=state)
    shown = published and not red_list and state == "active"
    kinds = ("Practitioner", "PractitionerRole", "Organization")
    found = [one for kind in kinds for one in api.get(kind, ("mailbox-mss:exact", address)).addresses]
    assert found.count(address) == (1 if shown else 0)
    assert shown or not found, "a carrier is not found by a mailbox that it does not show"
    assert (address in {one for kind in kinds for one in api.get(kind).addresses}) is shown
    counted = Mailbox.objects.raw(
        f"SELECT m.id, ({SHOWN}) AS by_query, directory_shown(m) AS by_function FROM directory_mailbox m"
        " WHERE address = %s",
        [address],
    )[0]
    assert (counted.by_query, counted.by_function) == (shown, shown)


def test_hiding_a_mailbox_moves_the_date_of_its_carrier_and_changing_a_hidden_one_does_not(api):
    address = ADDRESSES[3]

    def date() -> str:
        return api.get("Organization/1359999034").json["meta"]["versionId"]

    first = date()
    Mailbox.objects.filter(address=address).update(red_list=True)
    second = date()
    Mailbox.objects.filter(address=address).update(service="Autre")
    assert first < second == date()
