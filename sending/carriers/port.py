"""What every kind of carrier looks like to the gateway: three answers, what comes in, a link and who listens to it.

Answers for the shape only. A part that was submitted is answered exactly once, with one of three answers that are never
mixed up: the carrier took it, the carrier refused it, or nobody knows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Literal, NamedTuple, Protocol

LINK_DOWN = "LINK_DOWN"
"""The code of a refusal by the link itself: it was not connected, so nothing was sent."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """The carrier took it. `ext_id` is the carrier's id, normalised; empty where the carrier gives none."""

    ext_id: str


@dataclass(frozen=True, slots=True)
class Refused:
    """The carrier definitely did not take it. `again`: for now only (throttled, busy), so another try is safe."""

    code: str
    again: bool


@dataclass(frozen=True, slots=True)
class NoAnswer:
    """It may have left, and no answer came. Trying again could send it twice."""

    why: str


Answer = Accepted | Refused | NoAnswer


class ReceiptState(Enum):
    """How far a message came, as its receipt says. DELIVERED and FAILED are final."""

    ENROUTE = "enroute"
    DELIVERED = "delivered"
    FAILED = "failed"


class Concat(NamedTuple):
    """Which part of which long message: `part` counts from 1 to `total`."""

    reference: int
    total: int
    part: int


class Receipt(NamedTuple):
    """A delivery receipt. Strings are empty, `reference` is None, where the carrier did not say.

    `ext_id` is normalised as in `Accepted`; `code` is the carrier's own word for the state (DELIVRD, UNDELIV, MBBLACK)
    in upper case; `number` is the handset's; `error` is the network's error code as given; `reference` is the 16-bit
    reference of the submission.
    """

    ext_id: str
    state: ReceiptState
    code: str
    number: str
    reference: int | None
    error: str = ""

    @property
    def final(self) -> bool:
        """Whether no later receipt should change the state."""
        return self.state is not ReceiptState.ENROUTE


@dataclass(slots=True, eq=False)
class Delivery:
    """Something a carrier brought: a receipt, or a reply from a handset.

    `receipt` is set exactly when `kind` is "receipt". `source` is the handset, `destination` our number. `text` never
    holds NUL. `raw` is what came on the wire, whole; `payload` is the part of it that is the same again when the
    carrier repeats itself. `session` is the link's own business.
    """

    kind: Literal["receipt", "reply"]
    receipt: Receipt | None
    source: str
    destination: str
    text: str
    concat: Concat | None
    raw: bytes
    sequence: int
    session: object

    @property
    def payload(self) -> bytes:
        """The PDU without its 16-byte header, whose sequence number differs between two deliveries of the same."""
        return self.raw[16:]


class Link(Protocol):
    """One carrier, kept connected."""

    @property
    def carrier_id(self) -> int: ...

    @property
    def name(self) -> str: ...

    @property
    def bound(self) -> bool:
        """Whether messages can be submitted now."""

    @property
    def free(self) -> int:
        """How many more parts fit the window; 0 while not bound."""

    @property
    def outstanding(self) -> int:
        """Parts submitted and not answered yet."""

    @property
    def last_error(self) -> str:
        """Why the link was last lost or refused, for people; empty while all is well. Holds no secret."""

    async def run(self) -> None:
        """Stay connected until `close`."""

    async def close(self) -> None:
        """Take no more, wait a while for answers, disconnect. Everything outstanding has been answered afterwards."""

    def submit(
        self,
        key: int,
        parts: Sequence[bytes],
        destination: str,
        source: str,
        reference: int,
        data_coding: int,
        valid_for: int = 0,
    ) -> None:
        """Send a message of one or several parts (bodies as `console.lib.text.split` makes them).

        `valid_for`: seconds after which the carrier is to try no more; 0 leaves that to the carrier.
        """

    def acknowledge(self, delivery: Delivery, *, ok: bool) -> None:
        """Tell the carrier that `delivery` is stored (`ok`), or that it should come again later."""


class Handler(Protocol):
    """Who listens to a link. All methods are called in the event loop, must not block, and should not raise."""

    def answered(self, key: int, part: int, answer: Answer) -> None:
        """The answer to one part, exactly once for each part submitted; `part` counts from 0."""

    def delivered(self, link: Link, delivery: Delivery) -> None:
        """Something came. Store it, COMMIT, then call `link.acknowledge(delivery, ok=…)`."""

    def up(self, link: Link) -> None:
        """The link can take messages."""

    def down(self, link: Link, why: str) -> None:
        """The link was lost; every outstanding part has already been answered with NoAnswer."""
