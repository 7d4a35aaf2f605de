"""Mail programs that nobody here wrote, signing in with tokens and certificates, with STARTTLS and TLS at once."""

import json
from base64 import b64decode
from pathlib import Path

import pytest
from doors_clients import eventually, run_mbsync, run_mutt, swaks
from doors_demo import Demo
from doors_tokens import JULIE, Software, curl

SOFTWARE = "dpi@saint-aubin.mssante.test"


@pytest.fixture(scope="module")
def token(demo: Demo) -> str:
    return str(Software(demo).sign_in(JULIE)["access_token"])


@pytest.fixture(scope="module")
def certificate(demo: Demo) -> list[str]:
    """curl's options for the certificate of the hospital's software."""
    shown = next(box["certificate"] for box in demo.ready["mailboxes"] if box["address"] == SOFTWARE)
    return ["--cert", shown["cert_file"], "--key", shown["key_file"]]


@pytest.fixture
def letter(demo: Demo, tmp_path: Path) -> Path:
    path = tmp_path / "letter.eml"
    path.write_bytes(
        f"From: {demo.HOSPITAL}\r\nTo: {demo.DOCTOR}\r\nSubject: Par curl\r\n\r\nBonjour\r\n".encode("ascii")
    )
    return path


def imap_url(demo: Demo, scheme: str) -> str:
    return f"{scheme}://localhost:{demo.ready[scheme]['port']}/"


def smtp_options(demo: Demo, sender: str, letter: Path) -> list[str]:
    return ["--mail-from", sender, "--mail-rcpt", demo.DOCTOR, "--upload-file", str(letter)]


STATUS = ["--request", "STATUS INBOX (MESSAGES)"]


@pytest.mark.parametrize("scheme", ["imap", "imaps"])
@pytest.mark.parametrize("mechanism", ["XOAUTH2", "OAUTHBEARER"])
@pytest.mark.parametrize("at_once", [["--sasl-ir"], []])
def test_curl_reads_with_a_token(demo: Demo, token: str, scheme: str, mechanism: str, at_once: list[str]) -> None:
    done = curl(
        demo, "--ssl-reqd", *at_once, "--login-options", f"AUTH={mechanism}", "--user", demo.HOSPITAL,
        "--oauth2-bearer", token, *STATUS, imap_url(demo, scheme),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith('* STATUS "INBOX" (MESSAGES ')


@pytest.mark.parametrize(("scheme", "door"), [("smtp", "submission"), ("smtps", "submissions")])
@pytest.mark.parametrize("mechanism", ["XOAUTH2", "OAUTHBEARER"])
def test_curl_sends_with_a_token(demo: Demo, token: str, letter: Path, scheme: str, door: str, mechanism: str) -> None:
    where = f"{scheme}://localhost:{demo.ready[door]['port']}/poste.test"
    options = ["--ssl-reqd", "--sasl-ir", "--login-options", f"AUTH={mechanism}", "--user", demo.HOSPITAL]
    sent = curl(demo, *options, "--oauth2-bearer", token, *smtp_options(demo, demo.HOSPITAL, letter), where)
    assert sent.returncode == 0, sent.stderr
    refused = curl(
        demo, *options, "--verbose", "--oauth2-bearer", token[:-8] + "AAAAAAAA",
        *smtp_options(demo, demo.HOSPITAL, letter), where,
    )  # fmt: skip
    assert refused.returncode == 67  # curl: the login was denied
    challenge = next(line[6:] for line in refused.stderr.splitlines() if line.startswith("< 334 ey"))
    assert json.loads(b64decode(challenge))["status"] == "401"


@pytest.mark.parametrize("scheme", ["imap", "imaps"])
def test_curl_reads_with_the_certificate_of_the_software(demo: Demo, certificate: list[str], scheme: str) -> None:
    options = ["--ssl-reqd", "--login-options", "AUTH=EXTERNAL", "--user", f"{SOFTWARE}:", *STATUS]
    done = curl(demo, *certificate, *options, imap_url(demo, scheme))
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith('* STATUS "INBOX"')
    without = curl(demo, *options, imap_url(demo, scheme))
    assert without.returncode == 67
    other = curl(
        demo, *certificate, "--ssl-reqd", "--login-options", "AUTH=EXTERNAL", "--user", f"{demo.ARCHIVES}:", *STATUS,
        imap_url(demo, scheme),
    )  # fmt: skip
    assert other.returncode == 67


@pytest.mark.parametrize(("scheme", "door"), [("smtp", "submission"), ("smtps", "submissions")])
def test_curl_sends_with_the_certificate_of_the_software(
    demo: Demo, certificate: list[str], tmp_path: Path, scheme: str, door: str
) -> None:
    letter = tmp_path / "letter.eml"
    letter.write_bytes(f"From: {SOFTWARE}\r\nTo: {demo.DOCTOR}\r\nSubject: Par EXTERNAL\r\n\r\nBonjour\r\n".encode())
    where = f"{scheme}://localhost:{demo.ready[door]['port']}/poste.test"
    options = ["--ssl-reqd", "--login-options", "AUTH=EXTERNAL", "--user", f"{SOFTWARE}:"]
    sent = curl(demo, *certificate, *options, *smtp_options(demo, SOFTWARE, letter), where)
    assert sent.returncode == 0, sent.stderr
    assert curl(demo, *options, *smtp_options(demo, SOFTWARE, letter), where).returncode == 67


def test_swaks_sends_over_tls_at_once_and_shows_a_certificate(
    demo: Demo, certificate: list[str], tmp_path: Path
) -> None:
    _, cert_file, _, key_file = certificate
    sent = swaks(
        demo.ready["submissions"]["port"], tmp_path, demo.HOSPITAL, [demo.DOCTOR],
        "--tls-on-connect", "--tls-verify", "--tls-ca-path", demo.ca_file, "--tls-cert", cert_file, "--tls-key",
        key_file, "--auth", "PLAIN", "--auth-user", demo.HOSPITAL, "--auth-password", demo.password,
        "--header", "Subject: Par swaks, TLS d’emblée",
    )  # fmt: skip
    assert sent.sent, sent.transcript
    assert any("EXTERNAL" in line for line in sent.answers if "AUTH " in line)


def test_mbsync_and_mutt_read_over_tls_at_once(demo: Demo, token: str, letter: Path, tmp_path: Path) -> None:
    where = f"smtps://localhost:{demo.ready['submissions']['port']}/poste.test"
    curl(
        demo, "--user", demo.HOSPITAL, "--oauth2-bearer", token, *smtp_options(demo, demo.HOSPITAL, letter), where
    ).check_returncode()
    port = demo.ready["imaps"]["port"]

    def copied() -> list[str]:
        folder = tmp_path / f"mbsync-{len(list(tmp_path.iterdir()))}"
        read = run_mbsync(folder, port, demo.ca_file, demo.DOCTOR, demo.password, tls="IMAPS")
        return [one["Subject"] for one in read if one["Subject"] == "Par curl"]

    assert eventually(copied, "the letter in the Maildir")
    read = run_mutt(tmp_path / "mutt", port, demo.ca_file, demo.DOCTOR, demo.password, scheme="imaps")
    assert "Par curl" in {one["Subject"] for one in read}
