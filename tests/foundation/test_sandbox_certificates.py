"""The sandbox's certificates: made once, kept, made again when an earlier version left them without a key."""

from carnet.sandbox import certificates


def test_what_was_made_stays_and_the_revocation_list_is_made_at_each_start(tmp_path):
    first = certificates.ensure(tmp_path / "tls", "carnet.mssante.test")
    serials, listed = (first.own.serial, first.other.serial), first.revocation_list.read_bytes()
    again = certificates.ensure(tmp_path / "tls", "carnet.mssante.test")
    assert (again.own.serial, again.other.serial) == serials
    assert again.revocation_list.read_bytes() != listed


def test_another_host_name_makes_another_certificate_and_keeps_the_other_operators(tmp_path):
    first = certificates.ensure(tmp_path / "tls", "carnet.mssante.test")
    serials = first.own.serial, first.other.serial
    renamed = certificates.ensure(tmp_path / "tls", "autre.mssante.test")
    assert renamed.own.subject == certificates.own_subject("autre.mssante.test")
    assert (renamed.own.serial == serials[0], renamed.other.serial == serials[1]) == (False, True)


def test_a_folder_of_an_earlier_version_is_made_anew(tmp_path):
    folder = tmp_path / "tls"
    first = certificates.ensure(folder, "carnet.mssante.test")
    own = first.own.serial
    for name in ("ca.key", "ca.crl.pem", "other-operator.pem", "other-operator.key"):
        (folder / name).unlink()
    again = certificates.ensure(folder, "carnet.mssante.test")
    assert again.own.serial != own
    assert again.other.subject == certificates.other_subject()
