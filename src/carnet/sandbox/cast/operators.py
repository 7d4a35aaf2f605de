"""Those who look after things: the keys of the directory's API, and the administrator of the installation."""

from carnet.domain.directory.commands.api_keys import create_api_key
from carnet.domain.directory.models import TrustedDomain
from carnet.domain.spaces.commands import create_administrator
from carnet.domain.spaces.values import Login
from carnet.sandbox.cast.people import PASSWORD
from carnet.sandbox.cast.trust import CITY_DOMAIN, OTHER_OPERATOR_DOMAIN

READER_KEY = "bac-a-sable-lecture"
OPERATOR_KEYS = {CITY_DOMAIN: "bac-a-sable-carnet", OTHER_OPERATOR_DOMAIN: "bac-a-sable-horizon"}


def directory_keys() -> None:
    """Keys of the directory's API that everyone knows: one reads, one writes for each operator."""
    create_api_key("lecture", key=READER_KEY)
    for name, domain in (("carnet", CITY_DOMAIN), ("horizon", OTHER_OPERATOR_DOMAIN)):
        operator = TrustedDomain.objects.get(domain=domain).operator
        create_api_key(name, operator=operator, key=OPERATOR_KEYS[domain])


ADMINISTRATOR = "exploitation"


def administrator() -> None:
    """Who looks after the installation: the console, and nobody's health."""
    create_administrator(login=Login(ADMINISTRATOR), email="exploitation@courriel.test", password=PASSWORD)
