"""Reading the directory's API: each resource, its searches, its pages, its refusals."""

import pytest
from directory_api import Api

from carnet.domain.directory.models import Mailbox, Practice
from carnet.domain.identity.models import Professional, Structure
from carnet.sandbox import cast

GP, SURGEON = "99700218912", "99700218920"
HOSPITAL, CLINIC = "1519999015", "1359999034"
RPPS, ID_NAT_PS = "https://rpps.esante.gouv.fr", "urn:oid:1.2.250.1.71.4.2.1"
SECTOR = "https://mos.esante.gouv.fr/NOS/TRE_R02-SecteurActivite/FHIR/TRE-R02-SecteurActivite"


def test_a_professional_is_read_with_names_numbers_and_mailbox(api):
    told = api.get(f"Practitioner/{GP}")
    assert told.status == 200
    assert told.json["name"] == [{"use": "official", "family": "MORVAN", "given": ["Claire"], "suffix": ["Dr"]}]
    assert {(one["system"], one["value"]) for one in told.json["identifier"]} == {(ID_NAT_PS, f"8{GP}"), (RPPS, GP)}
    box = told.json["telecom"][0]
    assert box["value"] == f"claire.morvan@{cast.CITY_DOMAIN}"
    assert box["extension"][0]["valueCoding"]["code"] == "MSSANTE"
    about = {part["url"]: part for part in box["extension"][1]["extension"]}
    assert about["type"]["valueCodeableConcept"]["coding"][0]["code"] == "PER"
    assert about["listeRouge"]["valueBoolean"] is False
    assert told.headers["etag"] == f'W/"{told.json["meta"]["versionId"]}"'


def test_a_mailbox_of_a_professional_in_a_structure_is_shown_with_the_practice_alone(api):
    address = f"helene.vasseur@{cast.HOSPITAL_DOMAIN}"
    told = api.get("PractitionerRole", ("mailbox-mss:exact", address))
    assert told.addresses == {address}
    assert told.resources[0]["organization"] == {"reference": f"Organization/{HOSPITAL}"}
    assert told.resources[0]["practitioner"] == {"reference": f"Practitioner/{SURGEON}"}
    assert api.get("Practitioner", ("mailbox-mss", address)).resources == []


def test_a_structure_shows_its_functional_mailboxes_and_never_who_is_responsible(api):
    told = api.get(f"Organization/{HOSPITAL}")
    assert told.addresses == {f"dpi@{cast.HOSPITAL_DOMAIN}", f"orthopedie@{cast.HOSPITAL_DOMAIN}"}
    assert "Vasseur" not in str(told.json)
    assert told.json["partOf"] == {"reference": "Organization/1519999007"}
    assert api.get("Organization/1519999007").json["identifier"][1]["type"]["coding"][0]["code"] == "FINEJ"


SEARCHES = [
    ("Practitioner", [("identifier", f"{RPPS}|{GP}")], {GP}),
    ("Practitioner", [("identifier", f"{ID_NAT_PS}|8{GP}")], {GP}),
    ("Practitioner", [("identifier", GP)], {GP}),
    ("Practitioner", [("identifier", f"{RPPS}|8{GP}")], set()),
    ("Practitioner", [("identifier", f"https://elsewhere.test|{GP}")], set()),
    ("Practitioner", [("identifier", f"{RPPS}|{GP},{RPPS}|{SURGEON}")], {GP, SURGEON}),
    ("Practitioner", [("_id", GP)], {GP}),
    ("Practitioner", [("family", "vass")], {SURGEON}),
    ("Practitioner", [("family", "asseu")], set()),
    ("Practitioner", [("family:contains", "asseu")], {SURGEON}),
    ("Practitioner", [("family:exact", "vasseur")], set()),
    ("Practitioner", [("family:exact", "VASSEUR")], {SURGEON}),
    ("Practitioner", [("given", "helene")], {SURGEON}),
    ("Practitioner", [("given", "HÉL")], {SURGEON}),
    ("Practitioner", [("name", "claire")], {GP}),
    ("Practitioner", [("name", "m%")], set()),
    ("Practitioner", [("name:contains", "_")], set()),
    ("Practitioner", [("qualification-code", "SM04")], {SURGEON}),
    ("Practitioner", [("mailbox-mss", "CLAIRE.MORVAN@")], {GP}),
    ("Practitioner", [("mailbox-mss:contains", f"@{cast.CITY_DOMAIN}")], {GP}),
    ("Practitioner", [("mailbox-mss:contains", "@")], {GP}),
    ("Practitioner", [("data-information-system", "MSS")], {GP}),
    ("Practitioner", [("active", "false")], set()),
    ("Practitioner", [("family", "morvan"), ("given", "helene")], set()),
    ("Organization", [("identifier", "https://finess.esante.gouv.fr|519999015")], {HOSPITAL}),
    ("Organization", [("identifier", "urn:oid:1.2.250.1.71.4.2.2|1519999015")], {HOSPITAL}),
    ("Organization", [("identifier", "519999015")], {HOSPITAL}),
    ("Organization", [("name", "centre hosp")], {HOSPITAL}),
    ("Organization", [("name:contains", "horizon")], {CLINIC}),
    ("Organization", [("address-city", "saint-aub")], {HOSPITAL}),
    ("Organization", [("address", "horizon")], {CLINIC}),
    ("Organization", [("partof", "Organization/1519999007")], {HOSPITAL}),
    ("Organization", [("type", "LEGAL-ENTITY")], {"1519999007"}),
    ("Organization", [("type", f"{SECTOR}|SA99")], set()),
    ("Organization", [("mailbox-mss:contains", "cardio")], {CLINIC}),
]  # fmt: skip


def test_searches_find_what_they_ask_for_and_nothing_else(api, subtests):
    for kind, pairs, found in SEARCHES:
        with subtests.test(kind=kind, pairs=pairs):
            told = api.get(kind, *pairs)
            assert told.status == 200
            assert {one["id"] for one in told.resources} == found


def test_practices_are_found_by_who_where_and_code(api):
    practice = str(Practice.objects.get().id)
    function = "https://mos.esante.gouv.fr/NOS/TRE_R21-Fonction/FHIR/TRE-R21-Fonction|FON-AU"
    for pairs in (
        [("practitioner", SURGEON)],
        [("practitioner", f"Practitioner/{SURGEON}")],
        [("organization", f"http://other.test/fhir/Organization/{HOSPITAL}")],
        [("role", function)],
        [("identifier", f"urn:ietf:rfc:3986|urn:uuid:{practice}")],
        [("_id", practice)],
    ):
        assert api.get("PractitionerRole", *pairs).ids == [f"PractitionerRole/{practice}"], pairs
    assert api.get("PractitionerRole", practitioner=GP).resources == []
    assert api.get(f"PractitionerRole/{practice}").json["code"][0]["coding"][0]["code"] == "S"


def test_what_goes_with_a_practice_or_a_structure_comes_along_once(api):
    practice = f"PractitionerRole/{Practice.objects.get().id}"
    told = api.get(
        "PractitionerRole", ("_include", "PractitionerRole:practitioner"), ("_include", "PractitionerRole:organization")
    )
    assert told.ids == [practice, f"Practitioner/{SURGEON}", f"Organization/{HOSPITAL}"]
    assert [entry["search"]["mode"] for entry in told.json["entry"]] == ["match", "include", "include"]
    assert api.get("PractitionerRole", ("_include", "*")).ids == told.ids
    around = api.get("Organization", ("_id", HOSPITAL), ("_revinclude", "PractitionerRole:organization"))
    assert around.ids == [f"Organization/{HOSPITAL}", practice]
    above = api.get("Organization", ("_id", HOSPITAL), ("_include", "Organization:partof"))
    assert above.ids == [f"Organization/{HOSPITAL}", "Organization/1519999007"]
    role = api.get("Practitioner", ("_id", SURGEON), ("_revinclude", "PractitionerRole:practitioner"))
    assert role.ids == [f"Practitioner/{SURGEON}", practice]


def many(count):
    Professional.objects.bulk_create(
        Professional(rpps=f"9910000{number:04}", given_name="Anne", family_name=f"PAGE{number:04}", profession="60")
        for number in range(count)
    )


def test_pages_go_on_where_the_last_one_ended_whatever_changes_meanwhile(api):
    many(120)
    told = api.get("Practitioner", family="PAGE")
    assert len(told.resources) == 50
    assert "total" not in told.json
    seen = list(told.ids)
    Professional.objects.filter(rpps="99100000003").delete()
    Professional.objects.create(rpps="99000000000", given_name="A", family_name="PAGE-BEFORE", profession="60")
    while "next" in (links := {link["relation"]: link["url"] for link in told.json["link"]}):
        told = api.follow(links["next"])
        seen += told.ids
    assert seen == [f"Practitioner/9910000{number:04}" for number in range(120)]


def test_the_size_of_a_page_and_the_total_are_as_asked_for(api, settings):
    many(20)
    assert len(api.get("Practitioner", family="PAGE", _count="7").resources) == 7
    assert api.get("Practitioner", family="PAGE", _count="7", _total="accurate").json["total"] == 20
    assert api.get("Practitioner", family="PAGE", _summary="count").json["total"] == 20
    assert api.get("Practitioner", family="PAGE", _count="0").json["total"] == 20
    assert api.get("Practitioner", family="PAGE").json["total"] == 20
    settings.CARNET_DIRECTORY_PAGE_MAX = 5
    assert len(api.get("Practitioner", family="PAGE", _count="100000").resources) == 5


def test_only_the_elements_asked_for_are_told_and_marked_so(api):
    told = api.get("Practitioner", _id=GP, _elements="identifier,telecom").resources[0]
    assert set(told) == {"resourceType", "id", "meta", "identifier", "telecom"}
    assert told["meta"]["tag"][0]["code"] == "SUBSETTED"
    assert set(api.get(f"Practitioner/{GP}", _elements="name").json) == {"resourceType", "id", "meta", "name"}


def test_one_who_ended_tells_only_what_they_were_called_by(api):
    Professional.objects.filter(rpps=GP).update(active=False)
    told = api.get(f"Practitioner/{GP}").json
    assert set(told) == {"resourceType", "id", "meta", "identifier", "active"}
    assert told["active"] is False
    assert api.get("Practitioner", active="false").ids == [f"Practitioner/{GP}"]
    assert api.get("Practitioner", identifier=GP).ids == [f"Practitioner/{GP}"]
    for name in ("family", "name", "mailbox-mss"):
        assert api.get("Practitioner", (name, "claire" if name != "family" else "morvan")).resources == []


def test_changes_are_found_by_their_date_and_move_the_date_of_what_carries_the_mailbox(api):
    before = api.get(f"Practitioner/{GP}").json["meta"]["lastUpdated"]
    year = before[:4]
    assert api.get("Practitioner", _lastUpdated=f"ge{year}").resources
    assert api.get("Practitioner", _lastUpdated=f"gt{year}").resources == []
    assert api.get("Practitioner", _lastUpdated=f"lt{year}-01-01").resources == []
    assert api.get("Practitioner", _lastUpdated=before[:10]).resources
    box = Mailbox.objects.get(address=f"claire.morvan@{cast.CITY_DOMAIN}")
    Mailbox.objects.filter(id=box.id).update(login=None)
    assert api.get(f"Practitioner/{GP}").json["meta"]["lastUpdated"] == before
    Mailbox.objects.filter(id=box.id).update(rank=2)
    after = api.get(f"Practitioner/{GP}").json["meta"]["lastUpdated"]
    assert after > before
    assert {one["id"] for one in api.get("Practitioner", _lastUpdated=f"ge{after}").resources} == {GP}
    assert api.get("Practitioner", ("_lastUpdated", f"ge{after}"), ("_lastUpdated", "lt2000")).resources == []


def test_a_resource_that_has_not_changed_is_not_told_again(api):
    tag = api.get(f"Organization/{HOSPITAL}").headers["etag"]
    again = api.call("GET", f"Organization/{HOSPITAL}", if_none_match=f'W/"1", {tag}')
    assert (again.status, again.json) == (304, {})
    Structure.objects.filter(id_nat=HOSPITAL).update(updated_at="2026-01-01T00:00:00Z")
    assert api.call("GET", f"Organization/{HOSPITAL}", if_none_match=tag).status == 200


def test_a_search_may_come_as_a_form(api):
    told = api.call("POST", "Practitioner/_search", "_count=1", b"family=morv", "application/x-www-form-urlencoded")
    assert told.ids == [f"Practitioner/{GP}"]
    assert api.call("POST", "Practitioner/_search", "", b"{}", "application/json").status == 415


def test_what_this_server_can_do_is_told_without_a_key(api):
    told = Api("").get("metadata")
    assert told.status == 200
    of = {one["type"]: one for one in told.json["rest"][0]["resource"]}
    assert set(of) == {"Organization", "Practitioner", "PractitionerRole"}
    assert "mailbox-mss" in {one["name"] for one in of["Organization"]["searchParam"]}


REFUSALS = [
    ("GET", "Practitioner", "mailbox-mss-type=PER", 400, "not-supported: parameter mailbox-mss-type"),
    ("GET", "Practitioner", "number-smartcard=1", 400, "number-smartcard"),
    ("GET", "Practitioner", "name:text=x", 400, "modifier :text"),
    ("GET", "Practitioner", "organization.name=x", 400, "organization.name"),
    ("GET", "Practitioner", "_has:PractitionerRole:practitioner:organization=1", 400, "_has"),
    ("GET", "Practitioner", "_sort=family", 400, "_sort"),
    ("GET", "Practitioner", "_include=PractitionerRole:organization", 400, "_include"),
    ("GET", "PractitionerRole", "_revinclude=*:x", 400, "_revinclude"),
    ("GET", "PractitionerRole", "organization=Practitioner/1", 400, "a reference to Organization"),
    ("GET", "Practitioner", "active=maybe", 400, "true or false"),
    ("GET", "Practitioner", "_lastUpdated=yesterday", 400, "prefix ye"),
    ("GET", "Practitioner", "_lastUpdated=2026-13", 400, "no such date"),
    ("GET", "Practitioner", "_lastUpdated=ge9999", 400, "no such date"),
    ("GET", "Practitioner", "_count=-1", 400, "_count"),
    ("GET", "Practitioner", "_count=%C2%B2", 400, "_count"),
    ("GET", "Practitioner", "_cursor=AAAA", 400, "search anew"),
    ("GET", "Practitioner", "_cursor=Jw", 400, "search anew"),
    ("GET", "Practitioner", "name=", 400, "empty"),
    ("GET", "Practitioner", "name=%00", 400, "control character"),
    ("GET", "Practitioner", "name=%ff", 400, "UTF-8"),
    ("GET", "Practitioner", "&".join(["name=a"] * 30), 400, "at most"),
    ("GET", "Practitioner", "name=" + "a" * 20_000, 400, "too-costly"),
    ("GET", "Practitioner", "identifier=" + ",".join(["1"] * 200), 400, "at most 100 values"),
    ("GET", "Practitioner", "_format=xml", 406, "JSON"),
    ("GET", "Practitioner/00000000000", "", 404, "not-found"),
    ("GET", "PractitionerRole/x", "", 404, "not-found"),
    ("GET", "PractitionerRole/00000000-0000-0000-0000-00000000000'", "", 404, "not-found"),
    ("GET", "Practitioner/%27 OR 1=1", "", 404, "not-found"),
    ("GET", "Practitioner/1/_history", "", 404, "not-found"),
    ("GET", "HealthcareService", "", 404, "not-supported: HealthcareService"),
    ("GET", "Device/1", "", 404, "not-supported: Device"),
    ("GET", "Patient", "", 404, "not-found: Patient"),
    ("GET", "", "_type=Practitioner", 404, "ask each type"),
    ("POST", "", "", 404, "no batch"),
    ("POST", "Practitioner", "", 405, "POST"),
    ("PUT", f"Practitioner/{GP}", "", 405, "written by PATCH"),
    ("DELETE", f"Practitioner/{GP}", "", 405, "DELETE"),
]


def test_what_cannot_be_answered_is_told_as_an_outcome_that_names_it(api, subtests):
    for method, path, query, status, words in REFUSALS:
        with subtests.test(method=method, path=path, query=query[:60]):
            told = api.call(method, path, query)
            assert told.status == status
            assert told.json["resourceType"] == "OperationOutcome"
            assert words in told.words


def test_nobody_asks_without_a_valid_key(api):
    from carnet.domain.directory.commands.api_keys import KeyRefused, create_api_key, revoke_api_key

    for key in ("", "wrong", "é", api.key + "x"):
        assert Api(key).get("Practitioner").status == 401
    second = Api(create_api_key("second"))
    assert second.get("Practitioner").status == 200
    revoke_api_key("second")
    assert second.get("Practitioner").status == 401
    with pytest.raises(KeyRefused):
        create_api_key("third", operator="Nobody")


def test_a_key_makes_so_many_requests_a_minute_and_another_is_not_held_back(api, settings):
    from carnet.domain.directory.commands.api_keys import create_api_key

    settings.CARNET_DIRECTORY_REQUESTS_PER_MINUTE = 3
    quick, other = Api(create_api_key("quick")), Api(create_api_key("other"))
    statuses = [quick.get(f"Practitioner/{GP}").status for _ in range(5)]
    assert statuses == [200, 200, 200, 429, 429]
    told = quick.get(f"Practitioner/{GP}")
    assert int(told.headers["retry-after"]) >= 1
    assert other.get(f"Practitioner/{GP}").status == 200
