"""The tables of pathways: pathways and templates of an establishment, sendings of a mailbox and their lines."""

from carnet.domain.pathways.models.sendings import Sending, SendingLine
from carnet.domain.pathways.models.templates import Pathway, Template, TemplateFile, TemplateVersion

__all__ = ["Pathway", "Sending", "SendingLine", "Template", "TemplateFile", "TemplateVersion"]
