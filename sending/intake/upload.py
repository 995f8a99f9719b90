"""Taking a sheet in: one job for one posted form, its file stored, its check asked for. And the sample file to fill."""

from __future__ import annotations

import io
import uuid
from collections.abc import Mapping
from pathlib import PurePath
from typing import Any

from django.conf import settings
from django.core.files import File
from django.db import IntegrityError, transaction
from django.template.defaultfilters import filesizeformat
from django.utils import translation
from django.utils.translation import gettext as _

from accounts import audit, modes
from accounts.models import Enterprise, User
from accounts.models.application import ApplicationState
from accounts.models.enterprise import EnterpriseState
from console.lib.errors import NotAllowed
from console.lib.queue import after_commit
from console.lib.sheets import Writer
from sending.intake.columns import forms
from sending.models import SendJob
from templates_app.models import MessageType, TemplateVersion, VariableKind
from templates_app.models.signature import PRIORITY
from templates_app.models.template import Variable

NAME_MAX, FILE_NAME_MAX = 60, 200

# Numbers nobody has: unassigned in China, kept for films in North America.
_EXAMPLE_NUMBERS = {True: ("13900000001", "13900000002"), False: ("+12025550123", "+12025550143")}
_EXAMPLE_VALUES = {
    VariableKind.NUMBER: "A1024",
    VariableKind.MONEY: "99.50",
    VariableKind.TIME: "2026-03-31",
    VariableKind.PHONE: "4000000000",
}


def receive(
    *,
    enterprise: Enterprise,
    by: User,
    token: uuid.UUID,
    name: str,
    version: TemplateVersion,
    file: File,
    wanted_columns: Mapping[str, Any] | None = None,
) -> SendJob:
    """The job of this upload, *uploaded*, its check under way. The same `token` again gives the same job.

    `wanted_columns`: {"number": header, "values": {variable's name: header}}, any of it; headers or column letters.
    Raises NotAllowed with a text for the person.
    """
    if known := SendJob.objects.filter(enterprise=enterprise, token=token).first():
        return known
    _check(enterprise=enterprise, by=by, version=version, file=file)
    template = version.template
    file_name = PurePath(file.name or "").name
    job = SendJob(
        enterprise=enterprise,
        token=token,
        name=(name.strip() or PurePath(file_name).stem)[:NAME_MAX],
        application=template.application,
        version=version,
        signature=template.signature,
        priority=PRIORITY[MessageType(template.type)],
        file=file,
        file_name=file_name[:FILE_NAME_MAX],
        file_size=file.size,
        wanted_columns=_columns(version, wanted_columns or {}),
        created_by=by,
    )
    try:
        with transaction.atomic():
            job.save()
            audit.record(
                by=by,
                verb="job.uploaded",
                object_id=job.pk,
                enterprise_id=enterprise.pk,
                label=job.name,
                file=job.file_name,
                bytes=job.file_size,
            )
            after_commit("sending.read_upload", job_id=job.pk)
    except Exception as error:
        job.file.delete(save=False)
        # The form's other post was faster.
        if isinstance(error, IntegrityError):
            if known := SendJob.objects.filter(enterprise=enterprise, token=token).first():
                return known
            raise NotAllowed(_("This form was used before. Load the page again and upload the file anew.")) from error
        raise
    return job


def _check(*, enterprise: Enterprise, by: User, version: TemplateVersion, file: File) -> None:
    """Raises NotAllowed where this upload may not become a job."""
    template = version.template
    if enterprise.state != EnterpriseState.ACTIVE:
        raise NotAllowed(
            _("Your enterprise is “%(state)s” and cannot send. Ask the platform’s administrator.")
            % {"state": EnterpriseState(enterprise.state).label}
        )
    if version.enterprise_id != enterprise.pk or by.enterprise_id != enterprise.pk:
        raise NotAllowed(_("This template belongs to another enterprise. Choose one of yours."))
    if template.application.state != ApplicationState.LAUNCHED:
        raise NotAllowed(
            _("The application “%(name)s” is suspended. Choose a template of another application.")
            % {"name": template.application.name}
        )
    modes.check_region(enterprise, template.application.region)
    if not version.is_sendable:
        raise NotAllowed(_("This version of the template is not approved. Choose an approved template."))
    if template.type == MessageType.VERIFICATION:
        raise NotAllowed(_("Verification codes are sent one by one through the API, not to a list. Choose another."))
    if template.application.is_mainland and (template.signature is None or not template.signature.is_sendable):
        raise NotAllowed(_("The signature of this template is not approved, and mainland messages need one."))
    if file.size > settings.UPLOAD_MAX_BYTES:
        raise NotAllowed(
            _("The file has %(size)s; at most %(limit)s are accepted. Delete columns or split it, and upload again.")
            % {"size": filesizeformat(file.size), "limit": filesizeformat(settings.UPLOAD_MAX_BYTES)}
        )


def _columns(version: TemplateVersion, wanted: Mapping[str, Any]) -> dict[str, Any]:
    """What was chosen, and nothing else, whatever the form has sent."""
    chosen: dict[str, Any] = {}
    if number := str(wanted.get("number") or "").strip():
        chosen["number"] = number
    names = {variable.name for variable in version.typed_variables}
    given = wanted.get("values") or {}
    if values := {name: str(header).strip() for name, header in given.items() if name in names and header}:
        chosen["values"] = values
    return chosen


def sample_file(version: TemplateVersion, language: str) -> bytes:
    """An xlsx to fill in for this version: headers that will be recognised, two example rows, and how it is done."""
    variables = version.typed_variables
    with translation.override(language):
        number = _("Mobile number")
        headers = [number, *_headers(variables, taken=forms(number))]
        mainland = version.template.application.is_mainland
        rows = [[example, *map(_example, variables)] for example in _EXAMPLE_NUMBERS[mainland]]
        buffer = io.BytesIO()
        with Writer(buffer) as book:
            book.sheet(_("Recipients"), headers, rows)
            book.sheet(_("How to fill in"), [_("How to fill in")], [[line] for line in _instructions(variables)])
    return buffer.getvalue()


def _headers(variables: list[Variable], *, taken: set[str]) -> list[str]:
    """A header for each variable: its meaning, where that is clear, else its name as it stands in the text."""
    meanings = [variable.meaning.strip() for variable in variables]
    return [
        meaning if meaning and meanings.count(meaning) == 1 and not forms(meaning) & taken else f"${{{variable.name}}}"
        for variable, meaning in zip(variables, meanings, strict=True)
    ]


def _example(variable: Variable) -> str:
    kind = VariableKind(variable.kind)
    return variable.example or _EXAMPLE_VALUES.get(kind) or _("example")


def _instructions(variables: list[Variable]) -> list[str]:
    lines = [
        _("Fill in the first sheet: one recipient in each row, below the header. Replace the two example rows."),
        _("All columns are of text format, so that no number loses digits. Keep it when you paste."),
        _("Numbers of mainland China may be written with or without +86; others begin with + and the country code."),
        _("Hidden rows are not sent to. A number that stands in several rows is sent to once, for the first of them."),
    ]
    for variable in variables:
        lines.append(
            _("Column for ${%(name)s} %(meaning)s: %(kind)s, at most %(longest)s characters, never empty.")
            % {
                "name": variable.name,
                "meaning": variable.meaning,
                "kind": VariableKind(variable.kind).label,
                "longest": variable.longest,
            }
        )
    return lines
