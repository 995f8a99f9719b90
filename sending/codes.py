"""What codes mean and what to do: carriers' words in receipts, their answers over SMPP, the sending platform's, ours.

One table for rows, exports, figures and the page of codes (product reference, 12.8; SMPP 3.4, 5.1.3 and Appendix B). A
code that is not here is shown as it came, without a meaning of ours.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.db import models
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from sending.states import Problem, SkipReason

Words = Promise | str


class CodeSource(models.TextChoices):
    """Who says it."""

    CARRIER = "carrier", _("The carrier’s report")
    ANSWER = "answer", _("The carrier’s answer")
    PLATFORM = "platform", _("A sending platform behind the carrier")
    CONSOLE = "console", _("This console")


@dataclass(frozen=True, slots=True)
class Code:
    """`terminal`: the same message to the same number would end the same way."""

    code: str
    source: CodeSource
    meaning: Words
    advice: Words
    terminal: bool


_AGAIN = _("Send it again later.")
_SUPPORT = _("Tell the platform’s administrator; sending it again changes nothing.")
_NOTHING = _("Nothing to do.")
_OTHER_NUMBER = _("Check the number with its owner; if it is right, leave it out.")
_LISTED = _("Leave the number out. Its owner can ask the carrier to take it off the list.")
_TEXT = _("Change the text or the values, and have the template approved anew.")
_PAUSE = _("Wait until tomorrow, and send to this number less often.")

_REPORTS: tuple[tuple[str, Words, Words, bool], ...] = (
    ("DELIVRD", _("delivered to the phone"), _NOTHING, True),
    ("EXPIRED", _("phone off or out of reach for too long"), _AGAIN, False),
    ("DELETED", _("deleted by the carrier"), _AGAIN, False),
    ("UNDELIV", _("could not be delivered"), _OTHER_NUMBER, False),
    ("ACCEPTD", _("accepted by the carrier, on its way"), _("Wait for the report."), False),
    ("ENROUTE", _("on its way"), _("Wait for the report."), False),
    ("SCHEDULED", _("waits at the carrier"), _("Wait for the report."), False),
    (
        "UNKNOWN",
        _("the carrier does not know"),
        _("It may have arrived. Ask the recipient before sending it again."),
        False,
    ),
    (
        "REJECTD",
        _("refused by the carrier"),
        _("The recipient may have refused such messages, or the province does not allow them. Leave the number out."),
        True,
    ),
    ("SKIPPED", _("passed over by the carrier"), _AGAIN, False),
    ("MILIMIT", _("the number’s limit for a minute was reached"), _("Wait a minute and send it again."), False),
    ("LIMIT", _("the number’s limit was reached"), _PAUSE, False),
    ("BEYONDN", _("the number’s limit for a day was reached"), _PAUSE, False),
    ("CTLIMIT", _("the number gets messages too often"), _PAUSE, False),
    ("KEYWORD", _("a word in the text is not let through"), _TEXT, True),
    ("BLACK", _("on the carrier’s blocklist"), _LISTED, True),
    ("MBBLACK", _("on the carrier’s blocklist"), _LISTED, True),
    ("TDBLACK", _("on the carrier’s blocklist"), _LISTED, True),
    ("TSBLACK", _("on the carrier’s blocklist"), _LISTED, True),
    ("SPMSERR:165", _("fault inside the carrier’s network"), _AGAIN, False),
    ("SPMSERR:166", _("fault inside the carrier’s network"), _AGAIN, False),
    ("GB:0014", _("fault inside the carrier’s network"), _AGAIN, False),
    ("S:43", _("fault inside the carrier’s network"), _AGAIN, False),
    ("908", _("fault inside the carrier’s network"), _AGAIN, False),
    ("SVC4001", _("fault inside the carrier’s network"), _AGAIN, False),
    ("SVC6001", _("fault inside the carrier’s network"), _AGAIN, False),
)

_ANSWERS: tuple[tuple[str, Words, Words, bool], ...] = (
    ("ESME_RINVDSTADR", _("not a number of this carrier"), _OTHER_NUMBER, True),
    (
        "ESME_RINVSRCADR",
        _("sender not allowed"),
        _("The channel number of the signature is not set up at the carrier. Tell the platform’s administrator."),
        True,
    ),
    ("ESME_RTHROTTLED", _("too fast for the carrier"), _("Tried again by itself."), False),
    ("ESME_RMSGQFUL", _("the carrier’s queue is full"), _("Tried again by itself."), False),
    ("ESME_RX_T_APPN", _("fault at the carrier that passes"), _("Tried again by itself."), False),
    ("ESME_RSYSERR", _("fault at the carrier"), _AGAIN, False),
    ("ESME_RSUBMITFAIL", _("refused by the carrier"), _AGAIN, False),
    ("ESME_RX_P_APPN", _("refused by the carrier for good"), _SUPPORT, True),
    ("ESME_RX_R_APPN", _("refused by the carrier"), _SUPPORT, True),
    ("ESME_RUNKNOWNERR", _("fault at the carrier"), _AGAIN, False),
    ("ESME_RDELIVERYFAILURE", _("could not be delivered"), _OTHER_NUMBER, False),
    ("ESME_RINVMSGLEN", _("too long for the carrier"), _TEXT, True),
    ("LINK_DOWN", _("no connection to the carrier"), _("Tried again by itself."), False),
)
# What can only mean that our side and the carrier's are not set up for one another (SMPP 3.4, 5.1.3).
_MISFITS = [
    "ESME_RINVCMDLEN", "ESME_RINVCMDID", "ESME_RINVBNDSTS", "ESME_RALYBND", "ESME_RINVPRTFLG", "ESME_RINVREGDLVFLG",
    "ESME_RINVMSGID", "ESME_RBINDFAIL", "ESME_RINVPASWD", "ESME_RINVSYSID", "ESME_RCANCELFAIL", "ESME_RREPLACEFAIL",
    "ESME_RINVSERTYP", "ESME_RINVNUMDESTS", "ESME_RINVDLNAME", "ESME_RINVDESTFLAG", "ESME_RINVSUBREP",
    "ESME_RINVESMCLASS", "ESME_RCNTSUBDL", "ESME_RINVSRCTON", "ESME_RINVSRCNPI", "ESME_RINVDSTTON", "ESME_RINVDSTNPI",
    "ESME_RINVSYSTYP", "ESME_RINVREPFLAG", "ESME_RINVNUMMSGS", "ESME_RINVSCHED", "ESME_RINVEXPIRY",
    "ESME_RINVDFTMSGID", "ESME_RQUERYFAIL", "ESME_RINVOPTPARSTREAM", "ESME_ROPTPARNOTALLWD", "ESME_RINVPARLEN",
    "ESME_RMISSINGOPTPARAM", "ESME_RINVOPTPARAMVAL",
]  # fmt: skip

_PLATFORM: tuple[tuple[str, Words, Words, bool], ...] = (
    ("E200015", _("too many messages at once"), _("Send it again later, at a lower speed."), False),
    ("E200018", _("sender is not the channel number of the application"), _SUPPORT, True),
    ("E200019", _("no channel for the sender"), _SUPPORT, True),
    (
        "E200024",
        _("messages abroad are switched off"),
        _("Send to numbers abroad with an international application."),
        True,
    ),
    ("E200025", _("the channel does not reach this country"), _OTHER_NUMBER, True),
    ("E200026", _("no channel to this country"), _SUPPORT, True),
    ("E200027", _("no way to the carrier"), _SUPPORT, True),
    ("E200028", _("a value does not fit its variable"), _("Correct the value and send the row again."), True),
    ("E200029", _("template and signature do not fit each other"), _SUPPORT, True),
    ("E200030", _("the template is not active"), _("Choose another template, or have this one approved anew."), True),
    ("E200031", _("wrong protocol"), _SUPPORT, True),
    ("E200032", _("the message needs a template"), _SUPPORT, True),
    ("E200033", _("wrong type of template"), _("Choose a template of the right type."), True),
    ("E200037", _("sending failed"), _AGAIN, False),
    ("E200038", _("the parts of a long message came too late"), _AGAIN, False),
    ("E200041", _("number given twice for the same text"), _("Nothing to do: one of them was sent."), True),
    ("E000503", _("not a number"), _("Correct the number and send the row again."), True),
    ("E000630", _("the limit of the country was reached"), _("Raise or delete the limit of the country."), False),
    ("SC:0012", _("nobody looked at the text in time"), _AGAIN, False),
    ("SC:0013", _("the signature is on a blocklist"), _SUPPORT, True),
    ("SC:0014", _("the text differs from its approved template"), _TEXT, True),
    ("SC:0015", _("the text resembles one that is not let through"), _TEXT, True),
    (
        "SC:0016",
        _("the recipient has unsubscribed"),
        _("Leave the number out, until its owner wants messages again."),
        True,
    ),
    ("SC:0017", _("the template is not registered at the carrier"), _SUPPORT, True),
    ("SC:0018", _("the signature is not registered at the carrier"), _SUPPORT, True),
)

_NEVER_CERTAIN = _(
    "It may have arrived. Wait for a report, or send it again as a new job and accept that some get it twice."
)
_OURS: tuple[tuple[str, Words, Words, bool], ...] = (
    ("no_answer", _("no answer in time"), _NEVER_CERTAIN, False),
    ("connection_lost", _("the connection broke before the answer"), _NEVER_CERTAIN, False),
    ("gateway_lost", _("the gateway stopped before the answer"), _NEVER_CERTAIN, False),
    ("cannot_be_stored", _("the answer could not be stored"), _NEVER_CERTAIN, False),
    (
        "partial",
        _("only a part was accepted"),
        _("A part of the message may have arrived. Send it again only if that does no harm."),
        False,
    ),
    ("no_report", _("no report within 72 hours"), _("It may have arrived. A late report still settles it."), False),
    ("cannot_be_written", _("could not be put into a message; never sent"), _SUPPORT, True),
)
_CORRECT = _("Correct the row and add it to the job again.")
_PROBLEMS: dict[str, Words] = {
    Problem.DIGITS_LOST: _("Type the number again into a cell of text format, and add the row to the job again."),
    Problem.DUPLICATE: _("Nothing to do: the number gets the message of the earlier row."),
    Problem.HIDDEN: _("Show the row in the sheet and add it to the job again, if it is to be sent to."),
    Problem.FIXED_LINE: _("No SMS reaches it. Use the person’s mobile number."),
    Problem.IOT: _("No person reads it. Use the person’s mobile number."),
    Problem.NOT_MOBILE: _("No SMS reaches it. Use the person’s mobile number."),
    Problem.COUNTRY: _("Send to it with an application of that region."),
    Problem.COUNTRY_NOT_IN_TEMPLATE: _("Send to it with a template that is approved for that country."),
    Problem.SUPERSEDED: _("Nothing to do: the corrected row counts."),
}
_SKIPPED: dict[str, Words] = {
    SkipReason.STOPPED: _("Send these rows with a new job, if they are to be sent after all."),
    SkipReason.EXPIRED: _("Send these rows with a new job, if they are still of use."),
    SkipReason.LEFT_OUT: _("Add the file again, if its rows are to be sent after all."),
}
_OTHER_SKIPPED = _("Nothing to do: it was held back by a rule of the platform or of your enterprise.")


def _table() -> Iterator[Code]:
    for source, entries in (
        (CodeSource.CARRIER, _REPORTS),
        (CodeSource.ANSWER, _ANSWERS),
        (CodeSource.PLATFORM, _PLATFORM),
        (CodeSource.CONSOLE, _OURS),
    ):
        for code, meaning, advice, terminal in entries:
            yield Code(code, source, meaning, advice, terminal)
    for code in _MISFITS:
        yield Code(code, CodeSource.ANSWER, _("the connection to the carrier is not set up right"), _SUPPORT, True)
    for problem in Problem:
        yield Code(problem, CodeSource.CONSOLE, problem.label, _PROBLEMS.get(problem, _CORRECT), True)
    for reason in SkipReason:
        yield Code(reason, CodeSource.CONSOLE, reason.label, _SKIPPED.get(reason, _OTHER_SKIPPED), False)


CODES: dict[str, Code] = {entry.code: entry for entry in _table()}
# By how they begin: every carrier numbers its inner faults itself.
_FAMILIES = {
    "MA:": _("fault inside the carrier’s network"),
    "MB:": _("fault inside the carrier’s network"),
    "0x": _("an answer of the carrier’s own that no standard knows"),
}


def find(code: str) -> Code | None:
    """What is known of `code`, by itself or by its family."""
    if known := CODES.get(code):
        return known
    for start, meaning in _FAMILIES.items():
        if code.startswith(start):
            source = CodeSource.ANSWER if start == "0x" else CodeSource.CARRIER
            return Code(code, source, meaning, _AGAIN, terminal=False)
    return None


def meaning(code: str) -> str:
    """In a few words; empty for a code that nobody has explained."""
    known = find(code)
    return str(known.meaning) if known else ""


def advice(code: str) -> str:
    """What to do about it, in a sentence; empty for a code that nobody has explained."""
    known = find(code)
    return str(known.advice) if known else ""


def search(words: str, *, source: str = "") -> list[Code]:
    """Codes whose code, meaning or advice contains `words`, those whose code begins with them first."""
    wanted = words.strip().casefold()
    found = [
        known
        for known in CODES.values()
        if (not source or known.source == source)
        and any(wanted in str(part).casefold() for part in (known.code, known.meaning, known.advice))
    ]
    return sorted(found, key=lambda known: not known.code.casefold().startswith(wanted)) if wanted else found
