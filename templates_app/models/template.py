"""Message templates and their versions (product reference, 4). What was approved is what is sent."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Self

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.functions import RandomUUID
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Exists, OuterRef, Q, Subquery
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from accounts import notices
from accounts.models import Application, Enterprise, NoticeKind, Review, ReviewState, User
from accounts.models.application import Region
from accounts.models.review import OPEN, ReviewQuerySet
from console.lib.constraints import one_of
from templates_app import likeness
from templates_app.models.message_type import MessageType
from templates_app.models.signature import Signature, sendable

# `${1}` with attributes, or in the older way `${TXT_8}`, `${NUM_6}`, `${DATE}`, `${TIME}` (product reference, 4.4).
VARIABLE = re.compile(r"\$\{([0-9]{1,2}|TXT_[0-9]{1,2}|NUM_[0-9]{1,2}|DATE|TIME)\}")
NAME_MAX = 30
TEXT_MAX = 500
VARIABLES_MAX = 20
# Of one application; deleted ones do not count.
TEMPLATES_MAX = 2000


class VariableKind(models.TextChoices):
    """What a variable's value may be (product reference, 4.4 b), and at the end the older ones (4.4 a)."""

    TEXT = "TEXT", _("Text")
    NUMBER = "CHARDIGIT", _("Other number")
    MONEY = "MONEY", _("Amount")
    TIME = "DATETIME", _("Time")
    PHONE = "PHONE", _("Phone number")
    NEW_TEXT = "NEWTEXT", _("Longer text")
    LONG_TEXT = "LONGTEXT", _("Long text")
    OLD_TEXT = "TXT", _("Text, older form")
    OLD_NUMBER = "NUM", _("Digits, older form")
    OLD_DATE = "DATE", _("Date, older form")
    OLD_TIME = "CLOCK", _("Time of day, older form")


OLD_KINDS = frozenset({VariableKind.OLD_TEXT, VariableKind.OLD_NUMBER, VariableKind.OLD_DATE, VariableKind.OLD_TIME})
# Longest value a variable of a kind may have. The reference has no figures for longer and long text: these are ours.
LONGEST = {
    VariableKind.TEXT: 20,
    VariableKind.NUMBER: 20,
    VariableKind.MONEY: 20,
    VariableKind.TIME: 20,
    VariableKind.PHONE: 15,
    VariableKind.NEW_TEXT: 40,
    VariableKind.LONG_TEXT: 100,
    VariableKind.OLD_TEXT: 20,
    VariableKind.OLD_NUMBER: 20,
    VariableKind.OLD_DATE: 10,  # yyyy/MM/dd
    VariableKind.OLD_TIME: 8,  # HH:mm:ss
}


@dataclass(frozen=True, slots=True)
class Variable:
    """One variable of a template: `name` "1" … "20" by its place, its kind, longest value, meaning and an example."""

    name: str
    kind: str
    longest: int
    meaning: str = ""
    example: str = ""

    @property
    def kind_label(self) -> str:
        return str(VariableKind(self.kind).label)

    @property
    def is_old(self) -> bool:
        """Written in the older way, which says kind and length itself."""
        return self.kind in OLD_KINDS

    @property
    def code(self) -> str:
        """As it stands in the text: "${1}", "${TXT_8}", "${DATE}"."""
        inner = {
            VariableKind.OLD_TEXT: f"TXT_{self.longest}",
            VariableKind.OLD_NUMBER: f"NUM_{self.longest}",
            VariableKind.OLD_DATE: "DATE",
            VariableKind.OLD_TIME: "TIME",
        }.get(VariableKind(self.kind), self.name)
        return f"${{{inner}}}"


def old_variable(name: str, inner: str) -> Variable | None:
    """The variable that an older code such as "TXT_8" describes whole; None for a number of the newer way."""
    if inner == "DATE":
        return Variable(name, VariableKind.OLD_DATE, LONGEST[VariableKind.OLD_DATE])
    if inner == "TIME":
        return Variable(name, VariableKind.OLD_TIME, LONGEST[VariableKind.OLD_TIME])
    kind, _underscore, length = inner.partition("_")
    if not length:
        return None
    return Variable(name, VariableKind.OLD_TEXT if kind == "TXT" else VariableKind.OLD_NUMBER, int(length))


class Brackets(models.TextChoices):
    """What stands around the signature; named as in the field's API."""

    CHINESE = "CN", "【】"
    SQUARE = "GB", "[]"


class TemplateQuerySet(models.QuerySet["MessageTemplate"]):
    def visible_to(self, user: User) -> Self:
        return self.of_home(user).filter(removed_at__isnull=True)

    def of_home(self, user: User) -> Self:
        """Those of the person's enterprise, with the deleted ones."""
        return self.filter(enterprise_id=user.enterprise_id)

    def sendable(self) -> Self:
        """Those with an approved version, of a type groups may be sent, and on the mainland with a signature that
        counts: their own, or for universal ones any of the application and type.
        """
        approved = TemplateVersion.objects.approved().filter(template=OuterRef("pk"))
        kept = Signature.objects.own().sendable().filter(removed_at__isnull=True)
        fitting = kept.filter(application=OuterRef("application"), type=OuterRef("type"))
        return self.filter(
            Exists(approved),
            Q(application__region=Region.INTERNATIONAL)
            | (Q(universal=True) & Exists(fitting))
            | (Q(signature__isnull=False, signature__removed_at__isnull=True) & sendable("signature__")),
            ~Q(type=MessageType.VERIFICATION),
        )

    def with_latest(self) -> Self:
        """Adds what the newest version has: `latest_id`, `latest_number`, `latest_state`, `latest_valid_until`; and
        `approved_number`, of the version that is sent.
        """
        newest = TemplateVersion.objects.filter(template=OuterRef("pk")).order_by("-number")
        approved = TemplateVersion.objects.approved().filter(template=OuterRef("pk")).order_by("-number")
        return self.annotate(
            latest_id=Subquery(newest.values("pk")[:1]),
            latest_number=Subquery(newest.values("number")[:1]),
            latest_state=Subquery(newest.values("review_state")[:1]),
            latest_valid_until=Subquery(newest.values("valid_until")[:1]),
            approved_number=Subquery(approved.values("number")[:1]),
        )


class MessageTemplate(models.Model):
    enterprise = models.ForeignKey(Enterprise, models.PROTECT, related_name="message_templates")
    application = models.ForeignKey(Application, models.PROTECT, related_name="message_templates")
    # As programs and people name it.
    public_id = models.UUIDField(default=uuid.uuid4, db_default=RandomUUID(), unique=True, editable=False)
    # Mainland messages carry a signature, chosen for each job where the template is universal; international ones none.
    signature = models.ForeignKey(
        Signature, models.PROTECT, null=True, blank=True, related_name="message_templates", verbose_name=_("signature")
    )
    name = models.CharField(_("name"), max_length=NAME_MAX)
    type = models.CharField(_("type"), max_length=12, choices=MessageType)
    universal = models.BooleanField(_("universal"), default=False)
    brackets = models.CharField(
        _("brackets of the signature"), max_length=2, choices=Brackets, default=Brackets.CHINESE
    )
    # Of international ones: where they are sent to (ISO 3166-1); empty for those from before this was asked.
    countries = ArrayField(models.CharField(max_length=2), default=list, blank=True)
    # Deleted by the enterprise: out of its sight, kept for the jobs that were sent with it.
    removed_at = models.DateTimeField(null=True, blank=True, editable=False)
    # Null: provided by the platform itself.
    created_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    objects = TemplateQuerySet.as_manager()

    class Meta:
        constraints = [
            one_of("type", MessageType, "messagetemplate_type_known"),
            one_of("brackets", Brackets, "messagetemplate_brackets_known"),
            models.CheckConstraint(
                condition=Q(universal=False) | Q(signature__isnull=True),
                name="messagetemplate_universal_has_no_signature",
            ),
            models.UniqueConstraint(
                fields=["enterprise", "name"],
                condition=Q(removed_at__isnull=True),
                name="messagetemplate_name_once",
                violation_error_message=_("You already have a template with this name."),
            ),
        ]
        indexes = [models.Index(fields=["enterprise", "-id"], name="messagetemplate_by_enterprise")]

    def __str__(self) -> str:
        return self.name

    @property
    def approved_version(self) -> TemplateVersion | None:
        """The version that is sent: the newest approved one."""
        return self.versions.approved().order_by("-number").first()

    @property
    def is_built_in(self) -> bool:
        """Provided by the platform, not written by people of the enterprise."""
        return self.created_by_id is None


class TemplateVersion(Review):
    """A text as it was submitted. Once it has left the draft it never changes (a trigger holds that)."""

    enterprise = models.ForeignKey(Enterprise, models.PROTECT, related_name="+")
    template = models.ForeignKey(MessageTemplate, models.PROTECT, related_name="versions")
    number = models.PositiveSmallIntegerField()
    text = models.CharField(_("text"), max_length=TEXT_MAX)
    variables = models.JSONField(default=list)  # [{"name", "kind", "longest", "meaning", "example"}], in order
    purpose = models.CharField(_("purpose"), max_length=500)
    # Of the text, by which the same and similar ones are found (see `likeness`); written whenever the text is.
    fingerprint = models.CharField(max_length=32, default="", editable=False)
    bands = ArrayField(models.IntegerField(), default=list, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = ReviewQuerySet.as_manager()

    class Meta(Review.Meta):
        verbose_name = _("template")
        constraints = [
            *Review.Meta.constraints,
            models.UniqueConstraint(fields=["template", "number"], name="templateversion_number_once"),
            models.UniqueConstraint(
                fields=["template"],
                condition=Q(review_state__in=sorted(OPEN)),
                name="templateversion_one_open",
                violation_error_message=_("A version of this template is already being written or reviewed."),
            ),
        ]
        indexes = [
            *Review.Meta.indexes,
            models.Index(fields=["enterprise", "-id"], name="templateversion_by_enterprise"),
            models.Index(fields=["fingerprint"], name="templateversion_same_text"),
            GinIndex(fields=["bands"], name="templateversion_similar_text"),
        ]

    def __str__(self) -> str:
        return f"{self.template} v{self.number}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.fingerprint, self.bands = likeness.fingerprint(self.text), likeness.bands(self.text)
        if kwargs.get("update_fields") and "text" in kwargs["update_fields"]:
            kwargs["update_fields"] = {*kwargs["update_fields"], "fingerprint", "bands"}
        super().save(*args, **kwargs)

    def get_absolute_url(self) -> str:
        region = self.template.application.region
        return reverse("template", kwargs={"region": region, "pk": self.template_id})

    def on_decided(self, *, by: User) -> None:
        """The enterprise is told the result."""
        from templates_app import drafts

        if self.review_state == ReviewState.APPROVED:
            drafts.check_signature(self)
        self.on_noted(ReviewState(self.review_state))

    def on_noted(self, did: ReviewState) -> None:
        notices.tell(
            self.enterprise,
            NoticeKind.TEMPLATE,
            f"template.{did}",
            path=self.get_absolute_url(),
            name=self.template,
            number=self.number,
            reason=self.reason,
            reason_zh=self.reason_zh,
        )

    @cached_property
    def typed_variables(self) -> list[Variable]:
        return [Variable(**item) for item in self.variables]

    @cached_property
    def pieces(self) -> list[tuple[str, str]]:
        """The text cut at its variables: ("text", words) and ("variable", name), in order."""
        return cut(self.text)

    def head(self, signature: str) -> str:
        """`signature` in this template's brackets, as it stands before the text; nothing where there is none."""
        around = str(Brackets(self.template.brackets).label)
        return f"{around[0]}{signature}{around[1]}" if signature else ""

    def render(self, values: list[str], signature: str = "") -> str:
        """The message as it leaves: signature in brackets, then the text with `values` in the variables' order."""
        by_name = dict(zip((v.name for v in self.typed_variables), values, strict=True))
        return self.head(signature) + join(self.pieces, by_name)


def cut(text: str) -> list[tuple[str, str]]:
    """The text cut at its variables: ("text", words) and ("variable", name), in order.

    Variables of the older way carry no number: they are named by their place.
    """
    pieces, place = [], 0
    for i, part in enumerate(VARIABLE.split(text)):
        if i % 2:
            place += 1
            pieces.append(("variable", part if part.isdigit() else str(place)))
        elif part:
            pieces.append(("text", part))
    return pieces


def join(pieces: Iterable[tuple[str, str]], values: dict[str, Any]) -> str:
    return "".join(values[part] if kind == "variable" else part for kind, part in pieces)
