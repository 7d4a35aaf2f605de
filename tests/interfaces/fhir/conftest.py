"""People, structures and mailboxes of the sandbox, and keys to ask for them."""

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from directory_api import Api


@pytest.fixture
def api(db: None) -> "Api":
    """A client that may read."""
    from directory_api import Api, make_directory

    from carnet.domain.directory.commands.api_keys import create_api_key
    from carnet.domain.directory.queries.api_keys import forget_keys

    forget_keys()
    make_directory()
    return Api(create_api_key("reader"))


@pytest.fixture
def horizon(api: "Api") -> "Api":
    """The operator of the Clinique Horizon's mailboxes."""
    from directory_api import Api, operator_of

    from carnet.domain.directory.commands.api_keys import create_api_key

    return Api(create_api_key("horizon", operator=operator_of("clinique-horizon.mssante.test")))


@pytest.fixture
def ourselves(api: "Api") -> "Api":
    """Carnet as an operator: the mailboxes hosted here."""
    from directory_api import Api, operator_of

    from carnet.domain.directory.commands.api_keys import create_api_key

    return Api(create_api_key("carnet", operator=operator_of("cabinets.mssante.test")))
