"""The INSi service: asked by Carnet, and by a SOAP client of someone else's making."""

import io
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
import zeep
from lxml import etree

from carnet.domain.identity.insi import (
    AskedTraits,
    InsiAnswer,
    InsiAway,
    InsiCode,
    InsiTrouble,
    find_by_traits,
    messages,
    verify_identity,
)
from carnet.domain.identity.insi.messages import BadInsiMessage, InsiFault, Search
from carnet.domain.identity.insi.values import FoundIdentity
from carnet.domain.identity.values import Ins, InsOid, InvalidTrait, StrictTraits
from carnet.sandbox import cast
from carnet.sandbox.insi.address import insi_url
from carnet.sandbox.insi.installed import people
from carnet.sandbox.insi.register import read_register, write_register
from carnet.sandbox.insi.server import insi_server


@pytest.fixture(scope="module")
def register(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("insi") / "register.json"
    write_register(path, people())
    return path


@pytest.fixture(scope="module")
def url(register: Path) -> Iterator[str]:
    server = insi_server(register, "127.0.0.1", 0)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield insi_url("127.0.0.1", server.server_port)
    server.shutdown()
    server.server_close()


@pytest.fixture
def service(url: str, settings) -> str:
    settings.CARNET_INSI_URL = url
    return url


def asked(birth_name: str, given_name: str, birth_date: str, sex: str, birth_place: str = "") -> AskedTraits:
    return AskedTraits.read(
        birth_name=birth_name, given_name=given_name, birth_date=birth_date, sex=sex, birth_place=birth_place
    )


@pytest.mark.parametrize(
    ("traits", "code", "ins"),
    [
        (("Pat-Trois", "Dominique", "1979-03-28", "F"), InsiCode.FOUND, cast.DOMINIQUE.ins),
        (("PAT-TROIS", "DOMINIQUE MARIE-LOUISE", "1979-03-28", "F", "51215"), InsiCode.FOUND, cast.DOMINIQUE.ins),
        (("PAT TROIS", "DOMINIQUE", "1979-03-28", "F"), InsiCode.NOBODY, None),  # the hyphen counts
        (("PAT-TROIS", "MARIE-LOUISE", "1979-03-28", "F"), InsiCode.NOBODY, None),  # not the first of her names
        (("PAT-TROIS", "DOMINIQUE", "1979-03-28", "M"), InsiCode.NOBODY, None),
        (("PAT-TROIS", "DOMINIQUE", "1979-03-29", "F"), InsiCode.NOBODY, None),
        (("PAT-TROIS", "DOMINIQUE", "1979-03-28", "F", "51216"), InsiCode.NOBODY, None),
        (("Martin", "Marie", "1980-05-15", "F"), InsiCode.SEVERAL, None),
        (("Martin", "Marie", "1980-05-15", "F", "69123"), InsiCode.SEVERAL, None),
        (("Martin", "Marie", "1980-05-15", "F", "13055"), InsiCode.FOUND, "2800513055402" + "00"),
        (("Martin", "Marie Hélène", "1980-05-15", "F"), InsiCode.FOUND, "2800569123403" + "00"),
        (("LE-GALL", "Yann", "1992-07-03", "M"), InsiCode.FOUND, "1920729019404" + "00"),
        (("LE GALL", "Yann", "1992-07-03", "M"), InsiCode.FOUND, "1920729232405" + "00"),
        (("d’Herblay", "Anne-Marie", "1965-01-22", "F"), InsiCode.FOUND, "2650144109406" + "00"),
        (("Paoletti", "Ghjuvan", "1984-10-21", "M", "2A004"), InsiCode.FOUND, cast.GHJUVAN.ins),
        (("Sant'Angelo", "Lisandru", "1972-09-09", "M", "2b033"), InsiCode.FOUND, "172092B033407" + "00"),
    ],
)
def test_a_search_by_traits_has_three_outcomes(service: str, traits, code: InsiCode, ins: str | None) -> None:
    answer = find_by_traits(asked(*traits), by="99700218912")
    assert answer.code is code
    assert (answer.identity.ins[:13] if answer.identity else None) == (ins[:13] if ins else None)


def test_what_is_found_is_the_identity_of_the_register(service: str) -> None:
    identity = find_by_traits(asked("NESSI", "RUTH", "1977-07-14", "F")).identity
    assert identity is not None
    assert (identity.ins, identity.oid) == (cast.RUTH.ins, InsOid.NIR_TEST)
    assert identity.traits.given_names == ("RUTH", "ISABELLE")
    assert identity.traits.birth_place == "63220"
    assert "NESSI" not in repr(identity)


def test_a_verification_says_whether_the_ins_is_theirs(service: str) -> None:
    identity = find_by_traits(asked("NESSI", "RUTH", "1977-07-14", "F")).identity
    assert identity is not None
    assert verify_identity(identity.ins, identity.oid, identity.traits)
    assert not verify_identity(Ins(cast.DOMINIQUE.ins), identity.oid, identity.traits)
    assert not verify_identity(identity.ins, InsOid.NIR_DEMO, identity.traits)


@pytest.mark.parametrize("missing", ["birth_name", "given_name", "birth_date", "sex"])
def test_a_search_without_a_trait_that_insi_needs_is_never_asked(missing: str) -> None:
    traits = {"birth_name": "NESSI", "given_name": "RUTH", "birth_date": "1977-07-14", "sex": "F"}
    assert AskedTraits.read(**traits)
    with pytest.raises(InvalidTrait):
        AskedTraits.read(**(traits | {missing: ""}))


def test_a_foreign_soap_client_finds_and_verifies_by_the_description_that_the_service_gives(url: str) -> None:
    client = zeep.Client(f"{url}?wsdl")
    found = client.service.rechercherInsAvecTraitsIdentite(
        NomNaissance="KERMADEC", Prenom="JOSETTE", Sexe="F", DateNaissance="1952-03-17",
        _soapheaders={"entete": "99700218912"},
    )  # fmt: skip
    assert found.CodeCR == "00"
    assert (found.Individu.Matricule, found.Individu.ListePrenoms) == (cast.JOSETTE.ins, "JOSETTE ANNE")
    assert client.service.verifierIns(Individu=found.Individu) == "OK"
    found.Individu.NomNaissance = "KERMADEK"
    assert client.service.verifierIns(Individu=found.Individu) == "KO"
    with pytest.raises(zeep.exceptions.Fault) as fault:
        client.service.rechercherInsAvecTraitsIdentite(
            NomNaissance="KERMADEC", Prenom="JOSETTE", Sexe="F", DateNaissance="17/03/1952"
        )
    assert "KERMADEC" not in str(fault.value)


def test_what_carnet_asks_is_what_the_description_of_the_service_says(url: str) -> None:
    """The question that Carnet writes is valid by the schema within the WSDL, and the answers too."""
    wsdl = etree.parse(
        io.BytesIO(subprocess.run(["curl", "-sf", f"{url}?wsdl"], capture_output=True, check=True).stdout)
    )
    schema = etree.XMLSchema(wsdl.find(".//{http://www.w3.org/2001/XMLSchema}schema"))
    identity = read_register_of_the_sandbox()[0]
    for raw in (
        messages.write_search(Search(asked("NESSI", "RUTH", "1977-07-14", "F", "63220"), "99700218912")),
        messages.write_verification(messages.Verification(identity)),
        messages.write_answer(InsiAnswer(InsiCode.FOUND, identity)),
        messages.write_answer(InsiAnswer(InsiCode.SEVERAL)),
        messages.write_verified(agrees=False),
    ):
        schema.assertValid(etree.fromstring(raw).find(f"{{{messages.SOAP}}}Body")[0])


def read_register_of_the_sandbox() -> list[FoundIdentity]:
    return [person.identity() for person in people()]


def test_the_register_of_the_sandbox_has_no_person_twice_and_keeps_what_is_added(register: Path) -> None:
    found = read_register(register)
    assert found == read_register_of_the_sandbox()
    assert len({one.ins for one in found}) == len(found)


# --- when the service does not answer as it should ---------------------------------------------------------------


def trouble(code: InsiTrouble) -> None:
    with pytest.raises(InsiAway) as away:
        find_by_traits(asked("NESSI", "RUTH", "1977-07-14", "F"))
    assert away.value.code is code
    assert "NESSI" not in f"{away.value!r} {away.value.__context__!r}"


def test_a_service_that_cannot_be_asked_is_told_with_its_reason(settings, url: str) -> None:
    settings.CARNET_INSI_SECONDS = 2
    settings.CARNET_INSI_URL = ""
    trouble(InsiTrouble.NOT_CONFIGURED)
    settings.CARNET_INSI_URL = "http://127.0.0.1:9/insi"
    trouble(InsiTrouble.UNREACHABLE)
    settings.CARNET_INSI_URL = "http://insi.example.org/"  # in clear, and not on this machine
    trouble(InsiTrouble.UNREACHABLE)
    settings.CARNET_INSI_URL = f"{url}?wsdl"[: -len("insi?wsdl")] + "elsewhere"
    trouble(InsiTrouble.REFUSED)


@pytest.fixture
def answering(settings) -> Iterator[list[bytes]]:
    """A service that answers whatever one puts into the list."""
    from wsgiref.simple_server import WSGIRequestHandler, make_server

    said: list[bytes] = [b""]

    class Quiet(WSGIRequestHandler):
        def log_message(self, format: str, *arguments: object) -> None:
            pass

    def answer(environ, start_response):
        environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
        start_response("200 OK", [("Content-Type", messages.MEDIA_TYPE)])
        return [said[0]]

    server = make_server("127.0.0.1", 0, answer, handler_class=Quiet)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    settings.CARNET_INSI_URL = insi_url("127.0.0.1", server.server_port)
    yield said
    server.shutdown()
    server.server_close()


def ruth(**changed: str) -> FoundIdentity:
    traits = {"birth_name": "NESSI", "given_names": "RUTH", "birth_date": "1977-07-14", "sex": "F"}
    oid = InsOid(changed.pop("oid", InsOid.NIR_TEST.value))
    return FoundIdentity(Ins(cast.RUTH.ins), oid, StrictTraits.read(**(traits | changed)))


def test_an_answer_about_somebody_else_is_no_answer(answering: list[bytes], settings) -> None:
    answering[0] = messages.write_answer(InsiAnswer(InsiCode.FOUND, ruth()))
    assert find_by_traits(asked("NESSI", "RUTH", "1977-07-14", "F")).identity == ruth()
    for other in (ruth(birth_name="NESSY"), ruth(sex="M"), ruth(birth_date="1977-07-15")):
        answering[0] = messages.write_answer(InsiAnswer(InsiCode.FOUND, other))
        trouble(InsiTrouble.UNREADABLE)
    answering[0] = messages.write_answer(InsiAnswer(InsiCode.FOUND, ruth(oid=InsOid.NIR.value)))
    trouble(InsiTrouble.UNREADABLE)  # a real INS in a sandbox …
    settings.CARNET_PRODUCTION = True
    assert find_by_traits(asked("NESSI", "RUTH", "1977-07-14", "F")).identity is not None
    answering[0] = messages.write_answer(InsiAnswer(InsiCode.FOUND, ruth()))
    trouble(InsiTrouble.UNREADABLE)  # … and a test one in production


GOOD = messages.write_answer(InsiAnswer(InsiCode.FOUND, ruth()))
BOMB = b"""<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "NESSI"><!ENTITY c "&b;&b;">]>""" + GOOD.partition(b"?>")[2]


@pytest.mark.parametrize(
    "raw",
    [
        b"", b"<", b"Bonjour", BOMB, GOOD + b"x", GOOD[:-9], GOOD.replace(b"2003/05", b"2001/05"),
        GOOD.replace(b">00<", b">03<"), GOOD.replace(b">00<", b"><"), GOOD.replace(b"Individu>", b"Personne>"),
        GOOD.replace(cast.RUTH.ins.encode(), cast.RUTH.ins[:-1].encode() + b"9"),
        GOOD.replace(b"1.2.250.1.213.1.4.10", b"1.2.3"), GOOD.replace(b"1977-07-14", b"1977-02-31"),
        GOOD.replace(b"NESSI", b"N&#13;ESSI2"), GOOD.replace(b"utf-8", b"utf-16").decode().encode("utf-16"),
        GOOD + b" " * messages.MAX_BYTES, messages.write_verified(agrees=True), messages.write_search(
            Search(asked("NESSI", "RUTH", "1977-07-14", "F"))),
    ],
)  # fmt: skip
def test_an_answer_that_is_none_is_never_read_as_one(raw: bytes) -> None:
    assert messages.read_answer(GOOD).code is InsiCode.FOUND
    with pytest.raises(BadInsiMessage) as bad:
        messages.read_answer(raw)
    assert "NESSI" not in str(bad.value)


def test_a_fault_is_a_fault_whatever_its_status_says(answering: list[bytes]) -> None:
    answering[0] = messages.write_fault(sender=True, reason="not taken")
    trouble(InsiTrouble.REFUSED)
    with pytest.raises(InsiFault):
        messages.read_verified(answering[0])


def test_log_lines_hold_the_outcome_and_no_trait(service: str) -> None:
    with structlog.testing.capture_logs() as lines:
        find_by_traits(asked("NESSI", "RUTH", "1977-07-14", "F", "63220"), by="99700218912")
    assert [line["outcome"] for line in lines if line["event"] == "insi_asked"] == ["answered"]
    for word in ("NESSI", "RUTH", "1977", "63220", cast.RUTH.ins):
        assert word not in str(lines)
