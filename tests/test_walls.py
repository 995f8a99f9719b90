"""Every URL, every role, another enterprise: what belongs to others is never found, and nothing changes by asking."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse

from accounts.models import Application, Role, User
from accounts.permissions import CAN, STAFF, TENANT
from sending.models import JobStatus, SendJob
from templates_app.models import Signature, TemplateVersion
from tests import make
from tests.test_conventions import routes

pytestmark = pytest.mark.django_db
TABLES = """
    SELECT relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE relkind IN ('r', 'p') AND nspname = current_schema() AND NOT relispartition
      AND relname NOT IN ('django_session', 'django_migrations')
"""


@dataclass
class Things:
    """One of everything that belongs to alice's enterprise."""

    alice: User
    version: TemplateVersion
    draft: TemplateVersion
    signature: Signature
    pending: Signature
    jobs: dict[JobStatus, SendJob]

    @property
    def application(self) -> Application:
        return self.version.template.application


@pytest.fixture
def things(db: None) -> Things:
    alice = make.user(name="Alice Wu", role=Role.OWNER, language="en")
    version = make.template(by=alice)
    signature = version.template.signature
    assert signature
    draft = TemplateVersion.objects.create(
        enterprise=make.home(alice), template=version.template, number=2, text="Draft", purpose="Later"
    )
    pending = make.signature(by=alice, app=version.template.application, name="待审签名", approved=None)
    statuses = [JobStatus.CHECKED, JobStatus.SENDING, JobStatus.SCHEDULED, JobStatus.PAUSED]
    jobs = {status: make.job(by=alice, version=version, rows=2, invalid=1, status=status) for status in statuses}
    return Things(alice, version, draft, signature, pending, jobs)


def addresses(things: Things) -> dict[str, str]:
    """An address for every URL, with ids of alice's things. A URL that is not here fails the test below."""
    job = dict.fromkeys(("job", "job-confirm", "job-columns", "job-refused-file"), things.jobs[JobStatus.CHECKED].pk)
    job |= dict.fromkeys(("job-pause", "job-stop"), things.jobs[JobStatus.SENDING].pk)
    job |= {"job-resume": things.jobs[JobStatus.PAUSED].pk, "job-cancel": things.jobs[JobStatus.SCHEDULED].pk}
    plain = ["healthz", "sign-in", "sign-out", "set-language", "overview", "jobs", "job-new", "carriers", "reviews"]
    regional = ["applications", "application-new", "templates", "template-new"]
    cn = {"region": "cn"}
    template = things.version.template.pk
    return (
        {name: reverse(name) for name in [*plain, "signatures", "signature-new"]}
        | {name: reverse(name, kwargs=cn) for name in regional}
        | {name: reverse(name, args=[pk]) for name, pk in job.items()}
        | {
            "application": reverse("application", kwargs=cn | {"pk": things.application.pk}),
            "signature": reverse("signature", args=[things.signature.pk]),
            "signature-withdraw": reverse("signature-withdraw", args=[things.pending.pk]),
            "template": reverse("template", kwargs=cn | {"pk": template}),
            "template-new-version": reverse("template-new-version", kwargs=cn | {"pk": template}),
            "template-edit": reverse("template-edit", kwargs=cn | {"pk": things.draft.pk}),
            "version-withdraw": reverse("version-withdraw", args=[things.draft.pk]),
            "version-discard": reverse("version-discard", args=[things.draft.pk]),
            "template-sample": reverse("template-sample", args=[things.version.pk]),
            "review": reverse("review", args=["signature", things.pending.pk]),
        }
    )


# Addresses without an id of somebody's; the person's own list or form answers.
WITHOUT_ID = {
    "healthz", "sign-in", "sign-out", "set-language", "overview", "jobs", "job-new", "carriers", "reviews",
    "signatures", "signature-new", "applications", "application-new", "templates", "template-new",
}  # fmt: skip


def client(person: User | None) -> Client:
    made = Client()
    if person:
        made.force_login(person)
    return made


def fingerprint() -> dict[str, str]:
    """A hash of each table's rows."""
    found = {}
    with connection.cursor() as cursor:
        cursor.execute(TABLES)
        for (table,) in cursor.fetchall():
            cursor.execute(f"SELECT md5(string_agg(t::text, '|' ORDER BY t::text)) FROM \"{table}\" t")
            row = cursor.fetchone()
            found[table] = str(row and row[0])
    return found


def ask(someone: Client, method: str, address: str) -> Any:
    answer: Any = someone.generic(method, address)
    if answer.streaming:
        b"".join(answer.streaming_content)  # a file that is answered with stays open until it is read
    return answer


def test_every_url_is_swept(things: Things) -> None:
    assert set(addresses(things)) == {name for name, _ in routes()}


@pytest.mark.parametrize("role", [Role.OWNER, Role.ADMIN, Role.OPERATOR, Role.VIEWER])
def test_people_of_another_enterprise_find_nothing(things: Things, role: Role) -> None:
    mallory = client(make.user(name="Mallory Qi", role=role))
    policies = {name: view.policy for name, view in routes()}  # type: ignore[attr-defined]
    before = fingerprint()
    for name, address in addresses(things).items():
        if name in WITHOUT_ID:
            continue
        for method in ("GET", "POST", "PUT", "DELETE"):
            status = ask(mallory, method, address).status_code
            allowed = role in CAN[policies[name]]
            assert status in ({404, 405} if allowed else {403, 405}), f"{method} {address} as {role}: {status}"
    assert fingerprint() == before


@pytest.mark.parametrize("role", [Role.VIEWER, Role.REVIEWER, Role.ADMINISTRATOR])
def test_without_the_right_nothing_happens(things: Things, role: Role) -> None:
    """A viewer of the same enterprise, and staff, at everything their role does not allow."""
    person = make.user(role=role, of=things.alice.enterprise)
    someone = client(person)
    before = fingerprint()
    for name, view in routes():
        if view.policy == "open" or role in CAN[view.policy]:  # type: ignore[attr-defined]
            continue
        for method in ("GET", "POST"):
            status = ask(someone, method, addresses(things)[name]).status_code
            assert status in {403, 405}, f"{method} {name} as {role}: {status}"
    assert fingerprint() == before


def test_strangers_are_sent_to_sign_in(things: Things) -> None:
    before = fingerprint()
    for name, view in routes():
        for method in ("GET", "POST"):
            answer = ask(client(None), method, addresses(things)[name])
            if view.policy != "open":  # type: ignore[attr-defined]
                assert answer.status_code == 302 and answer.url.startswith(reverse("sign-in")), f"{method} {name}"
    assert fingerprint() == before


@pytest.mark.parametrize("role", list(Role))
def test_pages_open_for_those_who_may(things: Things, role: Role) -> None:
    person = things.alice if role == Role.OWNER else make.user(role=role, of=things.alice.enterprise)
    someone = client(person)
    for name, view in routes():
        if role in CAN.get(view.policy, ()):  # type: ignore[attr-defined]
            status = ask(someone, "GET", addresses(things)[name]).status_code
            assert status in {200, 302, 405}, f"{name} as {role}: {status}"


def test_the_lists_of_others_are_empty(things: Things) -> None:
    mallory = client(make.user(name="Mallory Qi", role=Role.OWNER))
    for name in ("jobs", "signatures", "templates", "applications", "overview"):
        page = mallory.get(addresses(things)[name]).content.decode()
        for secret in (str(things.version.template), str(things.signature.name), str(things.application)):
            assert secret not in page, f"{name} shows {secret}"


def test_an_ended_person_is_out(things: Things) -> None:
    someone = client(things.alice)
    assert someone.get(reverse("overview")).status_code == 200
    User.objects.filter(pk=things.alice.pk).update(is_active=False)
    assert someone.get(reverse("overview")).status_code == 302


def test_hashes_see_a_change(things: Things) -> None:
    """The sweep would notice: a table changed by one row has another fingerprint."""
    before = fingerprint()
    things.jobs[JobStatus.SENDING].move(JobStatus.PAUSED, by=things.alice)
    after = fingerprint()
    assert {table for table in before if before[table] != after[table]} == {"sending_sendjob", "accounts_auditentry"}


def test_every_role_is_in_the_matrix() -> None:
    assert set(Role) == TENANT | STAFF
