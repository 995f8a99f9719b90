"""Countries and regions by their ISO 3166-1 codes, named in the reader's language (Unicode CLDR, through Babel)."""

from __future__ import annotations

from functools import lru_cache

import phonenumbers
from babel import Locale
from django.utils import translation

# CLDR also names groups of countries and pseudo regions; who can be called is a country or region.
CODES = frozenset(code for code in phonenumbers.SUPPORTED_REGIONS if code not in {"AC", "TA", "XK"})


def name(code: str) -> str:
    """ "CN" → "China"; what is not known stays as it is."""
    return _names(_language()).get(code, code)


def choices() -> list[tuple[str, str]]:
    """(code, name) of all, China first, the others by name."""
    names = _names(_language())
    return sorted(((code, names.get(code, code)) for code in CODES), key=lambda pair: (pair[0] != "CN", pair[1]))


def _language() -> str:
    return "zh_Hans" if (translation.get_language() or "").startswith("zh") else "en"


@lru_cache(maxsize=2)
def _names(language: str) -> dict[str, str]:
    return {str(code): str(name) for code, name in Locale.parse(language).territories.items() if code in CODES}
