"""A typed letter on a page with its establishment's name, as PDF/A-1b.

What people typed is data for the page, never part of its source: nothing in it is read as mark-up.
"""

import json
import unicodedata
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Final

import typst

MOST_CHARACTERS: Final = 50_000
_PAGE: Final = """
#let given = json(bytes(sys.inputs.given))
#set document(title: given.title, author: given.signer)
#set page(
  paper: "a4",
  margin: (x: 25mm, top: 22mm, bottom: 24mm),
  footer: context [
    #set text(size: 8.5pt, fill: rgb("#555555"))
    #given.footer #h(1fr) #counter(page).display("1 / 1", both: true)
  ],
)
#set text(lang: "fr", size: 11pt)
#set par(leading: 0.7em, spacing: 1.1em)
#text(size: 13pt, weight: "bold", given.structure)
#if given.service != "" [ \\ #text(size: 10pt, fill: rgb("#444444"), given.service) ]
#v(2mm)
#line(length: 100%, stroke: 0.5pt + rgb("#888888"))
#v(4mm)
#grid(columns: (1fr, auto), column-gutter: 8mm,
  block(stroke: 0.5pt + rgb("#888888"), inset: 3mm, width: 100%)[
    #for line in given.patient [ #line \\ ]
  ],
  align(right)[#given.place-and-date],
)
#v(5mm)
#text(size: 14pt, weight: "bold", given.title)
#v(2mm)
#for paragraph in given.paragraphs { par(paragraph.join(linebreak())) }
#v(10mm)
#block(breakable: false, width: 100%, align(right)[
  #for line in given.signature [ #line \\ ]
])
"""


@dataclass(frozen=True, slots=True)
class LetterToPrint:
    """What stands on the page. `patient` and `signature` are lines; `text` has paragraphs parted by empty lines."""

    title: str
    text: str
    structure: str
    service: str
    place: str
    written_on: date
    patient: tuple[str, ...]
    signer: str
    signature: tuple[str, ...]


def letter_pdf(letter: LetterToPrint, at: datetime) -> bytes:
    """The letter as PDF/A-1b, the same bytes for the same letter at the same time `at`.

    A character that no font here has is shown as an empty box. Raises ValueError beyond MOST_CHARACTERS.
    """
    if len(letter.text) > MOST_CHARACTERS:
        raise ValueError(f"A letter has at most {MOST_CHARACTERS} characters.")
    day = f"{letter.written_on:%d/%m}/{letter.written_on.year:04d}"
    given = {
        **{name: _plain(text) for name, text in asdict(letter).items() if isinstance(text, str)},
        "paragraphs": [[_plain(line) for line in lines] for lines in _paragraphs(letter.text)],
        "patient": [_plain(line) for line in letter.patient],
        "signature": [_plain(line) for line in letter.signature],
        "place-and-date": _plain(f"{letter.place}, le {day}" if letter.place else f"Le {day}"),
        "footer": _plain(letter.patient[0] if letter.patient else ""),
    }
    return typst.compile(
        _PAGE.encode(),
        format="pdf",
        pdf_standards="a-1b",
        sys_inputs={"given": json.dumps(given)},
        ignore_system_fonts=True,
        timestamp=at.replace(microsecond=0),
    )


def _paragraphs(text: str) -> list[list[str]]:
    found: list[list[str]] = [[]]
    for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n"):
        if line.strip():
            found[-1].append(line.rstrip())
        elif found[-1]:
            found.append([])
    return [lines for lines in found if lines]


def _plain(text: str) -> str:
    """Text on one line without control characters and lone surrogates."""
    spaced = "".join(" " if character.isspace() else character for character in text)
    return "".join(c for c in spaced if unicodedata.category(c) not in ("Cc", "Cs", "Cn"))
