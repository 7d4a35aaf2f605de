"""The professionals, and the mailboxes that they have or share."""

from dataclasses import dataclass
from uuid import UUID

from django.utils import timezone

from carnet.domain.directory.commands import NewMailbox, create_mailbox, delegate_mailbox, register_professional
from carnet.domain.identity.values import Rpps
from carnet.domain.messaging.commands.folders import ensure_folders
from carnet.foundation.clock import now


@dataclass(frozen=True)
class Professional:
    """A professional of the sandbox. ``profession`` 10 is a physician, 21 a pharmacist, 60 a nurse."""

    rpps: Rpps
    title: str
    given_name: str
    family_name: str
    profession: str
    specialty: str = ""

    @property
    def name(self) -> str:
        """As colleagues write it: ``Dr Hélène Vasseur``."""
        return f"{self.title} {self.given_name} {self.family_name.title()}"


MORVAN = Professional(Rpps("99700218912"), "Dr", "Claire", "MORVAN", "10")
VASSEUR = Professional(Rpps("99700218920"), "Dr", "Hélène", "VASSEUR", "10", "SM04")
LEMAIRE = Professional(Rpps("99700218938"), "Mme", "Julie", "LEMAIRE", "60")
HADDAD = Professional(Rpps("99700219001"), "Dr", "Samir", "HADDAD", "10")
LE_GALL = Professional(Rpps("99700219019"), "Dr", "Antoine", "LE GALL", "10")
GUILLOU = Professional(Rpps("99700219027"), "Mme", "Sophie", "GUILLOU", "60")
PRIGENT = Professional(Rpps("99700219035"), "Mme", "Nadège", "PRIGENT", "60")
RENAUD = Professional(Rpps("99700219050"), "M.", "Paul", "RENAUD", "21")


def register(who: Professional) -> None:
    """Make a professional known to the directory."""
    register_professional(
        who.rpps,
        title=who.title,
        given_name=who.given_name,
        family_name=who.family_name,
        profession=who.profession,
        specialty=who.specialty,
    )


def open_mailbox(new: NewMailbox) -> UUID:
    """A mailbox that is read here: with its folders."""
    mailbox_id = create_mailbox(new)
    ensure_folders([mailbox_id])
    return mailbox_id


def share(mailbox_id: UUID, who: Professional, *, given_by: Professional, responsible: bool = False) -> None:
    """Let a professional into a mailbox that is not their own, from today on."""
    today = timezone.localdate(now())
    delegate_mailbox(mailbox_id, who.rpps, first=today, last=None, given_by=given_by.name, responsible=responsible)
