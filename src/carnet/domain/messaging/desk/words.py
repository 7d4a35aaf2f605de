"""The words by which messages are found at the desk: 64-bit digests under the mailbox's key, so none is readable.

Whole words of the text, of the subject, of names and of file names; of names and of the subject also the beginnings of
three letters and more; addresses whole, and the INS of patients.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence

from carnet.foundation.keys import OwnerKey

SHORTEST = 2
SHORTEST_BEGINNING = 3
LONGEST = 24
MOST_WORDS = 2_000
MOST_CHARACTERS = 200_000
MOST_ASKED = 8
_WORD = re.compile(r"[^\W_]+")
_ADDRESS = re.compile(r"[^\s<>\"(),;:]{1,64}@[^\s<>\"(),;:@]{1,255}")
_INS_GROUPED = re.compile(r"(?<![\w])\d(?:[ .\u00a0\u202f]?[\dAaBb]){14}(?![\w])")


def words_of(text: str) -> list[str]:
    """The distinct words of a text: small letters without accents, digits; hyphens and apostrophes part them.

    >>> words_of("L'Hôpital d'Orléans, le 3 mai 2026")
    ['hopital', 'orleans', 'le', 'mai', '2026']
    """
    decomposed = unicodedata.normalize("NFKD", text[:MOST_CHARACTERS].casefold())
    plain = "".join(one for one in decomposed if not unicodedata.combining(one))
    found = dict.fromkeys(word[:LONGEST] for word in _WORD.findall(plain))
    return [word for word in found if len(word) >= SHORTEST]


def digests(
    key: OwnerKey,
    *,
    named: Iterable[str] = (),
    texts: Iterable[str] = (),
    exact: Iterable[str] = (),
) -> list[int]:
    """The digests of a message, ascending: ``named`` by their words and the beginnings of these, ``texts`` by their
    words, ``exact`` (addresses, INS) as they are. What is beyond ``MOST_WORDS`` of the texts is left out."""
    wanted: dict[str, None] = {one.lower(): None for one in exact if one}
    for text in named:
        for word in words_of(text)[:100]:
            wanted[word] = None
            for length in range(SHORTEST_BEGINNING, len(word)):
                wanted[word[:length]] = None
    for text in texts:
        for word in words_of(text):
            if len(wanted) >= MOST_WORDS:
                break
            wanted[word] = None
    return sorted({digest(key, word) for word in wanted})


def asked(key: OwnerKey, text: str) -> list[int]:
    """The digests of what a person looks for, all of which must be found; empty when nothing can be looked for."""
    exact = _ADDRESS.findall(text)
    rest = _ADDRESS.sub(" ", text)
    exact += [re.sub(r"[^0-9AaBb]", "", one) for one in _INS_GROUPED.findall(rest)]
    rest = _INS_GROUPED.sub(" ", rest)
    wanted: Sequence[str] = [*(one.lower() for one in exact), *words_of(rest)]
    return sorted({digest(key, word) for word in wanted[:MOST_ASKED]})


def digest(key: OwnerKey, word: str) -> int:
    """One word as the index knows it: a signed 64-bit number."""
    return int.from_bytes(key.digest("desk-word", word.encode())[:8], "big", signed=True)
