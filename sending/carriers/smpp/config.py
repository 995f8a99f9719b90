"""How to reach one carrier over SMPP, and what it is known to do differently."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from sending.carriers.smpp import pdu
from sending.carriers.smpp.receipts import ID_RULES

BindKind = Literal["transceiver", "pair"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkOptions:
    """What few carriers need changed. Times are seconds.

    `tls_verify=False` accepts any certificate; `tls_ca_file` trusts the authorities in this PEM file only;
    `tls_name` is the name expected in the certificate where it is not the host's. Back-off runs from `…_first`,
    doubling, to `…_most`: after a lost connection (`retry_`), and after a refused sign-in (`refused_`), since carriers
    lock accounts that hammer. `inbound_limit` bounds deliveries handed over and not yet acknowledged; beyond it the
    carrier is asked to come again later. `validity=False` is for carriers that refuse a validity period.
    """

    tls_verify: bool = True
    tls_ca_file: str = ""
    tls_name: str = ""
    service_type: str = ""
    validity: bool = True
    connect_timeout: float = 10.0
    bind_timeout: float = 10.0
    drain_timeout: float = 10.0
    unbind_timeout: float = 3.0
    retry_first: float = 1.0
    retry_most: float = 30.0
    refused_first: float = 10.0
    refused_most: float = 300.0
    inbound_limit: int = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkConfig:
    """One carrier. Times are seconds, TON and NPI as in SMPP 3.4 5.2.5 and 5.2.6 (1 and 1: international, ISDN).

    `window` is how many parts may be unanswered; `retryable` the statuses that refuse for now only; `id_rule` one of
    `receipts.ID_RULES`. A source that is not a number goes out as alphanumeric whatever `source_ton` says. Numbers are
    sent as given: this adds and removes no plus. The password is in no repr. Raises ValueError for what cannot work.
    """

    carrier_id: int
    name: str
    host: str
    port: int
    system_id: str
    password: str = field(repr=False)
    system_type: str = ""
    bind: BindKind = "transceiver"
    tls: bool = False
    window: int = 500
    response_timeout: float = 30.0
    enquire_interval: float = 30.0
    source_ton: int = 0
    source_npi: int = 1
    dest_ton: int = 1
    dest_npi: int = 1
    retryable: frozenset[int] = frozenset({pdu.SYSTEM_ERROR, pdu.QUEUE_FULL, pdu.THROTTLED})
    id_rule: str = "as_is"
    options: LinkOptions = LinkOptions()

    def __post_init__(self) -> None:
        if self.bind not in ("transceiver", "pair"):
            raise ValueError(f"bind is transceiver or pair, not {self.bind!r}")
        if self.id_rule not in ID_RULES:
            raise ValueError(f"id_rule is one of {', '.join(ID_RULES)}, not {self.id_rule!r}")
        if self.window < 1 or self.response_timeout <= 0 or self.enquire_interval <= 0:
            raise ValueError("window, response_timeout and enquire_interval are positive")
        # Made once here so that a value too long for its field is known when it is configured, not at each bind.
        pdu.bind(pdu.BIND_TRANSCEIVER, 1, self.system_id, self.password, self.system_type)
        pdu.c_octets(self.options.service_type, 5, "service_type")
