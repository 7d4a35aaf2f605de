"""IHE XDM archives (IHE_XDM.zip): how documents travel with a message of MSSanté."""

from carnet.domain.record.xdm.building import build_xdm, xdm_for_cda
from carnet.domain.record.xdm.naming import pdf_name
from carnet.domain.record.xdm.package import (
    XdmDocument,
    XdmFinding,
    XdmPackage,
    XdmProblem,
    document_patient_ids,
    patient_ids,
)
from carnet.domain.record.xdm.reading import read_xdm
from carnet.domain.record.xdm.safe_zip import XdmLimits

__all__ = [
    "XdmDocument",
    "XdmFinding",
    "XdmLimits",
    "XdmPackage",
    "XdmProblem",
    "build_xdm",
    "document_patient_ids",
    "patient_ids",
    "pdf_name",
    "read_xdm",
    "xdm_for_cda",
]
