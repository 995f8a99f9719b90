"""What codes mean: carriers' words, and our own. Unknown ones are shown as they came, without a meaning of ours."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

# SMPP 3.4, appendix B: states of a delivery receipt; then what mainland carriers answer most (product reference, 12).
MEANINGS: dict[str, Promise] = {
    "UNDELIV": _("could not be delivered"),
    "EXPIRED": _("phone off or out of reach for too long"),
    "DELETED": _("deleted by the carrier"),
    "REJECTD": _("refused by the carrier"),
    "UNKNOWN": _("the carrier does not know"),
    "MBBLACK": _("on the carrier’s blocklist"),
    "LIMIT": _("the number’s limit was reached"),
    "ESME_RINVDSTADR": _("not a number of this carrier"),
    "ESME_RINVSRCADR": _("sender not allowed"),
    "ESME_RTHROTTLED": _("too fast for the carrier"),
    "ESME_RMSGQFUL": _("the carrier’s queue is full"),
    "ESME_RSUBMITFAIL": _("refused by the carrier"),
    "ESME_RSYSERR": _("fault at the carrier"),
    # Ours, where the carrier said nothing definite.
    "no_answer": _("no answer in time"),
    "connection_lost": _("the connection broke before the answer"),
    "gateway_lost": _("the gateway stopped before the answer"),
    "partial": _("only a part was accepted"),
    "no_report": _("no report within 72 hours"),
    "cannot_be_written": _("could not be put into a message; never sent"),
    "cannot_be_stored": _("the answer could not be stored"),
}


def meaning(code: str) -> str:
    return str(MEANINGS.get(code, ""))
