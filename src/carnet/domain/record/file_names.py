"""File names that any system can hold and nobody is misled by."""

import unicodedata
from typing import Final

_MAX_NAME: Final = 120
_FORBIDDEN: Final = frozenset('<>:"/\\|?*')
_RESERVED: Final = frozenset(
    {"con", "prn", "aux", "nul", *(f"com{n}" for n in range(1, 10)), *(f"lpt{n}" for n in range(1, 10))}
)


def safe_file_name(text: str, default: str = "document") -> str:
    """A file name for any system, at most 120 characters (and 240 bytes of UTF-8), accents kept.

    No path, control or format character (so none that turns the reading order), no name that Windows reserves, no
    leading dot. `default` when nothing is left.
    """
    last = unicodedata.normalize("NFC", text).replace("\\", "/").rpartition("/")[2]
    spaced = "".join(" " if character.isspace() else character for character in last)
    kept = "".join(
        character
        for character in spaced
        if character not in _FORBIDDEN and unicodedata.category(character) not in ("Cc", "Cf", "Cs", "Co", "Cn")
    )
    name = " ".join(kept.split()).lstrip(". ").rstrip(". ")
    if not name:
        return default
    if name.partition(".")[0].strip().lower() in _RESERVED:
        name = f"_{name}"
    return _shortened(name) or default


def _shortened(name: str) -> str:
    """Cut the stem rather than the extension, so that a file stays openable."""
    stem, dot, extension = name.rpartition(".")
    if not dot or len(extension) > 10:
        stem, dot, extension = name, "", ""
    ending = f"{dot}{extension}"
    while stem and (len(stem) + len(ending) > _MAX_NAME or len((stem + ending).encode()) > 240):
        stem = stem[:-1]
    return f"{stem.rstrip('. ')}{ending}" if stem.rstrip(". ") else ""
