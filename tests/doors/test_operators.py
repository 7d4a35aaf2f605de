"""The demo's mutual door, with the certificate that it hands to the second operator."""

import pytest
from doors_clients import encoded, eventually, swaks
from doors_demo import Demo

CLINIC = Demo.CLINIC


def hand_over(demo, subject, *, cert_file, key_file, sender=CLINIC):
    patient = demo.address(demo.holder("dominique.p")["ins"])
    options = ["-tls", "--tls-verify", "--tls-ca-path", demo.ca_file, "--header", f"Subject: {encoded(subject)}"]
    options += ["--tls-cert", cert_file, "--tls-key", key_file]
    return swaks(demo.ready["smtp_mutual"]["port"], demo.work, sender, [patient], *options)


def test_the_second_operator_is_heard_with_the_certificate_of_the_ready_file_and_for_its_domains_only(demo: Demo):
    [operator] = demo.ready["operators"]
    files = {"cert_file": operator["cert_file"], "key_file": operator["key_file"]}
    assert hand_over(demo, "Par certificat", **files).sent
    refused = hand_over(demo, "Sous un autre nom", **files, sender=Demo.HOSPITAL)
    assert "550 5.7.1 This domain is hosted here" in refused.transcript


def test_who_is_turned_away_is_kept_for_the_console(demo: Demo):
    own = demo.folder / "tls" / "server"
    refused = hand_over(demo, "Pas à moi", cert_file=f"{own}.pem", key_file=f"{own}.key")
    assert "550 5.7.1 The trust list gives the sender's domain to another operator." in refused.transcript

    def noted():
        with demo.database() as cursor:
            cursor.execute("SELECT subject FROM directory_refused_peer WHERE reason = 'sender-of-another'")
            return cursor.fetchall()

    assert "carnet" in eventually(noted, "the refusal noted")[0][0]


@pytest.mark.parametrize("file", ["ca_file", "crl_file", "trust_list_file"])
def test_the_ready_file_names_files_that_are_there(demo: Demo, file):
    with open(demo.ready[file], "rb") as content:
        assert content.read(5) in (b"-----", b"<?xml")
