"""The messages of the INSi service as SOAP 1.2 (W3C SOAP 1.2 part 1): written and read, both ways, without I/O.

The service's own description is given to approved editors only. These messages say the same things, by the names that
its public guide uses, in a namespace of Carnet's; docs/insi.md describes them. Whoever has the approval replaces this
module: nothing else knows the form.
"""

import re
from dataclasses import dataclass
from typing import Final

from lxml import etree

from carnet.domain.identity.insi.values import AskedTraits, FoundIdentity, InsiAnswer, InsiCode
from carnet.domain.identity.values import (
    Ins,
    InsOid,
    InvalidIdentifier,
    InvalidIns,
    InvalidTrait,
    StrictTraits,
)

SOAP: Final = "http://www.w3.org/2003/05/soap-envelope"
NAMESPACE: Final = "urn:carnet:insi:1"
MEDIA_TYPE: Final = "application/soap+xml; charset=utf-8"
MAX_BYTES: Final = 64 * 1024

_DECLARATION: Final = re.compile(rb"\A(?:\xef\xbb\xbf)?\s*<\?xml[^>]*\?>")


class BadInsiMessage(ValueError):
    """A message that cannot be read; the text says where, never what stood there."""


class InsiFault(Exception):
    """The service answered by a SOAP fault."""


@dataclass(frozen=True, slots=True)
class Search:
    """A search by traits, and who asks (a national identifier of professional, or empty)."""

    asked: AskedTraits
    by: str = ""


@dataclass(frozen=True, slots=True, repr=False)
class Verification:
    """Whether this INS is that of the person with these traits, and who asks."""

    identity: FoundIdentity
    by: str = ""


# --- writing ----------------------------------------------------------------------------------------------------


def write_search(search: Search) -> bytes:
    """`rechercherInsAvecTraitsIdentite`."""
    asked = search.asked
    question = _element("rechercherInsAvecTraitsIdentite")
    _add(question, "NomNaissance", asked.birth_name)
    _add(question, "Prenom", asked.given_name)
    _add(question, "Sexe", asked.sex.value)
    _add(question, "DateNaissance", asked.birth_date.isoformat())
    if asked.birth_place:
        _add(question, "LieuNaissance", asked.birth_place)
    return _envelope(question, search.by)


def write_verification(verification: Verification) -> bytes:
    """`verifierIns`."""
    question = _element("verifierIns")
    _add_identity(question, verification.identity)
    return _envelope(question, verification.by)


def write_answer(answer: InsiAnswer) -> bytes:
    """`rechercherInsAvecTraitsIdentiteReponse`."""
    said = _element("rechercherInsAvecTraitsIdentiteReponse")
    _add(said, "CodeCR", answer.code.value)
    if answer.identity is not None:
        _add_identity(said, answer.identity)
    return _envelope(said)


def write_verified(agrees: bool) -> bytes:
    """`verifierInsReponse`."""
    said = _element("verifierInsReponse")
    _add(said, "Resultat", "OK" if agrees else "KO")
    return _envelope(said)


def write_fault(*, sender: bool, reason: str) -> bytes:
    """A SOAP 1.2 fault (part 1 §5.4); `reason` names no trait."""
    fault = etree.Element(f"{{{SOAP}}}Fault", nsmap={"s": SOAP})
    code = etree.SubElement(fault, f"{{{SOAP}}}Code")
    etree.SubElement(code, f"{{{SOAP}}}Value").text = "s:Sender" if sender else "s:Receiver"
    said = etree.SubElement(etree.SubElement(fault, f"{{{SOAP}}}Reason"), f"{{{SOAP}}}Text")
    said.set("{http://www.w3.org/XML/1998/namespace}lang", "en")
    said.text = reason
    return _envelope(fault)


def _element(name: str) -> etree._Element:
    return etree.Element(f"{{{NAMESPACE}}}{name}", nsmap={None: NAMESPACE})


def _add(parent: etree._Element, name: str, text: str) -> None:
    etree.SubElement(parent, f"{{{NAMESPACE}}}{name}").text = text


def _add_identity(parent: etree._Element, identity: FoundIdentity) -> None:
    individual = etree.SubElement(parent, f"{{{NAMESPACE}}}Individu")
    traits = identity.traits
    _add(individual, "Matricule", str(identity.ins))
    _add(individual, "Oid", identity.oid.value)
    _add(individual, "NomNaissance", traits.birth_name)
    _add(individual, "ListePrenoms", traits.given_names_text or traits.first_given_name)
    _add(individual, "Sexe", traits.sex.value if traits.sex else "I")
    _add(individual, "DateNaissance", traits.birth_date.isoformat() if traits.birth_date else "")
    if traits.birth_place:
        _add(individual, "LieuNaissance", traits.birth_place)


def _envelope(content: etree._Element, by: str = "") -> bytes:
    root = etree.Element(f"{{{SOAP}}}Envelope", nsmap={"s": SOAP})
    if by:
        header = etree.SubElement(root, f"{{{SOAP}}}Header")
        etree.SubElement(header, f"{{{NAMESPACE}}}Demandeur", nsmap={None: NAMESPACE}).text = by
    etree.SubElement(root, f"{{{SOAP}}}Body").append(content)
    return etree.tostring(root, xml_declaration=True, encoding="utf-8")


# --- reading ----------------------------------------------------------------------------------------------------


def read_question(raw: bytes) -> Search | Verification:
    """What is asked of the service; raises `BadInsiMessage`."""
    content, by = _open(raw)
    name = _name(content)
    try:
        if name == "rechercherInsAvecTraitsIdentite":
            return Search(AskedTraits.read(given_name=_text(content, "Prenom"), **_other_traits(content)), by)
        if name == "verifierIns":
            return Verification(_identity(content), by)
    except InvalidTrait as problem:
        raise BadInsiMessage(str(problem)) from None
    raise BadInsiMessage("the body asks for nothing that the service does")


def read_answer(raw: bytes) -> InsiAnswer:
    """What was found; raises `BadInsiMessage`, or `InsiFault` when the service answers by a fault."""
    content = _answered(raw, "rechercherInsAvecTraitsIdentiteReponse")
    try:
        code = InsiCode(_text(content, "CodeCR"))
    except ValueError:
        raise BadInsiMessage("CodeCR is none of 00, 01, 02") from None
    try:
        return InsiAnswer(code, _identity(content) if code is InsiCode.FOUND else None)
    except InvalidTrait as problem:
        raise BadInsiMessage(str(problem)) from None


def read_verified(raw: bytes) -> bool:
    """Whether the identity agrees; raises as `read_answer`."""
    result = _text(_answered(raw, "verifierInsReponse"), "Resultat")
    if result not in ("OK", "KO"):
        raise BadInsiMessage("Resultat is neither OK nor KO")
    return result == "OK"


def _answered(raw: bytes, name: str) -> etree._Element:
    content, _ = _open(raw)
    if content.tag == f"{{{SOAP}}}Fault":
        raise InsiFault("the service answered by a fault")
    if _name(content) != name:
        raise BadInsiMessage(f"the body is no {name}")
    return content


def _open(raw: bytes) -> tuple[etree._Element, str]:
    """The one element of the body, and who asks.

    A SOAP message holds no document type declaration (SOAP 1.2 part 1 §5): so there is no entity to resolve.
    """
    if len(raw) > MAX_BYTES:
        raise BadInsiMessage(f"the message has more than {MAX_BYTES} octets")
    raw = _DECLARATION.sub(b"", raw)
    if b"<!DOCTYPE" in raw or b"<!ENTITY" in raw:
        raise BadInsiMessage("the message declares a document type")
    # The encoding is ours to say, so that the look above saw what the parser sees.
    parser = etree.XMLParser(
        encoding="utf-8", resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False,
        remove_comments=True, remove_pis=True,
    )  # fmt: skip
    try:
        root = etree.fromstring(raw, parser)
    except (etree.XMLSyntaxError, ValueError):
        raise BadInsiMessage("the message is no XML in UTF-8") from None
    if root.tag != f"{{{SOAP}}}Envelope":
        raise BadInsiMessage("the message is no SOAP 1.2 envelope")
    body = root.find(f"{{{SOAP}}}Body")
    if body is None or len(body) != 1:
        raise BadInsiMessage("one element is expected in the body")
    return body[0], _text(root, f"{{{SOAP}}}Header/{{{NAMESPACE}}}Demandeur", needed=False)


def _name(element: etree._Element) -> str:
    name = etree.QName(element)
    return name.localname if name.namespace == NAMESPACE else ""


def _text(parent: etree._Element, name: str, *, needed: bool = True) -> str:
    found = parent.find(name if name.startswith("{") else f"{{{NAMESPACE}}}{name}")
    text = (found.text or "").strip() if found is not None else ""
    if needed and not text:
        raise BadInsiMessage(f"{name} is missing")
    return text


def _identity(parent: etree._Element) -> FoundIdentity:
    individual = parent.find(f"{{{NAMESPACE}}}Individu")
    if individual is None:
        raise BadInsiMessage("Individu is missing")
    try:
        ins, oid = Ins(_text(individual, "Matricule")), InsOid.parse(_text(individual, "Oid"))
    except (InvalidIns, InvalidIdentifier) as problem:
        raise BadInsiMessage(str(problem)) from None
    traits = StrictTraits.read(given_names=_text(individual, "ListePrenoms"), **_other_traits(individual))
    return FoundIdentity(ins, oid, traits)


def _other_traits(parent: etree._Element) -> dict[str, str]:
    """What a question and an identity say by the same names: all but the given names."""
    return {
        "birth_name": _text(parent, "NomNaissance"),
        "birth_date": _text(parent, "DateNaissance"),
        "sex": _text(parent, "Sexe"),
        "birth_place": _text(parent, "LieuNaissance", needed=False),
    }
