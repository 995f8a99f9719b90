from django.urls import path, re_path, register_converter

from accounts.models.application import Region
from accounts.views import (
    administration,
    agreement,
    agreement_versions,
    application_secrets,
    applications,
    audit,
    contacts,
    desk,
    documents,
    enterprise,
    invitation,
    lost_factor,
    notices,
    own_numbers,
    people,
    requests,
    security,
    sign_in,
    sign_up,
    staff,
    verification,
)


class RegionConverter:
    """`cn` or `intl`: the two sides of the menu."""

    regex = "|".join(Region.values)

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return Region(value).value


register_converter(RegionConverter, "region")

urlpatterns = [
    # The names that begin with account_, mfa_ and usersessions_ are those that django-allauth asks for.
    path("sign-in/", sign_in.sign_in, name="account_login"),
    path("sign-in/second-factor/", sign_in.second_factor, name="mfa_authenticate"),
    path("sign-out/", sign_in.sign_out, name="account_logout"),
    path("sign-up/", sign_up.sign_up, name="account_signup"),
    path("sign-up/check-your-mail/", sign_up.check_mail, name="account_email_verification_sent"),
    re_path(r"^sign-up/confirm/(?P<key>[-:\w]+)/$", sign_up.confirm, name="account_confirm_email"),
    path("agreement/text/", sign_up.agreement_text, name="agreement-text"),
    path("password/forgotten/", sign_up.forgotten, name="account_reset_password"),
    path("password/forgotten/sent/", sign_up.forgotten_sent, name="account_reset_password_done"),
    path("password/new/done/", sign_up.new_password_done, name="account_reset_password_from_key_done"),
    re_path(
        r"^password/new/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>[-\w]+)/$",
        sign_up.new_password,
        name="account_reset_password_from_key",
    ),
    path("account/", security.account, name="account"),
    path("account/password/", security.password, name="account_change_password"),
    path("account/again/", sign_in.password_again, name="account_reauthenticate"),
    path("account/again/code/", sign_in.code_again, name="mfa_reauthenticate"),
    path("account/again/key/", sign_in.key_again, name="mfa_reauthenticate_webauthn"),
    path("account/second-factor/", security.factors, name="mfa_index"),
    path("account/second-factor/app/", security.app_add, name="mfa_activate_totp"),
    path("account/second-factor/app/remove/", security.app_remove, name="mfa_deactivate_totp"),
    path("account/second-factor/keys/add/", security.key_add, name="mfa_add_webauthn"),
    path("account/second-factor/keys/<int:pk>/", security.key_name, name="mfa_edit_webauthn"),
    path("account/second-factor/keys/<int:pk>/remove/", security.key_remove, name="mfa_remove_webauthn"),
    path("account/second-factor/codes/", security.codes, name="mfa_view_recovery_codes"),
    path("account/second-factor/codes/new/", security.codes_new, name="mfa_generate_recovery_codes"),
    path("account/second-factor/codes/recovery-codes.txt", security.codes_file, name="mfa_download_recovery_codes"),
    path("account/sessions/", security.sessions, name="usersessions_list"),
    path("language/", sign_in.set_language, name="set-language"),
    path("contacts/", contacts.contacts, name="contacts"),
    path("contacts/new/", contacts.contact_new, name="contact-new"),
    path("contacts/<int:pk>/", contacts.contact, name="contact"),
    path("contacts/<int:pk>/switch/", contacts.contact_switch, name="contact-switch"),
    path("contacts/<int:pk>/remove/", contacts.contact_remove, name="contact-remove"),
    path("notices/", notices.notices, name="notices"),
    path("<region:region>/applications/", applications.applications, name="applications"),
    path("<region:region>/applications/<int:pk>/", applications.application, name="application"),
    path("<region:region>/applications/<int:pk>/edit/", applications.application_edit, name="application-edit"),
    path(
        "<region:region>/applications/<int:pk>/suspend/",
        applications.application_suspend,
        name="application-suspend",
    ),
    path("<region:region>/applications/<int:pk>/resume/", applications.application_resume, name="application-resume"),
    path(
        "<region:region>/applications/<int:pk>/secret/",
        application_secrets.application_secret,
        name="application-secret",
    ),
    path(
        "<region:region>/applications/<int:pk>/secret/new/",
        application_secrets.application_rotate,
        name="application-rotate",
    ),
    path(
        "<region:region>/applications/<int:pk>/secret/end-old/",
        application_secrets.application_end_old,
        name="application-end-old",
    ),
    path(
        "<region:region>/applications/<int:pk>/push-secret/",
        application_secrets.application_push_secret,
        name="application-push-secret",
    ),
    path(
        "<region:region>/applications/<int:pk>/signing/",
        application_secrets.application_sign,
        name="application-sign",
    ),
    path(
        "<region:region>/applications/<int:pk>/signing/stop/",
        application_secrets.application_stop_signing,
        name="application-stop-signing",
    ),
    path("documents/<int:pk>/", documents.document, name="document"),
    path("audit/", audit.entries, name="audit"),
    path("audit/export/<slug:kind>/", audit.export, name="audit-export"),
    path("requests/", requests.listing, name="requests"),
    path("requests/new/", requests.new, name="request-new"),
    path("requests/<int:pk>/", requests.detail, name="request"),
    path("requests/<int:pk>/withdraw/", requests.withdraw, name="request-withdraw"),
    path("enterprise/", enterprise.enterprise, name="enterprise"),
    path("enterprise/edit/", enterprise.enterprise_edit, name="enterprise-edit"),
    path("enterprise/mode/", enterprise.enterprise_mode, name="enterprise-mode"),
    path("enterprise/numbers/", own_numbers.own_numbers, name="own-numbers"),
    path("enterprise/numbers/new/", own_numbers.own_number_new, name="own-number-new"),
    path("enterprise/numbers/<int:pk>/", own_numbers.own_number, name="own-number"),
    path("enterprise/numbers/<int:pk>/code/", own_numbers.own_number_code, name="own-number-code"),
    path("enterprise/numbers/<int:pk>/service/", own_numbers.own_number_service, name="own-number-service"),
    path("enterprise/numbers/<int:pk>/remove/", own_numbers.own_number_remove, name="own-number-remove"),
    path("enterprise/verification/", verification.verification, name="verification"),
    path("enterprise/verification/new/", verification.verification_new, name="verification-new"),
    path("enterprise/verification/<int:pk>/", verification.verification_submission, name="verification-submission"),
    path(
        "enterprise/verification/<int:pk>/withdraw/", verification.verification_withdraw, name="verification-withdraw"
    ),
    path("agreement/", agreement.agreement, name="agreement"),
    path("enterprises/", administration.enterprises, name="enterprises"),
    path("enterprises/<int:pk>/suspend/", administration.enterprise_suspend, name="enterprise-suspend"),
    path("enterprises/<int:pk>/restore/", administration.enterprise_restore, name="enterprise-restore"),
    path(
        "enterprises/<int:pk>/applications/<int:application>/suspend/",
        administration.platform_suspend,
        name="platform-suspend",
    ),
    path(
        "enterprises/<int:pk>/applications/<int:application>/resume/",
        administration.platform_resume,
        name="platform-resume",
    ),
    path(
        "enterprises/<int:pk>/people/<int:person>/second-factor/reset/",
        lost_factor.platform_reset,
        name="platform-reset-factor",
    ),
    path("agreements/", agreement_versions.agreements, name="agreements"),
    path("agreements/draft/", agreement_versions.agreement_edit, name="agreement-edit"),
    path("agreements/<int:number>/", agreement_versions.agreement_version, name="agreement-version"),
    path("agreements/<int:number>/publish/", agreement_versions.agreement_publish, name="agreement-publish"),
    path("calendar/", desk.calendar, name="calendar"),
    path("calendar/set/", desk.calendar_set, name="calendar-set"),
    path("calendar/clear/", desk.calendar_clear, name="calendar-clear"),
    path("calendar/known/", desk.calendar_known, name="calendar-known"),
    path("calendar/settings/", desk.calendar_settings, name="calendar-settings"),
    path("people/", people.people, name="people"),
    path("people/invite/", people.person_invite, name="person-invite"),
    path("people/leave/", people.people_leave, name="people-leave"),
    path("people/second-factor/", people.second_factor_required, name="second-factor-required"),
    path("people/<int:pk>/", people.person, name="person"),
    path("people/<int:pk>/remove/", people.person_remove, name="person-remove"),
    path("people/<int:pk>/second-factor/reset/", lost_factor.person_reset, name="person-reset-factor"),
    path("people/<int:pk>/transfer/", people.ownership_transfer, name="ownership-transfer"),
    path("people/invitations/<int:pk>/resend/", people.invitation_resend, name="invitation-resend"),
    path("people/invitations/<int:pk>/withdraw/", people.invitation_withdraw, name="invitation-withdraw"),
    path("invitations/<str:secret>/", invitation.invitation, name="invitation"),
    path("staff/", staff.staff, name="staff"),
    path("staff/invite/", staff.staff_invite, name="staff-invite"),
    path("staff/<int:pk>/", staff.staff_person, name="staff-person"),
    path("staff/<int:pk>/remove/", staff.staff_remove, name="staff-remove"),
    path("staff/<int:pk>/second-factor/reset/", lost_factor.staff_reset, name="staff-reset-factor"),
    path("staff/invitations/<int:pk>/resend/", staff.invitation_resend, name="staff-invitation-resend"),
    path("staff/invitations/<int:pk>/withdraw/", staff.invitation_withdraw, name="staff-invitation-withdraw"),
]
