"""The OIDs and URNs of the French health field, by name.

Sources: ANS, « Nomenclatures des objets de santé » (NOS) and CI-SIS, volet Partage de documents de santé;
IHE ITI TF-3. The authorities of the INS are in `carnet.domain.identity.values.InsOid`.
"""

from typing import Final

# Authorities that identify professionals and structures.
PROFESSIONAL: Final = "1.2.250.1.71.4.2.1"
STRUCTURE: Final = "1.2.250.1.71.4.2.2"
SIREN: Final = "1.3.2"

# Code systems of document metadata.
TRE_A00_NON_PROFESSIONAL_AUTHOR: Final = "1.2.250.1.213.1.1.4.6"
TRE_A01_PRACTICE_SETTING: Final = "1.2.250.1.213.1.1.4.9"
TRE_A03_DOCUMENT_CLASS: Final = "1.2.250.1.213.1.1.4.1"
TRE_A05_DOCUMENT_TYPE: Final = "1.2.250.1.213.1.1.4.12"
TRE_A06_FORMAT: Final = "1.2.250.1.213.1.1.4.2.282"
TRE_A07_VISIBILITY: Final = "1.2.250.1.213.1.1.4.13"
TRE_A09_DICOM: Final = "1.2.840.10008.2.6.1"
TRE_A11_IHE_FORMAT: Final = "1.3.6.1.4.1.19376.1.2.3"
TRE_G15_PROFESSION: Final = "1.2.250.1.213.1.1.4.5"
TRE_R02_SECTOR: Final = "1.2.250.1.71.4.2.4"
TRE_R85_ROLE: Final = "1.2.250.1.213.1.6.1.107"
TRE_R209_ACTIVITY: Final = "1.2.250.1.213.2.2"
HL7_CONFIDENTIALITY: Final = "2.16.840.1.113883.5.25"
LOINC: Final = "2.16.840.1.113883.6.1"
CCAM: Final = "1.2.250.1.213.2.5"
CIM_10: Final = "2.16.840.1.113883.6.3"
ASTM: Final = "ASTM"

# Value sets.
JDV_J01_AUTHOR_SPECIALTY: Final = "1.2.250.1.213.1.1.5.461"
JDV_J02_FACILITY_TYPE: Final = "1.2.250.1.213.1.1.5.466"
JDV_J04_PRACTICE_SETTING: Final = "1.2.250.1.213.1.1.5.467"
JDV_J07_DOCUMENT_TYPE_CISIS: Final = "1.2.250.1.213.1.1.5.471"
JDV_J08_CONFIDENTIALITY_CISIS: Final = "1.2.250.1.213.1.1.5.463"
JDV_J57_DOCUMENT_CLASS_DMP: Final = "1.2.250.1.213.1.1.5.6"
JDV_J58_CONFIDENTIALITY_DMP: Final = "1.2.250.1.213.1.1.5.9"
JDV_J59_CONTENT_TYPE_DMP: Final = "1.2.250.1.213.1.1.5.2"
JDV_J66_DOCUMENT_TYPE_DMP: Final = "1.2.250.1.213.1.1.5.7"

# The class of the signature of a submission set (IHE ITI DSG), which is no class of the national list.
SIGNATURE_CLASS: Final = "urn:oid:1.3.6.1.4.1.19376.1.2.1.1.1"
