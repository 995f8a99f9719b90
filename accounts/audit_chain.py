"""The record's proof: sealing its chains, and finding the first entry at which a chain is broken.

The database links entries (migration 0004); here all of it is computed once more, from the columns, by Python's own
SHA-256, and compared with the links. Who may do everything in the database can write a whole chain anew: the seals,
whose key the database does not have, tell that too. Nothing here changes anything but by adding seals.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog
from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from accounts.models.audit import AuditSeal
from accounts.models.enterprise import Enterprise
from console.lib import crypto

log = structlog.get_logger(__name__)
CHUNK = 2_000
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

# The text that is hashed: all columns of an entry in this order, the time in microseconds since 1970 UTC.
CANONICAL = """
    jsonb_build_array(
        {id}, e.enterprise_id, (extract(epoch FROM e.at) * 1000000)::bigint, e.by_id, e.origin::text, e.verb,
        e.object_id, e.label, e.detail, e.before, e.after
    )::text
"""
LINKS = f"""
    SELECT l.chain, l.seq, l.entry_id, l.hash, {CANONICAL.format(id="e.id")}, e.at, e.verb,
        s.hash, s.mac, s.at
    FROM accounts_auditlink l
    LEFT JOIN accounts_auditentry e ON e.id = l.entry_id
    LEFT JOIN accounts_auditseal s ON s.chain = l.chain AND s.seq = l.seq
    WHERE %(chain)s::bigint IS NULL OR l.chain = %(chain)s
    ORDER BY l.chain, l.seq
"""
UNLINKED = """
    SELECT DISTINCT ON (1) coalesce(e.enterprise_id, 0), e.id, e.at, e.verb
    FROM accounts_auditentry e LEFT JOIN accounts_auditlink l ON l.entry_id = e.id
    WHERE l.entry_id IS NULL AND (%(chain)s::bigint IS NULL OR coalesce(e.enterprise_id, 0) = %(chain)s)
    ORDER BY 1, 2
"""
CUT_OFF = """
    SELECT DISTINCT ON (s.chain) s.chain, s.seq, s.at
    FROM accounts_auditseal s LEFT JOIN accounts_auditlink l ON l.chain = s.chain AND l.seq = s.seq
    WHERE l.entry_id IS NULL AND (%(chain)s::bigint IS NULL OR s.chain = %(chain)s)
    ORDER BY s.chain, s.seq
"""
# Which entry of the chain would fit into a place whose own does not; at once as it is, and with that place's id.
CANDIDATES = f"""
    SELECT e.id, {CANONICAL.format(id="e.id")}, {CANONICAL.format(id="%(entry)s::bigint")}
    FROM accounts_auditentry e WHERE e.id <> %(entry)s
"""
MOVED = """
    SELECT chains.chain, l.seq, l.hash
    FROM (SELECT 0::bigint AS chain UNION ALL SELECT id FROM accounts_enterprise) AS chains
    CROSS JOIN LATERAL (
        SELECT seq, hash FROM accounts_auditlink WHERE chain = chains.chain ORDER BY seq DESC LIMIT 1
    ) AS l
    WHERE NOT EXISTS (SELECT FROM accounts_auditseal s WHERE s.chain = chains.chain AND s.seq >= l.seq)
"""


@dataclass(frozen=True, slots=True)
class Fault:
    """The first break of one chain. `kind`: changed, swapped, missing, unlinked, recomputed, seal or cut."""

    kind: str
    chain: int
    seq: int
    entry: int | None
    at: datetime | None
    verb: str
    said: str


@dataclass(slots=True)
class Result:
    entries: int = 0
    seals: int = 0
    faults: list[Fault] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        return {"ok": not self.faults, "entries": self.entries, "seals": self.seals} | {
            "faults": [asdict(fault) for fault in self.faults]
        }


def seal() -> int:
    """One seal for every chain that has grown since its last. How many. Twice at once is harmless."""
    with connection.cursor() as cursor:
        cursor.execute(MOVED)
        moved = [(chain, seq, bytes(digest)) for chain, seq, digest in cursor.fetchall()]
    now = timezone.now()
    seals = [
        AuditSeal(chain=chain, seq=seq, hash=digest, at=now, mac=_mac(chain, seq, digest, now))
        for chain, seq, digest in moved
    ]
    AuditSeal.objects.bulk_create(seals, ignore_conflicts=True)
    for sealed in seals:  # the log leaves the machine: who removes seals from the database does not reach it
        log.info("audit_sealed", chain=sealed.chain, seq=sealed.seq, mac=bytes(sealed.mac).hex())
    return len(seals)


def _mac(chain: int, seq: int, digest: bytes, at: datetime) -> bytes:
    data = f"{chain}:{seq}:{digest.hex()}:{(at - EPOCH) // timedelta(microseconds=1)}".encode()
    return crypto.mac(data, secret=settings.ENCRYPTION_KEY, purpose="audit-seal")


def verify(chain: int | None = None) -> Result:
    """All chains, or one (0: the platform's). Reads one moment's state in a stream: a million entries, flat memory."""
    result = Result()
    broken: dict[int, Fault] = {}
    with transaction.atomic(durable=True), connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        cursor.execute(UNLINKED, {"chain": chain})
        unlinked = {row[0]: Entry(*row) for row in cursor.fetchall()}
        reached: dict[int, Entry] = {}
        place = Place(0)
        for row in _stream(LINKS, {"chain": chain}):
            link = Link(*row)
            if link.chain != place.chain:
                place = Place(link.chain)
            if link.chain in broken:
                continue
            result.entries += 1
            result.seals += link.sealed_at is not None
            if fault := place.take(link, unlinked.get(link.chain)):
                broken[link.chain] = fault
            elif place.last:
                reached[link.chain] = place.last
        for entry in unlinked.values():
            broken.setdefault(entry.chain, _unlinked(entry))
        cursor.execute(CUT_OFF, {"chain": chain})
        for cut, seq, at in cursor.fetchall():
            broken.setdefault(cut, _cut_off(cut, seq, at, reached.get(cut)))
    result.faults = [broken[key] for key in sorted(broken)]
    return result


def verify_and_tell() -> bool:
    """For the nightly task: every broken chain is an error in the log."""
    result = verify()
    for fault in result.faults:
        log.error("audit_broken", kind=fault.kind, chain=fault.chain, entry=fault.entry, said=fault.said)
    if not result.faults:
        log.info("audit_verified", entries=result.entries, seals=result.seals)
    return not result.faults


@dataclass(frozen=True, slots=True)
class Entry:
    """What a sentence needs of an entry."""

    chain: int
    id: int
    at: datetime
    verb: str

    def __str__(self) -> str:
        return f"entry {self.id} of {_whose(self.chain)} ({self.verb}, {_moment(self.at)})"


@dataclass(frozen=True, slots=True)
class Link:
    """A row of LINKS."""

    chain: int
    seq: int
    entry_id: int
    hash: bytes
    canonical: str
    at: datetime | None
    verb: str | None
    sealed: bytes | None
    mac: bytes | None
    sealed_at: datetime | None

    @property
    def entry(self) -> Entry | None:
        return Entry(self.chain, self.entry_id, self.at, self.verb) if self.at and self.verb is not None else None

    def fault(self, kind: str, said: str) -> Fault:
        return Fault(kind, self.chain, self.seq, self.entry_id, self.at, self.verb or "", said)


class Place:
    """How far a chain has been read, and the hash it has come to."""

    def __init__(self, chain: int) -> None:
        self.chain = chain
        self.seq = 0
        self.hash = b""
        self.last: Entry | None = None
        self.sealed_seq = 0

    def take(self, link: Link, unlinked: Entry | None) -> Fault | None:
        """Go on by one link; the fault when it does not fit."""
        if link.seq != self.seq + 1:
            return self._gap(link, unlinked)
        entry = link.entry
        if entry is None:
            said = f"Entry {link.entry_id} of {_whose(self.chain)} was removed: it stood {self._after()}."
            return link.fault("missing", said)
        digest = _digest(self.hash, link.canonical)
        if digest != bytes(link.hash):
            return self._changed(link, entry)
        if link.sealed_at and (fault := self._seal(link, entry, link.sealed_at)):
            return fault
        self.seq, self.hash, self.last = link.seq, digest, entry
        return None

    def _after(self) -> str:
        return f"after {self.last}" if self.last else "first in the chain"

    def _gap(self, link: Link, unlinked: Entry | None) -> Fault:
        seq = self.seq + 1
        if unlinked and unlinked.id < link.entry_id:
            said = f"The link of {unlinked} was removed: place {seq} of its chain is empty."
            return Fault("missing", self.chain, seq, unlinked.id, unlinked.at, unlinked.verb, said)
        said = f"An entry of {_whose(self.chain)} was removed with its link: place {seq}, {self._after()}, is empty."
        return Fault("missing", self.chain, seq, None, self.last.at if self.last else None, "", said)

    def _changed(self, link: Link, entry: Entry) -> Fault:
        other = _fits_better(link, self.hash)
        if other is None:
            return link.fault("changed", _sentence(entry, "was changed after it was written."))
        return link.fault(
            "swapped", _sentence(entry, f"was swapped: what was written in its place is entry {other} now.")
        )

    def _seal(self, link: Link, entry: Entry, at: datetime) -> Fault | None:
        made = bytes(link.mac or b"")
        sealed = bytes(link.sealed or b"")
        if not hmac.compare_digest(made, _mac(self.chain, link.seq, sealed, at)):
            return link.fault(
                "seal", _sentence(entry, f"is sealed with another key, or its seal of {_moment(at)} was changed.")
            )
        if sealed != bytes(link.hash):
            since = f"after place {self.sealed_seq}" if self.sealed_seq else "from its beginning"
            said = f"the chain was computed anew: {since} something is no longer what was sealed on {_moment(at)}."
            return link.fault("recomputed", _sentence(entry, f"shows that {said}"))
        self.sealed_seq = link.seq
        return None


def _unlinked(entry: Entry) -> Fault:
    said = _sentence(entry, "is not in the chain: it was written past it, or its link was removed.")
    return Fault("unlinked", entry.chain, 0, entry.id, entry.at, entry.verb, said)


def _cut_off(chain: int, seq: int, at: datetime, last: Entry | None) -> Fault:
    where = f"after {last}" if last else "from the first on"
    said = f"The end of the chain of {_whose(chain)} was removed, {where}: place {seq} was sealed on {_moment(at)}."
    return Fault(
        "cut", chain, seq, last.id if last else None, last.at if last else None, last.verb if last else "", said
    )


def _fits_better(link: Link, before: bytes) -> int | None:
    """The id of another entry that holds what was hashed for this place."""
    for other, as_it_is, in_this_place in _stream(CANDIDATES, {"entry": link.entry_id}):
        if bytes(link.hash) in (_digest(before, as_it_is), _digest(before, in_this_place)):
            return other
    return None


def _digest(before: bytes, canonical: str) -> bytes:
    return hashlib.sha256(before + canonical.encode()).digest()


def _stream(statement: str, parameters: dict[str, Any]) -> Iterator[tuple[Any, ...]]:
    with connection.chunked_cursor() as cursor:
        cursor.execute(statement, parameters)
        while rows := cursor.fetchmany(CHUNK):
            yield from rows


def _sentence(entry: Entry, what: str) -> str:
    text = f"{entry} {what}"
    return text[0].upper() + text[1:]


def _whose(chain: int) -> str:
    if not chain:
        return "the platform"
    found = Enterprise.objects.filter(pk=chain).values_list("name", flat=True).first()
    return f"{found or 'a removed enterprise'} (enterprise {chain})"


def _moment(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S} UTC"
