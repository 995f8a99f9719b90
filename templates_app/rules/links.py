"""Addresses in a text: fixed, whole, long, of a name (product reference, 4.3 and 4.7)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from django.utils.translation import gettext as _

from templates_app.rules.result import GAP, Level, Result, Subject

# An address ends where an address cannot go on: at blanks, Chinese words and signs, quotes. GAP stands for a variable.
_REST = r"[0-9A-Za-z\-._~:/?#@!$&*+,;=%\0]"
_NAMES = (
    "com|cn|net|org|gov|edu|info|biz|top|xyz|vip|shop|site|club|online|store|app|dev|io|co|cc|me|tv|ly|gl|im|link|ltd"
    "|mobi|asia|hk|tw|jp|kr|sg|my|uk|de|fr|it|es|nl|pl|ru|eu|us|ca|au|in|br|mx|example|test"
)
_WITH_SCHEME = re.compile(rf"(?i)(?:https?://|ftp://|www\.){_REST}+")
# Without a scheme the ending is small letters, or one of the commonest: else "reply.It is" were an address.
_WITHOUT = re.compile(
    rf"(?<![0-9A-Za-z@._/\-])(?:[0-9A-Za-z\0][0-9A-Za-z\-\0]{{0,62}}\.){{1,5}}"
    rf"(?:{_NAMES}|COM|CN|NET|ORG|xn--[0-9a-z\-]{{1,40}})(?![0-9A-Za-z\-])(?:[/:?#\0]{_REST}{{0,500}})?"
)
_LETTER = re.compile(r"[A-Za-z]")
_IP_LINK = re.compile(rf"(?<![0-9.])(?:[0-9]{{1,3}}\.){{3}}[0-9]{{1,3}}(?::[0-9]{{1,5}})?/{_REST}{{0,500}}")
_IP = re.compile(r"(?:[0-9]{1,3}\.){3}[0-9]{1,3}|0x[0-9a-fA-F]+|[0-9]{8,10}")
_SCHEME = re.compile(r"(?i)\A(?:(https?|ftp)://)?")
# Hosts that only lead elsewhere; what stands before the dot does not matter.
SHORT_HOSTS = frozenset(
    {
        "t.cn", "url.cn", "dwz.cn", "suo.im", "suo.nz", "mrw.so", "u.nu", "tb.cn", "dwz.mk", "dwz.date", "bit.ly",
        "bitly.com", "tinyurl.com", "t.co", "goo.gl", "ow.ly", "is.gd", "v.gd", "buff.ly", "rebrand.ly", "cutt.ly",
        "shorturl.at", "rb.gy", "tiny.cc", "t.ly", "s.id", "adf.ly", "lnkd.in", "youtu.be", "fb.me", "wp.me",
        "amzn.to", "amzn.eu", "ift.tt", "soo.gd", "bl.ink", "reurl.cc", "lihi.cc", "985.so", "6du.in", "kurl.cn",
        "3.cn", "980.so", "j.mp", "x.co", "tr.im", "qr.ae",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Link:
    """An address as it stands in the text; `url` has GAPs where its variables are."""

    start: int
    end: int
    url: str
    host: str
    scheme: str  # "" where there is none


@lru_cache(maxsize=64)
def find(masked: str) -> tuple[Link, ...]:
    """The addresses in a text of at most some hundred characters, its variables replaced by GAPs."""
    found: list[Link] = []
    for pattern in (_WITH_SCHEME, _IP_LINK, _WITHOUT):
        for match in pattern.finditer(masked):
            if any(link.start < match.end() and match.start() < link.end for link in found):
                continue
            link = _link(match.start(), match[0].rstrip(".,;:!?"))
            if link.scheme or pattern is not _WITHOUT or _LETTER.search(link.host.rpartition(".")[0]):
                found.append(link)
    return tuple(sorted(found, key=lambda link: link.start))


def _link(start: int, url: str) -> Link:
    scheme = _SCHEME.match(url)
    assert scheme is not None  # all of it is optional
    rest = url[scheme.end() :]
    authority = re.split(r"[/?#]", rest, maxsplit=1)[0]
    host = authority.rpartition("@")[2].partition(":")[0].lower().removeprefix("www.")
    return Link(start, start + len(url), url, host, (scheme[1] or "").lower())


def check(it: Subject) -> Iterator[Result]:
    found = find(it.masked)
    for level, code, test, words, todo in (
        (Level.FAULT, "link_variable", _is_variable, _("A link has a variable in it."),
         _("Links are fixed words of the text: write the whole address.")),
        (Level.FAULT, "link_short", _is_short, _("A link is shortened."),
         _("Write the full address that it leads to: short links and redirects are refused.")),
        (Level.FAULT, "link_number", _is_number, _("A link leads to a number instead of a name."),
         _("Use the registered name of the site.")),
        (Level.FAULT, "link_hidden", _is_hidden, _("A link hides where it leads: before @ stands no site."),
         _("Write the address without @.")),
        (Level.WARN, "link_lookalike", lambda link: "xn--" in link.host, _("The name in a link is coded (xn--)."),
         _("Reviewers look closely at names that can look like others; say in the purpose whose site it is.")),
        (Level.WARN, "link_open", lambda link: link.scheme in ("http", "ftp"), _("A link is not protected (http)."),
         _("Write https, if the site has it.")),
        (Level.WARN, "link_scheme", _has_no_scheme, _("A link does not begin with https://."),
         _("Some phones do not open it; write the whole address.")),
    ):  # fmt: skip
        if wrong := [link for link in found if test(link)]:
            yield _result(it, level, code, words, todo, wrong)
    if len(found) > 1:
        words = _("The text has several links.")
        yield _result(it, Level.WARN, "link_many", words, _("One is enough for most messages."), list(found))


def _result(it: Subject, level: Level, code: str, words: str, todo: str, links: list[Link]) -> Result:
    spans = tuple((link.start, link.end) for link in links)
    return Result(level, code, words, todo, spans, tuple(it.text[start:end] for start, end in spans))


def _is_variable(link: Link) -> bool:
    return GAP in link.url


def _is_short(link: Link) -> bool:
    return link.host in SHORT_HOSTS or ".".join(link.host.split(".")[-2:]) in SHORT_HOSTS


def _is_number(link: Link) -> bool:
    return bool(_IP.fullmatch(link.host))


def _is_hidden(link: Link) -> bool:
    return "@" in re.split(r"[/?#]", _SCHEME.sub("", link.url, count=1), maxsplit=1)[0]


def _has_no_scheme(link: Link) -> bool:
    return not link.scheme and not _is_number(link) and not _is_variable(link)
