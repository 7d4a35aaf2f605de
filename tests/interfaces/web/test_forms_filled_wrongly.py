"""A form that was filled wrongly is answered by its own page and by one status, whoever fills it."""

import pytest
from desk_people import NURSE, sign_in_professional
from django.test import Client
from portal_scene import page

from carnet.domain.spaces.models import Account
from carnet.sandbox import cast

pytestmark = pytest.mark.django_db


@pytest.fixture
def administrator(ward: str) -> Client:
    cast.administrator()
    client = Client()
    client.force_login(Account.objects.get(login=cast.ADMINISTRATOR))
    return client


@pytest.fixture
def nurse(ward: str) -> tuple[Client, str]:
    """Julie Lemaire's browser, and the address of her team's desk."""
    cast.surgeon()
    box = cast.nurse()
    return sign_in_professional(Client(), NURSE), f"/bureau/{box}/"


def is_shown_again(client: Client, address: str, filled: dict[str, str]) -> None:
    answer = client.post(address, filled)
    assert (address, answer.status_code) == (address, 422)
    assert page(answer).xpath("//*[contains(@class, 'wrong')]"), address
    assert client.get(address).status_code == 200


def test_strangers_holders_and_administrators(administrator: Client, dominique: Client) -> None:
    for address, filled in (("/activation/", {"ins": "12"}), ("/activation/code/", {"ins": "12"})):
        is_shown_again(Client(), address, filled)
    for address, filled in (
        ("/reglages/", {"language": "xx"}),
        ("/profil/allergies/ajout/", {"text": ""}),
        ("/messages/pharmacies/", {"text": ""}),
    ):
        is_shown_again(dominique, address, filled)
    is_shown_again(administrator, "/console/fermetures/", {"starts_at": "hier"})


def test_teams_at_the_desk(nurse: tuple[Client, str]) -> None:
    julie, desk = nurse
    for page_of_desk, filled in (
        ("rechercher/", {"act": "number", "ins": "12"}),
        ("reponses/", {"title": "", "text": ""}),
        ("parcours/nouveau/", {"name": ""}),
        ("modeles/nouveau/", {"name": "", "preview": "1"}),
        ("envois/sejours/", {}),
    ):
        is_shown_again(julie, desk + page_of_desk, filled)
