"""What lies between the right password and being signed in."""

from __future__ import annotations

from typing import Any

from allauth.account.stages import EmailVerificationStage
from allauth.mfa.stages import AuthenticateStage
from django.http import HttpRequest

from accounts.identity.addresses import is_confirmed


class ConfirmAddressStage(EmailVerificationStage):
    """Whoever signed up follows the link in the mail first; those whose address is known pass."""

    def handle(self) -> Any:
        if self.login.user is not None and is_confirmed(self.login.user):
            return None, True
        return super().handle()

    def is_resumable(self, request: HttpRequest) -> bool:
        return False  # the sign-in page stays a sign-in page


class SecondFactorStage(AuthenticateStage):
    """Remembers which password was right: one that was changed meanwhile opens nothing."""

    def handle(self) -> Any:
        answer = super().handle()
        if self.login.user is not None:
            self.state["password"] = self.login.user.get_session_auth_hash()
        return answer

    def password_still_counts(self) -> bool:
        return bool(self.state.get("password") == self.login.user.get_session_auth_hash())
