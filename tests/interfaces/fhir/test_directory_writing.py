"""Operators write their mailboxes by FHIRPath Patch: what they may, what they may not, and what is left of it."""

import orjson
from directory_api import Api, at, operation, point

from carnet.domain.directory.models import ApiWrite, Mailbox, MailboxTrace, Practice
from carnet.domain.identity.models import Professional, Structure
from carnet.sandbox import cast

GP, SURGEON, HOSPITAL, CLINIC = "99700218912", "99700218920", "1519999015", "1359999034"
DOMAIN = cast.OTHER_OPERATOR_DOMAIN
CARDIO = f"cardiologie@{DOMAIN}"
FINESS = "https://finess.esante.gouv.fr"


def outcomes() -> list[tuple[str, str]]:
    return list(ApiWrite.objects.order_by("id").values_list("operation", "outcome"))


def test_an_operator_opens_changes_and_removes_a_mailbox_of_its_domain(api, horizon):
    address = f"claire.morvan@{DOMAIN}"
    told = horizon.patch(
        f"Practitioner/{GP}", operation("insert", "Practitioner.telecom", valueContactPoint=point(address, "PER"))
    )
    assert (told.status, address in told.addresses) == (200, True)
    box = Mailbox.objects.get(address=address)
    assert (box.professional_id, box.hosted, box.label) == (GP, False, "Dr Claire MORVAN")
    told = horizon.patch(
        f"Practitioner/{GP}", operation("replace", at("Practitioner", address, "listeRouge"), valueBoolean=True)
    )
    assert (told.status, address in told.addresses) == (200, False)
    assert api.get("Practitioner", ("mailbox-mss", address)).resources == []
    shown = operation("replace", at("Practitioner", address, "listeRouge"), valueBoolean=False)
    assert horizon.patch(f"Practitioner/{GP}", shown).status == 200
    assert api.get("Practitioner", ("mailbox-mss", address)).ids == [f"Practitioner/{GP}"]
    assert horizon.patch(f"Practitioner/{GP}", operation("delete", at("Practitioner", address))).status == 200
    assert api.get("Practitioner", ("mailbox-mss", address)).resources == []
    assert outcomes() == [("insert", "done"), ("replace", "done"), ("replace", "done"), ("delete", "done")]
    again = operation("insert", "Practitioner.telecom", valueContactPoint=point(address, "PER"))
    assert address in horizon.patch(f"Practitioner/{GP}", again).addresses
    assert horizon.patch(f"Practitioner/{GP}", again).status == 409
    assert Mailbox.objects.get(address=address).id == box.id


def test_a_structure_is_named_by_its_identifier(horizon):
    told = horizon.patch(
        "Organization",
        operation(
            "insert",
            "Organization.telecom",
            valueContactPoint=point(f"urgences@{DOMAIN}", "ORG", description="Accueil de nuit", service="Urgences"),
        ),
        query=f"identifier={FINESS}|359999034",
    )
    assert told.status == 200
    assert told.addresses == {CARDIO, f"urgences@{DOMAIN}"}
    assert Mailbox.objects.get(address=f"urgences@{DOMAIN}").label == "Clinique Horizon – Urgences"


def test_a_practice_carries_the_mailbox_that_its_professional_has_there(horizon):
    practice = Practice.objects.get()
    told = horizon.patch(
        f"PractitionerRole/{practice.id}",
        operation("add", "PractitionerRole", valueContactPoint=point(f"h.vasseur@{DOMAIN}", "PER"))
        | {"part": [
            {"name": "type", "valueCode": "add"},
            {"name": "path", "valueString": "PractitionerRole"},
            {"name": "name", "valueString": "telecom"},
            {"name": "value", "valueContactPoint": point(f"h.vasseur@{DOMAIN}", "PER")},
        ]},
    )  # fmt: skip
    assert f"h.vasseur@{DOMAIN}" in told.addresses
    box = Mailbox.objects.get(address=f"h.vasseur@{DOMAIN}")
    assert (box.professional_id, box.structure_id, box.practice_id) == (SURGEON, HOSPITAL, practice.id)


def test_operations_are_done_in_their_order_and_all_or_none(horizon):
    first = operation("replace", at("Organization", CARDIO, "description"), valueString="Consultations du matin")
    wrong = operation("delete", at("Organization", f"nobody@{DOMAIN}"))
    told = horizon.patch(f"Organization/{CLINIC}", first, wrong)
    assert told.status == 422
    assert "parameter[1]" in told.words
    assert Mailbox.objects.get(address=CARDIO).description == "Consultations de cardiologie de la Clinique Horizon"
    assert outcomes() == [("replace", "not-done"), ("delete", "not-here")]
    where = f"Organization.telecom.where(value='{CARDIO}' and system='email')"
    second = operation("replace", f"{where}.rank", valueInteger=3)
    told = horizon.patch(f"Organization/{CLINIC}", first, second)
    assert told.json["telecom"][0]["rank"] == 3
    whole = point(CARDIO, "ORG", description="Cardiologie de la clinique")
    third = operation("replace", at("Organization", CARDIO), valueContactPoint=whole)
    assert horizon.patch(f"Organization/{CLINIC}", third).status == 200
    box = Mailbox.objects.get(address=CARDIO)
    assert (box.description, box.service, box.responsible) == ("Cardiologie de la clinique", "", "")


def test_nobody_writes_in_the_domain_of_another_nor_learns_what_is_there(api, horizon, ourselves):
    stranger = f"orthopedie@{cast.HOSPITAL_DOMAIN}"
    for address in (stranger, f"nobody@{cast.HOSPITAL_DOMAIN}", "x@not-on-the-list.test"):
        told = horizon.patch(f"Organization/{HOSPITAL}", operation("delete", at("Organization", address)))
        assert told.status == 403
        assert "domain" in told.words
    assert Mailbox.objects.get(address=stranger).published
    change = operation("replace", at("Organization", CARDIO, "listeRouge"), valueBoolean=True)
    assert ourselves.patch(f"Organization/{CLINIC}", change).status == 403
    assert api.patch(f"Organization/{CLINIC}", change).status == 403
    assert Api("").patch(f"Organization/{CLINIC}", change).status == 401
    assert not Mailbox.objects.get(address=CARDIO).red_list


def test_a_mailbox_hosted_here_obeys_the_same_commands_as_by_hand(ourselves):
    address = f"orthopedie@{cast.HOSPITAL_DOMAIN}"
    bad = operation("replace", at("Organization", address, "description"), valueString="UF 3210")
    told = ourselves.patch(f"Organization/{HOSPITAL}", bad)
    assert (told.status, "outsiders" in told.words) == (422, True)
    good = operation("replace", at("Organization", address, "description"), valueString="Secrétariat de chirurgie")
    assert ourselves.patch(f"Organization/{HOSPITAL}", good).status == 200
    trace = MailboxTrace.objects.order_by("-id").first()
    assert (trace.act, trace.author) == ("changed", "api:carnet")
    address = f"cardio@{cast.HOSPITAL_DOMAIN}"
    new = point(address, "ORG", description="Secrétariat de cardiologie", service="Cardiologie")
    told = ourselves.patch(
        f"Organization/{HOSPITAL}", operation("insert", "Organization.telecom", valueContactPoint=new)
    )
    assert told.status == 200
    box = Mailbox.objects.get(address=address)
    assert (box.hosted, box.organization_id) == (True, "519999015")
    told = ourselves.patch(f"Organization/{HOSPITAL}", operation("delete", at("Organization", box.address)))
    box.refresh_from_db()
    assert (told.status, box.published, box.state, box.closes_on is not None) == (200, False, "active", True)


NEVER, ELSE = "never changes", "nothing else is written"
REFUSED_CHANGES = [
    ("replace", f"telecom.where(value='{CARDIO}').value", {"valueString": "x@y.fr"}, NEVER),
    ("replace", at("", CARDIO, "type"), {"valueCode": "APP"}, NEVER),
    ("replace", at("", CARDIO), {"valueContactPoint": point(CARDIO, "APP")}, NEVER),
    ("replace", at("", CARDIO), {"valueContactPoint": point(f"x@{DOMAIN}", "ORG")}, NEVER),
    ("insert", "telecom", {"valueContactPoint": point(f"x@{DOMAIN}", "PER")}, "PER and CAB"),
    ("insert", "telecom", {"valueContactPoint": point(CARDIO, "ORG")}, "already"),
    ("insert", "telecom", {"valueContactPoint": {"system": "phone", "value": "0123"}}, "email"),
    ("insert", "telecom", {"valueContactPoint": {"system": "email", "value": f"x@{DOMAIN}"}}, "the type"),
    ("insert", "telecom", {"valueString": "x"}, "valueContactPoint"),
    ("replace", "name", {"valueString": "x"}, ELSE),
    ("replace", "active", {"valueBoolean": False}, ELSE),
    ("delete", "telecom", {}, "names one mailbox"),
    ("delete", "telecom[0]", {}, "addressed by its value"),
    ("delete", "telecom.where(use = 'work')", {}, "system expected"),
    ("delete", "telecom.where(value = 'x@y.fr' or value = 'z@y.fr')", {}, "expected"),
    ("delete", "telecom.where(value = 'a b')", {}, "@"),
    ("delete", "telecom.where(value = 'x", {}, "no path here has"),
    ("delete", "telecom.where(value.startsWith('x'))", {}, "expected"),
    ("delete", "telecom.where(value = 'a@b.fr').extension('x'", {}, "expected"),
    ("delete", at("", CARDIO, "service") + "()", {}, "not understood"),
    ("move", "telecom", {}, "operation move"),
    ("replace", at("", CARDIO, "phone"), {"valueString": "1"}, "phone"),
    ("replace", at("", CARDIO, "description"), {"valueString": "a\u0000b"}, "control"),
    ("replace", at("", CARDIO, "description"), {"valueString": "a" * 501}, "at most 500"),
    ("replace", at("", CARDIO, "listeRouge"), {"valueString": "true"}, "valueBoolean"),
]


def test_what_is_not_written_is_refused_by_name_and_changes_nothing(horizon, subtests):
    before = list(Mailbox.objects.order_by("id").values())
    for act, path, value, words in REFUSED_CHANGES:
        with subtests.test(act=act, path=path[:80], words=words):
            told = horizon.patch(f"Organization/{CLINIC}", operation(act, f"Organization.{path.lstrip('.')}", **value))
            assert told.status in (400, 409, 422)
            assert words in told.words
    assert list(Mailbox.objects.order_by("id").values()) == before


def test_a_professional_gets_no_mailbox_of_a_structure_and_no_description(horizon):
    for box, words in (
        (point(f"x@{DOMAIN}", "ORG"), "ORG and APP"),
        (point(f"x@{DOMAIN}", "PER", description="Cabinet médical"), "no such element"),
    ):
        told = horizon.patch(f"Practitioner/{GP}", operation("insert", "Practitioner.telecom", valueContactPoint=box))
        assert (told.status, words in told.words) == (422, True)
    told = horizon.patch(f"Practitioner/{GP}", operation("delete", at("Organization", CARDIO)))
    assert "Practitioner expected" in told.words


def test_what_is_no_patch_is_refused(horizon, subtests):
    path = f"Organization/{CLINIC}"
    fhir = "application/fhir+json"
    for body, kind, status in (
        (b"{", fhir, 400),
        (b"[]", fhir, 400),
        (b"null", fhir, 400),
        (b'{"resourceType": "Patient"}', fhir, 400),
        (b'{"resourceType": "Parameters"}', fhir, 400),
        (b'{"resourceType": "Parameters", "parameter": [1]}', fhir, 400),
        (b'{"resourceType": "Parameters", "parameter": [{"name": "operation", "part": 3}]}', fhir, 400),
        (b'{"resourceType": "Parameters", "parameter": [{"name": "operation", "part": [{"name": []}]}]}', fhir, 400),
        (b"[" * 5_000, fhir, 400),
        (b" " * (1 << 20) + b"  ", fhir, 413),
        (b"<Parameters/>", "application/fhir+xml", 415),
        (b"[]", "application/json-patch+json", 415),
    ):
        with subtests.test(body=body[:60]):
            told = horizon.call("PATCH", path, "", body, kind)
            assert told.status == status
            assert told.json["resourceType"] == "OperationOutcome"
    many = orjson.dumps({"resourceType": "Parameters", "parameter": [operation("delete", "x")] * 101})
    assert horizon.call("PATCH", path, "", many, fhir).status == 422
    assert not ApiWrite.objects.exists()


def test_a_patch_by_identifier_names_exactly_one(horizon):
    change = operation("replace", at("Organization", CARDIO, "listeRouge"), valueBoolean=False)
    for query, status in (
        (f"identifier={FINESS}|000000000", 404),
        ("identifier=359999034", 400),
        ("", 400),
        ("name=Clinique", 400),
        (f"identifier={FINESS}|359999034,{FINESS}|519999015", 400),
        (f"identifier={FINESS}|359999034", 200),
    ):
        assert horizon.patch("Organization", change, query=query).status == status, query
    for number in ("31", "32"):
        Structure.objects.create(id_nat=f"3{number}", siret="33333333300001", name="Deux fois")
    query = "identifier=https://sirene.fr|33333333300001"
    assert horizon.patch("Organization", change, query=query).status == 412


def test_a_patch_of_an_older_version_is_refused(horizon):
    tag = horizon.get(f"Organization/{CLINIC}").headers["etag"]
    change = operation("replace", at("Organization", CARDIO, "service"), valueString="Cardiologie du soir")
    assert horizon.patch(f"Organization/{CLINIC}", change, if_match=tag).status == 200
    later = operation("replace", at("Organization", CARDIO, "service"), valueString="Cardiologie de nuit")
    assert horizon.patch(f"Organization/{CLINIC}", later, if_match=tag).status == 412
    assert Mailbox.objects.get(address=CARDIO).service == "Cardiologie du soir"


def test_one_who_ended_gets_no_mailbox(horizon):
    Professional.objects.filter(rpps=GP).update(active=False)
    new = operation("insert", "Practitioner.telecom", valueContactPoint=point(f"x@{DOMAIN}", "PER"))
    told = horizon.patch(f"Practitioner/{GP}", new)
    assert (told.status, "no longer active" in told.words) == (422, True)
