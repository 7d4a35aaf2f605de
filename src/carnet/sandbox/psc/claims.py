"""What Pro Santé Connect tells of a professional, in the shape of its userinfo (scope `scope_all`)."""

from typing import Any
from uuid import NAMESPACE_DNS, uuid5

from carnet.sandbox.psc.people import Person

_STORE = uuid5(NAMESPACE_DNS, "psc.carnet.test")
# Secteurs d'activité (TRE_R02): cabinet individuel, établissement public de santé.
_PRACTICE, _HOSPITAL = "SA07", "SA01"
_SECTORS = "1.2.250.1.71.4.2.4"


def subject(id_nat: str) -> str:
    """The `sub` of a professional: Keycloak's, for a person who lies in a store outside it."""
    return f"f:{_STORE}:{id_nat}"


def userinfo(person: Person) -> dict[str, Any]:
    """Every claim about a professional; what the directory does not say is an empty text, as it is there."""
    place = person.organization
    sector = _HOSPITAL if place else _PRACTICE
    name = place.name if place else f"CABINET {person.title.upper()} {person.family_name}".replace("  ", " ")
    return {
        "sub": subject(person.id_nat),
        "preferred_username": person.id_nat,
        "SubjectNameID": person.id_nat,
        "given_name": person.given_name,
        "family_name": person.family_name,
        "email_verified": False,
        "SubjectRole": [f"{person.profession}^1.2.250.1.213.1.1.5.5"],
        "Secteur_Activite": f"{sector}^{_SECTORS}",
        "SubjectOrganization": name,
        "SubjectOrganizationID": f"1{place.finess}" if place else "",
        "Mode_Acces_Raison": "",
        "Acces_Regulation_Medicale": "FAUX",
        "UITVersion": "1.0",
        "PSI_Locale": "1.2.250.1.213.1.3.1.1",
        "Palier_Authentification": "APPPRIP3^1.2.250.1.213.1.5.1.1.1",
        "otherIds": [{"identifiant": person.id_nat, "origine": "RPPS", "qualite": 1}],
        "SubjectRefPro": {
            "codeCivilite": person.title,
            "exercices": [
                {
                    "codeProfession": person.profession,
                    "codeCategorieProfessionnelle": "C",
                    "codeCiviliteDexercice": person.title,
                    "nomDexercice": person.family_name,
                    "prenomDexercice": person.given_name,
                    "codeTypeSavoirFaire": "S" if person.specialty else "",
                    "codeSavoirFaire": person.specialty,
                    "activities": [_activity(person, sector, name)],
                }
            ],
        },
    }


def _activity(person: Person, sector: str, name: str) -> dict[str, str]:
    place = person.organization
    return {
        "codeModeExercice": "S" if place else "L",
        "codeSecteurDactivite": sector,
        "codeSectionPharmacien": "",
        "codeRole": "",
        "numeroSiretSite": "",
        "numeroSirenSite": "",
        "numeroFinessSite": place.finess if place else "",
        "numeroFinessetablissementJuridique": place.finess_ej if place else "",
        "identifiantTechniqueDeLaStructure": f"F{place.finess}" if place else f"R1{person.rpps}",
        "raisonSocialeSite": name,
        "enseigneCommercialeSite": "",
        "complementDestinataire": "",
        "complementPointGeographique": "",
        "numeroVoie": "",
        "indiceRepetitionVoie": "",
        "codeTypeDeVoie": "",
        "libelleVoie": "",
        "mentionDistribution": "",
        "bureauCedex": "",
        "codePostal": "",
        "codeCommune": "",
        "codePays": "",
        "telephone": "",
        "telephone2": "",
        "telecopie": "",
        "adresseEMail": "",
        "codeDepartement": place.department if place else "",
        "ancienIdentifiantDeLaStructure": "",
        "autoriteDenregistrement": "",
    }
