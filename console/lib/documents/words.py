"""Why a document is refused, in words: what is wrong, why, what to do."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from console.lib.documents.fault import Code, DocumentFault
from console.lib.documents.names import NAME_MAX


def describe(fault: DocumentFault) -> str:
    code = fault.code
    if code.startswith("name_"):
        return _name(code, fault.detail)
    if code in (Code.EMPTY, Code.TOO_BIG, Code.DAMAGED, Code.TOO_SLOW, Code.BUSY, Code.BOMB):
        return _any_file(code)
    return _content(code, fault.detail)


def _name(code: Code, detail: dict[str, Any]) -> str:
    match code:
        case Code.NAME_LONG:
            return _("The file’s name has %(length)s characters; at most %(most)s are kept. Give it a shorter one.") % {
                "length": detail["length"],
                "most": NAME_MAX,
            }
        case Code.NAME_SPACE:
            return _("The file’s name contains a space. Rename it, with _ instead, and choose it again.")
        case Code.NAME_SIGN:
            return _("The file’s name contains %(sign)s, which is not allowed. Rename it and choose it again.") % detail
        case Code.NAME_HIDDEN:
            return _(
                "The file’s name contains an invisible character (%(character)s) and may not be what it looks like. "
                "Type a new name and choose the file again."
            ) % {"character": detail["character"]}
        case Code.NAME_DOT:
            return _("The file’s name begins with a dot or has two in a row. Rename it and choose it again.")
    return _(
        "The file’s name ends twice, in .%(first)s.%(last)s, so it may not be what it looks like. "
        "Rename it, with one ending, and choose it again."
    ) % {"first": detail["first"], "last": detail["last"]}


def _any_file(code: Code) -> str:
    match code:
        case Code.EMPTY:
            return _("The file is empty. Choose the picture or PDF itself.")
        case Code.TOO_BIG:
            return _("The file is larger than 2 MB. Save it smaller, with fewer pixels or pages, and choose it again.")
        case Code.TOO_SLOW:
            return _("The file takes too long to open. Save it again, or print it to a new PDF, and choose that one.")
        case Code.BUSY:
            return _("Many files are being checked at this moment, so yours was not. Send it again in a minute.")
        case Code.BOMB:
            return _(
                "The file unpacks to far more than a picture or letter needs, so it was not opened. "
                "Make a new scan or photo and choose that one."
            )
    return _(
        "The file is damaged or incomplete and cannot be opened. Open it yourself, save it again and choose that one."
    )


def _content(code: Code, detail: dict[str, Any]) -> str:
    match code:
        case Code.EXTENSION:
            return _("Only JPG, PNG, GIF and PDF are taken, and the file’s name must end so. Save it as one of these.")
        case Code.OTHER_KIND:
            return _(
                "The file is named .%(extension)s but is a %(kind)s. Give it the right ending, or save it anew."
            ) % {
                "extension": detail["extension"],
                "kind": detail["kind"].upper(),
            }
        case Code.NOT_A_DOCUMENT:
            return _not_a_document(detail.get("found", ""))
        case Code.MIXED:
            return _(
                "Something else is hidden in the file: a web page, a program, an archive or a second document. "
                "Make a new scan or photo and choose that one."
            )
        case Code.TOO_MANY_PIXELS:
            return _("The picture has more than %(million)s million pixels. Save it smaller and choose it again.") % {
                "million": detail["million"]
            }
        case Code.ANIMATED:
            return _("The picture moves, so it is not clear what it shows. Save one still picture and choose that.")
    return _pdf(code, detail)


def _pdf(code: Code, detail: dict[str, Any]) -> str:
    match code:
        case Code.ENCRYPTED:
            return _("The PDF is protected by a password or by rights. Save or print it without protection.")
        case Code.ATTACHMENT:
            return _("Other files are attached to the PDF. Print it to a new PDF, and send each of them by itself.")
        case Code.TOO_MANY_PAGES:
            return (
                _("The PDF has %(pages)s pages; at most %(most)s are taken. Keep those that prove something.") % detail
            )
        case Code.NO_PAGES:
            return _("The PDF has no pages. Choose one with the letter or licence in it.")
    return _("The PDF contains %(what)s. Print it to a new PDF, so that only what can be seen stays.") % {
        "what": _active(detail["what"])
    }


def _active(what: str) -> str:
    return {
        "script": _("a script"),
        "action": _("an action that runs by itself"),
        "program": _("an order to start a program"),
        "form": _("a form that changes or sends itself"),
        "file": _("a reference to another file"),
        "media": _("sound, film or a model"),
    }[what]


def _not_a_document(found: str) -> str:
    names = {
        "markup": _("a web page or drawing in SVG"),
        "program": _("a program"),
        "archive": _("an archive or Office file"),
        "office": _("an Office file"),
        "video": _("a film"),
    }
    if not found:
        return _("The file is not a picture or PDF, whatever its name says. Save it as JPG, PNG, GIF or PDF.")
    return _("The file is %(found)s, whatever its name says. Save it as JPG, PNG, GIF or PDF.") % {
        "found": names.get(found) or _("a picture of the kind %(kind)s") % {"kind": found.upper()}
    }
