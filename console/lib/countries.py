"""Countries and regions by their ISO 3166-1 codes, named in the reader's language (Unicode CLDR, through Babel)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

import phonenumbers
from babel import Locale
from django.utils import translation

# CLDR also names groups of countries and pseudo regions; who can be called is a country or region.
CODES = frozenset(code for code in phonenumbers.SUPPORTED_REGIONS if code not in {"AC", "TA", "XK"})
_CODE = re.compile("[A-Z]{2}")
_GROUPS = frozenset({"EU", "EZ", "QO", "UN", "XA", "XB", "ZZ"})


def name(code: str) -> str:
    """ "CN" → "China"; what is not known stays as it is."""
    return _names(_language()).get(code, code)


def choices(codes: Iterable[str] = CODES) -> list[tuple[str, str]]:
    """(code, name) of all, or of `codes`; China first, the others by name."""
    names = _names(_language())
    return sorted(((code, names.get(code, code)) for code in codes), key=lambda pair: (pair[0] != "CN", pair[1]))


def search(words: str) -> frozenset[str]:
    """Codes of those whose name in either language, or whose code, has `words`; of all for no words."""
    wanted = words.strip().casefold()
    names = [_names(language) for language in ("en", "zh_Hans")]
    return frozenset(
        code for code in CODES if wanted in code.casefold() or any(wanted in n.get(code, "").casefold() for n in names)
    )


def _language() -> str:
    return "zh_Hans" if (translation.get_language() or "").startswith("zh") else "en"


@lru_cache(maxsize=2)
def _names(language: str) -> dict[str, str]:
    names = Locale.parse(language).territories.items()
    return {str(code): str(name) for code, name in names if _CODE.fullmatch(str(code)) and code not in _GROUPS}
