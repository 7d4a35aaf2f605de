"""The public extractions of the Annuaire Santé: who practises where, and the mailboxes of the trust space."""

from carnet.domain.directory.imports.columns import Extraction, NotAnExtraction
from carnet.domain.directory.imports.run import ImportRefused, Outcome, Progress, import_extraction

__all__ = ["Extraction", "ImportRefused", "NotAnExtraction", "Outcome", "Progress", "import_extraction"]
