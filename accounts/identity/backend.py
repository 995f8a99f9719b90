"""Checking address and password."""

from __future__ import annotations

from allauth.account.auth_backends import AuthenticationBackend

from accounts.models import User


class EmailBackend(AuthenticationBackend):
    """By e-mail address alone. A closed account answers like a wrong password, and takes as long."""

    def _authenticate_by_email(self, email: str, password: str) -> User | None:
        user = User.objects.with_email(email).first()
        if user is None:
            return None
        self._did_check_password = True
        return user if user.check_password(password) and self.user_can_authenticate(user) else None

    def get_user(self, user_id: int) -> User | None:
        """With the enterprise, which every page asks for."""
        user = User.objects.select_related("enterprise").filter(pk=user_id).first()
        return user if user and self.user_can_authenticate(user) else None
