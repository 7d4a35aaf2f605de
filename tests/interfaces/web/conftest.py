"""The portal's words in French, compiled once before its pages are drawn; and people who come to it."""

from typing import TYPE_CHECKING

import pytest
from django.utils.translation import trans_real

from carnet import translations

if TYPE_CHECKING:
    from uuid import UUID

    from django.test import Client


@pytest.fixture(scope="session", autouse=True)
def compiled_translations() -> None:
    translations.compile_all()
    trans_real._translations.clear()
    trans_real._default = None


@pytest.fixture
def ward(db: None) -> str:
    """The orthopaedics ward of the hospital, in the sandbox's trust space. Returns its address."""
    from carnet.sandbox import cast

    cast.trust_space_of_the_sandbox()
    cast.hospital()
    cast.orthopaedics()
    return f"orthopedie@{cast.HOSPITAL_DOMAIN}"


@pytest.fixture
def patient(ward: str) -> "UUID":
    """Dominique's space: she was in hospital."""
    from carnet.sandbox import cast

    return cast.patient()


@pytest.fixture
def stranger(ward: str) -> "UUID":
    """Stéphane's space: he tries to see what is not his."""
    from carnet.sandbox import cast

    return cast.curious_stranger()


@pytest.fixture
def dominique(patient: "UUID") -> "Client":
    """Dominique's browser, signed in."""
    from portal_scene import signed_in

    return signed_in(patient)


@pytest.fixture
def stephane(stranger: "UUID") -> "Client":
    """Stéphane's browser, signed in."""
    from portal_scene import signed_in

    return signed_in(stranger)
