"""Message templates and their versions (product reference, 4). What was approved is what is sent."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Self

from django.db import models
from django.db.models import Exists, OuterRef, Q, Subquery
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from accounts import notices
from accounts.models import Application, Enterprise, NoticeKind, Review, ReviewState, User
from accounts.models.review import ReviewQuerySet, still_valid
from console.lib.constraints import one_of
from templates_app.models.signature import MessageType, Signature

VARIABLE = re.compile(r"\$\{([0-9]{1,2})\}")
TEXT_MAX = 500
VARIABLES_MAX = 20


class VariableKind(models.TextChoices):
    """What a variable's value may be (product reference, 4.4 b)."""

    TEXT = "TEXT", _("Text")
    NUMBER = "CHARDIGIT", _("Other number")
    MONEY = "MONEY", _("Amount")
    TIME = "DATETIME", _("Time")
    PHONE = "PHONE", _("Phone number")


# Longest value a variable of a kind may have.
LONGEST = {
    VariableKind.TEXT: 20,
    VariableKind.NUMBER: 20,
    VariableKind.MONEY: 20,
    VariableKind.TIME: 20,
    VariableKind.PHONE: 15,
}


@dataclass(frozen=True, slots=True)
class Variable:
    """One `${name}` of a template: `name` "1" … "20", its kind, longest value, meaning and an example."""

    name: str
    kind: str
    longest: int
    meaning: str = ""
    example: str = ""

    @property
    def kind_label(self) -> str:
        return str(VariableKind(self.kind).label)


class TemplateQuerySet(models.QuerySet["MessageTemplate"]):
    def visible_to(self, user: User) -> Self:
        return self.filter(enterprise_id=user.enterprise_id)

    def sendable(self) -> Self:
        """Those with an approved version, an approved signature where one is needed, of a type groups may be sent."""
        approved = TemplateVersion.objects.approved().filter(template=OuterRef("pk"))
        return self.filter(
            Exists(approved),
            Q(signature__isnull=True) | (Q(signature__review_state=ReviewState.APPROVED) & still_valid("signature__")),
            ~Q(type=MessageType.VERIFICATION),
        )

    def with_latest(self) -> Self:
        """Adds what the newest version has: `latest_id`, `latest_number`, `latest_state`, `latest_valid_until`."""
        newest = TemplateVersion.objects.filter(template=OuterRef("pk")).order_by("-number")
        return self.annotate(
            latest_id=Subquery(newest.values("pk")[:1]),
            latest_number=Subquery(newest.values("number")[:1]),
            latest_state=Subquery(newest.values("review_state")[:1]),
            latest_valid_until=Subquery(newest.values("valid_until")[:1]),
        )


class MessageTemplate(models.Model):
    enterprise = models.ForeignKey(Enterprise, models.PROTECT, related_name="message_templates")
    application = models.ForeignKey(Application, models.PROTECT, related_name="message_templates")
    # Mainland messages carry a signature; international ones have none.
    signature = models.ForeignKey(
        Signature, models.PROTECT, null=True, blank=True, related_name="message_templates", verbose_name=_("signature")
    )
    name = models.CharField(_("name"), max_length=30)
    type = models.CharField(_("type"), max_length=12, choices=MessageType)
    # Null: provided by the platform itself.
    created_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    objects = TemplateQuerySet.as_manager()

    class Meta:
        constraints = [
            one_of("type", MessageType, "messagetemplate_type_known"),
            models.UniqueConstraint(
                fields=["enterprise", "name"],
                name="messagetemplate_name_once",
                violation_error_message=_("You already have a template with this name."),
            ),
        ]

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
    created_at = models.DateTimeField(auto_now_add=True)

    objects = ReviewQuerySet.as_manager()

    class Meta(Review.Meta):
        constraints = [
            *Review.Meta.constraints,
            models.UniqueConstraint(fields=["template", "number"], name="templateversion_number_once"),
            models.UniqueConstraint(
                fields=["template"],
                condition=Q(review_state__in=[ReviewState.DRAFT, ReviewState.IN_REVIEW]),
                name="templateversion_one_open",
                violation_error_message=_("A version of this template is already being written or reviewed."),
            ),
        ]
        indexes = [models.Index(fields=["review_state", "submitted_at"], name="templateversion_queue")]

    def __str__(self) -> str:
        return f"{self.template} v{self.number}"

    def on_decided(self, *, by: User) -> None:
        """The enterprise is told the result."""
        super().on_decided(by=by)
        region = self.template.application.region
        notices.tell(
            self.enterprise,
            NoticeKind.TEMPLATE,
            "template.approved" if self.review_state == ReviewState.APPROVED else "template.rejected",
            path=reverse("template", kwargs={"region": region, "pk": self.template_id}),
            name=self.template,
            number=self.number,
            reason=self.reason,
        )

    @cached_property
    def typed_variables(self) -> list[Variable]:
        return [Variable(**item) for item in self.variables]

    @cached_property
    def pieces(self) -> list[tuple[str, str]]:
        """The text cut at its variables: ("text", words) and ("variable", name), in order."""
        return cut(self.text)

    def render(self, values: list[str], signature: str = "") -> str:
        """The message as it leaves: signature in brackets, then the text with `values` in the variables' order."""
        return join(self.pieces, dict(zip((v.name for v in self.typed_variables), values, strict=True)), signature)


def cut(text: str) -> list[tuple[str, str]]:
    parts = VARIABLE.split(text)
    return [("variable" if i % 2 else "text", part) for i, part in enumerate(parts) if part]


def join(pieces: list[tuple[str, str]], values: dict[str, Any], signature: str = "") -> str:
    head = f"【{signature}】" if signature else ""
    return head + "".join(values[part] if kind == "variable" else part for kind, part in pieces)
