"""From a carrier's row to its link."""

from __future__ import annotations

import dataclasses

from sending.carriers.port import Handler, Link
from sending.carriers.smpp import link as smpp
from sending.models import Carrier

# What `Carrier.options` may name, and where it goes.
CONFIG_OPTIONS = frozenset(
    {"response_timeout", "enquire_interval", "source_ton", "source_npi", "dest_ton", "dest_npi", "retryable", "id_rule"}
)


def config_of(carrier: Carrier) -> smpp.LinkConfig:
    """Raises ValueError (or TypeError for an unknown option) with a text for the administrator."""
    options = dict(carrier.options)
    known = CONFIG_OPTIONS | {field.name for field in dataclasses.fields(smpp.LinkOptions)}
    if unknown := options.keys() - known:
        raise ValueError(f"there is no option {', '.join(sorted(unknown))}; there are {', '.join(sorted(known))}")
    config = {name: options.pop(name) for name in CONFIG_OPTIONS & options.keys()}
    if "retryable" in config:
        config["retryable"] = frozenset(config["retryable"])
    return smpp.LinkConfig(
        carrier_id=carrier.pk or 0,
        name=carrier.name,
        host=carrier.host,
        port=carrier.port,
        system_id=carrier.system_id,
        password=carrier.reveal_password(),
        system_type=carrier.system_type,
        bind="pair" if carrier.bind == "pair" else "transceiver",
        tls=carrier.tls,
        window=carrier.window,
        options=smpp.LinkOptions(**options),
        **config,
    )


def make_link(carrier: Carrier, handler: Handler) -> Link:
    return smpp.Link(config_of(carrier), handler)
