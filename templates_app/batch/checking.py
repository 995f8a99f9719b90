"""What each row of a sheet would become, and everything that is wrong with it. Writes nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from accounts.models import Application, Enterprise, ReviewState
from accounts.models.application import Region
from accounts.models.review import LIVE, PENDING
from templates_app import drafts, prechecks
from templates_app.batch import columns, variables
from templates_app.drafts import Draft
from templates_app.models import MessageTemplate, MessageType, Signature, TemplateVersion
from templates_app.models.template import TEMPLATES_MAX, TEXT_MAX, Brackets
from templates_app.rules import Subject, Theme, precheck
from templates_app.template_deeds import name_faults

PURPOSE_MAX = 500


@dataclass(slots=True)
class Checked:
    """One row: `draft` is None where it cannot even be kept as a draft, because of `blocking`.

    `faults` keep it from being sent in; they are all the faults, with the blocking ones first.
    """

    number: int
    cells: dict[str, str]
    draft: Draft | None = None
    blocking: list[str] = field(default_factory=list)
    others: list[str] = field(default_factory=list)
    hints: list[str] = field(default_factory=list)  # worth a look; author and reviewer see them

    @property
    def faults(self) -> list[str]:
        return self.blocking + self.others

    @property
    def signature(self) -> str:
        """As the list of templates shows it."""
        if self.draft is None:
            return self.cells.get("signature", "")
        if self.draft.universal:
            return columns.UNIVERSAL[columns.is_chinese()]
        return str(self.draft.signature or "")

    @property
    def type_label(self) -> str:
        known = columns.type_of(self.cells.get("type", ""))
        return str(MessageType(known).label) if known else self.cells.get("type", "")


class Checker:
    """Checks row after row against what the enterprise has, and against the rows before. Costs a few queries in all."""

    def __init__(self, enterprise: Enterprise, region: str) -> None:
        self._enterprise, self._mainland = enterprise, region == Region.MAINLAND
        mine = Application.objects.filter(enterprise=enterprise, region=region).select_related("enterprise")
        self._applications = {application.name.casefold(): application for application in mine}
        self._signatures: dict[tuple[int, str, str], Signature] = {}
        self._other_types: set[tuple[int, str]] = set()
        self._twins: dict[tuple[int, str], list[str]] = {}  # by application and text, names of templates
        self._themes: dict[str, tuple[Theme, ...]] = {}  # by type of message
        if self._mainland:
            self._take_signatures()
        templates = MessageTemplate.objects.filter(enterprise=enterprise, removed_at__isnull=True)
        self._names: dict[str, int] = dict.fromkeys(templates.values_list("name", flat=True), 0)
        held = templates.filter(created_by__isnull=False).values_list("application_id", flat=True)
        self._count = Counter(held)

    def _take_signatures(self) -> None:
        # The test signature is among them, so that the check can say why it does not fit.
        usable = Signature.objects.filter(enterprise=self._enterprise, removed_at__isnull=True, review_state__in=LIVE)
        for signature in usable.select_related("application").order_by("pk"):
            self._signatures[(signature.application_id, signature.type, signature.name)] = signature
            self._other_types.add((signature.application_id, signature.name))

    def _take_twins(self, texts: set[str]) -> None:
        """What `prechecks.twins` asks for one text, for all of them at once."""
        same = TemplateVersion.objects.filter(
            enterprise=self._enterprise,
            template__removed_at__isnull=True,
            text__in=texts,
            review_state__in=[*PENDING, ReviewState.APPROVED],
        )
        found = same.values_list("template__application_id", "text", "template__name").order_by("template__name")
        for application, text, name in found.distinct():
            self._twins.setdefault((application, text), []).append(name)

    def check(self, rows: Collection[dict[str, Any]]) -> list[Checked]:
        """`rows` as TemplateImport holds them."""
        self._take_twins({row["cells"].get("text", "") for row in rows})
        return [self._row(row) for row in rows]

    def _row(self, row: dict[str, Any]) -> Checked:
        cells: dict[str, str] = row["cells"]
        it = Checked(row["row"], cells)
        if row.get("hidden"):
            it.blocking.append(_("The sheet hides this row. Show it and upload again, or delete it."))
        name, kind, application = self._name(it), self._type(it), self._application(it)
        signature, universal = self._signature(it, application, kind)
        brackets, countries = self._brackets(it), self._countries(it)
        text = cells.get("text", "")
        if len(text) > TEXT_MAX or not text:
            it.blocking.append(_("Text: write 1 to 500 characters."))
        found, misread = variables.read(text, cells.get("variables", ""))
        it.blocking += misread
        purpose = self._purpose(it)
        if it.blocking or application is None or kind is None:
            return it
        it.draft = Draft(
            name, kind, application, signature, text, found, purpose, universal, brackets, tuple(countries)
        )
        self._before_review(it, it.draft)
        return self._room(it, application)

    def _name(self, it: Checked) -> str:
        name = it.cells.get("name", "").strip()
        it.blocking += name_faults(name)
        if (before := self._names.get(name)) is not None:
            words = (
                _("The name stands in row %(row)s already.")
                if before
                else _("You already have a template with this name.")
            )  # noqa: E501
            it.blocking.append(words % {"row": before} if before else words)
        elif name:
            self._names[name] = it.number
        return name

    def _type(self, it: Checked) -> str | None:
        if (said := it.cells.get("type", "")) and (known := columns.type_of(said)):
            return known
        choices = _(", ").join(str(kind.label) for kind in MessageType)
        it.blocking.append(_("Type: write one of %(choices)s.") % {"choices": choices})
        return None

    def _application(self, it: Checked) -> Application | None:
        said = it.cells.get("application", "").strip()
        found = self._applications.get(said.casefold())
        if not said:
            it.blocking.append(_("Application: write the name of one of yours."))
        elif found is None:
            it.blocking.append(_("Application: you have none with the name “%(name)s” here.") % {"name": said[:64]})
        elif found.state != "launched":
            it.blocking.append(_("Application: “%(name)s” is suspended. Write another one.") % {"name": found.name})
        return found

    def _signature(
        self, it: Checked, application: Application | None, kind: str | None
    ) -> tuple[Signature | None, bool]:
        """(signature, whether the template is universal)."""
        said = it.cells.get("signature", "").strip()
        if not self._mainland or not said:
            return None, False  # that it is missing, the check before review says
        if columns.is_universal(said):
            return None, True
        name = said.strip("【】[] ")
        if application is None or kind is None:
            return None, False
        if found := self._signatures.get((application.pk, kind, name)):
            return found, False
        if (application.pk, name) in self._other_types:
            words = _("Signature: “%(name)s” is of another type than the template.")
        else:
            words = _("Signature: the application has none with the name “%(name)s” that is approved or in review.")
        it.blocking.append(words % {"name": name[:40]})
        return None, False

    def _brackets(self, it: Checked) -> str:
        known = columns.brackets_of(it.cells.get("brackets", "")) if self._mainland else Brackets.CHINESE
        if known is None:
            it.blocking.append(_("Brackets of the signature: write 【】 or []."))
        return known or Brackets.CHINESE

    def _countries(self, it: Checked) -> list[str]:
        if self._mainland:
            return []
        codes, unknown = columns.countries_of(it.cells.get("countries", ""))
        if unknown:
            words = _("Countries or regions: “%(words)s” is not known. Write names or codes such as SG, with commas.")
            it.blocking.append(words % {"words": ", ".join(unknown)[:60]})
        return codes

    def _purpose(self, it: Checked) -> str:
        purpose = it.cells.get("purpose", "")
        if len(purpose) > PURPOSE_MAX:
            it.blocking.append(_("When is it sent: at most 500 characters."))
        elif not purpose.strip():
            it.others.append(_("When is it sent: say it; reviewers decide by it."))
        return purpose

    def _before_review(self, it: Checked, draft: Draft) -> None:
        """The same check as the editor's and as at submission, of what is not saved yet."""
        if draft.type not in self._themes:
            self._themes[draft.type] = prechecks.themes(draft.type)
        subject = Subject(
            text=draft.text,
            variables=tuple(draft.variables),
            type=draft.type,
            mainland=self._mainland,
            signature=draft.signature.name if draft.signature else "",
            brackets=draft.brackets,
            universal=draft.universal,
            countries=draft.countries,
            countries_needed=True,
            themes=self._themes[draft.type],
            twins=tuple(self._twins.get((draft.application.pk, draft.text), ()))[: prechecks.TWINS_SHOWN],
        )
        results = precheck(subject)
        it.others += [result.sentence for result in results if result.is_fault]
        it.others += [str(words) for words in drafts.signature_faults(draft)]
        it.hints += [result.sentence for result in results if not result.is_fault and not result.ok]

    def _room(self, it: Checked, application: Application) -> Checked:
        self._count[application.pk] += 1
        if self._count[application.pk] > TEMPLATES_MAX:
            words = _("“%(name)s” would have more than %(most)s templates. Delete some, or use another application.")
            it.blocking.append(words % {"name": application.name, "most": TEMPLATES_MAX})
            it.draft = None
        return it
