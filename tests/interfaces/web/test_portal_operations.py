"""What those who run Carnet look at: health and metrics; and the page of last resort."""

from pathlib import Path
from types import SimpleNamespace

import pytest
from django.db import DatabaseError, connection
from django.test import Client, RequestFactory
from portal_scene import arrive, letter

from carnet.foundation.owner_keys import forget_cached_keys
from carnet.interfaces.web import errors, health

pytestmark = pytest.mark.django_db


@pytest.fixture
def bodies(settings: object) -> Path:
    folder = Path(settings.CARNET_BODIES_DIR)  # type: ignore[attr-defined]
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def test_alive_says_so(client: Client) -> None:
    response = client.get("/health/live")
    assert (response.status_code, response.content) == (200, b"live\n")


def test_ready_when_everything_is_there(client: Client, bodies: Path) -> None:
    response = client.get("/health/ready")
    assert (response.status_code, response.content) == (200, b"ready\n")


def test_not_ready_without_a_place_for_bodies(client: Client, bodies: Path) -> None:
    bodies.rmdir()
    response = client.get("/health/ready")
    assert response.status_code == 503
    assert response.content.decode().split() == ["bodies"]


def test_not_ready_without_its_keys(client: Client, bodies: Path, settings: object, tmp_path: Path) -> None:
    settings.CARNET_MASTER_KEY_FILE = tmp_path / "nowhere"  # type: ignore[attr-defined]
    forget_cached_keys()
    response = client.get("/health/ready")
    assert response.status_code == 503
    assert response.content.decode().split() == ["master-key"]


def test_not_ready_while_a_migration_waits(client: Client, bodies: Path) -> None:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE app = 'record'")
    assert client.get("/health/ready").content.decode().split() == ["migrations"]


def test_not_ready_without_a_database(client: Client, bodies: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(*args: object) -> None:
        raise DatabaseError("the server is gone")

    monkeypatch.setattr(health, "MigrationExecutor", gone)
    response = client.get("/health/ready")
    assert (response.status_code, response.content) == (503, b"database\n")


def test_metrics_count_what_waits_and_are_for_this_machine_only(client: Client, patient: object) -> None:
    arrive(letter())
    response = client.get("/metrics")
    assert response["Content-Type"].startswith("text/plain")
    told = dict(line.split() for line in response.content.decode().splitlines() if not line.startswith("#"))
    assert float(told["carnet_notifications_waiting"]) >= 1
    assert float(told["carnet_spool_waiting"]) == 0
    assert client.get("/metrics", REMOTE_ADDR="192.0.2.7").status_code == 404


def test_metrics_can_be_switched_off(client: Client, settings: object) -> None:
    settings.CARNET_METRICS = False  # type: ignore[attr-defined]
    assert client.get("/metrics").status_code == 404


def test_an_error_is_told_even_without_a_database() -> None:
    class Gone:
        @property
        def is_authenticated(self) -> bool:
            raise DatabaseError("the server is gone")

    request = RequestFactory().get("/accueil/")
    request.user = Gone()  # type: ignore[assignment]
    response = errors.server_error(request)
    assert response.status_code == 500
    assert "15 ou 112" in response.content.decode()
    request.user = SimpleNamespace(is_authenticated=False)  # type: ignore[assignment]
    assert "de notre côté" in errors.server_error(request).content.decode()
