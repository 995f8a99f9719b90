"""What is recorded and where it came from; the page, its filters and its files."""

from __future__ import annotations

import ast
import csv
import importlib
import io
import itertools
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import time_machine
from django.db import connection, models
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import translation

from accounts import audit, audit_rows, audit_words, origin
from accounts.models import AuditEntry, Contact, Enterprise, Review, Role, User
from accounts.views import audit as views
from console.lib.sheets.plain import csv_lines, safe_cell
from tests import make
from tests.test_conventions import module_of, sources

pytestmark = pytest.mark.django_db


@pytest.fixture
def olga(db: None) -> User:
    return make.user(role=Role.OWNER, name="Olga Han", language="en")


def note(by: User | None, *, of: Enterprise | None, verb: str = "job.stopped", **more: Any) -> AuditEntry:
    return audit.record(
        by=by, verb=verb, object_id=more.pop("object_id", 7), enterprise_id=of.pk if of else None, **more
    )


def test_why_the_staff_decided_on_a_day_off_is_read_by_the_staff_only(olga: User) -> None:
    carol = make.user(role=Role.ADMINISTRATOR)
    entry = note(carol, of=olga.enterprise, verb="templateversion.approved", exception="Flood warning", reason="Good")
    assert ["Good" in str(audit_rows.row(entry, reader=reader).facts) for reader in (olga, carol)] == [True, True]
    assert ["Flood" in str(audit_rows.row(entry, reader=reader).facts) for reader in (olga, carol)] == [False, True]


def listed(client: Client, **asked: Any) -> list[Any]:
    return client.get(reverse("audit"), asked).context["rows"]


# Recording


def test_numbers_and_secrets_are_masked_at_every_depth() -> None:
    entry = note(
        None,
        of=None,
        label="Call 13812345678",
        before={"mobile": "13812345678", "password": "hunter2"},
        after={"mobile": "+8613987654321", "api_token": "abc", "keys": {"push_private_key": "PEM"}},
        text="to 13812345678",
        reason="Ring 138 1234 5678 or +86 139-8765-4321",
        secret=b"raw",
        rows=13_800_000_000,
        steps=[{"to": "13812345678", "recovery_codes": ["1", "2"]}],
    )
    entry.refresh_from_db()
    kept = json.dumps([entry.label, entry.before, entry.after, entry.detail])
    for whole in ("13812345678", "13987654321", "1234 5678", "8765-4321", "hunter2", "abc", "PEM", "raw", '"2"'):
        assert whole not in kept
    assert entry.before["mobile"] == "138****5678" and entry.detail["rows"] == 13_800_000_000


def test_values_of_any_kind_become_json() -> None:
    at = datetime(2026, 11, 20, 8, tzinfo=UTC)
    entry = note(None, of=None, at=at, role=Role.OWNER, raw=b"x", some={Role.ADMIN}, nothing=None, yes=True)
    entry.refresh_from_db()
    assert entry.detail == {
        "at": "2026-11-20T08:00:00+00:00",
        "role": "owner",
        "raw": "…",
        "some": ["admin"],
        "nothing": None,
        "yes": True,
    }


def test_changes_are_what_differs_from_the_stored_row(olga: User) -> None:
    contact = Contact(enterprise=olga.enterprise, name="Li", number="+8613812345678", email="li@example.com")
    fields = ["name", "email", "enterprise"]
    before, after = audit.changes(contact, fields)
    assert before == {} and after["name"] == "Li"
    contact.save()
    contact.name = "Li Na"
    assert audit.changes(contact, fields) == ({"name": "Li"}, {"name": "Li Na"})
    contact.save()
    assert audit.changes(contact, fields) == ({}, {})


# Where from


@pytest.mark.parametrize(
    ("proxies", "remote", "header", "address"),
    [
        (0, "198.51.100.7", "", "198.51.100.7"),
        (0, "198.51.100.7", "203.0.113.9", "198.51.100.7"),  # forged
        (1, "10.0.0.1", "203.0.113.9", "203.0.113.9"),
        (1, "10.0.0.1", "8.8.8.8, 203.0.113.9", "203.0.113.9"),  # forged, then a true one
        (2, "10.0.0.1", "8.8.8.8, 203.0.113.9, 10.0.0.2", "203.0.113.9"),
        (2, "198.51.100.7", "8.8.8.8", "198.51.100.7"),  # past the proxies
        (1, "10.0.0.1", "", "10.0.0.1"),
        (1, "10.0.0.1", "<script>", None),
        (0, "::ffff:198.51.100.7", "", "198.51.100.7"),
        (0, "2001:DB8:0::1", "", "2001:db8::1"),
        (0, "fe80::1%eth0", "", "fe80::1"),
        (0, "", "", None),  # a socket file
    ],
)
def test_only_the_trusted_address_counts(
    settings: Any, proxies: int, remote: str, header: str, address: str | None
) -> None:
    settings.TRUSTED_PROXIES = proxies
    more = {"HTTP_X_FORWARDED_FOR": header} if header else {}
    request = RequestFactory().get("/", REMOTE_ADDR=remote, **more)  # type: ignore[arg-type]
    assert origin.client_address(request) == address


def test_an_entry_tells_where_its_request_came_from(olga: User) -> None:
    client = Client(REMOTE_ADDR="198.51.100.7", headers={"X-Forwarded-For": "8.8.8.8"})
    client.force_login(olga)
    b"".join(client.get(reverse("audit-export", args=["csv"])).streaming_content)  # type: ignore[attr-defined]
    entry = AuditEntry.objects.get(verb="audit.exported")
    assert (entry.by, entry.origin) == (olga, "198.51.100.7")
    assert origin.current() is None and note(None, of=None).origin is None  # a command or a task


# Words


class Source:
    """One file, and what a word of it can be when the program runs."""

    def __init__(self, path: Path) -> None:
        self.tree = ast.parse(path.read_text())
        self.module = importlib.import_module(module_of(path))
        self.inside: dict[ast.AST, ast.FunctionDef] = {}
        for node in ast.walk(self.tree):
            if isinstance(node, ast.FunctionDef):
                self.inside |= {below: node for below in ast.walk(node) if below is not node}

    def verbs(self) -> Iterator[str]:
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "audit.record":
                [verb] = [word.value for word in node.keywords if word.arg == "verb"]
                yield from self.possible(verb)

    def possible(self, node: ast.AST) -> set[str]:
        match node:
            case ast.Constant(value=str(text)):
                return {text}
            case ast.IfExp():
                return self.possible(node.body) | self.possible(node.orelse)
            case ast.FormattedValue():
                return self.possible(node.value)
            case ast.JoinedStr():
                return {"".join(parts) for parts in itertools.product(*map(self.possible, node.values))}
            case ast.Name():
                return self._of_parameter(node.id, self.inside[node])
        kinds = {"self._meta.model_name", "item._meta.model_name"}
        assert ast.unparse(node) in kinds, f"{self.module}: {ast.unparse(node)} can be anything"
        return {str(kind._meta.model_name) for kind in Review.__subclasses__()}

    def _of_parameter(self, name: str, function: ast.FunctionDef) -> set[str]:
        """All values of an enum, or whatever the function is called with in this file."""
        arguments = function.args.args + function.args.kwonlyargs
        [argument] = [argument for argument in arguments if argument.arg == name]
        kind = getattr(self.module, ast.unparse(argument.annotation or ast.Constant("")), None)
        if isinstance(kind, type) and issubclass(kind, models.TextChoices):
            return set(kind.values)
        found: set[str] = set()
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] == function.name:
                given = {word.arg: word.value for word in node.keywords}
                place = [argument.arg for argument in function.args.args].index(name) if name not in given else 0
                found |= self.possible(given[name] if name in given else node.args[place])
        assert found, f"{self.module}.{function.name} is called from nowhere"
        return found


def recorded_verbs() -> set[str]:
    """Every verb that the source can record."""
    return {verb for path in sources() if "audit.record" in path.read_text() for verb in Source(path).verbs()}


def test_every_recorded_verb_has_words() -> None:
    verbs = recorded_verbs()
    assert {"job.stopped", "signature.approved", "invitation.resent", "staff.removed", "ownnumber.added"} <= verbs
    assert not {verb for verb in verbs if not audit_words.has_words(verb)}
    groups = {kind for group in audit_words.GROUPS.values() for kind in group.kinds}
    kinds = {verb.partition(".")[0] for verb in verbs}
    assert kinds <= groups and kinds <= set(audit_words.KINDS)


def test_a_verb_without_words_is_its_own() -> None:
    assert audit_words.sentence("moon.landed") == "moon.landed" and audit_words.kind("moon.landed") == "moon"


def test_fields_are_called_as_people_know_them() -> None:
    assert audit_words.field("agreement.saved", "number") == "Version"  # told apart by the kind
    assert audit_words.field("contact.changed", "number") == "Mobile number"  # by the model
    assert audit_words.field("contact.changed", "reason") == "Reason"
    assert audit_words.field("moon.landed", "dark_side") == "Dark side"


# The page


def test_an_enterprise_reads_its_own(olga: User, mallory: User, carol: User, bob: User, sign_in: Any) -> None:
    note(olga, of=olga.enterprise, label="Autumn sale", after={"state": "stopped"}, before={"state": "sending"})
    note(None, of=olga.enterprise, verb="job.done")
    note(mallory, of=mallory.enterprise, verb="job.paused")
    note(carol, of=None, verb="agreement.published")
    note(bob, of=olga.enterprise, verb="signature.rejected", reason="Not about your company.")
    page = sign_in(olga).get(reverse("audit"))
    rows = page.context["rows"]
    assert [(row.who, row.did) for row in rows] == [
        ("the platform", "Signature rejected"),
        ("the system", "Job done"),
        ("Olga Han", "Job stopped"),
    ]
    text = page.content.decode()
    assert "Autumn sale" in text and "Not about your company." in text
    assert "Bob Ma" not in text and "Job paused" not in text and "published" not in text
    assert "sending" in text and [(c.name, c.before, c.after) for c in rows[2].changes] == [
        ("State", "sending", "stopped")
    ]


def test_staff_of_an_enterprise_page_have_no_address_there(olga: User, bob: User, sign_in: Any) -> None:
    entry = note(bob, of=olga.enterprise, verb="signature.rejected")
    made = AuditEntry.objects.create(
        by=bob, verb="signature.approved", object_id=1, enterprise=olga.enterprise, origin="198.51.100.7"
    )
    assert "198.51.100.7" not in sign_in(olga).get(reverse("audit")).content.decode()
    assert made.pk > entry.pk


def test_administrators_read_the_platforms_and_any_enterprises(olga: User, carol: User, sign_in: Any) -> None:
    note(carol, of=None, verb="agreement.published")
    note(olga, of=olga.enterprise)
    somebody = sign_in(carol)
    assert [row.did for row in listed(somebody)] == ["Service agreement published"]
    home = make.home(olga)
    for asked in (home.name, home.name.upper(), str(home.pk)):
        assert [row.who for row in listed(somebody, enterprise=asked)] == ["Olga Han"]
    page = somebody.get(reverse("audit"), {"enterprise": "Nobody’s"})
    assert page.context["rows"] == [] and "no enterprise with this name" in page.content.decode()


def test_who_calls_itself_by_anothers_number_is_not_taken_for_it(olga: User, carol: User, sign_in: Any) -> None:
    impostor = make.enterprise()
    home = make.enterprise()
    Enterprise.objects.filter(pk=impostor.pk).update(name=str(home.pk))
    note(None, of=home, verb="job.done")
    note(None, of=impostor, verb="job.paused")
    page = sign_in(carol).get(reverse("audit"), {"enterprise": str(home.pk)})
    assert page.context["whose"] == home and [row.did for row in page.context["rows"]] == ["Job done"]


def test_where_staff_sat_is_not_found_by_trying_addresses(olga: User, bob: User, carol: User, sign_in: Any) -> None:
    for by in (bob, olga, None):
        AuditEntry.objects.create(
            by=by, verb="signature.approved", object_id=1, enterprise=olga.enterprise, origin="198.51.100.7"
        )
    assert sorted(row.who for row in listed(sign_in(olga), q="198.51.100.7")) == ["Olga Han", "the system"]
    found = listed(sign_in(carol), q="198.51.100.7", enterprise=str(olga.enterprise_id))
    assert "Bob Ma" in {row.who for row in found} and len(found) == 3


def test_the_enterprise_filter_is_staffs_only(olga: User, mallory: User, sign_in: Any) -> None:
    note(olga, of=olga.enterprise)
    for asked in (make.home(olga).name, str(make.home(olga).pk)):
        assert listed(sign_in(mallory), enterprise=asked) == []


def test_operators_viewers_and_reviewers_do_not_read_it(alice: User, victor: User, bob: User, sign_in: Any) -> None:
    for person in (alice, victor, bob):
        for address in (reverse("audit"), reverse("audit-export", args=["csv"])):
            assert sign_in(person).get(address).status_code == 403


def test_filters_narrow_and_may_be_joined(olga: User, bob: User, sign_in: Any) -> None:
    home = olga.enterprise
    admin = make.user(role=Role.ADMIN, of=home, name="Ann Qu")
    with time_machine.travel("2026-11-10T15:59:59Z", tick=False):  # 23:59:59 in Shanghai
        early = AuditEntry.objects.create(
            by=olga, verb="job.stopped", object_id=41, enterprise=home, at=datetime.now(UTC), label="Spring"
        )
    late = AuditEntry.objects.create(
        by=admin, verb="user.signed_in", object_id=5, enterprise=home, at=datetime(2026, 11, 10, 16, tzinfo=UTC),
        origin="2001:db8::1",
    )  # fmt: skip
    system = note(None, of=home, verb="job.done", object_id=42)
    staff = note(bob, of=home, verb="signature.approved", label="Autumn")
    client = sign_in(olga)

    def found(**asked: Any) -> list[int]:
        return sorted(row.id for row in listed(client, **asked))

    assert found() == [early.pk, late.pk, system.pk, staff.pk]
    assert found(person=olga.pk) == [early.pk] and found(person="system") == [system.pk]
    assert found(person="staff") == [staff.pk]
    assert found(group="jobs") == [early.pk, system.pk] and found(group="people") == [late.pk]
    assert found(until="2026-11-10") == [early.pk] and found(since="2026-11-11", until="2026-11-11") == [late.pk]
    assert found(q="42") == [system.pk] and found(q="autu") == [staff.pk] and found(q="2001:DB8::1") == [late.pk]
    assert found(group="jobs", person=olga.pk) == [early.pk] and found(group="people", person=olga.pk) == []


@pytest.mark.parametrize(
    "asked",
    [
        {"person": "999999"},
        {"person": "x"},
        {"group": "nothing"},
        {"since": "31.12.2026"},
        {"until": "2026-13-01"},
        {"after": "x"},
        {"after": "9" * 60},
        {"q": "\0"},
        {"enterprise": "\0"},
    ],
)
def test_an_address_that_asks_nonsense_still_shows_a_list(olga: User, carol: User, sign_in: Any, asked: Any) -> None:
    note(olga, of=olga.enterprise)
    note(carol, of=None)
    assert len(listed(sign_in(olga), **asked)) == len(listed(sign_in(carol), **asked)) == 1


def test_huge_numbers_find_nothing(olga: User, sign_in: Any) -> None:
    note(olga, of=olga.enterprise)
    for digits in ("9" * 18, "9" * 19, "9" * 60, "٣"):
        assert listed(sign_in(olga), q=digits) == []


def test_pages_go_by_key(olga: User, sign_in: Any) -> None:
    made = [note(olga, of=olga.enterprise, object_id=number).pk for number in range(60)]
    client, seen, after = sign_in(olga), [], ""
    while True:
        page = client.get(reverse("audit"), {"after": after} if after else {})
        seen += [row.id for row in page.context["rows"]]
        after = page.context["older"]
        if not after:
            break
    assert seen == made[::-1]


def test_twenty_rows_cost_what_two_do(olga: User, sign_in: Any) -> None:
    client = sign_in(olga)
    people = [make.user(of=olga.enterprise, name=f"Person {number}") for number in range(3)]

    for number in range(2):
        note(people[number], of=olga.enterprise)
    client.get(reverse("audit"))
    with CaptureQueriesContext(connection) as two:
        assert len(listed(client)) == 2
    for number in range(18):
        note(people[number % 3], of=olga.enterprise, before={"a": 1}, after={"a": 2})
    with CaptureQueriesContext(connection) as twenty:
        assert len(listed(client)) == 20
    assert len(two) == len(twenty)


def test_an_empty_list_says_what_will_be_there(olga: User, sign_in: Any) -> None:
    client = sign_in(olga)
    assert "Nothing on record yet" in client.get(reverse("audit")).content.decode()
    assert "Nothing fits this filter" in client.get(reverse("audit"), {"q": "x"}).content.decode()


def test_markup_in_names_stays_text(olga: User, sign_in: Any) -> None:
    nasty = "<script>alert(1)</script>"
    User.objects.filter(pk=olga.pk).update(name=nasty)
    note(olga, of=olga.enterprise, label=nasty, before={nasty: nasty}, after={nasty: nasty}, reason=nasty)
    text = sign_in(olga).get(reverse("audit")).content.decode()
    assert "<script>alert" not in text and text.count("&lt;script&gt;alert") >= 5


# The files


def read_csv(answer: Any) -> list[list[str]]:
    text = b"".join(answer.streaming_content).decode("utf-8")
    assert text.startswith("\ufeff")
    return list(csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline="")))


@pytest.fixture
def three(olga: User) -> list[AuditEntry]:
    home = olga.enterprise
    at = datetime(2026, 11, 20, 8, 30, 5, tzinfo=UTC)
    first = AuditEntry.objects.create(by=olga, verb="job.stopped", object_id=3, enterprise=home, at=at, label="=1+1")
    return [first, note(None, of=home, verb="job.done"), note(olga, of=home, verb="user.signed_in")]


def test_the_csv_is_the_filtered_list(olga: User, three: list[AuditEntry], sign_in: Any) -> None:
    answer = sign_in(olga).get(reverse("audit-export", args=["csv"]), {"group": "jobs"})
    assert answer["Content-Type"].startswith("text/csv") and "attachment" in answer["Content-Disposition"]
    head, *rows = read_csv(answer)
    assert head[1] == "Time (Asia/Shanghai)"
    assert [row[0] for row in rows] == [str(three[1].pk), str(three[0].pk)]
    assert rows[1][1:8] == ["2026-11-20 16:30:05", "Olga Han", "Job stopped", "job.stopped", "Job", "3", "'=1+1"]
    entry = AuditEntry.objects.latest("pk")
    assert (entry.verb, entry.by, entry.enterprise_id) == ("audit.exported", olga, olga.enterprise_id)
    assert entry.detail == {"format": "csv", "filter": {"group": "jobs"}}


def test_the_sheet_holds_the_same_as_text(olga: User, three: list[AuditEntry], sign_in: Any) -> None:
    client = sign_in(olga)
    answer = client.get(reverse("audit-export", args=["xlsx"]))
    book = openpyxl.load_workbook(io.BytesIO(b"".join(answer.streaming_content)))
    cells = list(book.worksheets[0].iter_rows())
    assert [row[0].value for row in cells[1:]] == [str(entry.pk) for entry in reversed(three)]
    assert cells[-1][7].value == "=1+1" and cells[-1][7].data_type == "s"
    book.close()


def test_too_many_for_a_sheet_is_said(
    olga: User, three: list[AuditEntry], sign_in: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(views, "XLSX_ROWS", 2)
    page = sign_in(olga).get(reverse("audit-export", args=["xlsx"]), {"q": ""}, follow=True)
    assert "holds up to 2 entries" in page.content.decode()
    assert not AuditEntry.objects.filter(verb="audit.exported").exists()
    fits = sign_in(olga).get(reverse("audit-export", args=["xlsx"]), {"group": "jobs"})
    assert fits.status_code == 200 and b"".join(fits.streaming_content)


def test_other_kinds_of_file_are_not_found(olga: User, sign_in: Any) -> None:
    assert sign_in(olga).get("/audit/export/pdf/").status_code == 404


def test_a_file_is_in_the_readers_language(olga: User, three: list[AuditEntry], sign_in: Any) -> None:
    User.objects.filter(pk=olga.pk).update(language="zh-hans")
    with translation.override("zh-hans"):
        words = translation.gettext("Who")
    head, *_rows = read_csv(sign_in(olga).get(reverse("audit-export", args=["csv"])))
    assert head[2] == words


@pytest.mark.parametrize("first", "=+-@\t\r\n\0＝＋－＠")
def test_no_cell_begins_a_formula(first: str) -> None:
    assert safe_cell(f"{first}1+1") == f"'{first}1+1"
    assert safe_cell("1=1") == "1=1" and safe_cell(None) == ""


def test_no_formula_begins_where_a_semicolon_parts_cells() -> None:
    file = b"".join(csv_lines(["Name"], [["x;=1+1"]])).decode("utf-8-sig")
    assert list(csv.reader(io.StringIO(file), delimiter=";")) == [["Name"], ["x;=1+1"]]
