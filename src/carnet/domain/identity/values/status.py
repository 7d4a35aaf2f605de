"""How far an identity is proved, and what is known to be wrong with it (RNIV, statuses and attributes)."""

from enum import StrEnum


class IdentityStatus(StrEnum):
    """The four statuses: whether INSi answered, and whether an identity document was checked."""

    PROVISOIRE = "PROVISOIRE"
    RECUPEREE = "RECUPEREE"
    VALIDEE = "VALIDEE"
    QUALIFIEE = "QUALIFIEE"

    @property
    def ins_was_found(self) -> bool:
        """True when INSi gave the INS for these traits."""
        return self in (IdentityStatus.RECUPEREE, IdentityStatus.QUALIFIEE)

    @property
    def document_was_checked(self) -> bool:
        """True when the traits were compared with a document or device of high confidence."""
        return self in (IdentityStatus.VALIDEE, IdentityStatus.QUALIFIEE)


class IdentityAttribute(StrEnum):
    """What is added to a status. A doubtful or fictitious identity stays provisional."""

    HOMONYME = "HOMONYME"
    DOUTEUSE = "DOUTEUSE"
    FICTIVE = "FICTIVE"

    @property
    def forces_provisional(self) -> bool:
        return self in (IdentityAttribute.DOUTEUSE, IdentityAttribute.FICTIVE)
