"""Jobs from the command line: `manage.py jobs create|show|confirm|pause|resume|stop|cancel|list`.

Acts as the enterprise's first owner. With `--json` the standard output is one JSON object and nothing else.
"""

from __future__ import annotations

import json
import time
import uuid
import zoneinfo
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from django.core.files import File
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db.models import Q, QuerySet
from django.utils.dateparse import parse_datetime

from accounts.models import Enterprise, Role, User
from accounts.permissions import may
from console.lib.errors import NotAllowed
from sending import counts as counting
from sending import intake, jobs
from sending.intake import problems, upload
from sending.models import SendJob
from sending.states import JobStatus, MessageState
from templates_app.models import MessageTemplate, Signature

# A worker takes a file within moments; when none does for so long, the command reads it itself.
PATIENCE_SECONDS = 3.0
CHECK_SECONDS = 900.0
DEEDS: dict[str, Callable[..., None]] = {
    "pause": jobs.pause,
    "resume": jobs.resume,
    "stop": jobs.stop,
    "cancel": jobs.cancel,
}


class Command(BaseCommand):
    help = "Create, look at and control send jobs."

    def add_arguments(self, parser: CommandParser) -> None:
        deeds = parser.add_subparsers(dest="deed", required=True)
        create = deeds.add_parser("create", help="upload a file and check it; with --confirm send it")
        create.add_argument("--enterprise", required=True, help="name or id")
        create.add_argument("--template", required=True, help="name or id")
        create.add_argument("--signature", metavar="NAME", help="name or id, to send a universal template under")
        create.add_argument("--file", required=True, type=Path, help=".xlsx or .csv")
        create.add_argument("--number", metavar="COLUMN", help="heading of the column with the numbers")
        create.add_argument(
            "--value", metavar="VARIABLE=COLUMN", action="append", default=[], help="which column fills a variable"
        )
        create.add_argument("--name", help="the job's name; without it the file's")
        create.add_argument("--at", metavar="TIME", help="confirm for this time, in the enterprise's zone")
        create.add_argument(
            "--confirm",
            action="store_true",
            help="send what can be sent; you declare by it that the recipients have agreed",
        )
        confirm = deeds.add_parser("confirm", help="send a checked job, now or at a time; declares consent, too")
        confirm.add_argument("--at", metavar="TIME", help="in the enterprise's zone unless it names one")
        ours = [confirm, deeds.add_parser("show", help="what became of its rows")]
        ours += [deeds.add_parser(name, help=f"{name} a job") for name in DEEDS]
        for sub in ours:
            sub.add_argument("id", type=int, help="the job's number")
        listing = deeds.add_parser("list", help="the newest jobs")
        listing.add_argument("--enterprise", help="name or id; without it all")
        for sub in (create, *ours):
            sub.add_argument("--by", metavar="E-MAIL", help="who does it; without it the enterprise's first owner")
        for sub in (create, listing, *ours):
            sub.add_argument("--json", action="store_true", help="answer with one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        deed = options["deed"]
        try:
            if deed == "create":
                self.create(options)
            elif deed == "list":
                self.list(options)
            else:
                self.change(deed, options)
        except NotAllowed as problem:
            raise CommandError(str(problem)) from problem

    def create(self, options: dict[str, Any]) -> None:
        enterprise = by_name_or_id(Enterprise.objects.all(), options["enterprise"], "enterprise")
        template = by_name_or_id(
            MessageTemplate.objects.filter(enterprise=enterprise), options["template"], "template of this enterprise"
        )
        version = template.approved_version
        if version is None or not MessageTemplate.objects.sendable().filter(pk=template.pk).exists():
            raise CommandError(f"The template {template.name} cannot be sent: it, or its signature, is not approved.")
        signature = signature_for(template, options["signature"])
        by = acting_for(enterprise, options["by"])
        at = read_time(options["at"], enterprise) if options["at"] else None
        if at:
            jobs.check_time(at)
        wanted = wanted_columns(options)
        if unknown := set((wanted or {}).get("values", {})) - {v.name for v in version.typed_variables}:
            raise CommandError(f"The template {template.name} has no variable {', '.join(sorted(unknown))}.")
        path: Path = options["file"]
        try:
            handle = path.open("rb")
        except OSError as error:
            raise CommandError(f"{path} cannot be opened: {error.strerror}.") from error
        with handle:
            job = upload.receive(
                enterprise=enterprise,
                by=by,
                token=uuid.uuid4(),
                name=options["name"] or path.stem[:60],
                version=version,
                signature=signature,
                recipients=upload.Recipients(File(handle, name=path.name), wanted_columns=wanted or {}),
            )
        wait_for_check(job)
        if job.status == JobStatus.CHECKED and (options["confirm"] or at):
            try:
                jobs.confirm(job, by=by, plan=jobs.Plan(at=at))
            except NotAllowed:
                self.show(job, as_json=options["json"])
                raise
        self.show(job, as_json=options["json"])
        if job.status == JobStatus.UNREADABLE:
            raise CommandError(" ".join(str(sentence) for sentence in problems.describe_fault(job.files.get().fault)))

    def change(self, deed: str, options: dict[str, Any]) -> None:
        job = SendJob.objects.select_related("enterprise").filter(pk=options["id"]).first()
        if job is None:
            raise CommandError(f"There is no job {options['id']}.")
        if deed == "confirm":
            at = read_time(options["at"], job.enterprise) if options["at"] else None
            jobs.confirm(job, by=acting_for(job.enterprise, options["by"]), plan=jobs.Plan(at=at))
        elif deed != "show":
            DEEDS[deed](job, by=acting_for(job.enterprise, options["by"]))
        self.show(job, as_json=options["json"])

    def show(self, job: SendJob, *, as_json: bool) -> None:
        figures = describe(job)
        if as_json:
            self.stdout.write(json.dumps(figures))
            return
        self.stdout.write(f"Job {job.pk}  {job.name}  {figures['status']}, {figures['total']} rows")
        for title, part in (("", figures["rows"]), ("  refused: ", figures["problems"])):
            for key, n in part.items():
                if n:
                    self.stdout.write(f"  {title}{key:<12} {n}")

    def list(self, options: dict[str, Any]) -> None:
        found = SendJob.objects.order_by("-id")
        if options["enterprise"]:
            enterprise = by_name_or_id(Enterprise.objects.all(), options["enterprise"], "enterprise")
            found = found.filter(enterprise=enterprise)
        newest = list(found[:20])
        if options["json"]:
            self.stdout.write(json.dumps({"jobs": [describe(job) | {"name": job.name} for job in newest]}))
            return
        for job in newest:
            self.stdout.write(f"{job.pk:>8}  {job.status:<10} {job.total:>9}  {job.name}")


def describe(job: SendJob) -> dict[str, Any]:
    """What scripts read. `rows` has every state, also those without rows."""
    job.refresh_from_db()
    counts = counting.of_job(job)
    return {
        "id": job.pk,
        "status": job.status,
        "total": job.total,
        "rows": {state.key: counts.get(state, 0) for state in MessageState},
        "problems": dict(counting.codes_of_job(job, MessageState.INVALID)),
    }


def wait_for_check(job: SendJob) -> None:
    """Until the worker has read the file; without a worker the file is read here."""
    begun = time.monotonic()
    while job.status == JobStatus.UPLOADED:
        waited = time.monotonic() - begun
        if waited > CHECK_SECONDS:
            raise CommandError(f"Job {job.pk} is still being checked. Look again with: manage.py jobs show {job.pk}")
        file = job.files.get()
        if waited > PATIENCE_SECONDS and file.reader is None and not file.rows_read:
            intake.read(file.pk)
        else:
            time.sleep(0.1)
        job.refresh_from_db()


def wanted_columns(options: dict[str, Any]) -> dict[str, Any] | None:
    values = {}
    for pair in options["value"]:
        variable, separator, column = pair.partition("=")
        variable = variable.strip().removeprefix("${").removesuffix("}")
        if not separator or not variable or not column:
            raise CommandError(f"--value {pair}: write the variable, =, and the column's heading, for example 1=Name.")
        values[variable] = column
    if not values and not options["number"]:
        return None
    return ({"number": options["number"]} if options["number"] else {}) | ({"values": values} if values else {})


def by_name_or_id(found: QuerySet[Any], given: str, what: str) -> Any:
    match = Q(name=given) | (Q(pk=int(given)) if given.isdecimal() and len(given) < 18 else Q(pk=None))
    # A name made of digits goes before an id.
    thing = sorted(found.filter(match), key=lambda candidate: candidate.name != given)[:1]
    if not thing:
        raise CommandError(f"There is no {what} with the name or id {given}.")
    return thing[0]


def signature_for(template: MessageTemplate, given: str | None) -> Signature | None:
    """The one named, of the template's application and type; that it can be sent under is checked with the upload."""
    if not given:
        if template.universal:
            raise CommandError(f"The template {template.name} is universal: name what to send under with --signature.")
        return None
    fitting = Signature.objects.own().filter(application=template.application_id, type=template.type)
    kept: Signature = by_name_or_id(
        # Of those that bear the name, such as rejected ones before it, the newest.
        fitting.filter(removed_at__isnull=True).order_by("-pk"),
        given,
        "signature of the template’s application and type",
    )
    return kept


def acting_for(enterprise: Enterprise, email: str | None) -> User:
    """The person the deed is recorded as done by: the one named, else the enterprise's first owner."""
    if not email:
        return first_owner(enterprise)
    person = User.objects.with_email(email).filter(enterprise=enterprise, is_active=True).first()
    if person is None or not may(person, "jobs.send"):
        raise CommandError(f"{email} is nobody of {enterprise} who may send.")
    return person


def first_owner(enterprise: Enterprise) -> User:
    owner = User.objects.filter(enterprise=enterprise, role=Role.OWNER, is_active=True).order_by("pk").first()
    if owner is None:
        raise CommandError(f"{enterprise} has no active owner to act for.")
    return owner


def read_time(text: str, enterprise: Enterprise) -> datetime:
    try:
        moment = parse_datetime(text)
    except ValueError:
        moment = None
    if moment is None:
        raise CommandError(
            f"--at {text}: write the time like 2026-03-31T09:00, or with a zone like 2026-03-31T09:00+08:00."
        )
    return moment if moment.tzinfo else moment.replace(tzinfo=zoneinfo.ZoneInfo(enterprise.time_zone))
