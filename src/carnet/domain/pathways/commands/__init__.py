"""Every write of the pathways room."""

from carnet.domain.pathways.commands.files import add_template_file
from carnet.domain.pathways.commands.pathways import save_pathway
from carnet.domain.pathways.commands.plans import check_lines, create_sending, delete_draft, plan_sending
from carnet.domain.pathways.commands.progress import cancel_sending, pause_sending, resume_sending, start_sending
from carnet.domain.pathways.commands.stays import BadRow, StaysReport, update_stays
from carnet.domain.pathways.commands.templates import archive_template, copy_starter, copy_template, save_template

__all__ = [
    "BadRow",
    "StaysReport",
    "add_template_file",
    "archive_template",
    "cancel_sending",
    "check_lines",
    "copy_starter",
    "copy_template",
    "create_sending",
    "delete_draft",
    "pause_sending",
    "plan_sending",
    "resume_sending",
    "save_pathway",
    "save_template",
    "start_sending",
    "update_stays",
]
