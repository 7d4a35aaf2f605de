"""The portal's words in French, compiled once before its pages are drawn."""

import pytest
from django.utils.translation import trans_real

from carnet import translations


@pytest.fixture(scope="session", autouse=True)
def compiled_translations() -> None:
    translations.compile_all()
    trans_real._translations.clear()
    trans_real._default = None
