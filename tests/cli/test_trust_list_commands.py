"""``carnet trust-list`` as those who run Carnet use it."""

import pytest
from typer.testing import CliRunner

from carnet.cli import app
from carnet.domain.directory.commands import note_refused_peers
from carnet.domain.directory.queries import trust_space
from carnet.domain.directory.subjects import Subject, fingerprint
from carnet.foundation.clock import now
from carnet.foundation.tls import revocation
from carnet.sandbox.certificates import Authority
from carnet.sandbox.trust_list import document

pytestmark = pytest.mark.django_db
OTHER = "CN=mss.labo.fr,OU=0002 987654321,O=Labo,ST=Rhône (69),C=FR"


def carnet(*arguments):
    return CliRunner().invoke(app, [str(one) for one in arguments])


@pytest.fixture
def authority(tmp_path, settings):
    made = Authority(tmp_path / "tls")
    settings.CARNET_OPERATORS_CA_FILE, settings.CARNET_CRL_FILES = made.certificate, (made.revoke(),)
    revocation.forget()
    yield made
    revocation.forget()


def test_a_list_is_imported_shown_and_asked(tmp_path, authority):
    issued = authority.issue("chu", "mss.chu.fr", siren="999000031", organization="CHU")
    stranger = authority.issue("x", "mss.x.fr", siren="999000049", organization="X")
    file = tmp_path / "list.xml"
    file.write_bytes(document([("chu-là.mssante.fr", issued.subject, ""), ("labo.mssante.fr", OTHER, "")]))
    assert "taken: 2 entries, 2 domains, 2 certificates; 2 added" in carnet("trust-list", "import", file).output
    assert "unchanged" in carnet("trust-list", "import", file).output

    shown = carnet("trust-list", "show", "labo").output
    assert "In force: taken" in shown
    assert "labo.mssante.fr  Labo" in shown
    assert OTHER in shown
    assert "chu-là" not in shown
    assert "added    list  chu-là.mssante.fr" in carnet("trust-list", "changes").output

    trusted = carnet("trust-list", "check", "CHU-Là.mssante.fr", "--certificate", issued.certificate)
    assert trusted.exit_code == 0
    assert fingerprint(Subject.parse(issued.subject)) in trusted.output
    assert "The certificate speaks for this domain." in trusted.output
    other = carnet("trust-list", "check", "labo.mssante.fr", "--certificate", issued.certificate)
    assert (other.exit_code, "does not give this domain" in other.output) == (1, True)
    nobody = carnet("trust-list", "check", "labo.mssante.fr", "--certificate", stranger.certificate)
    assert (nobody.exit_code, "is not in the trust list" in nobody.output) == (1, True)
    assert carnet("trust-list", "check", "ailleurs.fr").exit_code == 1


def test_a_list_that_cannot_be_used_is_refused_in_words(tmp_path, capsys):
    file = tmp_path / "list.xml"
    file.write_bytes(document([("a.fr", OTHER, "")]))
    carnet("trust-list", "import", file)
    file.write_bytes(b"<html/>")
    done = carnet("trust-list", "import", file)
    assert done.exit_code == 1
    assert "the last one stays in force: line 1: the namespace is not" in done.output + capsys.readouterr().err
    assert "Last read: refused" in carnet("trust-list", "show").output
    assert trust_space().listed == {"a.fr"}


def test_without_an_address_the_list_is_not_fetched(capsys):
    done = carnet("trust-list", "refresh")
    assert done.exit_code == 1
    assert "CARNET_TRUST_LIST_URL is not set" in done.output + capsys.readouterr().err


def test_a_domain_is_trusted_by_hand_with_its_certificates_and_taken_back(capsys):
    assert carnet("directory", "trust", "a.fr", "--operator", "Labo", "--subject", OTHER).exit_code == 0
    assert trust_space().subjects_of("a.fr") == {Subject.parse(OTHER)}
    assert "a.fr  Labo  (by hand)" in carnet("trust-list", "show").output
    assert "a.fr is not trusted" in carnet("directory", "distrust", "a.fr").output
    assert carnet("directory", "distrust", "a.fr").exit_code == 1
    wrong = carnet("directory", "trust", "a.fr", "--operator", "Labo", "--subject", "nonsense")
    assert wrong.exit_code == 1
    assert "TYPE=value" in wrong.output + capsys.readouterr().err


def test_who_was_turned_away_is_shown():
    note_refused_peers({("revoked", "CN=a"): 2}, now())
    told = carnet("trust-list", "refused").output
    assert "2  revoked" in told
    assert "CN=a" in told
