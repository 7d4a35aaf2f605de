"""How the extractions write people, and how the directory shows them."""

_TITLES = {"DR": "Dr", "DOCTEUR": "Dr", "PR": "Pr", "PROFESSEUR": "Pr", "M": "M.", "MONSIEUR": "M.", "MME": "Mme"}
_YES = frozenset({"1", "o", "oui", "true", "vrai", "t", "y", "yes"})


def title(written: str) -> str:
    """The title before a name: « DR » and « Docteur » are « Dr »; one that is not known stays as it is."""
    return _TITLES.get(written.upper(), written)[:20]


def given_name(written: str) -> str:
    """« JEAN-MARIE » as people write it; a name that is not all capitals stays as it is."""
    return written.title() if written.isupper() else written


def yes(written: str) -> bool:
    """Whether a field says yes, in any of the writings seen in the extractions."""
    return written.lower() in _YES
