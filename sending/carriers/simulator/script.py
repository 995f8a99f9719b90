"""What the simulated carrier does with a message, by the last five digits of its number.

Five digits, all under 900xx, because ordinary random test numbers hit a shorter ending by accident.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple

from sending.carriers.smpp import pdu

ENDING: Final = 5
LATE_SECONDS: Final = 60.0
SLOW_SECONDS: Final = 5.0


class Report(NamedTuple):
    """One receipt to send, `after` seconds later than an ordinary one; `stat` as in the receipt's text."""

    stat: str
    after: float = 0.0
    intermediate: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Behaviour:
    """How one message is treated; `title` says it to people.

    A `refuse` status other than 0 is answered, only to the first try where `first_try`. What is not refused is accepted
    and recorded, then answered after `answer_after` seconds unless not `answer` or `drop` (the connection is closed
    instead). `early` sends the receipt before the answer; `reply` is what the handset writes back.
    """

    title: str
    refuse: int = pdu.OK
    first_try: bool = False
    answer: bool = True
    drop: bool = False
    answer_after: float = 0.0
    early: bool = False
    reports: tuple[Report, ...] = (Report("DELIVRD"),)
    reply: str = ""


ORDINARY: Final = Behaviour(title="delivered")

SCRIPT: Final[dict[str, Behaviour]] = {
    "90001": Behaviour(title="refused: invalid destination", refuse=pdu.INVALID_DESTINATION),
    "90002": Behaviour(title="accepted, but no answer and no receipt", answer=False, reports=()),
    "90003": Behaviour(title="accepted, then the connection is dropped without an answer", drop=True),
    "90004": Behaviour(title="delivered, the receipt comes before the answer", early=True),
    "90005": Behaviour(title="delivered, the receipt comes twice", reports=(Report("DELIVRD"), Report("DELIVRD"))),
    "90006": Behaviour(title="receipt UNDELIV", reports=(Report("UNDELIV"),)),
    "90007": Behaviour(title="receipt EXPIRED", reports=(Report("EXPIRED"),)),
    "90008": Behaviour(title="throttled on the first try, then delivered", refuse=pdu.THROTTLED, first_try=True),
    "90009": Behaviour(title="queue full on the first try, then delivered", refuse=pdu.QUEUE_FULL, first_try=True),
    "90010": Behaviour(title="accepted, no receipt ever", reports=()),
    "90011": Behaviour(
        title=f"delivered, the receipt comes {LATE_SECONDS:.0f} s late", reports=(Report("DELIVRD", LATE_SECONDS),)
    ),
    "90012": Behaviour(title='delivered, then the handset replies "R"', reply="R"),
    "90013": Behaviour(title='delivered, then the handset replies "TD"', reply="TD"),
    "90014": Behaviour(title="delivered, then the handset asks a question", reply="请问活动什么时候开始？"),  # noqa: RUF001
    "90015": Behaviour(title=f"delivered, answered after {SLOW_SECONDS:.0f} s", answer_after=SLOW_SECONDS),
    "90016": Behaviour(title="receipt REJECTD", reports=(Report("REJECTD"),)),
    "90017": Behaviour(
        title="conflicting receipts: DELIVRD, then UNDELIV", reports=(Report("DELIVRD"), Report("UNDELIV"))
    ),
    "90018": Behaviour(title="receipt MBBLACK (on the carrier's blacklist)", reports=(Report("MBBLACK"),)),
    "90019": Behaviour(
        title="intermediate receipt ENROUTE, then delivered",
        reports=(Report("ENROUTE", intermediate=True), Report("DELIVRD")),
    ),
}


def table() -> str:
    """The script for people, one line an ending."""
    lines = [f"  …{ending}  {behaviour.title}" for ending, behaviour in SCRIPT.items()]
    return "\n".join(["numbers by their last five digits:", *lines, "  others   delivered"])


# Shown by help() and by `manage.py smsc --help` alike, from the one table above.
__doc__ = f"{__doc__}\n{table()}\n"
