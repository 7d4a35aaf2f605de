"""PDF that is kept for long (PDF/A-1b, ISO 19005-1): letters that people type, files that they bring."""

from carnet.domain.record.pdf.archiving import archived_pdf
from carnet.domain.record.pdf.claims import PdfProblem, PdfRefused, claims_pdf_a1
from carnet.domain.record.pdf.letter import LetterToPrint, letter_pdf

__all__ = ["LetterToPrint", "PdfProblem", "PdfRefused", "archived_pdf", "claims_pdf_a1", "letter_pdf"]
