"""Test data: keyword-only functions that build legal rows, walking the real moves to the state asked for."""

from __future__ import annotations

import hashlib
import io
import itertools
import secrets
import time
import uuid
from datetime import timedelta
from typing import Any, TypeVar

from django.core.files.base import ContentFile
from django.db import connection
from django.test import Client
from django.utils import timezone
from PIL import Image

from accounts import documents, requests
from accounts.models import (
    Agreement,
    Application,
    CalendarDay,
    Document,
    Enterprise,
    Invitation,
    OwnNumber,
    Request,
    RequestKind,
    ReviewState,
    Role,
    User,
    Verification,
)
from accounts.models.application import Region
from accounts.models.desk import calendar, today
from accounts.models.document import DocumentPurpose
from console.lib.documents import Checked, Kind
from sending import partitions
from sending.models import (
    Carrier,
    FileState,
    JobExport,
    JobFile,
    JobStatus,
    MakingState,
    MessageState,
    RecipientList,
    SendJob,
)
from sending.models.background import MadeFile
from sending.models.message import BLOCK_SHIFT, MONTH_SHIFT, month_number
from templates_app import channels
from templates_app.models import MessageTemplate, MessageType, Qualification, Signature, TemplateVersion
from templates_app.models.message_type import PRIORITY
from templates_app.models.qualification import CertificateKind, ManagerKind, Purpose

PASSWORD = "correct-horse-battery"
CREDIT_CODE = "91110000600037341L"
Made = TypeVar("Made", bound=MadeFile)
_serial = itertools.count(1)
TEXT = "尊敬的${1}，您本月消费${2}元。"
VARIABLES: list[dict[str, Any]] = [
    {"name": "1", "kind": "TEXT", "longest": 20, "meaning": "Name 姓名", "example": "王女士"},
    {"name": "2", "kind": "MONEY", "longest": 20, "meaning": "Amount 金额", "example": "99.50"},
]


def enterprise(*, name: str = "", verified: bool = True, **fields: Any) -> Enterprise:
    """One whose real name is verified, unless told otherwise: on trial it sends to its own numbers only."""
    fields.setdefault("verified_at", timezone.now() if verified else None)
    return Enterprise.objects.create(name=name or f"Enterprise {next(_serial)}", **fields)


def user(*, role: Role = Role.OPERATOR, of: Enterprise | None = None, name: str = "", **fields: Any) -> User:
    number = next(_serial)
    staff = role in (Role.REVIEWER, Role.ADMINISTRATOR)
    return User.objects.create_user(
        email=fields.pop("email", f"person{number}@example.com"),
        password=PASSWORD,
        name=name or f"Person {number}",
        role=role,
        enterprise=None if staff else of or enterprise(),
        **fields,
    )


def prove(client: Client, person: User) -> None:
    """`client`, in which `person` is signed in, has proved just now who it is: nothing asks for the password again."""
    session = client.session
    session["account_authentication_methods"] = [{"method": "password", "at": time.time(), "reauthenticated": True}]
    session["account_authentication_methods_user"] = str(person.pk)
    session.save()


def home(person: User) -> Enterprise:
    """The enterprise somebody belongs to, who is not of the staff."""
    assert person.enterprise
    return person.enterprise


def document(*, by: User, name: str = "licence.png", purpose: DocumentPurpose = DocumentPurpose.LICENCE) -> Document:
    """A small picture that was checked and stored; by somebody of the enterprise."""
    out = io.BytesIO()
    Image.new("RGB", (90, 60), "#b22222").save(out, "PNG")
    checked = Checked(name, Kind.PNG, out.getvalue(), 90, 60, 1)
    return documents.store(checked, enterprise=home(by), by=by, purpose=purpose)


def request(
    *, by: User, kind: RequestKind = RequestKind.INTERNATIONAL_APPLICATIONS, wanted: int | None = 5, why: str = "Brands"
) -> Request:
    """One that is in review."""
    figure = wanted if kind in (RequestKind.MAINLAND_APPLICATIONS, RequestKind.INTERNATIONAL_APPLICATIONS) else None
    made = Request(enterprise=home(by), kind=kind, wanted=figure, why=why)
    requests.submit(made, by=by)
    return made


def verification(*, by: User, approved: bool | None = None, **fields: Any) -> Verification:
    """One that is in review, or was decided by a reviewer; of the enterprise of `by`."""
    values: dict[str, Any] = {
        "name": home(by).name,
        "credit_code": CREDIT_CODE,
        "address": "1 Test Road",
        "legal_person": "Wang Lan",
    }
    values |= {"licence": fields.pop("licence", None) or document(by=by), **fields}
    made = Verification.objects.create(enterprise=home(by), declared=True, **values)
    made.move(ReviewState.IN_REVIEW, by=by)
    if approved is not None:
        state = ReviewState.APPROVED if approved else ReviewState.REJECTED
        made.move(state, by=reviewer(), reason="" if approved else "The licence cannot be read.")
    return made


def own_number(*, of: Enterprise, number: str = "", verified: bool = True) -> OwnNumber:
    number = number or f"+86139{next(_serial):08}"
    return OwnNumber.objects.create(enterprise=of, number=number, verified_at=timezone.now() if verified else None)


def agreement(*, published: bool = True, **fields: Any) -> Agreement:
    """The next version; published by nobody in particular."""
    last = Agreement.objects.order_by("-number").first()
    texts = {"text_en": "You send only what people want.", "text_zh": "只发送接收人愿意接收的短信。"}
    return Agreement.objects.create(
        number=last.number + 1 if last else 1, published_at=timezone.now() if published else None, **{**texts, **fields}
    )


def workday() -> None:
    """Make today one, as an administrator can: reviewers decide on workdays only, but tests are run on all days."""
    held = calendar()
    if not held.is_workday(today(held)):
        CalendarDay.objects.create(day=today(held), is_workday=True, why="Tests are run on all days")


def reviewer() -> User:
    return User.objects.filter(role=Role.REVIEWER).first() or user(role=Role.REVIEWER)


def administrator() -> User:
    return User.objects.filter(role=Role.ADMINISTRATOR).first() or user(role=Role.ADMINISTRATOR)


def application(*, by: User, region: Region = Region.MAINLAND, name: str = "") -> Application:
    made = Application(enterprise=home(by), created_by=by, region=region, name=name or f"app-{next(_serial)}")
    made.issue_key()
    made.save()
    return made


def qualification(
    *, by: User, approved: bool | None = True, name: str = "", settled: bool = False, **fields: Any
) -> Qualification:
    """Self-use, of the enterprise of `by`; in review where `approved` is None. `settled`: approved without a move."""
    values: dict[str, Any] = {
        "name": name or f"Qualification {next(_serial)}",
        "purpose": Purpose.OWN,
        "company": home(by).name,
        "credit_code": CREDIT_CODE,
        "certificate_kind": CertificateKind.LICENCE,
        "manager_kind": ManagerKind.LEGAL_PERSON,
        "manager_name": "Wang Lan",
        "manager_number": "+8613900000001",
        "manager_number_proved_at": timezone.now(),
        "manager_email": "wang@example.com",
    }
    values["certificate"] = fields.pop("certificate", None) or document(by=by)
    identity = [name for name in ("id_front", "id_back", "id_in_hand") if name not in fields]
    # One picture for all three: what stands on them matters to people only.
    values |= dict.fromkeys(identity, document(by=by, purpose=DocumentPurpose.IDENTITY) if identity else None)
    made = Qualification(enterprise=home(by), declared=True, **values | fields)
    made.id_number = "310101198001010018"
    for name, value in (_settled(by) if settled else {}).items():
        setattr(made, name, value)
    made.save()
    if not settled:
        decide(made, by=by, approved=approved)
    return made


def _settled(by: User) -> dict[str, Any]:
    """Fields of what was approved long ago, for what a test only rests on: no move, no notice, a tenth of the time."""
    now = timezone.now()
    return {
        "review_state": ReviewState.APPROVED,
        "submitted_by": by,
        "submitted_at": now,
        "decided_by": reviewer(),
        "decided_at": now,
    }


def decide(thing: Qualification | Signature | TemplateVersion, *, by: User, approved: bool | None) -> None:
    """None: leave it in review."""
    thing.move(ReviewState.IN_REVIEW, by=by)
    if approved is not None:
        state = ReviewState.APPROVED if approved else ReviewState.REJECTED
        thing.move(state, by=reviewer(), reason="" if approved else "Not about your company.")


def signature(
    *,
    by: User,
    app: Application | None = None,
    name: str = "清禾会员",
    type: MessageType = MessageType.NOTIFICATION,
    approved: bool | None = True,
    number: str | None = None,
    settled: bool = False,
    **fields: Any,
) -> Signature:
    """With an approved qualification; where it is approved itself, with a channel number, unless `number` is "".

    `settled`: approved and numbered without a move.
    """
    fields.setdefault("qualification", None if fields.get("legacy") else _held_qualification(by))
    if settled:
        now = timezone.now()
        numbered = {"registration": "done", "channel_number": f"10690{next(_serial):07}", "awake_since": now}
        fields |= numbered | _settled(by)
    made = Signature.objects.create(
        enterprise=home(by), application=app or application(by=by), name=name, type=type, purpose="Notices", **fields
    )
    if settled:
        return made
    decide(made, by=by, approved=approved)
    if approved and number != "":
        channels.assign(made, number or f"10690{next(_serial):07}", by=administrator())
    return made


def _held_qualification(by: User) -> Qualification:
    held = Qualification.objects.approved().filter(enterprise=home(by), purpose=Purpose.OWN).first()
    if held:
        return held
    # One picture of a document stands for all papers: what is on them matters to people only.
    paper = document(by=by, purpose=DocumentPurpose.IDENTITY)
    return qualification(by=by, settled=True, certificate=paper, id_front=paper, id_back=paper, id_in_hand=paper)


def template(
    *,
    by: User,
    text: str = TEXT,
    variables: list[dict[str, Any]] | None = None,
    type: MessageType = MessageType.NOTIFICATION,
    region: Region = Region.MAINLAND,
    approved: bool | None = True,
    sign: Signature | None = None,
    app: Application | None = None,
    **fields: Any,
) -> TemplateVersion:
    """Version 1 of a new template; with it an application and, on the mainland, a signature unless it is `universal`.

    `fields`: of the template, such as `universal`, `brackets`, `countries`.
    """
    app = app or (sign.application if sign else application(by=by, region=region))
    if region == Region.MAINLAND and sign is None and not fields.get("universal"):
        sign = signature(by=by, app=app, type=type, name=f"清禾{next(_serial)}", settled=True)
    made = MessageTemplate.objects.create(
        enterprise=home(by),
        application=app,
        signature=sign if region == Region.MAINLAND else None,
        name=f"Template_{next(_serial)}",
        type=type,
        created_by=by,
        **fields,
    )
    version = TemplateVersion.objects.create(
        enterprise=home(by),
        template=made,
        number=1,
        text=text,
        variables=VARIABLES if variables is None else variables,
        purpose="Sent to members each month.",
    )
    decide(version, by=by, approved=approved)
    return version


def carrier(*, name: str = "", bound: bool = True, **fields: Any) -> Carrier:
    made = Carrier(
        name=name or f"carrier-{next(_serial)}",
        host="127.0.0.1",
        port=2775,
        system_id="test",
        bound_at=timezone.now() if bound else None,
        **fields,
    )
    made.set_password("secret")
    made.save()
    return made


def job(
    *,
    by: User,
    rows: int = 3,
    invalid: int = 0,
    status: JobStatus = JobStatus.SENDING,
    version: TemplateVersion | None = None,
    segments: int = 1,
    name: str = "",
    sign: Signature | None = None,
) -> SendJob:
    """A job whose first `rows` rows are queued and whose last `invalid` rows are not; numbers +8613800000000 upward.

    `sign`: what a universal template is sent under.
    """
    version = version or template(by=by)
    made = SendJob.objects.create(
        enterprise=home(by),
        name=name or f"Job {next(_serial)}",
        application=version.template.application,
        version=version,
        signature=sign or version.template.signature,
        priority=PRIORITY[MessageType(version.template.type)],
        created_by=by,
    )
    file = JobFile.objects.create(
        job=made, number=1, file="none", file_name="people.xlsx", file_size=1, created_by=by, digest=secrets.token_hex()
    )
    if status in (JobStatus.UPLOADED, JobStatus.UNREADABLE):
        if status == JobStatus.UNREADABLE:
            file.move(FileState.UNREADABLE, fault={"code": "empty"})
            made.move(status, by=None)
        return made
    load(made, rows=rows, invalid=invalid, segments=segments)
    summary = {
        "good": rows,
        "repaired": 0,
        "refused": invalid,
        "segments": {str(segments): rows},
        "segments_total": rows * segments,
        "countries": {"CN": rows},
    }
    now = timezone.now()
    file.move(FileState.CHECKED, total=rows + invalid, checked_at=now, summary=summary)
    made.move(JobStatus.CHECKED, by=None, total=rows + invalid, checked_at=now, first_id=made.first_id)
    walk(made, to=status, by=by)
    return made


def walk(job: SendJob, *, to: JobStatus, by: User) -> None:
    now = timezone.now()
    if to != JobStatus.CHECKED:
        state = FileState.LEFT_OUT if to == JobStatus.CANCELLED else FileState.CONFIRMED
        job.files.get().move(state, settled_by=by, settled_at=now)
    if to == JobStatus.CANCELLED:
        job.move(to, by=by)
    elif to == JobStatus.SCHEDULED:
        job.move(to, by=by, confirmed_by=by, scheduled_at=now + timedelta(days=1), released=job.total)
    elif to != JobStatus.CHECKED:
        job.move(JobStatus.SENDING, by=by, confirmed_by=by, started_at=now, released=job.total)
        if to != JobStatus.SENDING:
            job.move(to, by=by)


def load(job: SendJob, *, rows: int, invalid: int = 0, segments: int = 1) -> None:
    partitions.ensure()
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval('sending_job_block')")
        block = cursor.fetchone()[0]
        job.first_id = month_number(timezone.now()) << MONTH_SHIFT | block << BLOCK_SHIFT
        SendJob.objects.filter(pk=job.pk).update(first_id=job.first_id)
        cursor.execute(
            """
            INSERT INTO sending_message (id, enterprise_id, job_id, row, number, values, country, segments, state, code)
            SELECT %(first)s + i, %(enterprise)s, %(job)s, i + 2, '+86138' || lpad(i::text, 8, '0'),
                ARRAY['王女士', i::text], 'CN', %(segments)s,
                CASE WHEN i < %(rows)s THEN 0 ELSE 9 END, CASE WHEN i < %(rows)s THEN '' ELSE 'too_short' END
            FROM generate_series(0, %(last)s) AS i
            """,
            {
                "first": job.first_id,
                "enterprise": job.enterprise_id,
                "job": job.pk,
                "rows": rows,
                "segments": segments,
                "last": rows + invalid - 1,
            },
        )
        cursor.execute(
            """
            INSERT INTO sending_countdelta (job_id, hour, country, state, code, n, segments)
            SELECT job_id, date_trunc('hour', created_at, 'UTC'), country, state, code, count(*), sum(segments)
            FROM sending_message WHERE id >= %s AND id < %s GROUP BY 1, 2, 3, 4, 5
            """,
            [job.first_id, job.first_id + (1 << BLOCK_SHIFT)],
        )


def export(*, job: SendJob, by: User, **fields: Any) -> JobExport:
    """One that is ready to be fetched."""
    return _made(JobExport(job=job, language="en", enterprise=home(by), created_by=by, **fields))


def recipient_list(*, job: SendJob, by: User, name: str = "Members", **fields: Any) -> RecipientList:
    """One that can be sent to, with one number."""
    columns = ["Mobile number"]
    return _made(RecipientList(job=job, name=name, columns=columns, enterprise=home(by), created_by=by, **fields))


def _made(made: Made) -> Made:
    made.maker = uuid.uuid4()
    made.file.save("", ContentFile(b"Mobile number\r\n+8613800000000\r\n"), save=False)
    made.state, made.rows, made.made_at, made.maker = MakingState.READY, 1, timezone.now(), None
    made.save()
    return made


def states(job: SendJob) -> dict[str, int]:
    """Rows by state as the ledger has them, only those that occur."""
    from sending import counts

    return {MessageState(state).key: n for state, n in counts.recount(job).items() if n}


def invitation(*, by: User, email: str = "", role: Role = Role.OPERATOR) -> tuple[Invitation, str]:
    """An open one, and the secret of its link; no mail counts as sent."""
    secret = secrets.token_urlsafe(32)
    made = Invitation.objects.create(
        enterprise=by.enterprise,
        email=email or f"invited{next(_serial)}@example.com",
        role=role,
        invited_by=by,
        secret_hash=hashlib.sha256(secret.encode()).hexdigest(),
        expires_at=timezone.now() + timedelta(days=7),
    )
    return made, secret
