"""Templates in French that an establishment can copy and make its own: one for each use case.

They speak of nothing but what the merge fields give; the establishment adds its own words, numbers and files.
"""

from dataclasses import dataclass

from carnet.domain.pathways.values import TemplateContent, UseCase


@dataclass(frozen=True, slots=True)
class Starter:
    """A template to begin with; ``key`` names it."""

    key: str
    content: TemplateContent


_SIGNED = "\n\n{{boite}}\n{{etablissement}}"
_NO_ANSWER = "\n\nCe message n’attend pas de réponse."


def _starter(
    use_case: UseCase,
    name: str,
    subject: str,
    text: str,
    *,
    columns: tuple[str, ...] = (),
    takes_answer: bool = True,
    receipt_wanted: bool = False,
) -> Starter:
    ending = _SIGNED if takes_answer else _NO_ANSWER + _SIGNED
    return Starter(
        use_case.value,
        TemplateContent(
            name=name,
            use_case=use_case,
            subject=subject,
            text=f"Bonjour {{{{prenom}}}} {{{{nom_naissance}}}},\n\n{text}{ending}",
            columns=columns,
            takes_answer=takes_answer,
            receipt_wanted=receipt_wanted,
        ),
    )


STARTERS: tuple[Starter, ...] = (
    _starter(
        UseCase.APPOINTMENT_REMINDER,
        "Rappel de rendez-vous",
        "Votre rendez-vous du {{date_rdv}}",
        "Nous vous attendons le {{date_rdv}} à {{heure_rdv}}, service {{service}}.\n\n"
        "Merci d’apporter votre carte Vitale, votre carte de mutuelle et vos derniers résultats.\n\n"
        "Si vous ne pouvez pas venir, répondez à ce message : nous chercherons ensemble une autre date.",
        receipt_wanted=True,
    ),
    _starter(
        UseCase.CONVOCATION,
        "Convocation",
        "Votre convocation du {{date_entree}}",
        "Votre hospitalisation est prévue le {{date_entree}}, service {{service}}.\n\n"
        "Présentez-vous au bureau des admissions à {{heure_arrivee}}, avec une pièce d’identité, votre carte Vitale et "
        "votre carte de mutuelle.\n\n"
        "Pour toute question, répondez à ce message.",
        columns=("heure_arrivee",),
        receipt_wanted=True,
    ),
    _starter(
        UseCase.PREOP,
        "Consignes avant l’opération",
        "Préparer votre opération du {{date_entree}}",
        "Votre opération approche. Pour qu’elle se passe bien :\n\n"
        "– la veille et le matin, prenez une douche comme on vous l’a expliqué ;\n"
        "– suivez les consignes de jeûne qui vous ont été remises par l’anesthésiste ;\n"
        "– prenez ou arrêtez vos médicaments comme prévu à la consultation d’anesthésie ;\n"
        "– enlevez bijoux, vernis et lentilles.\n\n"
        "Un rhume, de la fièvre, un doute ? Répondez à ce message ou appelez le service avant de venir.",
        receipt_wanted=True,
    ),
    _starter(
        UseCase.UPCOMING_CARE,
        "Informations sur les soins à venir",
        "Vos soins à partir du {{date_entree}}",
        "Vous trouverez ci-joint les informations sur les soins prévus à partir du {{date_entree}}, service "
        "{{service}}.\n\n"
        "Lisez-les tranquillement et notez vos questions : nous en parlerons à votre arrivée, et vous pouvez déjà nous "
        "les poser en répondant à ce message.",
    ),
    _starter(
        UseCase.WELCOME_BOOKLET,
        "Livret d’accueil",
        "Bienvenue : votre livret d’accueil",
        "Vous allez être accueilli dans notre établissement. Le livret joint à ce message vous explique comment venir, "
        "ce qu’il faut apporter, les visites et vos droits.",
        takes_answer=False,
    ),
    _starter(
        UseCase.ADMISSION_PAPERS,
        "Papiers d’admission",
        "Vos papiers pour votre venue du {{date_entree}}",
        "Pour gagner du temps à votre arrivée le {{date_entree}}, envoyez-nous dès maintenant une photo ou un scan de "
        "ces papiers, en réponse à ce message :\n\n"
        "– votre pièce d’identité (recto et verso) ;\n"
        "– votre carte de mutuelle ;\n"
        "– l’ordonnance ou le courrier de votre médecin, si vous en avez un.",
        receipt_wanted=True,
    ),
    _starter(
        UseCase.SATISFACTION_LINK,
        "Questionnaire e-Satis",
        "Votre avis sur votre séjour",
        "Vous avez été hospitalisé jusqu’au {{date_sortie}}. Votre avis nous aide à mieux faire.\n\n"
        "Répondez au questionnaire national e-Satis : {{lien_e_satis}}\n\n"
        "Quelques minutes suffisent, et vos réponses restent anonymes.",
        columns=("lien_e_satis",),
        takes_answer=False,
        receipt_wanted=True,
    ),
    _starter(
        UseCase.SATISFACTION_REMINDER,
        "Rappel e-Satis",
        "Rappel : votre avis sur votre séjour",
        "Nous vous avons écrit après votre séjour pour connaître votre avis. Si vous avez déjà répondu, merci, et ne "
        "tenez pas compte de ce message.\n\n"
        "Sinon, il est encore temps : {{lien_e_satis}}",
        columns=("lien_e_satis",),
        takes_answer=False,
    ),
    _starter(
        UseCase.FOLLOW_UP,
        "Suivi après l’opération",
        "Comment allez-vous depuis votre retour ?",
        "Vous êtes de retour chez vous depuis le {{date_sortie}}. Comment allez-vous ?\n\n"
        "Dites-nous en réponse à ce message comment évoluent la douleur et la cicatrice. Vous pouvez joindre une "
        "photo.\n\n"
        "En cas de fièvre, de douleur forte ou de saignement, n’attendez pas notre réponse : appelez le service, ou "
        "le 15.",
        receipt_wanted=True,
    ),
    _starter(
        UseCase.ARCHIVES,
        "Réponse à une demande de dossier",
        "Votre demande de dossier médical",
        "Nous avons bien traité votre demande {{reference}}. Les documents sont joints à ce message ou ont été déposés "
        "dans vos documents de santé.\n\n"
        "S’il manque quelque chose, répondez à ce message.",
        columns=("reference",),
        receipt_wanted=True,
    ),
    _starter(
        UseCase.OTHER,
        "Message libre",
        "Un message de votre établissement",
        "Écrivez ici votre message.",
    ),
)
