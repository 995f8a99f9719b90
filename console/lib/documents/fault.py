"""Why a document is refused. The sentences people read are made in `words`."""

from __future__ import annotations

from enum import StrEnum
from typing import Any


class Code(StrEnum):
    NAME_LONG = "name_long"  # length
    NAME_SPACE = "name_space"
    NAME_SIGN = "name_sign"  # sign
    NAME_HIDDEN = "name_hidden"  # character, as U+202E
    NAME_DOT = "name_dot"  # begins with a dot, or two in a row
    NAME_DOUBLE = "name_double"  # first, last: the two extensions
    EXTENSION = "extension"  # none of ours
    OTHER_KIND = "other_kind"  # extension, kind: the name says another of our kinds than the content
    EMPTY = "empty"
    TOO_BIG = "too_big"
    NOT_A_DOCUMENT = "not_a_document"  # found, a key of words.FOUND; or empty
    MIXED = "mixed"  # a page, program or archive is hidden in it
    DAMAGED = "damaged"
    TOO_MANY_PIXELS = "too_many_pixels"  # million
    ANIMATED = "animated"
    BOMB = "bomb"  # unpacks to far more than it should
    ENCRYPTED = "encrypted"
    ACTIVE = "active"  # what, a key of words.ACTIVE
    ATTACHMENT = "attachment"
    TOO_MANY_PAGES = "too_many_pages"  # pages
    NO_PAGES = "no_pages"
    TOO_SLOW = "too_slow"
    BUSY = "busy"


class DocumentFault(Exception):
    """The file is refused; what the sentence needs is in `detail`."""

    def __init__(self, code: Code, **detail: Any) -> None:
        super().__init__(code, detail)
        self.code = code
        self.detail = detail
