"""What a document may be called (product reference, 3.2), and a little more, so that it is what it looks like."""

from __future__ import annotations

import unicodedata

from console.lib.documents.fault import Code, DocumentFault
from console.lib.documents.kinds import EXTENSIONS

NAME_MAX = 64  # characters
SIGNS = "\"#'$%&*/\\|<>{}[];?!"
# Before the last dot these make a name look like another kind of file; "scan.2026.pdf" is fine.
_MISLEADING = {
    "asp", "aspx", "bat", "cgi", "cmd", "com", "cpl", "dll", "dmg", "exe", "hta", "htm", "html", "jar", "js", "jse",
    "jsp", "jspx", "lnk", "mht", "mjs", "msi", "php", "phar", "phtml", "pl", "ps1", "py", "rb", "scr", "sh", "shtml",
    "svg", "svgz", "swf", "vb", "vbs", "wsf", "xht", "xhtml", "xml", "zip", "rar", "7z", "gz", "tar", "doc", "docm",
    "docx", "xls", "xlsm", "xlsx", "ppt", "pptm", "pptx",
}.union(EXTENSIONS)  # fmt: skip


# Letters and marks that show nothing (Unicode 16, Default_Ignorable_Code_Point), and the empty Braille pattern.
_BLANK = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0").union(map(chr, range(0xFE00, 0xFE10)))


def check(name: str) -> str:
    """The name in composed form (NFC) if it is allowed. Raises DocumentFault."""
    name = unicodedata.normalize("NFC", name)
    for character in name:
        if character in SIGNS:
            raise DocumentFault(Code.NAME_SIGN, sign=character)
        if character == "\t" or unicodedata.category(character) == "Zs":
            raise DocumentFault(Code.NAME_SPACE)
        # Controls, direction marks, surrogates, unassigned.
        if unicodedata.category(character)[0] in "CZ" or character in _BLANK:
            raise DocumentFault(Code.NAME_HIDDEN, character=f"U+{ord(character):04X}")
    if len(name) > NAME_MAX:
        raise DocumentFault(Code.NAME_LONG, length=len(name))
    if name.startswith(".") or ".." in name:
        raise DocumentFault(Code.NAME_DOT)
    if extension(name) not in EXTENSIONS:
        raise DocumentFault(Code.EXTENSION)
    *inner, last = name.lower().split(".")[1:]
    for part in inner:
        if part in _MISLEADING:
            raise DocumentFault(Code.NAME_DOUBLE, first=part, last=last)
    return name


def extension(name: str) -> str:
    """Without the dot, in small letters; empty when there is none."""
    return name.rpartition(".")[2].lower() if "." in name else ""
