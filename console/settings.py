"""All settings, read from environment variables (documented in README.md); every bad one is reported at once.

The demo needs none. `MODE=production` demands real secrets and real servers and refuses to start without them.
"""

import os
import re
import secrets
from pathlib import Path

import bootstrap_wrapper
from celery.schedules import crontab
from environs import Env, EnvError
from marshmallow import ValidationError
from marshmallow.validate import ContainsOnly, OneOf, Range, Regexp

from console import embedded
from console.lib import crypto, mail_server

BASE_DIR = Path(__file__).resolve().parent.parent
VAR_DIR = embedded.VAR

for name in ("DATABASE_URL", "REDIS_URL"):
    if not os.environ.get(name):
        os.environ.pop(name, None)  # set to nothing is not set


def _redis_address(url: str) -> None:
    if not url.startswith(("redis://", "rediss://", "unix://")):
        raise ValidationError("Must begin with redis://, rediss:// or unix://.")


def _site(address: str) -> None:
    if address and not re.fullmatch(r"https?://[^/?#\s]+/?", address):
        raise ValidationError("Must be the address of the site without a path, such as https://sms.example.com.")


def _origins(origins: list[str]) -> None:
    if not all(origin.startswith(("https://", "http://")) for origin in origins):
        raise ValidationError("Each origin must begin with https:// (or http://).")


def _mail_server(url: str) -> None:
    try:
        mail_server.parse(url)
    except ValueError as error:
        raise ValidationError(str(error)) from error


env = Env(eager=False)
MODE = env.str("MODE", "demo", validate=OneOf(["demo", "production"]))
DEBUG = env.bool("DEBUG", False)
SECRET_KEY = env.str("SECRET_KEY", "")
# 32 bytes in base64; protects carrier passwords and application secrets at rest.
ENCRYPTION_KEY = env.str("ENCRYPTION_KEY", "")
ALLOWED_HOSTS: list[str] = env.list("ALLOWED_HOSTS", [])
CSRF_TRUSTED_ORIGINS: list[str] = env.list("CSRF_TRUSTED_ORIGINS", [], validate=_origins)
DATABASES = {"default": env.dj_db_url("DATABASE_URL", embedded.database_url())}
REDIS_URL = env.str("REDIS_URL", embedded.redis_url(), validate=_redis_address)
# How many proxies of ours stand in front; without one nobody's X-Forwarded-For is believed.
TRUSTED_PROXIES = env.int("TRUSTED_PROXIES", 0, validate=Range(0, 10))
PORT = env.int("PORT", 8000, validate=Range(1, 65535))
# What links in mails begin with, and the name that security keys are bound to; never taken from a request.
SITE_URL = env.str("SITE_URL", "", validate=_site)
# Whose sign-in needs a second factor whatever their enterprise says. The demo's passwords are public anyway.
SECOND_FACTOR_REQUIRED_ROLES: list[str] = env.list(
    "SECOND_FACTOR_REQUIRED_ROLES",
    ["reviewer", "administrator"] if MODE == "production" else [],
    validate=ContainsOnly(["owner", "admin", "operator", "viewer", "reviewer", "administrator"]),
)
# Somebody who does nothing for so long is signed out; SESSION_COOKIE_AGE ends every session.
SESSION_IDLE_SECONDS = env.int("SESSION_IDLE_SECONDS", 30 * 60, validate=Range(60, 12 * 60 * 60))
LOG_LEVEL = env.str("LOG_LEVEL", "INFO", validate=OneOf(["DEBUG", "INFO", "WARNING", "ERROR"]))
# A signature under which nothing was sent for so many days must be activated before it is used again; 0: never.
SIGNATURE_DORMANT_DAYS = env.int("SIGNATURE_DORMANT_DAYS", 180, validate=Range(0, 3650))
UPLOAD_MAX_BYTES = env.int("UPLOAD_MAX_BYTES", 50 * 1024 * 1024, validate=Range(1024))
UPLOAD_MAX_ROWS = env.int("UPLOAD_MAX_ROWS", 1_000_000, validate=Range(1, 4_000_000))
# A gateway that has not renewed its lease for this long counts as dead; its unanswered messages become unknown.
GATEWAY_LEASE_SECONDS = env.int("GATEWAY_LEASE_SECONDS", 12, validate=Range(2, 300))
# Where the demo's carrier listens; 0: where `make run` put it.
SMSC_PORT = env.int("SMSC_PORT", 0)
# Who takes our mails. Without one the demo keeps them and shows them on a page.
EMAIL_URL = env.str("EMAIL_URL", "", validate=_mail_server)
DEFAULT_FROM_EMAIL = env.str("EMAIL_FROM", "")
# What stands in brackets before the platform's own texts to mainland numbers: 2 to 32 characters.
PLATFORM_SIGNATURE = env.str("PLATFORM_SIGNATURE", "短信平台", validate=Regexp(r"^[0-9A-Za-z㐀-䶿一-鿿]{2,32}$"))
env.seal()
if DATABASES["default"]["ENGINE"] != "django.db.backends.postgresql":
    raise EnvError("DATABASE_URL must be a postgresql:// address: the console runs on PostgreSQL only.")

PRODUCTION = MODE == "production"
SITE_URL = SITE_URL.rstrip("/")
DEMO_PREFIX = "demo-"


def _demo_secret(name: str) -> str:
    """A secret of this clone's demo, made once and kept under var/."""
    path = VAR_DIR / name
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_text(DEMO_PREFIX + secrets.token_hex(32))
    return path.read_text()


def _production_faults() -> list[str]:
    faults = []
    if DEBUG:
        faults.append("DEBUG must be off")
    if len(SECRET_KEY) < 40 or len(set(SECRET_KEY)) < 10 or SECRET_KEY.startswith(DEMO_PREFIX):
        faults.append("SECRET_KEY must be set to at least 40 random characters that are not the demo's")
    if not crypto.is_key(ENCRYPTION_KEY):
        faults.append("ENCRYPTION_KEY must be set to 32 random bytes in base64")
    if not ALLOWED_HOSTS or "*" in ALLOWED_HOSTS:
        faults.append("ALLOWED_HOSTS must name the hosts of this site")
    if not SITE_URL.startswith("https://"):
        faults.append("SITE_URL must be the https:// address of this site")
    if not EMAIL_URL:
        faults.append("EMAIL_URL must name the server that takes our mails")
    if "@" not in DEFAULT_FROM_EMAIL:
        faults.append("EMAIL_FROM must be the address that our mails come from")
    faults += [
        f"{name} must be set: the embedded server is for the demo"
        for name, ours in zip(("DATABASE_URL", "REDIS_URL"), embedded.wanted(), strict=True)
        if ours
    ]
    return faults


if PRODUCTION:
    if faults := _production_faults():
        raise EnvError("MODE=production refuses to start: " + "; ".join(faults))
else:
    SECRET_KEY = SECRET_KEY or _demo_secret("secret-key")
    ENCRYPTION_KEY = ENCRYPTION_KEY or _demo_secret("encryption-key")
    ALLOWED_HOSTS = ALLOWED_HOSTS or ["localhost", "127.0.0.1", "[::1]"]
    SITE_URL = SITE_URL or f"http://127.0.0.1:{PORT}"
    DEFAULT_FROM_EMAIL = DEFAULT_FROM_EMAIL or "Group SMS Console <console@localhost>"

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django_htmx",
    "template_partials",
    "django.contrib.postgres",
    "console",
    "accounts",
    "templates_app",
    "sending",
    "statistics.apps.StatisticsConfig",
    # Below ours, so that our templates stand before theirs.
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "accounts.origin.OriginMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "accounts.identity.middleware.SessionClockMiddleware",
    "accounts.middleware.PersonLocaleMiddleware",
    "console.middleware.UploadLimitMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "accounts.middleware.PersonTimezoneMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "accounts.identity.middleware.SecondFactorMiddleware",
]
ROOT_URLCONF = "console.urls"
WSGI_APPLICATION = "console.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "accounts.context.shell",
            ],
            "builtins": ["console.templatetags.console"],
        },
    }
]

DATABASES["default"].update(CONN_MAX_AGE=600, CONN_HEALTH_CHECKS=True)
DATABASES["default"].setdefault("OPTIONS", {}).update(
    connect_timeout=5,
    options="-c idle_in_transaction_session_timeout=15s -c plan_cache_mode=force_custom_plan",
)
# Every mail, also those of libraries, is stored with the deed that causes it and sent afterwards.
EMAIL_BACKEND = "accounts.mail.OutboxBackend"
SERVER_EMAIL = DEFAULT_FROM_EMAIL
_mails = mail_server.parse(EMAIL_URL)
EMAIL_HOST, EMAIL_PORT, EMAIL_TIMEOUT = _mails["EMAIL_HOST"], _mails["EMAIL_PORT"], _mails["EMAIL_TIMEOUT"]
EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = _mails["EMAIL_HOST_USER"], _mails["EMAIL_HOST_PASSWORD"]
EMAIL_USE_TLS, EMAIL_USE_SSL = _mails["EMAIL_USE_TLS"], _mails["EMAIL_USE_SSL"]

# In the database, so that sign-in and its limits hold through a loss of Redis; holds nothing else.
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "console_cache",
        "OPTIONS": {"MAX_ENTRIES": 50_000},
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "accounts.User"
ALLAUTH_TRUSTED_PROXY_COUNT = TRUSTED_PROXIES
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator",
        "OPTIONS": {"user_attributes": ("email", "name")},
    },
]
AUTHENTICATION_BACKENDS = ["accounts.identity.backend.EmailBackend"]
PASSWORD_RESET_TIMEOUT = 60 * 60
ACCOUNT_ADAPTER = "accounts.identity.adapter.AccountAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_EMAIL_CONFIRMATION_EXPIRE_DAYS = 3
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False  # nobody mails strangers through us
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
# Django's own holds the address in its hash; allauth's would write rows of addresses.
ACCOUNT_PASSWORD_RESET_TOKEN_GENERATOR = "django.contrib.auth.tokens.PasswordResetTokenGenerator"
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_REAUTHENTICATION_TIMEOUT = 5 * 60
# Attempts of whoever knows no password. Known devices have a bucket of their own (accounts.identity.throttling).
ACCOUNT_RATE_LIMITS = {
    "login": "60/m/ip",
    "login_failed": "20/15m/key,10/m/ip",
    "login_failed_known": "20/15m/key",
    "signup": "10/m/ip",
    "confirm_email": "1/3m/key",
    "reset_password": "3/15m/key,10/m/ip",
    "reset_password_from_key": "20/m/ip",
    "change_password": "10/15m/user",
    "reauthenticate": "10/15m/user",
}
MFA_ADAPTER = "accounts.identity.adapter.SecondFactorAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_TOTP_ISSUER = "Group SMS Console"
MFA_TOTP_TOLERANCE = 1  # one step of 30 seconds: telephones' clocks are not exact
USERSESSIONS_TRACK_ACTIVITY = True
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "overview"
LOGOUT_REDIRECT_URL = "account_login"
# Sessions live in the database, so that people stay signed in through a loss of Redis.
SESSION_COOKIE_AGE = 12 * 60 * 60
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
# Two clones on one host (different ports) share cookies by name.
SESSION_COOKIE_NAME = "__Host-sessionid" if PRODUCTION else f"sessionid-{PORT}"
CSRF_COOKIE_NAME = "__Host-csrftoken" if PRODUCTION else f"csrftoken-{PORT}"
KNOWN_DEVICE_COOKIE_NAME = "__Host-known" if PRODUCTION else f"known-{PORT}"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = PRODUCTION
SECURE_SSL_REDIRECT = False  # the proxy in front decides; the API refuses plain HTTP by itself
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if PRODUCTION else None
SECURE_HSTS_SECONDS = 365 * 24 * 60 * 60 if PRODUCTION else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = PRODUCTION
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'"],
        "font-src": ["'self'"],
        "connect-src": ["'self'"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'none'"],
        "base-uri": ["'none'"],
    }
}

# When reviewers work (console.lib.workdays): hours of the day in `zone`, workdays of `country`.
REVIEW_CALENDAR = {"zone": "Asia/Shanghai", "opens": "09:00", "closes": "18:00", "country": "CN"}

LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("zh-hans", "简体中文")]
LANGUAGE_COOKIE_NAME = "language"
LANGUAGE_COOKIE_SAMESITE = "Lax"
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "Asia/Shanghai"
USE_THOUSAND_SEPARATOR = False

STATIC_URL = "static/"
# Bootstrap's wheel is a plain folder beside the packages, not a Django app.
BOOTSTRAP_CSS = Path(bootstrap_wrapper.__file__).parents[1] / "bootstrap" / "css"
STATICFILES_DIRS = [BASE_DIR / "static", ("bootstrap/css", BOOTSTRAP_CSS)]
STATIC_ROOT = VAR_DIR / "static"
MEDIA_ROOT = VAR_DIR / "uploads"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
FILE_UPLOAD_PERMISSIONS = 0o600
FILE_UPLOAD_DIRECTORY_PERMISSIONS = 0o700
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024

# Celery carries hints only: ids of rows, never anything that would be missed. Reasons in docs/architecture.md.
CELERY_BROKER_URL = REDIS_URL.replace("unix://", "redis+socket://") if REDIS_URL.startswith("unix://") else REDIS_URL
CELERY_RESULT_BACKEND = None
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_MAX_TASKS_PER_CHILD = 1000
CELERY_WORKER_MAX_MEMORY_PER_CHILD = 400_000
CELERY_WORKER_SEND_TASK_EVENTS = False
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 600,
    "socket_keepalive": True,
    "health_check_interval": 30,
    "socket_timeout": 30,
    "global_keyprefix": "console:",
}
CELERY_TASK_TIME_LIMIT = 300
CELERY_TASK_SOFT_TIME_LIMIT = 280
CELERY_TASK_DEFAULT_QUEUE = "quick"
# Reading sheets takes seconds, writing them up to a minute: neither must stand before the sweepers, nor the slower one
# before an upload that somebody waits for.
CELERY_TASK_ROUTES = {
    "sending.read_upload": {"queue": "reading"},
    "sending.make_export": {"queue": "making"},
    "sending.make_list": {"queue": "making"},
}
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TIMEZONE = TIME_ZONE
CELERY_BEAT_SCHEDULER = "console.beat:Scheduler"
CELERY_BEAT_MAX_LOOP_INTERVAL = 2
CELERY_BEAT_SCHEDULE = {
    "pulse": {
        "task": "console.pulse",
        "schedule": 5.0,
        "kwargs": {"name": "worker"},
        "options": {"expires": 30},
    },
    "pulse-reader": {
        "task": "console.pulse",
        "schedule": 5.0,
        "kwargs": {"name": "reader"},
        "options": {"expires": 30, "queue": "reading"},
    },
    "pulse-maker": {
        "task": "console.pulse",
        "schedule": 5.0,
        "kwargs": {"name": "maker"},
        "options": {"expires": 30, "queue": "making"},
    },
    "start-due-jobs": {"task": "sending.start_due_jobs", "schedule": 2.0, "options": {"expires": 30}},
    "sweep": {"task": "sending.sweep", "schedule": 5.0, "options": {"expires": 30}},
    "fold-counts": {"task": "sending.fold_counts", "schedule": 2.0, "options": {"expires": 30}},
    "send-texts": {"task": "sending.send_texts", "schedule": 5.0, "options": {"expires": 30}},
    "send-mails": {"task": "accounts.send_mails", "schedule": 10.0, "options": {"expires": 30}},
    # By the clock, so that they come also where beat never runs for long.
    "tidy-outbox": {"task": "accounts.tidy_outbox", "schedule": crontab(minute="25"), "options": {"expires": 600}},
    "sweep-hourly": {"task": "sending.sweep_hourly", "schedule": crontab(minute="10"), "options": {"expires": 600}},
    "seal-audit": {"task": "accounts.seal_audit", "schedule": crontab(minute="15"), "options": {"expires": 600}},
    "verify-audit": {
        "task": "accounts.verify_audit",
        "schedule": crontab(minute="40", hour="2"),
        "options": {"expires": 3600},
    },
    # A new list of holidays may know other days.
    "recompute-due-times": {
        "task": "accounts.recompute_due_times",
        "schedule": crontab(minute="20"),
        "options": {"expires": 600},
    },
    "forget-old-secrets": {
        "task": "accounts.forget_old_secrets",
        "schedule": crontab(minute="25"),
        "options": {"expires": 600},
    },
    "tidy-template-imports": {
        "task": "templates_app.tidy_imports",
        "schedule": crontab(minute="*/5"),
        "options": {"expires": 240},
    },
    "disable-ended-tests": {
        "task": "templates_app.disable_ended",
        "schedule": crontab(minute="35"),
        "options": {"expires": 600},
    },
    "let-signatures-sleep": {
        "task": "templates_app.let_sleep",
        "schedule": crontab(minute="45", hour="1"),
        "options": {"expires": 3600},
    },
    "forget-unsent-papers": {
        "task": "templates_app.forget_unsent_papers",
        "schedule": crontab(minute="45"),
        "options": {"expires": 600},
    },
    "forget-sessions": {
        "task": "accounts.forget_expired_sessions",
        "schedule": crontab(minute="50"),
        "options": {"expires": 600},
    },
    "make-partitions": {
        "task": "sending.make_partitions",
        "schedule": crontab(minute="5"),
        "options": {"expires": 600},
    },
    "verify-counts": {
        "task": "sending.verify_counts",
        "schedule": crontab(minute="20", hour="3"),
        "options": {"expires": 3600},
    },
}

LOGGING_CONFIG = "console.logs.configure"
LOGGING = {"level": LOG_LEVEL}
