"""The chains: whole after many writers at once, and naming the first entry that a superuser has changed."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, IntegrityError, connection, transaction

from accounts import audit, audit_chain
from accounts.models import AuditEntry, AuditLink, AuditSeal, User
from tests import make

pytestmark = pytest.mark.django_db(transaction=True)
WRITERS = 50


def write(enterprise_id: int | None, *, times: int = 1, verb: str = "job.stopped", by: User | None = None) -> int:
    """So many entries, each in a transaction of its own; the last one's id."""
    for number in range(times):
        with transaction.atomic():
            entry = audit.record(by=by, verb=verb, object_id=number, enterprise_id=enterprise_id, rows=number)
    return entry.pk


@contextmanager
def as_superuser() -> Iterator[Any]:
    """A connection for which no trigger fires: whoever has the database's password can do that."""
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        try:
            yield cursor
        finally:
            cursor.execute("SET session_replication_role = DEFAULT")


def ids(chain: int) -> list[int]:
    return list(AuditLink.objects.filter(chain=chain).order_by("seq").values_list("entry_id", flat=True))


def only_fault(chain: int | None = None) -> audit_chain.Fault:
    [fault] = audit_chain.verify(chain).faults
    return fault


def run_threads(work: Any, n: int) -> None:
    problems: list[BaseException] = []

    def guarded(number: int) -> None:
        try:
            work(number)
        except BaseException as problem:  # noqa: BLE001
            problems.append(problem)
        finally:
            connection.close()

    threads = [threading.Thread(target=guarded, args=(number,)) for number in range(n)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not problems, problems


def test_fifty_writers_at_once_leave_whole_chains() -> None:
    chains = [make.enterprise().pk for _ in range(3)]

    class Undone(Exception):
        pass

    def work(number: int) -> None:
        for turn in range(6):
            first, second = chains[(number + turn) % 3], chains[(number + turn + 1 + number % 2) % 3]
            try:
                with transaction.atomic():
                    audit.record(by=None, verb="job.stopped", object_id=number, enterprise_id=first, turn=turn)
                    if turn % 2:  # another chain too, in either order
                        audit.record(by=None, verb="job.done", object_id=number, enterprise_id=second)
                    if turn == 2:
                        audit.record(by=None, verb="carrier.saved", object_id=number, enterprise_id=None)
                    if turn == 4:
                        raise Undone
            except Undone:
                continue

    run_threads(work, WRITERS)
    result = audit_chain.verify()
    assert not result.faults
    assert result.entries == AuditEntry.objects.count() == WRITERS * (5 + 3 + 1)
    for chain in [0, *chains]:
        places = list(AuditLink.objects.filter(chain=chain).order_by("seq").values_list("seq", flat=True))
        assert places == list(range(1, len(places) + 1))
    assert AuditLink.objects.filter(chain=0).count() == WRITERS


def test_a_commit_never_waits_for_a_row_while_it_holds_a_chain() -> None:
    """Foreign keys are checked at commit too. Were the chain locked before, these two would wait for each other."""
    alice = make.user()
    chain = alice.enterprise_id
    locked, committing = threading.Event(), threading.Event()

    def holds_a_row_then_wants_the_chain(_number: int) -> None:
        with transaction.atomic():
            User.objects.select_for_update().get(pk=alice.pk)
            audit.record(by=None, verb="job.stopped", object_id=1, enterprise_id=chain)
            locked.set()
            committing.wait(5)
            with connection.cursor() as cursor:  # until the other one waits for our row, at its commit
                for _ in range(200):
                    cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
                    if cursor.fetchone()[0]:
                        break
                    cursor.execute("SELECT pg_stat_clear_snapshot(), pg_sleep(0.02)")

    def records_then_names_the_row(_number: int) -> None:
        locked.wait(5)
        with transaction.atomic():
            audit.record(by=None, verb="job.done", object_id=2, enterprise_id=chain)
            audit.record(by=alice, verb="job.done", object_id=3, enterprise_id=chain)
            committing.set()

    run_threads(lambda number: (holds_a_row_then_wants_the_chain, records_then_names_the_row)[number](number), 2)
    assert not audit_chain.verify().faults and len(ids(chain or 0)) == 3


def test_what_was_undone_leaves_no_place() -> None:
    with transaction.atomic():
        write(None)
        with pytest.raises(IntegrityError), transaction.atomic():
            write(None)
            raise IntegrityError
        write(None, times=2)
    assert [link.seq for link in AuditLink.objects.order_by("entry_id")] == [1, 2, 3]
    assert not audit_chain.verify().faults


def test_constraints_checked_in_between_link_at_once_and_go_on() -> None:
    """Django checks constraints early at times: what comes afterwards is linked at commit as ever."""
    with transaction.atomic():
        write(None, times=2)
        connection.check_constraints()
        assert AuditLink.objects.count() == 2
        write(None, times=2)
    assert len(ids(0)) == 4 and not audit_chain.verify().faults


def test_a_link_is_what_the_papers_say() -> None:
    """SHA-256 over the hash before and the entry, computed here from the columns alone."""
    chain = make.enterprise(name="清禾").pk
    write(chain, times=2)
    before = b""
    for entry in AuditEntry.objects.order_by("pk"):
        at = int(entry.at.timestamp()) * 1_000_000 + entry.at.microsecond
        columns = [entry.pk, chain, at, None, None, entry.verb, entry.object_id, "", entry.detail, {}, {}]
        before = hashlib.sha256(before + json.dumps(columns).encode()).digest()
        assert bytes(AuditLink.objects.get(pk=entry.pk).hash) == before


@pytest.mark.parametrize("table", ["accounts_auditentry", "accounts_auditlink", "accounts_auditseal"])
@pytest.mark.parametrize("statement", ["DELETE FROM {}", "UPDATE {} SET {} = 0"])
def test_nobody_changes_or_removes_by_sql(table: str, statement: str) -> None:
    write(None)
    audit_chain.seal()
    column = "object_id" if table == "accounts_auditentry" else "seq"
    with pytest.raises(IntegrityError, match="cannot be changed or removed"), connection.cursor() as cursor:
        cursor.execute(statement.format(table, column))


def test_the_applications_role_is_not_even_permitted() -> None:
    """Neither a role that may only write, nor the owner of the tables; both can still record."""
    people = make.user()
    tables = ["accounts_auditentry", "accounts_auditlink", "accounts_auditseal"]
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("CREATE ROLE audit_writer; CREATE ROLE audit_owner")
        cursor.execute("GRANT USAGE ON SCHEMA public TO audit_writer, audit_owner")
        cursor.execute("GRANT SELECT, INSERT ON accounts_auditentry TO audit_writer")
        cursor.execute("GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO audit_writer, audit_owner")
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"ALTER TABLE {table} OWNER TO audit_owner")
        for role in ("audit_writer", "audit_owner"):
            cursor.execute(f"SET LOCAL ROLE {role}")
            for deed in ("UPDATE {} SET {} = 0", "DELETE FROM {}", "TRUNCATE {}"):
                for table in tables:
                    column = "object_id" if table == "accounts_auditentry" else "seq"
                    with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
                        cursor.execute(deed.format(table, column))
            cursor.execute(
                "INSERT INTO accounts_auditentry (verb, object_id, enterprise_id, label, detail, before, after)"
                " VALUES ('job.done', 1, %s, '', '{}', '{}', '{}')",
                [people.enterprise_id],
            )
            connection.check_constraints()
            cursor.execute("RESET ROLE")
        assert len(ids(people.enterprise_id or 0)) == 2
        cursor.execute("SET LOCAL ROLE audit_owner")  # somebody without entries can still be removed
        cursor.execute("DELETE FROM accounts_user WHERE id = %s", [people.pk])
        connection.check_constraints()
        transaction.set_rollback(True)


def test_a_changed_row_is_named() -> None:
    home = make.enterprise(name="清禾")
    write(home.pk, times=5)
    third = ids(home.pk)[2]
    with as_superuser() as cursor:
        cursor.execute("UPDATE accounts_auditentry SET detail = '{\"rows\": 7}' WHERE id = %s", [third])
    fault = only_fault()
    assert (fault.kind, fault.chain, fault.seq, fault.entry) == ("changed", home.pk, 3, third)
    with pytest.raises(CommandError, match=rf"Entry {third} of 清禾 .*job\.stopped, \d{{4}}-.* was changed"):
        call_command("audit", "verify", stdout=StringIO())


@pytest.mark.parametrize(
    "change",
    [
        "at = at + interval '1 microsecond'",
        "by_id = (SELECT min(id) FROM accounts_user)",
        "origin = '203.0.113.9'",
        "verb = 'job.started'",
        "object_id = 77",
        "label = 'x'",
        "before = '{\"a\": 1}'",
        "after = '{\"a\": 1}'",
        "enterprise_id = NULL",
    ],
)
def test_every_column_is_held(change: str) -> None:
    somebody = make.user()
    chain = make.home(somebody).pk
    write(chain, times=2)
    with as_superuser() as cursor:
        cursor.execute(f"UPDATE accounts_auditentry SET {change} WHERE id = %s", [ids(chain)[0]])
    fault = only_fault()
    assert (fault.kind, fault.chain, fault.entry) == ("changed", chain, ids(chain)[0])


def test_a_removed_row_is_named() -> None:
    home = make.enterprise(name="清禾")
    write(home.pk, times=5)
    places = ids(home.pk)
    with as_superuser() as cursor:
        cursor.execute("DELETE FROM accounts_auditentry WHERE id = %s", [places[1]])
    fault = only_fault()
    assert (fault.kind, fault.entry) == ("missing", places[1])
    assert f"Entry {places[1]} of 清禾" in fault.said and f"after entry {places[0]}" in fault.said


def test_a_row_removed_with_its_link_is_named() -> None:
    write(None, times=5)
    places = ids(0)
    with as_superuser() as cursor:
        for table, key in (("accounts_auditentry", "id"), ("accounts_auditlink", "entry_id")):
            cursor.execute(f"DELETE FROM {table} WHERE {key} = %s", [places[2]])
    fault = only_fault()
    assert (fault.kind, fault.seq) == ("missing", 3)
    assert f"after entry {places[1]}" in fault.said


def test_a_removed_link_is_named() -> None:
    write(None, times=3)
    second = ids(0)[1]
    with as_superuser() as cursor:
        cursor.execute("DELETE FROM accounts_auditlink WHERE entry_id = %s", [second])
    fault = only_fault()
    assert (fault.kind, fault.seq, fault.entry, fault.verb) == ("missing", 2, second, "job.stopped")


def test_rows_written_past_the_chain_are_named() -> None:
    write(None, times=2)
    with as_superuser() as cursor:
        cursor.execute(
            "INSERT INTO accounts_auditentry (verb, object_id, label, detail, before, after)"
            " VALUES ('job.done', 1, '', '{}', '{}', '{}') RETURNING id"
        )
        forged = cursor.fetchone()[0]
    fault = only_fault()
    assert (fault.kind, fault.entry, fault.verb) == ("unlinked", forged, "job.done")


def swap_contents(cursor: Any, one: int, other: int) -> None:
    columns = "enterprise_id, at, by_id, origin, verb, object_id, label, detail, before, after"
    cursor.execute(
        f"UPDATE accounts_auditentry e SET ({columns}) = (SELECT {columns} FROM accounts_auditentry o"
        " WHERE o.id = CASE e.id WHEN %s THEN %s ELSE %s END) WHERE e.id IN (%s, %s)",
        [one, other, one, one, other],
    )


def swap_links(cursor: Any, one: int, other: int) -> None:
    cursor.execute("UPDATE accounts_auditlink SET entry_id = -entry_id WHERE entry_id IN (%s, %s)", [one, other])
    cursor.execute(
        "UPDATE accounts_auditlink SET entry_id = CASE -entry_id WHEN %s THEN %s::bigint ELSE %s END"
        " WHERE entry_id < 0",
        [one, other, one],
    )


@pytest.mark.parametrize("swap", [swap_contents, swap_links])
def test_swapped_rows_are_named(swap: Any) -> None:
    home = make.enterprise()
    write(home.pk, times=5)
    places = ids(home.pk)
    with as_superuser() as cursor:
        swap(cursor, places[1], places[3])
    fault = only_fault()
    assert (fault.kind, fault.seq) == ("swapped", 2)
    assert f"entry {places[1]} " in fault.said.lower() and f"entry {places[3]} " in fault.said.lower()


def test_a_removed_end_is_told_by_its_seal() -> None:
    write(None, times=5)
    assert audit_chain.seal() == 1
    places = ids(0)
    with as_superuser() as cursor:
        cursor.execute("DELETE FROM accounts_auditentry WHERE id >= %s", [places[3]])
        cursor.execute("DELETE FROM accounts_auditlink WHERE entry_id >= %s", [places[3]])
    fault = only_fault()
    assert (fault.kind, fault.seq, fault.entry) == ("cut", 5, places[2])


def test_a_chain_computed_anew_is_told_by_its_seal() -> None:
    write(None, times=3)
    audit_chain.seal()
    write(None, times=3)
    assert audit_chain.seal() == 1 and audit_chain.seal() == 0
    places = ids(0)
    with as_superuser() as cursor:
        cursor.execute("UPDATE accounts_auditentry SET object_id = 999 WHERE id = %s", [places[4]])
        cursor.execute("DELETE FROM accounts_auditlink; SELECT accounts_audit_link(0)")
    fault = only_fault()
    assert (fault.kind, fault.seq, fault.entry) == ("recomputed", 6, places[5])
    assert "after place 3" in fault.said
    with as_superuser() as cursor:  # the seals with it, but the key is not in the database
        cursor.execute("UPDATE accounts_auditseal s SET hash = l.hash FROM accounts_auditlink l WHERE l.seq = s.seq")
    assert only_fault().kind == "seal"


def test_a_seal_of_another_key_is_told(settings: Any) -> None:
    write(None)
    audit_chain.seal()
    settings.ENCRYPTION_KEY = "another"
    assert only_fault().kind == "seal"


def test_seals_of_one_moment_are_one() -> None:
    for chain in (None, make.enterprise().pk):
        write(chain, times=2)
    run_threads(lambda _number: audit_chain.seal(), 4)
    assert sorted(AuditSeal.objects.values_list("seq", flat=True)) == [2, 2]
    assert audit_chain.verify().seals == 2


def test_the_command_tells_of_one_enterprise_or_all() -> None:
    home, other = make.enterprise(name="清禾"), make.enterprise(name="Other")
    write(home.pk, times=3)
    write(other.pk, times=2)
    write(None)
    out = StringIO()
    call_command("audit", "verify", "--json", stdout=out)
    told = json.loads(out.getvalue())
    assert told["ok"] and told["entries"] == 6 and told["faults"] == [] and told["seconds"] >= 0
    with as_superuser() as cursor:
        cursor.execute("UPDATE accounts_auditentry SET object_id = 9 WHERE id = %s", [ids(other.pk)[0]])
    for named, entries in (("清禾", 3), (str(home.pk), 3), ("platform", 1)):
        out = StringIO()
        call_command("audit", "verify", "--enterprise", named, stdout=out)
        assert out.getvalue().startswith(f"{entries} entries and 0 seals are what was written")
    out = StringIO()
    with pytest.raises(CommandError):
        call_command("audit", "verify", "--enterprise", "Other", "--json", stdout=out)
    [fault] = json.loads(out.getvalue())["faults"]
    assert (fault["kind"], fault["chain"], fault["verb"]) == ("changed", other.pk, "job.stopped")
    with pytest.raises(CommandError, match="no enterprise"):
        call_command("audit", "verify", "--enterprise", "Nobody")


def test_the_command_takes_no_enterprise_for_another() -> None:
    """One that calls itself by another's number, and two of the same name."""
    home, impostor = make.enterprise(name="清禾"), make.enterprise()
    type(impostor).objects.filter(pk=impostor.pk).update(name=str(home.pk))
    write(home.pk, times=3)
    out = StringIO()
    call_command("audit", "verify", "--enterprise", str(home.pk), stdout=out)
    assert out.getvalue().startswith("3 entries")
    other = make.enterprise(name="清禾")
    with pytest.raises(CommandError, match=f"Several are called “清禾”.*: {home.pk}, {other.pk}"):
        call_command("audit", "verify", "--enterprise", "清禾")


def test_several_broken_chains_are_each_told() -> None:
    home = make.enterprise()
    for chain in (home.pk, None):
        write(chain, times=2)
        with as_superuser() as cursor:
            cursor.execute("UPDATE accounts_auditentry SET object_id = 9 WHERE id = %s", [ids(chain or 0)[1]])
    assert [fault.chain for fault in audit_chain.verify().faults] == [0, home.pk]


def test_the_nightly_task_says_so_in_the_log(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[tuple[str, dict[str, Any]]] = []
    monkeypatch.setattr(audit_chain.log, "error", lambda event, **fields: said.append((event, fields)), raising=False)
    write(None, times=2)
    assert audit_chain.verify_and_tell() and not said
    with as_superuser() as cursor:
        cursor.execute("UPDATE accounts_auditentry SET object_id = 9 WHERE id = %s", [ids(0)[0]])
    assert not audit_chain.verify_and_tell()
    [(event, fields)] = said
    assert event == "audit_broken" and fields["entry"] == ids(0)[0]
