"""People: those of an enterprise and the platform's own staff. They sign in by e-mail address."""

from __future__ import annotations

from typing import Any, Self

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models.enterprise import Enterprise
from console.lib.constraints import one_of


class Role(models.TextChoices):
    OWNER = "owner", _("Owner")
    ADMIN = "admin", _("Admin")
    OPERATOR = "operator", _("Operator")
    VIEWER = "viewer", _("Viewer")
    REVIEWER = "reviewer", _("Reviewer")
    ADMINISTRATOR = "administrator", _("Administrator")


STAFF_ROLES = frozenset({Role.REVIEWER, Role.ADMINISTRATOR})


def plain(email: str) -> str:
    """An address as accounts keep it, in small letters.

    Addresses are compared as they are then, never by a database's idea of capitals: where ı and ſ are I and S, a mail
    to fırm.example would open what belongs to firm.example.
    """
    return email.strip().lower()


class UserQuerySet(models.QuerySet["User"]):
    def visible_to(self, user: User) -> Self:
        """One's colleagues, oneself among them; staff (who have no enterprise) see staff."""
        return self.filter(enterprise_id=user.enterprise_id)

    def with_email(self, email: str) -> Self:
        return self.filter(email=plain(email))

    def present(self) -> Self:
        """Those who have not left."""
        return self.filter(removed_at__isnull=True)


class UserManager(BaseUserManager.from_queryset(UserQuerySet)):  # type: ignore[misc]
    def create_user(self, email: str, password: str | None = None, **fields: Any) -> User:
        user = self.model(email=plain(email), **fields)
        user.set_password(password)
        user.full_clean(exclude=["password"])
        user.save()
        return user

    def get_by_natural_key(self, username: str | None) -> User:
        return self.with_email(username or "").get()


class User(AbstractBaseUser):
    """One person, one role. Staff belong to no enterprise; all others to exactly one."""

    email = models.EmailField(_("e-mail"), unique=True)
    name = models.CharField(_("name"), max_length=60)
    enterprise = models.ForeignKey(Enterprise, models.PROTECT, null=True, blank=True, related_name="people")
    role = models.CharField(max_length=15, choices=Role)
    language = models.CharField(max_length=10, blank=True, help_text="Empty: as the browser asks.")
    is_active = models.BooleanField(default=True)
    # Set when somebody leaves. The address becomes free for another account; the former one stays for the record.
    removed_at = models.DateTimeField(null=True, blank=True, editable=False)
    former_email = models.EmailField(blank=True, editable=False)
    seen_notice = models.BigIntegerField(default=0, editable=False)  # id of the newest notice that was looked at
    created_at = models.DateTimeField(auto_now_add=True)

    objects = UserManager()
    USERNAME_FIELD = "email"
    REQUIRED_FIELDS = ["name"]

    class Meta:
        constraints = [
            one_of("role", Role, "user_role_known"),
            models.CheckConstraint(
                condition=Q(role__in=STAFF_ROLES, enterprise__isnull=True)
                | (~Q(role__in=STAFF_ROLES) & Q(enterprise__isnull=False)),
                name="user_staff_without_enterprise",
                violation_error_message=_("Platform staff belong to no enterprise, all others to one."),
            ),
            models.UniqueConstraint(Lower("email"), name="user_email_once"),
            models.CheckConstraint(
                condition=Q(removed_at__isnull=True) | Q(is_active=False), name="user_removed_is_inactive"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def close(self) -> None:
        """The account ends and its address is free again; the row stays for the record. Does not save."""
        self.former_email, self.email = self.email, f"removed-{self.pk}@removed.invalid"
        self.is_active, self.removed_at = False, timezone.now()

    @property
    def is_staff_member(self) -> bool:
        return self.role in STAFF_ROLES

    @property
    def initials(self) -> str:
        """Two letters for the avatar: of first and last word, or the first two characters."""
        words = self.name.split()
        return (words[0][0] + words[-1][0]).upper() if len(words) > 1 else self.name[:2].upper()
