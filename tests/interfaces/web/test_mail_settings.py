"""What mail clients learn by themselves: autoconfiguration, Autodiscover, DNS records."""

from dataclasses import replace

import pytest
from django.test import Client
from lxml import etree

from carnet.interfaces.web.mail_settings import MailSettings, dns_records, mail_settings
from carnet.sandbox import cast

pytestmark = pytest.mark.django_db

ASKED = (
    '<?xml version="1.0"?><Autodiscover '
    'xmlns="http://schemas.microsoft.com/exchange/autodiscover/outlook/requestschema/2006"><Request>'
    "<EMailAddress>{}</EMailAddress><AcceptableResponseSchema>http://schemas.microsoft.com/exchange/autodiscover/"
    "outlook/responseschema/2006a</AcceptableResponseSchema></Request></Autodiscover>"
)
DOORS = MailSettings(
    "mail.example.org", 143, 993, 587, 465, passwords=False, issuer="https://psc.test/realm",
    authorization_url="https://psc.test/auth", token_url="https://psc.test/token",
)  # fmt: skip


@pytest.fixture(autouse=True)
def _sandbox(settings):
    cast.trust_space_of_the_sandbox()
    settings.CARNET_PSC_ISSUER = "https://psc.test/auth/realms/esante-wallet"
    settings.CARNET_MAIL_PUBLIC_HOST = "mail.example.org"
    settings.CARNET_MAIL_PUBLIC_PORTS = {"imap": 143, "imaps": 993, "submission": 587, "submissions": 465}
    settings.ALLOWED_HOSTS = ["*"]


def config(client: Client, path: str = "/.well-known/autoconfig/mail/config-v1.1.xml", **options: str):
    answer = client.get(path, **options)
    assert answer.status_code == 200
    assert answer["Content-Type"].startswith("application/xml")
    return etree.fromstring(answer.content)


def test_a_mail_client_finds_the_doors_by_the_address(client: Client, settings) -> None:
    settings.CARNET_MAILBOX_PASSWORDS = False
    found = config(client, f"/mail/config-v1.1.xml?emailaddress=julie%40{cast.HOSPITAL_DOMAIN}")
    servers = found.findall("emailProvider/incomingServer") + found.findall("emailProvider/outgoingServer")
    told = [(one.get("type"), one.findtext("hostname"), one.findtext("port"), one.findtext("socketType"))
            for one in servers]  # fmt: skip
    assert told == [
        ("imap", "mail.example.org", "993", "SSL"),
        ("imap", "mail.example.org", "143", "STARTTLS"),
        ("smtp", "mail.example.org", "465", "SSL"),
        ("smtp", "mail.example.org", "587", "STARTTLS"),
    ]
    assert {one.findtext("username") for one in servers} == {"%EMAILADDRESS%"}
    ways = [way.text for way in servers[0].findall("authentication")]
    assert ways == ["OAuth2", "TLS-client-cert"]
    assert found.findtext("emailProvider/domain") == cast.HOSPITAL_DOMAIN
    assert found.findtext("oAuth2/issuer") == "https://psc.test/auth/realms/esante-wallet"
    assert found.findtext("oAuth2/scope") == "openid scope_all"
    assert found.findtext("oAuth2/tokenURL").startswith("https://psc.test/auth/realms/esante-wallet/")


def test_or_by_the_name_of_the_host(client: Client) -> None:
    found = config(client, HTTP_HOST=f"autoconfig.{cast.CITY_DOMAIN}")
    assert found.findtext("emailProvider/domain") == cast.CITY_DOMAIN


def test_passwords_and_tokens_are_told_where_they_are_taken(client: Client, settings) -> None:
    settings.CARNET_MAILBOX_PASSWORDS = True
    settings.CARNET_PSC_ISSUER = ""
    found = config(client, f"/mail/config-v1.1.xml?emailaddress=a@{cast.HOSPITAL_DOMAIN}")
    ways = [way.text for way in found.findall("emailProvider/incomingServer/authentication")]
    assert set(ways) == {"password-cleartext", "TLS-client-cert"}
    assert found.find("oAuth2") is None


@pytest.mark.parametrize(
    "address", [f"a@{cast.OTHER_OPERATOR_DOMAIN}", "a@example.org", "a@<b>&", "", "a", "@", "a@" + "x" * 300]
)
def test_nothing_is_told_of_domains_that_are_not_hosted_here(client: Client, address: str) -> None:
    assert client.get("/mail/config-v1.1.xml", {"emailaddress": address}).status_code == 404
    answer = client.post("/autodiscover/autodiscover.xml", ASKED.format("a@example.org"), content_type="text/xml")
    assert answer.status_code == 404


def test_the_answer_is_the_same_whoever_has_a_mailbox(client: Client) -> None:
    there = client.get("/mail/config-v1.1.xml", {"emailaddress": f"orthopedie@{cast.HOSPITAL_DOMAIN}"}).content
    absent = client.get("/mail/config-v1.1.xml", {"emailaddress": f"personne@{cast.HOSPITAL_DOMAIN}"}).content
    assert there == absent


def test_outlook_finds_the_doors(client: Client) -> None:
    asked = ASKED.format(f"julie@{cast.HOSPITAL_DOMAIN}")
    answer = client.post("/autodiscover/autodiscover.xml", asked, content_type="text/xml")
    assert answer.status_code == 200
    protocols = etree.fromstring(answer.content).findall("{*}Response/{*}Account/{*}Protocol")
    told = [tuple(one.findtext(f"{{*}}{name}") for name in ("Type", "Port", "SSL")) for one in protocols]
    assert told == [("IMAP", "993", "on"), ("SMTP", "465", "on")]


@pytest.mark.parametrize(
    "asked",
    [
        "",
        "no xml",
        ASKED.format("no address"),
        '<!DOCTYPE a [<!ENTITY x "y">]>' + ASKED.format("&x;@saint-aubin.mssante.test"),
        "<a>" * 50_000,
    ],
)
def test_a_hostile_request_of_autodiscover_is_refused(client: Client, asked: str) -> None:
    assert client.post("/autodiscover/autodiscover.xml", asked, content_type="text/xml").status_code == 400


def test_the_records_to_publish_put_tls_at_once_first() -> None:
    records = dns_records("hopital.example.org", DOORS, "https://espace.example.org")
    assert records == [
        "hopital.example.org. IN MX 10 mail.example.org.",
        "_imaps._tcp.hopital.example.org. IN SRV 0 1 993 mail.example.org.",
        "_imap._tcp.hopital.example.org. IN SRV 10 1 143 mail.example.org.",
        "_submissions._tcp.hopital.example.org. IN SRV 0 1 465 mail.example.org.",
        "_submission._tcp.hopital.example.org. IN SRV 10 1 587 mail.example.org.",
        "_pop3._tcp.hopital.example.org. IN SRV 0 0 0 .",
        "_pop3s._tcp.hopital.example.org. IN SRV 0 0 0 .",
        "autoconfig.hopital.example.org. IN CNAME espace.example.org.",
        "_autodiscover._tcp.hopital.example.org. IN SRV 0 0 443 espace.example.org.",
    ]
    closed = dns_records("hopital.example.org", replace(DOORS, imaps=0), "http://espace.example.org:8000")
    assert not [record for record in closed if "_imaps." in record or "_autodiscover" in record]


def test_the_doors_own_ports_are_told_where_no_others_are_public(settings) -> None:
    settings.CARNET_MAIL_PUBLIC_PORTS = {"imaps": 993}
    settings.CARNET_IMAP_PORT, settings.CARNET_IMAPS_PORT = 2143, 2993
    told = mail_settings()
    assert (told.imap, told.imaps) == (2143, 993)
