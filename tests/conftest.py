"""One PostgreSQL for the whole run, a database for each worker; keys and folders of its own for each test."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import django.conf
import pytest

_STARTED: list[object] = []
_OURS = "TESTS_START_THEIR_OWN_POSTGRES"
_TOGETHER = ("tests/chaos/", "tests/doors/", "tests/journeys/")


def _start() -> None:
    """Start the embedded PostgreSQL before Django reads its settings; xdist's workers inherit its address."""
    from carnet.foundation.postgres import EmbeddedPostgres

    folder = Path(tempfile.mkdtemp(prefix="carnet-test-"))
    postgres = EmbeddedPostgres(folder / "postgres")
    postgres.start()
    _STARTED.extend([postgres, folder])
    os.environ["CARNET_DATABASE_URL"] = postgres.url()
    os.environ[_OURS] = "1"  # xdist's workers are told too
    os.environ["CARNET_DATA_DIR"] = str(folder / "data")


if not os.environ.get("CARNET_DATABASE_URL"):
    _start()
os.environ["DJANGO_SETTINGS_MODULE"] = "carnet.config.settings"
assert django.conf.settings.DATABASES  # read now, with the address above; pytest-django sets Django up from it


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> object:
    """The tests of a folder that share a running demo stay on one worker.

    By folder and not by ``xdist_group``: pytest-xdist 3.8 writes its groups where pytest 9.2 no longer reads them.
    """
    from xdist.scheduler import LoadScopeScheduling

    class ByFolder(LoadScopeScheduling):  # type: ignore[misc]
        def _split_scope(self, nodeid: str) -> str:
            return next((folder for folder in _TOGETHER if nodeid.startswith(folder)), nodeid)

    return ByFolder(config, log)


def pytest_unconfigure(config: pytest.Config) -> None:
    if _STARTED:
        postgres, folder = _STARTED
        postgres.stop()  # type: ignore[attr-defined]
        shutil.rmtree(folder, ignore_errors=True)  # type: ignore[arg-type]
        _STARTED.clear()


@pytest.fixture(scope="session")
def django_db_keepdb(request: pytest.FixtureRequest) -> bool:
    """The workers' databases go with the whole server: dropping them one by one would wait for every connection."""
    return _OURS in os.environ or bool(request.config.getvalue("reuse_db"))


@pytest.fixture(autouse=True)
def installation(tmp_path: Path, settings: object) -> Iterator[Path]:
    """A data folder of the test's own, with a master key, and no cached keys or lists from another test."""
    from carnet.domain.directory.queries import forget_trust_space
    from carnet.foundation.closures import forget_closures
    from carnet.foundation.keys import MasterKeys
    from carnet.foundation.owner_keys import forget_cached_keys

    folder = tmp_path / "installation"
    for name, value in {
        "CARNET_MASTER_KEY_FILE": folder / "keys" / "master",
        "CARNET_BODIES_DIR": folder / "bodies",
        "CARNET_SPOOL_DIR": folder / "spool",
        "CARNET_OUTBOX_DIR": folder / "outbox",
        "EMAIL_FILE_PATH": str(folder / "outbox"),
        # The real hash takes 50 ms a password, which no test here is about.
        "PASSWORD_HASHERS": ["django.contrib.auth.hashers.MD5PasswordHasher"],
        "EMAIL_BACKEND": "carnet.foundation.outbox.OutboxBackend",
    }.items():
        setattr(settings, name, value)
    MasterKeys.create().save(folder / "keys" / "master")
    forget_cached_keys()
    forget_trust_space()
    forget_closures()
    yield folder
    forget_cached_keys()
    forget_trust_space()
    forget_closures()
