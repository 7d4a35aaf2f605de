"""What the Centre hospitalier Saint-Aubin writes to its patients: three pathways and their templates."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from django.utils import timezone

from carnet.domain.directory.queries import mailboxes_by_id
from carnet.domain.messaging.desk.actors import DeskActor
from carnet.domain.pathways import commands
from carnet.domain.pathways.queries import PathwayShown
from carnet.domain.pathways.starters import STARTERS
from carnet.domain.pathways.values import PathwayContent, TemplateContent, UseCase
from carnet.foundation.clock import now
from carnet.sandbox.cast.professionals import GUILLOU, HADDAD, LE_GALL, LEMAIRE, PRIGENT, VASSEUR, Professional

_HIP = (
    UseCase.CONVOCATION,
    UseCase.ADMISSION_PAPERS,
    UseCase.PREOP,
    UseCase.APPOINTMENT_REMINDER,
    UseCase.FOLLOW_UP,
    UseCase.SATISFACTION_LINK,
    UseCase.SATISFACTION_REMINDER,
)
_BETWEEN_TREATMENTS = TemplateContent(
    name="Entre deux traitements",
    use_case=UseCase.FOLLOW_UP,
    subject="Comment se passe votre traitement ?",
    text=(
        "Bonjour {{prenom}} {{nom_naissance}},\n\n"
        "Votre prochain traitement est prévu le {{date_rdv}}. Comment vous sentez-vous depuis le dernier ?\n\n"
        "Répondez à ce message : fatigue, appétit, douleurs, tout ce qui vous inquiète. Vous pouvez joindre vos "
        "derniers résultats d’analyses.\n\n"
        "En cas de fièvre, n’attendez pas notre réponse : appelez le service, de jour comme de nuit.\n\n"
        "{{boite}}\n{{etablissement}}"
    ),
    receipt_wanted=True,
)


def pathways_of_the_hospital(orthopaedics: UUID, oncology: UUID, archives: UUID) -> None:
    """Hip surgery, oncology follow-up and requests to the archives, each made by its own team (ids of mailboxes)."""
    hip = _pathway(orthopaedics, VASSEUR, "Chirurgie de la hanche", "De la convocation au suivi après le retour.")
    for use_case in _HIP:
        _template(orthopaedics, LEMAIRE, replace(_starter(use_case), pathway_id=hip.id))
    care = _pathway(oncology, LE_GALL, "Suivi en oncologie", "Entre deux traitements, à la maison.")
    upcoming = replace(_starter(UseCase.UPCOMING_CARE), name="Avant le traitement", pathway_id=care.id)
    for content in (upcoming, replace(_BETWEEN_TREATMENTS, pathway_id=care.id)):
        _template(oncology, GUILLOU, content)
    requests = _pathway(archives, HADDAD, "Demandes de dossier", "Réponses aux demandes de dossier médical.")
    _template(archives, PRIGENT, replace(_starter(UseCase.ARCHIVES), pathway_id=requests.id))


def _desk(mailbox_id: UUID, who: Professional) -> DeskActor:
    return DeskActor(str(who.rpps), who.name, mailboxes_by_id([mailbox_id])[mailbox_id])


def _starter(use_case: UseCase) -> TemplateContent:
    return next(one.content for one in STARTERS if one.content.use_case is use_case)


def _pathway(mailbox_id: UUID, who: Professional, name: str, description: str) -> PathwayShown:
    content = PathwayContent(
        name=name,
        description=description,
        validated_on=timezone.localdate(now()).replace(month=1, day=15) - timedelta(days=365),
        validated_by="Commission médicale d’établissement",
    )
    made = commands.save_pathway(_desk(mailbox_id, who), None, content)
    if not isinstance(made, PathwayShown):
        raise TypeError(f"the pathway {name}: {made}")
    return made


def _template(mailbox_id: UUID, who: Professional, content: TemplateContent) -> None:
    saved = commands.save_template(_desk(mailbox_id, who), None, content)
    if not saved:
        raise ValueError(f"the template {content.name}: {saved}")
