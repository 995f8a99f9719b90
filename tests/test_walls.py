"""Every URL, every role, another enterprise: what belongs to others is never found, and nothing changes by asking."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.db import connection
from django.test import Client
from django.urls import reverse

from accounts.models import (
    Agreement,
    Application,
    Contact,
    Document,
    Invitation,
    OwnNumber,
    Request,
    Role,
    User,
    Verification,
)
from accounts.permissions import CAN, STAFF, TENANT
from sending.models import JobDraft, JobExport, JobStatus, RecipientList, SendJob
from templates_app.models import Qualification, Signature, TemplateImport, TemplateVersion, WordList
from tests import make
from tests.keys import add_key
from tests.test_conventions import routes

pytestmark = pytest.mark.django_db
TABLES = """
    SELECT relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE relkind IN ('r', 'p') AND nspname = current_schema() AND NOT relispartition
      AND relname NOT IN ('django_session', 'usersessions_usersession', 'console_cache', 'django_migrations')
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
    job_draft: JobDraft
    document: Document
    asked: Request
    verification: Verification
    own_number: OwnNumber
    colleague: User
    invitation: Invitation
    invitation_secret: str
    reviewer: User
    staff_invitation: Invitation
    key: Authenticator
    contact: Contact
    agreement: Agreement
    qualification: Qualification
    sheet: TemplateImport
    words: WordList
    export: JobExport
    saved_list: RecipientList

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
    invitation, invitation_secret = make.invitation(by=alice)
    staff_invitation, _secret = make.invitation(by=make.user(role=Role.ADMINISTRATOR), role=Role.REVIEWER)
    return Things(
        alice,
        version,
        draft,
        signature,
        pending,
        jobs,
        JobDraft.objects.create(enterprise=make.home(alice), name="Unfinished", created_by=alice),
        document=make.document(by=alice),
        asked=make.request(by=alice),
        verification=make.verification(by=alice),
        own_number=make.own_number(of=make.home(alice), verified=False),
        colleague=make.user(role=Role.VIEWER, of=alice.enterprise),
        invitation=invitation,
        invitation_secret=invitation_secret,
        reviewer=make.reviewer(),
        staff_invitation=staff_invitation,
        key=add_key(alice)[0],
        contact=Contact.objects.create(enterprise=make.home(alice), name="Dana Hu", email="dana@example.com"),
        agreement=Agreement.objects.create(number=1, text_en="Be fair.", text_zh="公平。"),
        qualification=make.qualification(by=alice, name="Pending qualification", approved=None),
        sheet=TemplateImport.objects.create(
            enterprise=make.home(alice),
            by=alice,
            region="cn",
            file_name="templates.xlsx",
            rows=[{"row": 2, "cells": {"name": "Imported"}, "hidden": False}],
        ),
        words=WordList.objects.create(theme_en="Fake", theme_zh="假", words=["假货"]),
        export=make.export(job=jobs[JobStatus.SENDING], by=alice),
        saved_list=make.recipient_list(job=jobs[JobStatus.SENDING], by=alice),
    )


# One's own account, and how one comes to have it.
IDENTITY = [
    "account_signup", "account_email_verification_sent", "agreement-text", "account_reset_password",
    "account_reset_password_done", "account_reset_password_from_key_done", "mfa_authenticate", "account",
    "account_change_password", "account_reauthenticate", "mfa_reauthenticate", "mfa_reauthenticate_webauthn",
    "mfa_index", "mfa_activate_totp", "mfa_deactivate_totp", "mfa_add_webauthn", "mfa_view_recovery_codes",
    "mfa_generate_recovery_codes", "mfa_download_recovery_codes", "usersessions_list",
]  # fmt: skip

ADMINISTRATION = ["enterprises", "agreements", "agreement-edit"]
CALENDAR = ("calendar", "calendar-set", "calendar-clear", "calendar-known", "calendar-settings")
ENTERPRISE = ["enterprise-record", "enterprise-suspend", "enterprise-restore"]
AGREEMENT = ["agreement-version", "agreement-publish"]

# These belong to one person; not even colleagues find them.
PERSONAL = {"mfa_edit_webauthn", "mfa_remove_webauthn"}


def addresses(things: Things) -> dict[str, str]:
    """An address for every URL, with ids of alice's things. A URL that is not here fails the test below."""
    checked = ("job", "job-duplicate", "job-confirm", "job-columns", "job-refused-file", *CHECKED)
    job = dict.fromkeys(checked, things.jobs[JobStatus.CHECKED].pk)
    job |= dict.fromkeys(("job-pause", "job-stop", "job-speed", "job-resend"), things.jobs[JobStatus.SENDING].pk)
    job |= dict.fromkeys(("job-cancel", "job-reschedule"), things.jobs[JobStatus.SCHEDULED].pk)
    job |= {"job-resume": things.jobs[JobStatus.PAUSED].pk}
    plain = [
        "healthz",
        "account_login",
        "account_logout",
        "set-language",
        "overview",
        "jobs",
        "job-new",
        "carriers",
        "reviews",
    ]
    regional = ["applications", "application-new", "templates", "template-new", *TEMPLATES]
    cn = {"region": "cn"}
    template = things.version.template.pk
    return (
        {name: reverse(name) for name in [*plain, "signatures", "signature-new"]}
        | {name: reverse(name, kwargs=cn) for name in regional}
        | {name: reverse(name, args=[pk]) for name, pk in job.items()}
        | {
            **{name: reverse(name) for name in IDENTITY},
            **{name: reverse(name) for name in (*ADMINISTRATION, *CALENDAR)},
            **{name: reverse(name, args=[things.alice.enterprise_id]) for name in ENTERPRISE},
            **{name: reverse(name, args=[things.agreement.number]) for name in AGREEMENT},
            **{
                name: reverse(name, args=[things.alice.enterprise_id, things.application.pk])
                for name in ("platform-suspend", "platform-resume")
            },
            "platform-reset-factor": reverse(
                "platform-reset-factor", args=[things.alice.enterprise_id, things.colleague.pk]
            ),
            "mfa_edit_webauthn": reverse("mfa_edit_webauthn", args=[things.key.pk]),
            "mfa_remove_webauthn": reverse("mfa_remove_webauthn", args=[things.key.pk]),
            "account_confirm_email": reverse("account_confirm_email", args=["made-up"]),
            "account_reset_password_from_key": reverse("account_reset_password_from_key", args=["1", "made-up"]),
            **{name: reverse(name) for name in PEOPLE},
            **{name: reverse(name, args=[things.colleague.pk]) for name in PERSON},
            **{name: reverse(name, args=[things.reviewer.pk]) for name in STAFF_PERSON},
            **{name: reverse(name, args=[things.invitation.pk]) for name in INVITATION},
            **{f"staff-{name}": reverse(f"staff-{name}", args=[things.staff_invitation.pk]) for name in INVITATION},
            "invitation": reverse("invitation", args=[things.invitation_secret]),
            "document": reverse("document", args=[things.document.pk]),
            **{name: reverse(name, kwargs=cn | {"pk": things.application.pk}) for name in APPLICATION},
            **{name: reverse(name) for name in QUALIFICATIONS},
            **{name: reverse(name, args=[things.qualification.pk]) for name in QUALIFICATION},
            "signature": reverse("signature", args=[things.signature.pk]),
            **{name: reverse(name, args=[things.pending.pk]) for name in SIGNATURE},
            "channels": reverse("channels"),
            "channel": reverse("channel", args=[things.signature.pk]),
            "review-deactivate": reverse("review-deactivate", args=["signature", things.signature.pk]),
            "template": reverse("template", kwargs=cn | {"pk": template}),
            **{name: reverse(name, kwargs=cn | {"pk": template}) for name in TEMPLATE},
            **{name: reverse(name, kwargs=cn | {"pk": things.sheet.pk}) for name in TEMPLATE_IMPORT},
            "template-edit": reverse("template-edit", kwargs=cn | {"pk": things.draft.pk}),
            "version-withdraw": reverse("version-withdraw", args=[things.draft.pk]),
            "version-discard": reverse("version-discard", args=[things.draft.pk]),
            "version-submit": reverse("version-submit", args=[things.draft.pk]),
            **{name: reverse(name, args=[things.job_draft.pk]) for name in ("job-draft", "job-draft-delete")},
            "message": reverse("message", args=[things.jobs[JobStatus.SENDING].pk, 1]),
            "job-exports": reverse("job-exports", args=[things.jobs[JobStatus.SENDING].pk]),
            "job-export": reverse("job-export", args=[things.export.job_id, things.export.pk]),
            **{name: reverse(name, args=[things.saved_list.pk]) for name in ("list", "list-delete")},
            **{name: reverse(name) for name in ("lists", "codes", "jobs-export")},
            "list-new": f"{reverse('list-new')}?job={things.jobs[JobStatus.SENDING].pk}",
            "template-sample": reverse("template-sample", args=[things.version.pk]),
            "review": reverse("review", args=["signature", things.pending.pk]),
            **{name: reverse(name, args=["signature", things.pending.pk]) for name in SUBMISSION},
            **{name: reverse(name) for name in ("words", "words-new")},
            **{name: reverse(name, args=[things.words.pk]) for name in WORDS},
            "audit": reverse("audit"),
            "audit-export": reverse("audit-export", args=["csv"]),
            "contacts": reverse("contacts"),
            "contact-new": reverse("contact-new"),
            **{name: reverse(name, args=[things.contact.pk]) for name in CONTACT},
            "notices": reverse("notices"),
            "demo-outbox": reverse("demo-outbox"),
            "promise": reverse("promise"),
            "review-promise": reverse("review-promise"),
            "requests": reverse("requests"),
            "request-new": reverse("request-new"),
            "request": reverse("request", args=[things.asked.pk]),
            "request-withdraw": reverse("request-withdraw", args=[things.asked.pk]),
            **{name: reverse(name) for name in JOINING},
            **{name: reverse(name, args=[things.own_number.pk]) for name in NUMBER},
            "verification-submission": reverse("verification-submission", args=[things.verification.pk]),
            "verification-withdraw": reverse("verification-withdraw", args=[things.verification.pk]),
        }
    )


CHECKED = (
    "job-test", "job-preview", "job-takes", "job-tests", "job-add", "job-leave-out", "job-confirm-more",
)  # fmt: skip
JOINING = (
    "enterprise", "enterprise-edit", "enterprise-mode", "own-numbers", "own-number-new", "verification",
    "verification-new", "agreement",
)  # fmt: skip
NUMBER = ("own-number", "own-number-code", "own-number-service", "own-number-remove")
APPLICATION = (
    "application", "application-edit", "application-suspend", "application-resume", "application-secret",
    "application-rotate", "application-end-old", "application-push-secret", "application-sign",
    "application-stop-signing",
)  # fmt: skip
PEOPLE = ("people", "people-leave", "person-invite", "second-factor-required", "staff", "staff-invite")
PERSON = ("person", "person-remove", "person-reset-factor", "ownership-transfer")
STAFF_PERSON = ("staff-person", "staff-remove", "staff-reset-factor")
WORDS = ("words-edit", "words-remove")
SUBMISSION = ("submission-answer", "submission-urge")
TEMPLATES = ("templates-delete", "template-import-new", "template-import-sample")
TEMPLATE = ("template-new-version", "template-rename", "template-disable", "template-delete")
TEMPLATE_IMPORT = ("template-import", "template-import-failed")
SIGNATURE = (
    "signature-change", "signature-withdraw", "signature-remove", "signature-activate", "signature-stay-asleep",
    "signature-supplement",
)  # fmt: skip
QUALIFICATIONS = ("qualifications", "qualification-new", "qualification-letter", "qualification-delete-many")
QUALIFICATION = ("qualification", "qualification-withdraw", "qualification-delete")
CONTACT = ("contact", "contact-switch", "contact-remove")
INVITATION = ("invitation-resend", "invitation-withdraw")


# Addresses without an id of somebody's; the person's own list or form answers.
WITHOUT_ID = {
    *PEOPLE,
    *ADMINISTRATION,
    *CALENDAR,
    *QUALIFICATIONS,
    "invitation",  # open to whoever has its secret
    *JOINING,
    "healthz", "account_login", "account_logout", "set-language", "overview", "jobs", "job-new", "carriers", "reviews",
    "signatures", "signature-new", "channels", "applications", "application-new", "templates", "template-new",
    *TEMPLATES,
    "audit", "audit-export",
    "requests", "request-new",
    "contacts", "contact-new", "notices", "demo-outbox", "promise", "review-promise",
    "words", "words-new",
    "lists", "codes", "jobs-export", "list-new",
    "account_confirm_email", "account_reset_password_from_key", *IDENTITY,
}  # fmt: skip


def client(person: User | None) -> Client:
    made = Client()
    if person:
        made.force_login(person)
        make.prove(made, person)
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
                assert answer.status_code == 302 and answer.url.startswith(reverse("account_login")), f"{method} {name}"
    assert fingerprint() == before


@pytest.mark.parametrize("role", list(Role))
def test_pages_open_for_those_who_may(things: Things, role: Role) -> None:
    person = things.alice if role == Role.OWNER else make.user(role=role, of=things.alice.enterprise)
    someone = client(person)
    for name, view in routes():
        if role in CAN.get(view.policy, ()):  # type: ignore[attr-defined]
            status = ask(someone, "GET", addresses(things)[name]).status_code
            expected = {404} if name in PERSONAL and person != things.alice else {200, 302, 405}
            assert status in expected, f"{name} as {role}: {status}"


def test_the_lists_of_others_are_empty(things: Things) -> None:
    mallory = client(make.user(name="Mallory Qi", role=Role.OWNER))
    names = ("jobs", "qualifications", "signatures", "templates", "applications", "overview", "contacts", "notices")
    for name in names:
        page = mallory.get(addresses(things)[name]).content.decode()
        held = (things.version.template, things.signature.name, things.application, things.qualification, "Dana Hu")
        for secret in map(str, held):
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
