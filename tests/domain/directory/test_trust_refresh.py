"""The worker fetches the trust list and the revocation lists; what cannot be used never takes a good one's place."""

import ssl
import threading
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from structlog.testing import capture_logs

from carnet.domain.directory import jobs
from carnet.domain.directory.commands import fetch_trust_list, note_refused_peers
from carnet.domain.directory.models import RefusedPeer, TrustListVersion
from carnet.domain.directory.queries import trust_space
from carnet.domain.directory.queries.operators import refused_peers
from carnet.domain.directory.queries.trust_list import last_read
from carnet.foundation.clock import now
from carnet.foundation.fetch import NotFetched, fetch
from carnet.foundation.tls import revocation
from carnet.sandbox.certificates import Authority
from carnet.sandbox.trust_list import document

SUBJECT = "CN=mss.chu.fr,OU=0002 123456789,O=CHU,ST=Paris (75),C=FR"
HOUR = timedelta(hours=1)


class Server:
    """An https server (http for ``plain``) that gives ``body`` at every path and counts who asked."""

    def __init__(self, authority, *, plain=False):
        self.body, self.status, self.headers, self.asked = b"", 200, {}, 0
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                outer.asked += 1
                self.send_response(outer.status)
                for name, value in {"Content-Length": str(len(outer.body)), **outer.headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(outer.body)

            def log_message(self, *arguments):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        if not plain:
            issued = authority.issue("web", "espacedeconfiance.test", siren="999000031", organization="Agence")
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(issued.certificate, issued.key)
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self.url = f"{'http' if plain else 'https'}://127.0.0.1:{self._server.server_port}/listeblanche.xml"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self):
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def authority(tmp_path, settings):
    made = Authority(tmp_path / "tls")
    settings.CARNET_OPERATORS_CA_FILE = made.certificate
    revocation.forget()
    yield made
    revocation.forget()


@pytest.fixture
def server(authority):
    there = Server(authority)
    yield there
    there.stop()


@pytest.fixture
def plain(authority):
    there = Server(authority, plain=True)
    yield there
    there.stop()


class TestFetching:
    def test_a_file_comes_whole_from_a_server_of_the_given_authority(self, server, authority):
        server.body = b"x" * 300_000
        assert fetch(server.url, ca_file=authority.certificate, most=300_000) == server.body

    def test_a_server_of_another_authority_is_not_believed(self, server, tmp_path):
        with pytest.raises(NotFetched, match="certificate does not pass"):
            fetch(server.url, ca_file=Authority(tmp_path / "other").certificate, most=10)
        with pytest.raises(NotFetched, match="certificate does not pass"):
            fetch(server.url, most=10)
        assert server.asked == 0

    def test_what_is_too_long_or_cut_short_or_elsewhere_is_refused(self, server, authority):
        server.body = b"x" * 101
        with pytest.raises(NotFetched, match="more than 100 octets"):
            fetch(server.url, ca_file=authority.certificate, most=100)
        server.headers = {"Content-Length": "200"}
        with pytest.raises(NotFetched, match=r"cut short|cannot be reached"):
            fetch(server.url, ca_file=authority.certificate, most=1000)
        server.status, server.headers = 302, {"Location": server.url + "/other"}
        with pytest.raises(NotFetched, match="answered 302"):
            fetch(server.url, ca_file=authority.certificate, most=1000)

    def test_http_serves_only_for_what_is_signed(self, plain):
        plain.body = b"signed"
        assert fetch(plain.url, most=10, plain=True) == b"signed"
        for url in (plain.url, "file:///etc/hostname", "ftp://127.0.0.1/x", "listeblanche.xml"):
            with pytest.raises(NotFetched, match="https"):
                fetch(url, most=1000)


@pytest.mark.django_db
class TestTrustList:
    def test_the_worker_fetches_the_list_when_its_time_has_come(self, server, authority, settings):
        settings.CARNET_TRUST_LIST_URL, settings.CARNET_TRUST_LIST_CA_FILE = server.url, authority.certificate
        server.body = document([("a.fr", SUBJECT, "")])
        jobs.refresh_trust_list(0)
        jobs.refresh_trust_list(0)
        assert (server.asked, trust_space().listed) == (1, {"a.fr"})
        TrustListVersion.objects.update(read_at=now() - 25 * HOUR)
        jobs.refresh_trust_list(0)
        assert server.asked == 2

    def test_after_a_failure_the_last_list_stays_and_another_try_comes_in_a_quarter_of_an_hour(
        self, server, authority, settings
    ):
        settings.CARNET_TRUST_LIST_URL, settings.CARNET_TRUST_LIST_CA_FILE = server.url, authority.certificate
        server.body = document([("a.fr", SUBJECT, "")])
        fetch_trust_list()
        server.status = 503
        with capture_logs() as lines:
            assert fetch_trust_list().outcome == "refused"
        assert [line["reason"] for line in lines] == ["the server answered 503"]
        assert (last_read().reason, trust_space().listed) == ("the server answered 503", {"a.fr"})
        jobs.refresh_trust_list(0)
        assert server.asked == 2
        TrustListVersion.objects.update(read_at=now() - timedelta(minutes=15))
        jobs.refresh_trust_list(0)
        assert server.asked == 3

    def test_without_an_address_nothing_is_fetched(self):
        jobs.refresh_trust_list(0)
        assert not TrustListVersion.objects.exists()


class TestRevocationLists:
    @pytest.fixture(autouse=True)
    def _there(self, settings, tmp_path, plain):
        settings.CARNET_DATA_DIR, settings.CARNET_CRL_FILES = tmp_path / "data", ()
        settings.CARNET_CRL_URLS = (plain.url,)

    def test_a_list_is_fetched_by_the_worker_and_read_by_the_doors(self, plain, authority):
        plain.body = authority.revoke(7).read_bytes()
        jobs.refresh_revocation_lists(0)
        jobs.refresh_revocation_lists(0)
        assert plain.asked == 1
        [found] = revocation.standing_lists()
        assert found.serials == {7}

    @pytest.mark.parametrize("what", ["nothing", "another authority's", "older"])
    def test_what_cannot_be_used_does_not_take_the_place_of_a_good_one(
        self, plain, authority, settings, tmp_path, what
    ):
        settings.CARNET_CRL_REFRESH_SECONDS = 0
        plain.body = authority.revoke(7).read_bytes()
        jobs.refresh_revocation_lists(0)
        bad = {
            "nothing": b"<html>",
            "another authority's": Authority(tmp_path / "other").revoke().read_bytes(),
            "older": authority.revoke(this_update=now() - 48 * HOUR).read_bytes(),
        }
        plain.body = bad[what]
        with capture_logs() as lines:
            jobs.refresh_revocation_lists(0)
        told = [line["event"] for line in lines if line["event"].startswith("revocation")]
        assert told == ["revocation_list_not_fetched"]
        revocation.forget()
        [found] = revocation.standing_lists()
        assert found.serials == {7}

    def test_the_end_of_a_list_is_warned_of_two_days_ahead(self, authority, settings):
        settings.CARNET_CRL_FILES = (authority.revoke(next_update=now() + 49 * HOUR),)
        with capture_logs() as lines:
            jobs.watch_revocation_lists(0)
        assert lines == []
        authority.revoke(next_update=now() + 47 * HOUR)
        revocation.forget()
        with capture_logs() as lines:
            jobs.watch_revocation_lists(0)
        assert [(line["event"], line["log_level"]) for line in lines] == [("revocation_list_ends", "warning")]

    def test_a_list_whose_authority_was_itself_taken_back_clears_nobody(self, authority):
        known = revocation.authorities()
        found = revocation.read_list(authority.revoke(known[0].serial_number).read_bytes(), known)
        assert known[0].subject.public_bytes() in revocation.gather([found], known).revoked


@pytest.mark.django_db
class TestRefusedPeers:
    def test_refusals_are_counted_by_reason_and_certificate(self):
        note_refused_peers({("revoked", "CN=a"): 2, ("no-certificate", ""): 1}, now() - HOUR)
        note_refused_peers({("revoked", "CN=a"): 3}, now())
        assert [(row.reason, row.subject, row.count) for row in refused_peers()] == [
            ("revoked", "CN=a", 5),
            ("no-certificate", "", 1),
        ]

    def test_strangers_fill_no_table(self):
        at = now()
        for hour in range(3):
            note_refused_peers({("unknown", f"CN={hour}-{number}"): 1 for number in range(600)}, at + hour * HOUR)
        assert RefusedPeer.objects.count() <= 1200
        assert refused_peers(1)[0].last_at == at + 2 * HOUR
