"""A door with the orthopaedics team's mailbox behind it, on a real database that the door's threads see too.

Imports of Carnet wait until pytest-django has set Django up.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING
from uuid import UUID

import pytest

if TYPE_CHECKING:
    from imap_door import Certificate, Wire
    from pytest_django.fixtures import SettingsWrapper

    from carnet.interfaces.imap.server import ImapServer


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    from imap_door import make_certificate

    return make_certificate(tmp_path_factory.mktemp("imap-tls"))


@pytest.fixture
def mailbox(transactional_db: None, settings: SettingsWrapper) -> UUID:
    """The mailbox of the orthopaedics team, committed: the door's threads have connections of their own.

    Its password is hashed fast: how slow the real hash is has its own tests.
    """
    from carnet.domain.messaging.commands.folders import ensure_folders
    from carnet.sandbox import cast

    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    cast.trust_space_of_the_sandbox()
    cast.hospital()
    mailbox_id = cast.orthopaedics()
    ensure_folders([mailbox_id])
    return mailbox_id


@pytest.fixture
def server(mailbox: UUID, certificate: Certificate) -> Iterator[ImapServer]:
    from imap_door import door

    with door(certificate) as opened:
        yield opened


@pytest.fixture
def wire(server: ImapServer, certificate: Certificate) -> Iterator[Wire]:
    from imap_door import Wire

    with Wire(server, certificate) as opened:
        yield opened.sign_in()
