"""The hot statements find their rows by key right after a load, when the statistics know nothing yet."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest
from django.db import connection, transaction

from sending import dispatch, ledger, receipts
from sending.dispatch import Settled
from sending.models.inbound import InboundKind
from sending.receipts import Event
from sending.states import MessageState
from tests import make

S = MessageState
ROWS = 6_000


@pytest.fixture
def plans(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Fills with the plan of each statement on the ledger, as it is when the statement runs."""
    found: list[str] = []
    execute = psycopg.Cursor.execute

    def explained(self: Any, query: Any, params: Any = None, **more: Any) -> Any:
        if "sending_message" in str(query) and not str(query).startswith("ANALYZE"):
            execute(self, f"EXPLAIN (COSTS OFF) {query}", params)
            found.append("\n".join(row[0] for row in self.fetchall()))
        return execute(self, query, params, **more)

    monkeypatch.setattr(psycopg.Cursor, "execute", explained)
    return found


def keyed(plan: str) -> bool:
    """No reading of everything, and no comparing of everything with everything."""
    return "Seq Scan on sending_message" not in plan and "Join Filter" not in plan


@pytest.mark.django_db
@pytest.mark.parametrize("analysed", [False, True])
def test_by_key(plans: list[str], analysed: bool) -> None:  # noqa: FBT001
    job = make.job(by=make.user(), rows=ROWS)
    if analysed:  # when every ext_id was NULL still and no row accepted
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE sending_message")
    owner = dispatch.take_lease()
    first = job.first_id or 0
    rows = ledger.claim(owner=owner, carrier_id=1, job_id=job.pk, after_id=0, first_id=first, parts=ROWS // 2)
    with ledger.keyed_plans():
        known = dispatch.settle(
            owner, [Settled(r.id, r.attempt, S.ACCEPTED, ext_ids=(f"x{r.id}",)) for r in rows[:500]]
        )
        dispatch.settle(owner, [Settled(r.id, r.attempt, S.QUEUED, code="ESME_RTHROTTLED") for r in rows[500:900]])
        receipts.store(
            [
                Event(1, InboundKind.RECEIPT, ext_id, S.DELIVERED, "DELIVRD", "", None, b"\0" * 16 + ext_id.encode())
                for ext_id in known
            ]
        )
        receipts.join(known)
    ledger.skip_queued(first, reason=ledger.SkipReason.STOPPED)
    with transaction.atomic():
        dispatch.finish_jobs()
    assert len(plans) >= 7
    for plan in plans:
        assert keyed(plan), plan
