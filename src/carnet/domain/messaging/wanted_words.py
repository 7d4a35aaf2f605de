"""Words that somebody looks for, and the lines of a text around them: accents and case do not count."""

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

MOST_WORDS = 6
MOST_CHARACTERS = 200_000
_AROUND = 70
_MOST_PARTS = 40


def folded(text: str) -> tuple[str, list[int]]:
    """A text in small letters without accents, and for each of its letters where it comes from in the text."""
    letters: list[str] = []
    places: list[int] = []
    for place, character in enumerate(text[:MOST_CHARACTERS]):
        for letter in unicodedata.normalize("NFKD", character.casefold()):
            if not unicodedata.combining(letter):
                letters.append(letter)
                places.append(place)
    return "".join(letters), places


@dataclass(frozen=True)
class Part:
    """A stretch of a text; ``is_hit`` for what was looked for."""

    text: str
    is_hit: bool = False


@dataclass(frozen=True)
class Excerpt:
    """Some of a text, in parts that follow each other."""

    parts: tuple[Part, ...] = ()

    def __str__(self) -> str:
        return "".join(one.text for one in self.parts)


@dataclass(frozen=True)
class Wanted:
    """Up to six words, each folded."""

    words: tuple[str, ...] = ()

    @classmethod
    def of(cls, text: str) -> "Wanted":
        """The words of what somebody typed; a word has at least two letters, or is a digit."""
        found = dict.fromkeys(word for word in folded(text[:200])[0].split() if len(word) >= 2 or word.isdigit())
        return cls(tuple(found)[:MOST_WORDS])

    def __bool__(self) -> bool:
        return bool(self.words)

    def stands_in(self, texts: Iterable[str]) -> bool:
        """Whether each word stands somewhere in these texts."""
        whole = "\n".join(_plain(one) for one in texts)
        return all(word in whole for word in self.words)

    def any_in(self, text: str) -> bool:
        """Whether one of the words stands in this text."""
        plain = _plain(text)
        return any(word in plain for word in self.words)


def _plain(text: str) -> str:
    """As ``folded`` without the places, which is much quicker."""
    decomposed = unicodedata.normalize("NFKD", text[:MOST_CHARACTERS].casefold())
    if decomposed.isascii():
        return decomposed
    return "".join(one for one in decomposed if not unicodedata.combining(one))


def excerpt_of(text: str, wanted: Wanted, *, whole: bool = False) -> Excerpt:
    """The lines around the first word that is found, or the ``whole`` of a short text, with every hit marked.

    The beginning of the text where no word stands in it.
    """
    text = " ".join(text[:MOST_CHARACTERS].split())
    hits = _hits(text, wanted)
    if whole:
        start, end = 0, len(text)
    else:
        first = hits[0][0] if hits else 0
        start = _word_start(text, max(0, first - _AROUND))
        end = min(len(text), max(first + 2 * _AROUND, start + 3 * _AROUND))
    parts = [Part("…")] if start > 0 else []
    place = start
    for hit_start, hit_end in hits[:_MOST_PARTS]:
        if hit_start < place or hit_end > end:
            continue
        if hit_start > place:
            parts.append(Part(text[place:hit_start]))
        parts.append(Part(text[hit_start:hit_end], True))
        place = hit_end
    if place < end:
        parts.append(Part(text[place:end]))
    if end < len(text):
        parts.append(Part("…"))
    return Excerpt(tuple(parts))


def _word_start(text: str, place: int) -> int:
    """The beginning of a word at or after ``place``, or ``place`` itself where no blank is near."""
    if place == 0:
        return 0
    blank = text.find(" ", place, place + 20)
    return blank + 1 if blank >= 0 else place


def _hits(text: str, wanted: Wanted) -> Sequence[tuple[int, int]]:
    """Where the words stand in the text, in order, none over another."""
    plain, places = folded(text)
    found: list[tuple[int, int]] = []
    for word in wanted.words:
        start = plain.find(word)
        while start >= 0 and len(found) < 10 * _MOST_PARTS:
            end = start + len(word)
            found.append((places[start], places[end - 1] + 1))
            start = plain.find(word, end)
    found.sort()
    return found
