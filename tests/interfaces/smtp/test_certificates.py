"""The certificate matrix: what each kind of peer is told at the operators' door with mutual TLS, word for word."""

import shutil
import ssl
import subprocess
from datetime import timedelta

import pytest
from operators_there import DOMAIN, LETTER, PATIENT, SENDER, Operators, send
from structlog.testing import capture_logs

from carnet.domain.directory.subjects import Subject, fingerprint
from carnet.foundation.clock import now
from carnet.foundation.tls import revocation
from carnet.sandbox import cast
from carnet.sandbox.certificates import Authority

HOUR = timedelta(hours=1)
VERSIONS = {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}
# The answers that docs/operators.md promises.
NEEDED = "530 5.7.0 A client certificate is needed: this door is for operators of the trust space"
NOT_LISTED = "550 5.7.1 The subject of the certificate is not in the trust list of secure health mail"
OF_ANOTHER = "550 5.7.1 The trust list gives the sender's domain to another operator."
UNLISTED = "550 5.7.1 The sender's domain is not in the trust list of secure health mail."
HOSTED = "550 5.7.1 This domain is hosted here: its mail does not come from outside."
FROM = "550 5.7.1 The author's domain is not one that the sending operator may use."
SENDER_FIELD = "550 5.7.1 The Sender field's domain is not one that the sending operator may use."
REVOKED = "550 5.7.1 The certificate was revoked by its authority"
LIST_EXPIRED = "451 4.7.5 The certificate cannot be checked now: the revocation list has expired"
NO_LIST = "451 4.7.5 The certificate cannot be checked now: there is no revocation list of its authority"


@pytest.fixture
def operators(tmp_path, settings):
    yield Operators.settled(tmp_path)
    revocation.forget()


@pytest.fixture
def seen():
    """What the door noted of those it refused: reason and fingerprint. Nothing else may have gone wrong."""
    with capture_logs() as lines:
        yield lambda: [(line["reason"], line["certificate"]) for line in lines if line["event"] == "operator_refused"]
    assert [line for line in lines if line["log_level"] == "error"] == []


@pytest.mark.parametrize("version", VERSIONS)
def test_a_listed_operator_with_its_certificate_is_heard(operators, seen, version):
    with operators.door() as port:
        assert send(port, operators.other, newest=VERSIONS[version]).code == 250
    assert seen() == []


def test_before_tls_nothing_is_taken(operators):
    with operators.door() as port:
        assert str(send(port, None, tls=False)) == "530 5.7.0 Must issue a STARTTLS command first"


def test_who_shows_no_certificate_is_told_so(operators, seen):
    with operators.door() as port:
        assert str(send(port, None)) == NEEDED
    assert seen() == [("no-certificate", "")]


@pytest.mark.parametrize("version", VERSIONS)
def test_a_certificate_of_another_authority_ends_the_handshake(operators, seen, tmp_path, version):
    stranger = Authority(tmp_path / "other", "Another authority")
    theirs = stranger.issue("x", "mss.horizon.test", siren="999000023", organization="Opérateur Horizon")
    with operators.door() as port:
        assert str(send(port, theirs, newest=VERSIONS[version])) == "alert unknown_ca"
    # The same subject as the operator's: it is not the name that lets anybody in.
    assert seen() == [("unable to get local issuer certificate", fingerprint(Subject.parse(operators.other.subject)))]


@pytest.mark.parametrize("version", VERSIONS)
def test_an_expired_certificate_ends_the_handshake(operators, seen, version):
    old = operators.issue_other("old", not_before=now() - 48 * HOUR, not_after=now() - HOUR)
    with operators.door() as port:
        assert str(send(port, old, newest=VERSIONS[version])) == "alert certificate_expired"
    assert seen() == [("certificate has expired", fingerprint(Subject.parse(operators.other.subject)))]


def test_a_certificate_of_tomorrow_ends_the_handshake(operators):
    early = operators.issue_other("early", not_before=now() + HOUR, not_after=now() + 48 * HOUR)
    with operators.door() as port:
        assert str(send(port, early)) == "alert bad_certificate"


def test_a_self_signed_certificate_ends_the_handshake(operators, seen, tmp_path):
    alone = Authority(tmp_path / "alone", "Opérateur Horizon")
    issued = alone.itself()
    with operators.door() as port:
        assert str(send(port, issued)) == "alert unknown_ca"
    assert [reason for reason, _ in seen()] == ["self-signed certificate"]


def test_a_revoked_certificate_is_told_so_and_another_of_the_same_subject_is_not(operators, seen):
    renewed = operators.issue_other("renewed")
    operators.authority.revoke(operators.other.serial)
    with operators.door() as port:
        assert str(send(port, operators.other)) == REVOKED
        assert send(port, renewed).code == 250
    assert [reason for reason, _ in seen()] == ["revoked"]


def test_with_an_expired_revocation_list_mail_waits_but_not_within_the_grace(operators, settings):
    operators.authority.revoke(this_update=now() - 48 * HOUR, next_update=now() - HOUR)
    with operators.door() as port:
        assert str(send(port, operators.other)) == LIST_EXPIRED
    settings.CARNET_CRL_GRACE_SECONDS = 7200
    with operators.door() as port:
        assert send(port, operators.other).code == 250


def test_within_the_grace_what_the_old_list_took_back_stays_taken_back(operators, settings):
    settings.CARNET_CRL_GRACE_SECONDS = 7200
    operators.authority.revoke(operators.other.serial, this_update=now() - 48 * HOUR, next_update=now() - HOUR)
    with operators.door() as port:
        assert str(send(port, operators.other)) == REVOKED


def test_without_a_revocation_list_mail_waits_unless_a_setting_says_otherwise(operators, settings):
    settings.CARNET_CRL_FILES = ()
    with operators.door() as port:
        assert str(send(port, operators.other)) == NO_LIST
    settings.CARNET_CRL_REQUIRED = False
    with operators.door() as port:
        assert send(port, operators.other).code == 250


def test_a_revocation_list_that_another_authority_signed_is_no_list(operators, settings, tmp_path):
    settings.CARNET_CRL_FILES = (Authority(tmp_path / "other").revoke(),)
    with operators.door() as port:
        assert str(send(port, operators.other)) == NO_LIST


def test_a_subject_that_the_list_does_not_name_is_told_so(operators):
    unknown = operators.issue_other("unknown", organization="Opérateur Lointain")
    with operators.door() as port:
        assert str(send(port, unknown)) == NOT_LISTED


@pytest.mark.parametrize(
    ("sender", "letter", "answer"),
    [
        (f"dr@{cast.HOSPITAL_DOMAIN}", LETTER, HOSTED),
        ("dr@ailleurs.mssante.test", LETTER, OF_ANOTHER),
        ("dr@nulle-part.test", LETTER, UNLISTED),
        (SENDER, LETTER.replace(f"From: {SENDER}", "From: dr@ailleurs.mssante.test"), FROM),
        (SENDER, LETTER.replace(f"From: {SENDER}", f"From: dr@{cast.HOSPITAL_DOMAIN}"), HOSTED),
        (SENDER, LETTER.replace(f"From: {SENDER}", f"From: {SENDER}, dr@ailleurs.mssante.test"), FROM),
        (SENDER, f"Sender: dr@ailleurs.mssante.test\r\n{LETTER}", SENDER_FIELD),
        (SENDER, f"sender : dr@{cast.HOSPITAL_DOMAIN}\r\n{LETTER}", HOSTED),
        (SENDER, f"Sender: agenda@{DOMAIN}\r\n{LETTER}", "250"),
        ("", LETTER.replace(f"From: {SENDER}", "From: postmaster@ailleurs.mssante.test"), FROM),
        ("", LETTER.replace(f"From: {SENDER}", f"From: dr@{cast.HOSPITAL_DOMAIN}"), HOSTED),
        ("", LETTER, "250"),
    ],
)
def test_a_certificate_speaks_for_its_own_domains_only(operators, sender, letter, answer):
    elsewhere = operators.issue_other("elsewhere", organization="Opérateur Lointain")
    operators.list((DOMAIN, operators.other.subject), ("ailleurs.mssante.test", elsewhere.subject))
    with operators.door() as port:
        assert str(send(port, operators.other, sender=sender, letter=letter)).startswith(answer)


def test_the_null_sender_needs_the_certificate_of_an_operator_too(operators):
    unknown = operators.issue_other("unknown", organization="Opérateur Lointain")
    with operators.door() as port:
        assert str(send(port, None, sender="")) == NEEDED
        assert str(send(port, unknown, sender="")) == NOT_LISTED


def test_a_domain_that_moves_is_spoken_for_by_both_operators_until_the_list_says_otherwise(operators):
    new = operators.issue_other("new", organization="Opérateur Lointain")
    with operators.door() as port:
        assert str(send(port, new)) == NOT_LISTED
    operators.list((DOMAIN, operators.other.subject), (DOMAIN, new.subject))
    with operators.door() as port:
        assert send(port, new).code == 250
        assert send(port, operators.other).code == 250
    assert operators.known.trusted.subjects_of(DOMAIN.upper()) == {
        Subject.parse(new.subject),
        Subject.parse(operators.other.subject),
    }


@pytest.mark.skipif(not shutil.which("swaks"), reason="swaks is not installed (tools/test-programs)")
def test_swaks_with_the_operators_certificate_is_heard_and_sees_the_door_s_own(operators):
    with operators.door() as port:
        told = subprocess.run(
            [
                "swaks", "--server", "127.0.0.1", "--port", str(port), "--tls", "--tls-verify",
                "--tls-ca-path", operators.authority.certificate,
                "--tls-cert", operators.other.certificate, "--tls-key", operators.other.key,
                "--from", SENDER, "--to", PATIENT,
            ],
            capture_output=True, text=True, timeout=30, check=False,
        )  # fmt: skip
    assert told.returncode == 0, told.stdout
    assert "CN=carnet.mssante.test" in told.stdout


@pytest.mark.parametrize("suite", ["AES128-SHA", "ECDHE-ECDSA-AES128-SHA256", "DHE-RSA-AES128-GCM-SHA256"])
def test_ciphers_without_forward_secrecy_or_authentication_are_refused(operators, suite):
    with operators.door() as port:
        assert "handshake_failure" in _openssl(port, operators, "-tls1_2", "-cipher", f"{suite}:@SECLEVEL=0")
        assert "Verification: OK" in _openssl(port, operators, "-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-GCM-SHA256")


def test_tls_older_than_1_2_is_refused(operators):
    with operators.door() as port:
        told = _openssl(port, operators, "-tls1_1", "-cipher", "DEFAULT:@SECLEVEL=0")
        assert "alert protocol version" in told or "protocol_version" in told


def _openssl(port, operators, *options):
    told = subprocess.run(
        [
            "openssl", "s_client", "-connect", f"127.0.0.1:{port}", "-starttls", "smtp",
            "-CAfile", operators.authority.certificate,
            "-cert", operators.other.certificate, "-key", operators.other.key, *options,
        ],
        input="QUIT\r\n", capture_output=True, text=True, timeout=30, check=False,
    )  # fmt: skip
    return (told.stdout + told.stderr).replace("alert handshake failure", "handshake_failure")
