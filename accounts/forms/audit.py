"""The filters of the record of deeds."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.audit_rows import STAFF, SYSTEM
from accounts.audit_words import GROUPS
from accounts.models import Enterprise, User
from accounts.models.person import STAFF_ROLES

LISTED = 500  # people in the choice; more are found by opening one of their entries


def _select() -> forms.Select:
    return forms.Select({"class": "form-select"})


def _day() -> forms.DateInput:
    return forms.DateInput({"class": "form-control", "type": "date"}, format="%Y-%m-%d")


class AuditFilter(forms.Form):
    """What the list shows; everything stands in the address, so that it can be kept and sent on."""

    enterprise = forms.CharField(
        label=_("Enterprise"),
        required=False,
        max_length=100,
        widget=forms.TextInput({"class": "form-control", "type": "search"}),
    )
    person = forms.ChoiceField(label=_("Who"), required=False, widget=_select())
    group = forms.ChoiceField(label=_("What"), required=False, widget=_select())
    since = forms.DateField(label=_("Since"), required=False, widget=_day())
    until = forms.DateField(label=_("Until"), required=False, widget=_day())
    q = forms.CharField(
        label=_("Name, number or address"),
        required=False,
        max_length=60,
        widget=forms.TextInput({"class": "form-control", "type": "search"}),
    )

    def __init__(self, *args: Any, by: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.by = by
        self.whose = self._enterprise() if by.is_staff_member else by.enterprise
        self.unknown = by.is_staff_member and bool(self._asked()) and self.whose is None
        if not by.is_staff_member:
            del self.fields["enterprise"]
        groups = [(key, group.title) for key, group in GROUPS.items()]
        self.fields["group"].choices = [("", _("Everything")), *groups]  # type: ignore[attr-defined]
        self.fields["person"].choices = self._people()  # type: ignore[attr-defined]
        self.is_valid()  # what does not fit is ignored: an old link still shows a list

    @property
    def chosen(self) -> dict[str, Any]:
        return {name: value for name, value in self.cleaned_data.items() if value}

    def _asked(self) -> str:
        return str(self.data.get("enterprise", "")).replace("\0", "").strip()

    def _enterprise(self) -> Enterprise | None:
        """By number or name: who calls itself by another's number is not shown in its place."""
        asked = self._asked()
        if not asked:
            return None
        found = None
        if asked.isascii() and asked.isdecimal() and len(asked) < 19:
            found = Enterprise.objects.filter(pk=int(asked)).first()
        return found or Enterprise.objects.filter(name__iexact=asked).order_by("pk").first()

    def _people(self) -> list[tuple[str, Any]]:
        """Those who can have done something in what is shown; an enterprise's people do not read staff's names."""
        who = Q(enterprise=self.whose) if self.whose else Q()
        if self.by.is_staff_member:
            who |= Q(role__in=STAFF_ROLES)
        people = User.objects.filter(who).order_by("name", "pk").values_list("pk", "name")[:LISTED]
        others: list[tuple[str, Any]] = [(SYSTEM, _("the system"))]
        if not self.by.is_staff_member:
            others.append((STAFF, _("the platform")))
        return [("", _("Everybody")), *((str(pk), name) for pk, name in people), *others]
