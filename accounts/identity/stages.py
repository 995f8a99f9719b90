"""What lies between the right password and being signed in."""

from __future__ import annotations

from typing import Any

from allauth.account.stages import EmailVerificationStage
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
