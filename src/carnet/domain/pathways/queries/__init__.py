"""Every read of the pathways room."""

from carnet.domain.pathways.queries.figures import (
    MOST_NAMES,
    Curves,
    Figures,
    NamedFigures,
    figures_by_pathway,
    figures_by_template,
    figures_in_all,
    scope_curves,
    sending_curves,
    sending_figures,
)
from carnet.domain.pathways.queries.lines import LinePreview, LineShown, list_lines, preview_line
from carnet.domain.pathways.queries.pathways import PathwayShown, list_pathways, open_pathway
from carnet.domain.pathways.queries.reports import Table, Unreached, list_unreached, report, unreached_table
from carnet.domain.pathways.queries.sendings import SendingShown, list_sendings, open_sending
from carnet.domain.pathways.queries.templates import (
    OpenedFile,
    Rendered,
    TemplateFile,
    TemplateShown,
    list_templates,
    open_template,
    open_template_file,
    preview_template,
    template_versions,
)

__all__ = [
    "MOST_NAMES",
    "Curves",
    "Figures",
    "LinePreview",
    "LineShown",
    "NamedFigures",
    "OpenedFile",
    "PathwayShown",
    "Rendered",
    "SendingShown",
    "Table",
    "TemplateFile",
    "TemplateShown",
    "Unreached",
    "figures_by_pathway",
    "figures_by_template",
    "figures_in_all",
    "list_lines",
    "list_pathways",
    "list_sendings",
    "list_templates",
    "list_unreached",
    "open_pathway",
    "open_sending",
    "open_template",
    "open_template_file",
    "preview_line",
    "preview_template",
    "report",
    "scope_curves",
    "sending_curves",
    "sending_figures",
    "template_versions",
    "unreached_table",
]
