"""The INSi service: a person's INS found by their traits, or verified.

`values` holds what is asked and answered, `messages` how it is written (the one module that another form of the
service replaces), `client` asks. The service and its three outcomes: Cnam, téléservice INSi; ANS, Référentiel INS.
"""

from carnet.domain.identity.insi.client import find_by_traits, verify_identity
from carnet.domain.identity.insi.values import (
    AskedTraits,
    FoundIdentity,
    InsiAnswer,
    InsiAway,
    InsiCode,
    InsiTrouble,
)

__all__ = [
    "AskedTraits",
    "FoundIdentity",
    "InsiAnswer",
    "InsiAway",
    "InsiCode",
    "InsiTrouble",
    "find_by_traits",
    "verify_identity",
]
