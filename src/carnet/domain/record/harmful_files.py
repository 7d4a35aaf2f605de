"""Files that do something when they are opened: told from their content, and from their name where systems act by it.

A text has no mark that says it is a script: Windows runs it because it is called `.js`. Everything else is known by
what it is.
"""

from enum import StrEnum
from typing import Final

from carnet.domain.record.xdm.safe_zip import SafeZip, XdmLimits, ZipRefused


class Harm(StrEnum):
    """What a file could do.

    A program; a script or a shortcut that starts one; an office document with macros; one file that is two, of which
    each reader sees another (a picture that is an archive too).
    """

    EXECUTABLE = "executable"
    SCRIPT = "script"
    MACRO = "macro"
    POLYGLOT = "polyglot"


_PROGRAMS: Final = (
    b"\x7fELF",
    b"\xfe\xed\xfa\xce",
    b"\xfe\xed\xfa\xcf",
    b"\xce\xfa\xed\xfe",
    b"\xcf\xfa\xed\xfe",
    b"\xca\xfe\xba\xbe",  # a Java class, or a Mac program for several processors
    b"\x00asm",
    b"dex\n",
    b"ITSF",  # compiled help, which runs scripts
    b"MSCF",  # cabinet
)
_SHORTCUT: Final = b"\x4c\x00\x00\x00\x01\x14\x02\x00"
_SCRIPT_STARTS: Final = (
    b"#!",
    b"<?php",
    b"<job",
    b"<package",
    b"<hta:",
    b"[internetshortcut]",
    b"windows registry editor",
)
_OFFICE_BINARY: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_OFFICE_MACROS: Final = tuple(name.encode("utf-16-le") for name in ("_VBA_PROJECT", "VBA", "Macros"))
_PROGRAM_NAMES: Final = frozenset({
    "exe", "com", "scr", "pif", "cpl", "dll", "msi", "msp", "msix", "appx", "jar", "app", "dmg", "pkg", "deb", "rpm",
    "apk", "xll", "chm", "iso", "img", "vhd", "vhdx",
})  # fmt: skip
_SCRIPT_NAMES: Final = frozenset({
    "js", "jse", "mjs", "vbs", "vbe", "wsf", "wsh", "wsc", "hta", "ps1", "psm1", "bat", "cmd", "sh", "command", "lnk",
    "url", "reg", "msc", "scf", "sct", "inf", "desktop", "jnlp", "appref-ms", "library-ms", "search-ms",
    "settingcontent-ms",
})  # fmt: skip
_MACRO_NAMES: Final = frozenset({"docm", "dotm", "xlsm", "xltm", "xlam", "xlsb", "pptm", "potm", "ppam", "ppsm"})
_ZIP: Final = b"PK\x03\x04"
_ZIP_END: Final = b"PK\x05\x06"
_ZIP_END_SIZE: Final = 22
_LIMITS: Final = XdmLimits()
_MEMBERS: Final = 200
_START: Final = 512


def harm_of(content: bytes, name: str = "") -> Harm | None:
    """What the file `content`, called `name`, could do when it is opened; None when nothing is known against it.

    Files inside a zip archive count, those of an archive inside it do not: nothing opens these by itself.
    """
    harm = _harm_of_file(content, name)
    if harm is None and content.startswith(_ZIP):
        return _harm_of_archive(content)
    if harm is None and _ends_as_archive(content):
        return Harm.POLYGLOT
    return harm


def _harm_of_file(content: bytes, name: str) -> Harm | None:
    head = content[:_START]
    # A text may begin with MZ; a program has zeros among its first bytes.
    if content.startswith(_PROGRAMS) or (content.startswith(b"MZ") and b"\x00" in head[:64]):
        return Harm.EXECUTABLE
    if content.startswith(_SHORTCUT) or _is_script(head):
        return Harm.SCRIPT
    extension = name.rpartition(".")[2].strip().lower() if "." in name else ""
    if extension in _PROGRAM_NAMES:
        return Harm.EXECUTABLE
    if extension in _SCRIPT_NAMES:
        return Harm.SCRIPT
    if extension in _MACRO_NAMES or (
        content.startswith(_OFFICE_BINARY) and any(mark in content for mark in _OFFICE_MACROS)
    ):
        return Harm.MACRO
    return None


def _is_script(head: bytes) -> bool:
    start = head.removeprefix(b"\xef\xbb\xbf").replace(b"\x00", b"").lstrip(b"\xff\xfe \t\r\n").lower()
    return start.startswith(_SCRIPT_STARTS)


def _harm_of_archive(content: bytes) -> Harm | None:
    """The worst of what an archive holds; one that cannot be opened safely is judged elsewhere."""
    try:
        archive = SafeZip(content, _LIMITS)
    except ZipRefused:
        return None
    names = [name.lower() for name in archive.files]
    if any(name.endswith("vbaproject.bin") or name.startswith("xl/macrosheets/") for name in names):
        return Harm.MACRO
    if "meta-inf/manifest.mf" in names and any(name.endswith(".class") for name in names):
        return Harm.EXECUTABLE
    found = {_harm_of_file(_start(archive, name), name) for name in list(archive.files)[:_MEMBERS]}
    return next((harm for harm in Harm if harm in found), None)


def _start(archive: SafeZip, name: str) -> bytes:
    """The first bytes of a member; none when it is damaged: its name is judged all the same."""
    try:
        return archive.start(name, _START)
    except ZipRefused:
        return b""


def _ends_as_archive(content: bytes) -> bool:
    """Whether a file that is no archive ends as one: an index of at least one member, whose comment ends the file."""
    at = content.rfind(_ZIP_END, max(0, len(content) - _ZIP_END_SIZE - 65_535))
    if at < 0 or len(content) - at < _ZIP_END_SIZE:
        return False
    members = int.from_bytes(content[at + 10 : at + 12], "little")
    comment = int.from_bytes(content[at + 20 : at + 22], "little")
    return members > 0 and at + _ZIP_END_SIZE + comment == len(content)
