"""Clients that others wrote, against the directory's API on a real port: fhirpy and curl."""

import json
import subprocess

import pytest
from directory_api import METADATA, Api, make_directory, operator_of, served

GP = "99700218912"


@pytest.fixture
def base(transactional_db: None) -> tuple[str, Api, Api]:
    """The address of the API, a key that reads and one that writes."""
    from carnet.domain.directory.commands.api_keys import create_api_key
    from carnet.domain.directory.queries.api_keys import forget_keys

    forget_keys()
    make_directory()
    reader = Api(create_api_key("reader"))
    writer = Api(create_api_key("horizon", operator=operator_of("clinique-horizon.mssante.test")))
    with served() as address:
        yield address, reader, writer


def test_fhirpy_searches_pages_includes_reads_and_hears_refusals(base, settings):
    from fhirpy import SyncFHIRClient
    from fhirpy.base.exceptions import OperationOutcome, ResourceNotFound

    from carnet.domain.identity.models import Professional

    address, reader, _ = base
    settings.CARNET_WEB_URL = address.removesuffix("/fhir/v2")
    Professional.objects.bulk_create(
        Professional(rpps=f"9910000{number:04}", given_name="Anne", family_name="PAGE", profession="60")
        for number in range(25)
    )
    client = SyncFHIRClient(address, extra_headers={"ESANTE-API-KEY": reader.key})
    people = client.resources("Practitioner").search(family="page").limit(10)
    assert len(people.fetch_all()) == 25
    assert client.reference("Practitioner", GP).to_resource()["name"][0]["family"] == "MORVAN"
    bundle = client.resources("PractitionerRole").include("PractitionerRole", "practitioner").fetch_raw()
    assert {entry.resource.resource_type for entry in bundle.entry} == {"PractitionerRole", "Practitioner"}
    with pytest.raises(ResourceNotFound):
        client.reference("Practitioner", "00000000000").to_resource()
    with pytest.raises(OperationOutcome, match="not supported"):
        client.resources("Practitioner").search(birthdate="2000").fetch()


def curl(*arguments: str) -> tuple[int, dict]:
    done = subprocess.run(
        ["curl", "--silent", "--max-time", "20", "--write-out", "\n%{http_code}", *arguments],
        capture_output=True, check=True, text=True,
    )  # fmt: skip
    body, _, status = done.stdout.rpartition("\n")
    return int(status), json.loads(body) if body else {}


def test_curl_reads_searches_and_patches(base):
    address, reader, writer = base
    key = ("--header", f"ESANTE-API-KEY: {reader.key}")
    status, told = curl(*key, f"{address}/Organization?mailbox-mss:contains=%40clinique-horizon.mssante.test")
    assert (status, told["total"]) == (200, 1)
    status, told = curl(*key, "--data", "family=morvan", f"{address}/Practitioner/_search")
    assert (status, told["entry"][0]["resource"]["id"]) == (200, GP)
    assert curl(f"{address}/Practitioner")[0] == 401
    box = "cardiologie@clinique-horizon.mssante.test"
    patch = {
        "resourceType": "Parameters",
        "parameter": [
            {
                "name": "operation",
                "part": [
                    {"name": "type", "valueCode": "replace"},
                    {
                        "name": "path",
                        "valueString": f"Organization.telecom.where(value = '{box}')"
                        f".extension('{METADATA}').extension('description').value",
                    },
                    {"name": "value", "valueString": "BAL principale de la structure"},
                ],
            }
        ],
    }
    status, told = curl(
        "--request", "PATCH", "--header", f"ESANTE-API-KEY: {writer.key}",
        "--header", "Content-Type: application/fhir+json", "--data", json.dumps(patch),
        f"{address}/Organization?identifier=https://finess.esante.gouv.fr%7C359999034",
    )  # fmt: skip
    assert status == 200
    about = {part["url"]: part for part in told["telecom"][0]["extension"][1]["extension"]}
    assert about["description"]["valueString"] == "BAL principale de la structure"


def test_a_question_that_takes_too_long_is_given_up(base, monkeypatch):
    from carnet.domain.directory.queries import published
    from carnet.domain.directory.queries.criteria import Carrier, Criterion

    monkeypatch.setattr(published, "MOST_SECONDS", 0.05)
    with pytest.raises(published.TooLong):
        published.search(Carrier.PROFESSIONAL, [Criterion("pg_sleep(3) IS NULL")])
    assert published.search(Carrier.PROFESSIONAL, [Criterion("r.rpps = %s", (GP,))])[0].key == GP
