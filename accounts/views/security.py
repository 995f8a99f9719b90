"""One's own account: name, password, second factors, sessions."""

from __future__ import annotations

import json
from typing import Any

from allauth.account.views import PasswordChangeView
from allauth.mfa.base.views import IndexView
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.views import DownloadRecoveryCodesView, GenerateRecoveryCodesView, ViewRecoveryCodesView
from allauth.mfa.totp.views import ActivateTOTPView, DeactivateTOTPView
from allauth.mfa.webauthn.views import AddWebAuthnView, EditWebAuthnView, RemoveWebAuthnView
from allauth.usersessions.models import UserSession
from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse_lazy
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts import audit
from accounts.forms.security import AccountForm, AppForm, KeyForm, KeyNameForm, PasswordForm
from accounts.identity import devices, end_sessions
from accounts.identity import second_factor as rules
from accounts.identity.adapter import AccountAdapter, SecondFactorAdapter
from accounts.models import User
from accounts.permissions import PersonRequest, policy
from accounts.views.sign_in import FaultyIs422
from console.lib.pages import page


def _record(request: HttpRequest, verb: str, **detail: Any) -> None:
    """What somebody did to their own account."""
    person = request.user
    assert isinstance(person, User)
    audit.record(
        by=person, verb=verb, object_id=person.pk, enterprise_id=person.enterprise_id, label=person.name, **detail
    )


def _end_others(request: HttpRequest) -> None:
    assert isinstance(request.user, User)
    end_sessions(request.user, keep=request.session.session_key)


@policy("account.own")
def account(request: PersonRequest) -> HttpResponse:
    form = AccountForm(request.POST or None, instance=User.objects.get(pk=request.user.pk))
    if request.method == "POST" and form.is_valid():
        before, after = audit.changes(form.instance, ["name"])
        if after:
            with transaction.atomic():
                form.save(commit=False).save(update_fields=list(after))
                _record(request, "user.changed", before=before, after=after)
        return redirect("account")
    context = {
        "form": form,
        "held": rules.factors(request.user),
        "is_required": rules.is_required(request.user),
        "codes_left": _codes_left(request.user),
        "session_count": UserSession.objects.filter(user=request.user).count(),
    }
    return page(request, "accounts/account.html", context, status=422 if form.is_bound else 200)


def _codes_left(user: User) -> int:
    found = Authenticator.objects.filter(user=user, type=Authenticator.Type.RECOVERY_CODES).first()
    return len(found.wrap().get_unused_codes()) if found else 0


class PasswordView(FaultyIs422, PasswordChangeView):
    form_class = PasswordForm
    template_name = "account/password_change.html"

    @transaction.atomic
    def form_valid(self, form: Any) -> HttpResponse:
        now = User.objects.select_for_update(no_key=True).get(pk=self.request.user.pk)
        if not now.is_active:  # removed while the passwords were being compared
            return redirect("account_login")
        if now.password != form.user.password:  # the same form was sent a moment before
            form.add_error("oldpassword", AccountAdapter.error_messages["enter_current_password"])
            return self.form_invalid(form)
        response = super().form_valid(form)
        _end_others(self.request)
        _record(self.request, "user.password_changed", how="account")
        messages.success(self.request, _("The new password counts from now on. All other sessions have ended."))
        return response


class FactorsView(IndexView):
    template_name = "mfa/index.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        person = self.request.user
        assert isinstance(person, User)
        held = list(rules.factors(person).order_by("pk"))
        return super().get_context_data(**kwargs) | {
            "app": next((factor for factor in held if factor.type == Authenticator.Type.TOTP), None),
            "keys": [factor for factor in held if factor.type == Authenticator.Type.WEBAUTHN],
            "is_required": rules.is_required(person),
            "codes_left": _codes_left(person),
        }


class AppAddView(FaultyIs422, ActivateTOTPView):
    form_class = AppForm
    template_name = "mfa/totp/activate_form.html"

    @transaction.atomic
    def form_valid(self, form: Any) -> HttpResponse:
        response = super().form_valid(form)
        _end_others(self.request)
        _record(self.request, "user.second_factor_added", kind="totp")
        return response


def _is_gone(factor: Authenticator) -> bool:
    """Whether the same form, sent a moment before, has removed it. The person is held until the transaction ends."""
    User.objects.select_for_update(no_key=True).get(pk=factor.user_id)
    return not Authenticator.objects.filter(pk=factor.pk).exists()


class AppRemoveView(FaultyIs422, DeactivateTOTPView):
    template_name = "mfa/totp/deactivate_form.html"

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        held = Authenticator.objects.filter(user=request.user.pk, type=Authenticator.Type.TOTP)
        return super().dispatch(request, *args, **kwargs) if held.exists() else redirect("mfa_index")

    @transaction.atomic
    def form_valid(self, form: Any) -> HttpResponse:
        if _is_gone(self.authenticator):
            return redirect("mfa_index")
        response = super().form_valid(form)
        _end_others(self.request)
        _record(self.request, "user.second_factor_removed", kind="totp")
        return response


class KeyAddView(FaultyIs422, AddWebAuthnView):
    form_class = KeyForm
    template_name = "mfa/webauthn/add_form.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs) | kwargs
        host = self.request.get_host().rsplit(":", 1)[0]
        return context | {
            "form": kwargs.get("form") or self.get_form(),
            "options": json.dumps(context["js_data"]["creation_options"]),
            # A key only answers on the site it is bound to.
            "other_host": "" if host == rules.key_host() else rules.key_host(),
        }

    @transaction.atomic
    def form_valid(self, form: Any) -> HttpResponse:
        response = super().form_valid(form)
        _end_others(self.request)
        _record(self.request, "user.second_factor_added", kind="webauthn", key_name=form.cleaned_data["name"])
        return response


class KeyRemoveView(RemoveWebAuthnView):
    template_name = "mfa/webauthn/authenticator_confirm_delete.html"
    success_url = reverse_lazy("mfa_index")

    @transaction.atomic
    def form_valid(self, form: Any) -> HttpResponse:
        if _is_gone(self.object):
            return redirect("mfa_index")
        if not SecondFactorAdapter().can_delete_authenticator(self.object):
            form.add_error(None, SecondFactorAdapter.error_messages["cannot_delete_authenticator"])
            return self.render_to_response(self.get_context_data(form=form), status=422)
        name = self.object.wrap().name
        response = super().form_valid(form)
        _end_others(self.request)
        _record(self.request, "user.second_factor_removed", kind="webauthn", key_name=name)
        return response


class KeyNameView(FaultyIs422, EditWebAuthnView):
    form_class = KeyNameForm
    template_name = "mfa/webauthn/edit_form.html"
    success_url = reverse_lazy("mfa_index")

    @transaction.atomic
    def form_valid(self, form: Any) -> HttpResponse:
        before = self.get_object().wrap().name
        response = super().form_valid(form)
        after = self.object.wrap().name
        if after != before:
            _record(self.request, "user.security_key_renamed", before={"name": before}, after={"name": after})
        return response


class _Shown:
    """Codes leave on record. Whoever has none is led to the page where they are made."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            response: HttpResponseBase = super().dispatch(request, *args, **kwargs)  # type: ignore[misc]
        except Http404:
            return redirect("mfa_index")
        _record(request, "user.recovery_codes_shown")
        return response


class CodesView(_Shown, ViewRecoveryCodesView):
    template_name = "mfa/recovery_codes/index.html"


class CodesFileView(_Shown, DownloadRecoveryCodesView):
    pass


class CodesNewView(FaultyIs422, GenerateRecoveryCodesView):
    template_name = "mfa/recovery_codes/generate.html"

    @transaction.atomic
    def form_valid(self, form: Any) -> HttpResponse:
        response = super().form_valid(form)
        _record(self.request, "user.recovery_codes_made")
        return response


@policy("account.own")
def sessions(request: PersonRequest) -> HttpResponse:
    if request.method == "POST":
        return _end(request)
    held = UserSession.objects.purge_and_list(request.user)
    held.sort(
        key=lambda session: (session.session_key != request.session.session_key, -session.last_seen_at.timestamp())
    )
    rows = [(devices.words(session.user_agent), session) for session in held]
    return page(request, "usersessions/usersession_list.html", {"rows": rows, "current": request.session.session_key})


@transaction.atomic
def _end(request: PersonRequest) -> HttpResponse:
    if request.POST.get("all") == "others":
        ended = end_sessions(request.user, keep=request.session.session_key)
    else:
        pk = request.POST.get("session", "")
        own = UserSession.objects.filter(user=request.user).exclude(session_key=request.session.session_key)
        get_object_or_404(own, pk=pk if pk.isdecimal() else 0).end()
        ended = 1
    _record(request, "user.session_ended", count=ended)
    said = ngettext("%(n)s session has ended.", "%(n)s sessions have ended.", ended)
    messages.success(request, said % {"n": ended})
    return redirect("usersessions_list")


own = policy("account.own")
password = own(PasswordView.as_view())
factors = own(FactorsView.as_view())
app_add = own(AppAddView.as_view())
app_remove = own(AppRemoveView.as_view())
key_add = own(KeyAddView.as_view())
key_name = own(KeyNameView.as_view())
key_remove = own(KeyRemoveView.as_view())
codes = own(CodesView.as_view())
codes_new = own(CodesNewView.as_view())
codes_file = own(CodesFileView.as_view())
