"""What no page may fall for, asked of every URL: ids of nothing, and markup in what people write."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.db import connection
from django.db.models import Model
from django.test import Client
from django.urls import reverse

from accounts import administration, audit, invitations
from accounts.mail import message_of
from accounts.models import (
    Agreement,
    Application,
    Contact,
    Document,
    Enterprise,
    Notice,
    NoticeKind,
    OutgoingMail,
    Request,
    ReviewState,
    Role,
    User,
    Verification,
)
from accounts.permissions import CAN
from sending.models import Carrier, JobDraft, JobFile, RecipientList, SendJob
from templates_app.models import MessageTemplate, Qualification, TemplateImport, TemplateVersion
from tests import make
from tests.test_conventions import routes
from tests.test_walls import WITHOUT_ID, Things, addresses, ask, client, fingerprint, things  # noqa: F401

pytestmark = pytest.mark.django_db
PROBE = "<i data-probe=1>x</i>"
TEXTS: dict[type[Model], tuple[str, ...]] = {
    Enterprise: ("name", "address", "state_reason"),
    User: ("name",),
    Application: ("name",),
    Contact: ("name",),
    Document: ("name",),
    Request: ("why", "reason"),
    Verification: ("name", "address", "legal_person", "reason"),
    Agreement: ("text_en", "text_zh", "changes_en", "changes_zh"),
    MessageTemplate: ("name",),
    TemplateVersion: ("text", "purpose", "reason"),
    TemplateImport: ("file_name",),
    Qualification: ("name", "company", "manager_name", "remark", "reason"),
    SendJob: ("name",),
    JobDraft: ("name",),
    JobFile: ("file_name",),
    RecipientList: ("name",),
    Carrier: ("name",),
}


@pytest.mark.parametrize("role", [Role.OWNER, Role.REVIEWER, Role.ADMINISTRATOR])
@pytest.mark.parametrize("number", ["0", "999999999", "9" * 19, "9" * 40])
def test_ids_of_nothing_are_not_found(things: Things, role: Role, number: str) -> None:  # noqa: F811
    someone = client(things.alice if role == Role.OWNER else make.user(role=role))
    before = fingerprint()
    policies = {name: view.policy for name, view in routes()}  # type: ignore[attr-defined]
    for name, address in addresses(things).items():
        if name in WITHOUT_ID or role not in CAN[policies[name]]:
            continue
        wrong = re.sub(r"(?<=/)\d+(?=/)", number, address)
        assert wrong != address, name
        for method in ("GET", "POST"):
            status = ask(someone, method, wrong).status_code
            assert status in {404, 405}, f"{method} {wrong} as {role}: {status}"
    assert fingerprint() == before


def spoil(things: Things) -> None:  # noqa: F811
    """Names and words full of markup, wherever people write some."""
    make.carrier()
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")  # what was submitted never changes otherwise
        for model, fields in TEXTS.items():
            for row in model._default_manager.all():
                model._default_manager.filter(pk=row.pk).update(**dict.fromkeys(fields, f"{PROBE}{row.pk}"))
        cursor.execute("SET LOCAL session_replication_role = DEFAULT")
    home = make.home(things.alice)
    Notice.objects.create(
        enterprise=home, kind=NoticeKind.ACCOUNT, code="enterprise.suspended", facts={"reason": PROBE}, path="/"
    )
    for chain in (home.pk, None):
        audit.record(
            by=things.alice, verb="job.stopped", object_id=1, enterprise_id=chain, label=PROBE, before={"name": PROBE},
            after={"name": PROBE}, reason=PROBE,
        )  # fmt: skip


def shown(someone: Client, address: str) -> str:
    answer: Any = someone.get(address)
    whole = b"".join(answer.streaming_content) if answer.streaming else answer.content
    return whole.decode() if answer["Content-Type"].startswith("text/html") else ""


@pytest.mark.parametrize("role", [Role.OWNER, Role.REVIEWER, Role.ADMINISTRATOR])
def test_markup_in_a_name_stays_text_on_every_page(things: Things, role: Role) -> None:  # noqa: F811
    person = things.alice if role == Role.OWNER else make.user(role=role)
    spoil(things)
    someone, seen = client(User.objects.get(pk=person.pk)), set()
    reviews = {
        f"review of a {kind}": reverse("review", args=[kind, thing.pk])
        for kind, thing in (
            ("verification", things.verification),
            ("qualification", things.qualification),
            ("request", things.asked),
        )
    }
    for name, address in (addresses(things) | reviews).items():
        page = shown(someone, address)
        assert "<i data-probe" not in page, f"{name} as {role}"
        if "data-probe" in page:
            seen.add(name)
    wanted = {
        Role.OWNER: {"overview", "people", "contacts", "applications", "templates", "jobs", "audit", "enterprise"}
        | {"qualifications", "qualification"},
        Role.REVIEWER: {"reviews", "overview", "review of a verification", "review of a request"}
        | {"review of a qualification"},
        Role.ADMINISTRATOR: {"enterprises", "enterprise-record", "audit", "staff", "carriers"},
    }[role]
    assert wanted <= seen, wanted - seen  # else the probe was not there to be shown


def test_markup_in_a_name_stays_text_in_every_mail(things: Things) -> None:  # noqa: F811
    """Mails are plain text without another form, so that nothing in them is markup; and a name writes no line."""
    spoil(things)
    carol = make.user(role=Role.ADMINISTRATOR)
    User.objects.filter(pk=things.alice.pk).update(name=f"{PROBE}\r\nBcc: x@example.com")
    alice = User.objects.get(pk=things.alice.pk)
    invitations.invite("new@example.com", Role.VIEWER, by=alice)
    things.asked.move(ReviewState.REJECTED, by=carol, reason=f"{PROBE}\nBcc: y@example.com")
    things.verification.move(ReviewState.REJECTED, by=carol, reason=PROBE)
    things.pending.move(ReviewState.REJECTED, by=carol, reason=PROBE)
    administration.suspend(make.home(alice), by=carol, reason=f"{PROBE}\r\nBcc: z@example.com")
    assert OutgoingMail.objects.filter(text__contains="data-probe").count() >= 4
    for kept in OutgoingMail.objects.all():
        letter = message_of(kept).message()
        assert letter.get_content_type() == "text/plain" and letter["Bcc"] is None and len(letter["To"].split()) == 1
