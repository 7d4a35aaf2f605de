"""People, structures and mailboxes of the sandbox, and keys to ask for them."""

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from directory_api import Api


def make_directory() -> None:
    from carnet.domain.directory.commands import register_practice
    from carnet.domain.identity.values import Finess, Rpps
    from carnet.sandbox import cast

    cast.trust_space_of_the_sandbox()
    cast.hospital()
    cast.clinic()
    cast.hospital_software()
    cast.orthopaedics()
    cast.general_practitioner()
    cast.surgeon()
    cast.colleague_elsewhere()
    register_practice(Rpps("99700218920"), Finess("519999015"), profession="10", sector="SA01", function="FON-AU")


@pytest.fixture
def api(db: None) -> "Api":
    """A client that may read."""
    from directory_api import Api

    from carnet.domain.directory.commands.api_keys import create_api_key
    from carnet.domain.directory.queries.api_keys import forget_keys

    forget_keys()
    make_directory()
    return Api(create_api_key("reader"))


@pytest.fixture
def horizon(api: "Api") -> "Api":
    """The operator of the Clinique Horizon's mailboxes."""
    from directory_api import Api

    from carnet.domain.directory.commands.api_keys import create_api_key

    return Api(create_api_key("horizon", operator=operator_of("clinique-horizon.mssante.test")))


@pytest.fixture
def ourselves(api: "Api") -> "Api":
    """Carnet as an operator: the mailboxes hosted here."""
    from directory_api import Api

    from carnet.domain.directory.commands.api_keys import create_api_key

    return Api(create_api_key("carnet", operator=operator_of("cabinets.mssante.test")))


def operator_of(domain: str) -> str:
    from carnet.domain.directory.models import TrustedDomain

    return TrustedDomain.objects.get(domain=domain).operator
