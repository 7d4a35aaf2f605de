"""The sandbox's trust list: a real one (XML), which the demo imports as an installation imports the national list."""

from datetime import datetime
from pathlib import Path

from lxml import etree

from carnet.domain.directory.trust_list import NAMESPACE
from carnet.foundation.clock import now
from carnet.foundation.keys import write_durably


def write_trust_list(path: Path, entries: list[tuple[str, str, str]], at: datetime | None = None) -> Path:
    """Write a list of ``(domain, subject as written, description)``; a file that already says the same stays."""
    written = document(entries, at)
    if not (path.exists() and _without_date(path.read_bytes()) == _without_date(written)):
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_durably(path, written)
    return path


def document(entries: list[tuple[str, str, str]], at: datetime | None = None) -> bytes:
    """A list of ``(domain, subject as written, description)``, generated at that moment or now."""
    root = etree.Element(f"{{{NAMESPACE}}}ListeBlanche", nsmap={None: NAMESPACE})
    _add(root, "DateDeGeneration", (at or now()).isoformat(timespec="seconds"))
    for domain, subject, description in entries:
        entry = etree.SubElement(root, f"{{{NAMESPACE}}}Domaine")
        _add(entry, "Nom", domain)
        _add(entry, "Description", description)
        _add(entry, "DNCertificatOperateur", subject)
        _add(entry, "ResponsableContact", "responsable@carnet.test")
        _add(entry, "SupportContact", "support@carnet.test")
        _add(entry, "DateMAJ", "2026-01-05")
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True)


def _add(parent: etree._Element, name: str, text: str) -> None:
    etree.SubElement(parent, f"{{{NAMESPACE}}}{name}").text = text


def _without_date(content: bytes) -> bytes:
    start, end = content.find(b"<DateDeGeneration>"), content.find(b"</DateDeGeneration>")
    return content[:start] + content[end:]
