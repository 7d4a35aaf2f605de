"""Look-ups in the national code lists. A code that is not known gives None, never an error."""

import csv
from functools import cache
from importlib.resources import files

from carnet.domain.nomenclature import oids
from carnet.domain.nomenclature.values import Category, Code, DocumentType

_TABLE = "document_types.tsv"
_URN_PREFIX = "urn:oid:"

# ANS, JDV_J57: the classes of the DMP.
_CLASSES = {
    code: Code(code, oids.TRE_A03_DOCUMENT_CLASS, label)
    for code, label in {
        "10": "Compte rendu",
        "11": "Synthèse",
        "31": "Imagerie médicale",
        "42": "Prescription",
        "43": "Dispensation",
        "44": "Plan de soins, protocole",
        "45": "Traitement administré",
        "52": "Certificat, déclaration",
        "60": "Données de remboursement",
        "90": "Autres documents déposés par le patient",
        "95": "Document de gestion",
    }.items()
}

# Types to which ANS associates no class, neither for the DMP (ASS_X16) nor for CI-SIS (ASS_X04). An entry
# needs one, so this is Carnet's own choice: the class of the types that are closest.
_CLASS_WHERE_ANS_IS_SILENT = {
    "78341-5": "11",
    "89233-1": "10",
    "101881-1": "52",
    "PIECE-IDENTITE": "95",
    "FEUILLE-DE-STYLE": "95",
    "FICHE-CONTACTS": "95",
    "EXPORT_DUI": "95",
    "51851-4": "95",
    "56446-8": "95",
}

# The categories are the published ones; which type goes where is not published, so this is Carnet's own
# choice.
_CATEGORY_OF_TYPE = {
    "11502-2": Category.BIOLOGIE,
    "51969-4": Category.BIOLOGIE,
    "96173-0": Category.BIOLOGIE,
    "DOCPAT05": Category.BIOLOGIE,
    "11369-6": Category.CAR_VAC,
    "87273-9": Category.CAR_VAC,
    "96874-3": Category.CAR_VAC,
    "68817-6": Category.DEPISTAG,
    "75482-0": Category.DEPISTAG,
    "75492-9": Category.DEPISTAG,
    "83869-8": Category.DEPISTAG,
    "DOCPAT06": Category.DEPISTAG,
    "EXPPAT_1": Category.VDP,
    "EXPPAT_3": Category.DIR_ANT,
    "DOCPAT08": Category.SYNTH_PML,
    "74465-6": Category.QUEST_SANTE,
}
_CATEGORY_OF_CLASS = {
    "10": Category.CPT_REND,
    "11": Category.SYNTHESE,
    "31": Category.RADIO_SC,
    "42": Category.ORD_SOIN,
    "43": Category.ORD_SOIN,
    "44": Category.ORD_SOIN,
    "45": Category.ORD_SOIN,
    "52": Category.CERT_MED,
    "60": Category.REMB,
    "90": Category.AUTR_DOC,
    "95": Category.DOC_ADM,
}
_PATIENT_TYPE_OF_CATEGORY = {
    Category.SYNTHESE: "DOCPAT01",
    Category.ORD_SOIN: "DOCPAT02",
    Category.CPT_REND: "DOCPAT03",
    Category.RADIO_SC: "DOCPAT04",
    Category.BIOLOGIE: "DOCPAT05",
    Category.DEPISTAG: "DOCPAT06",
    Category.CERT_MED: "DOCPAT07",
    Category.SYNTH_PML: "DOCPAT08",
    Category.DOC_ADM: "DOCPAT09",
    Category.VDP: "EXPPAT_1",
    Category.AUTR_DOC: "EXPPAT_2",
    Category.DIR_ANT: "EXPPAT_3",
}

# ANS, JDV_J59: the contentTypeCodes that the HL7 v2 flows lead to, and the patient's own.
_CONTENT_TYPES = {
    code.code: code
    for code in (
        Code("03", oids.TRE_R209_ACTIVITY, "Hospitalisation complète (non compris hospitalisation de semaine)"),
        Code("04", oids.TRE_R209_ACTIVITY, "Hospitalisation de jour"),
        Code("07", oids.TRE_R209_ACTIVITY, "Consultations, soins externes"),
        Code("19", oids.TRE_R209_ACTIVITY, "Traitement et cure ambulatoire"),
        Code("97", oids.TRE_R209_ACTIVITY, "Autre type d'activité"),
        Code("EXP_PATIENT", oids.TRE_A00_NON_PROFESSIONAL_AUTHOR, "Expression personnelle du patient"),
    )
}
# CI-SIS, volet Transmission de documents CDA en HL7 v2: PV1-2, the class of the stay.
_CONTENT_TYPE_OF_PATIENT_CLASS = {"I": "03", "O": "07", "E": "07", "R": "19", "N": "97"}

# ANS, JDV_J02: the sectors of activity that Carnet itself names. An entry may carry any other with its own
# label.
_FACILITY_TYPES = {
    code.code: code
    for code in (
        Code("EXP_PATIENT", oids.TRE_A00_NON_PROFESSIONAL_AUTHOR, "Expression personnelle du patient"),
        Code("SA01", oids.TRE_R02_SECTOR, "Etablissement public de santé"),
        Code("SA05", oids.TRE_R02_SECTOR, "Centre de santé"),
        Code("SA07", oids.TRE_R02_SECTOR, "Cabinet individuel"),
        Code("SA08", oids.TRE_R02_SECTOR, "Cabinet de groupe"),
        Code("SA17", oids.TRE_R02_SECTOR, "Etablissement pour personnes âgées"),
        Code("SA25", oids.TRE_R02_SECTOR, "Laboratoire de biologie médicale"),
        Code("SA29", oids.TRE_R02_SECTOR, "Laboratoire d'analyses et de biologie médicale"),
        Code("SA33", oids.TRE_R02_SECTOR, "Pharmacie d'officine"),
        Code("SA38", oids.TRE_R02_SECTOR, "Pharmacie minière"),
        Code("SA39", oids.TRE_R02_SECTOR, "Pharmacie mutualiste"),
    )
}


def document_types() -> tuple[DocumentType, ...]:
    """Every document type, in the order of the national list."""
    return tuple(_types_by_code().values())


def document_type(code: str, system: str | None = None) -> DocumentType | None:
    """The type of this code, and of this code system when one is given (an OID, with or without
    `urn:oid:`).
    """
    found = _types_by_code().get(code)
    if found is None or (system is not None and system.removeprefix(_URN_PREFIX) != found.system):
        return None
    return found


def document_class(code: str) -> Code | None:
    """The class of this code (ANS, JDV_J57)."""
    return _CLASSES.get(code)


def class_of_type(code: str) -> str | None:
    """The code of the class of a type: what ANS associates, else Carnet's own choice; None for a type not
    known.

    The signature of a submission set (E1762) has a class of its own, which `document_class` does not know.
    """
    found = document_type(code)
    if found is None:
        return None
    return found.class_code or _CLASS_WHERE_ANS_IS_SILENT.get(code)


def mes_category(type_code: str, class_code: str | None = None) -> Category:
    """Where the holder finds a document of this type: by its type, else by its class, else among the others.

    `class_code` is what the entry says; it serves for a type that the list does not know.
    """
    by_type = _CATEGORY_OF_TYPE.get(type_code)
    if by_type is not None:
        return by_type
    return _CATEGORY_OF_CLASS.get(class_of_type(type_code) or class_code or "", Category.AUTR_DOC)


def patient_deposit_type(category: Category) -> DocumentType | None:
    """The type of what a holder deposits in a category; None where holders deposit nothing."""
    code = _PATIENT_TYPE_OF_CATEGORY.get(category)
    return document_type(code) if code is not None else None


def content_type(code: str) -> Code | None:
    """A contentTypeCode that Carnet names, with its label (ANS, JDV_J59)."""
    return _CONTENT_TYPES.get(code)


def content_type_of_patient_class(patient_class: str) -> Code | None:
    """The contentTypeCode of a stay by the PV1-2 of its HL7 v2 message; None for a class without one."""
    return _CONTENT_TYPES.get(_CONTENT_TYPE_OF_PATIENT_CLASS.get(patient_class, ""))


def facility_type(code: str) -> Code | None:
    """A healthcareFacilityTypeCode that Carnet names, with its label (ANS, JDV_J02)."""
    return _FACILITY_TYPES.get(code)


@cache
def _types_by_code() -> dict[str, DocumentType]:
    text = files("carnet.domain.nomenclature").joinpath(_TABLE).read_text(encoding="utf-8")
    rows = csv.DictReader(text.splitlines(), delimiter="\t", quoting=csv.QUOTE_NONE)
    return {
        row["code"]: DocumentType(row["code"], row["system"], row["label_fr"], row["class_code"], row["in_dmp"] == "1")
        for row in rows
    }
