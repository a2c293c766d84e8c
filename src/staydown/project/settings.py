"""Every setting of the Django parts, read once from the environment; docs/reference/settings.md explains each."""

from __future__ import annotations

import os
import secrets
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import staydown
from staydown.apps.ui import security
from staydown.errors import SettingError
from staydown.project import readers

ENVIRONMENT = readers.Environment(os.environ)

# What the operator sets -----------------------------------------------------------------------------------------------
STAYDOWN_DATA = ENVIRONMENT.path("STAYDOWN_DATA", Path("data"))
STAYDOWN_KEYRING_FILE = ENVIRONMENT.path("STAYDOWN_KEYRING_FILE", STAYDOWN_DATA / "keyring")
STAYDOWN_ORIGIN = ENVIRONMENT.origin("STAYDOWN_ORIGIN", "http://127.0.0.1:8080")
STAYDOWN_NAME = ENVIRONMENT.text("STAYDOWN_NAME", "This platform")
STAYDOWN_REGIMES = ENVIRONMENT.ids("STAYDOWN_REGIMES")  # empty: every regime in force that no file marks otherwise
_OWN_REGIMES = ENVIRONMENT.path("STAYDOWN_REGIMES_DIR", Path())
STAYDOWN_REGIMES_DIR = _OWN_REGIMES if ENVIRONMENT.text("STAYDOWN_REGIMES_DIR", "") else None  # the operator's own
STAYDOWN_PREVIEW_ORIGINS = ENVIRONMENT.origins("STAYDOWN_PREVIEW_ORIGINS")
STAYDOWN_WEBHOOK_PRIVATE = ENVIRONMENT.flag("STAYDOWN_WEBHOOK_PRIVATE", default=False)
STAYDOWN_SOURCES_PRIVATE = ENVIRONMENT.flag("STAYDOWN_SOURCES_PRIVATE", default=False)
STAYDOWN_LISTS_DIR = ENVIRONMENT.path("STAYDOWN_LISTS_DIR", STAYDOWN_DATA / "lists")
_TWO_PEOPLE = ("restore", "export", "enforce", "unblock", "erase")
STAYDOWN_TWO_PEOPLE = ENVIRONMENT.choices("STAYDOWN_TWO_PEOPLE", _TWO_PEOPLE, _TWO_PEOPLE)
STAYDOWN_FETCHES_PER_MINUTE = ENVIRONMENT.whole("STAYDOWN_FETCHES_PER_MINUTE", 600, least=1, most=1_000_000)
STAYDOWN_EXIT_URL = ENVIRONMENT.address("STAYDOWN_EXIT_URL", "https://www.wikipedia.org/")
STAYDOWN_KEEP = {  # days after a case is closed; a law of the case or an appeal can make them more, never less
    "report": ENVIRONMENT.whole("STAYDOWN_KEEP_REPORTS", 90, least=1, most=3650),
    "content_pointer": ENVIRONMENT.whole("STAYDOWN_KEEP_ADDRESSES", 90, least=1, most=3650),
    "decision": ENVIRONMENT.whole("STAYDOWN_KEEP_DECISIONS", 365, least=1, most=3650),
}
_MAIL = ENVIRONMENT.secret("STAYDOWN_MAIL")
STAYDOWN_MAIL = bool(_MAIL)  # whether mail is sent at all
STAYDOWN_MAIL_FROM = ENVIRONMENT.text("STAYDOWN_MAIL_FROM", "")
if STAYDOWN_MAIL and not STAYDOWN_MAIL_FROM:
    raise SettingError("STAYDOWN_MAIL needs STAYDOWN_MAIL_FROM beside it: the address that mails come from.")
globals().update(readers.mail("STAYDOWN_MAIL", _MAIL))
STAYDOWN_SECOND_FACTOR = ENVIRONMENT.flag("STAYDOWN_SECOND_FACTOR", default=True)
STAYDOWN_OIDC_ISSUER = ENVIRONMENT.text("STAYDOWN_OIDC_ISSUER", "") and ENVIRONMENT.address("STAYDOWN_OIDC_ISSUER", "")
STAYDOWN_OIDC_NAME = ENVIRONMENT.text("STAYDOWN_OIDC_NAME", "your organisation")
STAYDOWN_OIDC_CLAIM = ENVIRONMENT.text("STAYDOWN_OIDC_CLAIM", "preferred_username")
_OIDC_CLIENT = ENVIRONMENT.text("STAYDOWN_OIDC_CLIENT_ID", "")
_OIDC_SECRET = ENVIRONMENT.secret("STAYDOWN_OIDC_CLIENT_SECRET")
if STAYDOWN_OIDC_ISSUER and not (_OIDC_CLIENT and _OIDC_SECRET):
    raise SettingError("STAYDOWN_OIDC_ISSUER needs STAYDOWN_OIDC_CLIENT_ID and STAYDOWN_OIDC_CLIENT_SECRET beside it.")
STAYDOWN_PROXIES = ENVIRONMENT.networks("STAYDOWN_PROXIES", "127.0.0.1")  # whose X-Forwarded-* headers are believed

DEBUG = ENVIRONMENT.flag("STAYDOWN_DEBUG", default=False)
SECRET_KEY = ENVIRONMENT.secret("STAYDOWN_SECRET_KEY", file=STAYDOWN_DATA / "secret-key")
if not SECRET_KEY:
    # Without an install there is nothing to protect yet: `manage`, `doctor` and the tests work with a passing key.
    SECRET_KEY = secrets.token_urlsafe(48)
elif len(SECRET_KEY) < 32:
    raise SettingError("STAYDOWN_SECRET_KEY is too short. Use at least 32 random characters.")

_HOST = urlsplit(STAYDOWN_ORIGIN).hostname or ""
_OWN_HOST = f"[{_HOST}]" if ":" in _HOST else _HOST
ALLOWED_HOSTS = sorted({*ENVIRONMENT.hosts("STAYDOWN_HOSTS", []), _OWN_HOST, "localhost", "127.0.0.1", "[::1]"})
CSRF_TRUSTED_ORIGINS = [STAYDOWN_ORIGIN]
HTTPS = STAYDOWN_ORIGIN.startswith("https://")

# Records --------------------------------------------------------------------------------------------------------------
_DATABASE = ENVIRONMENT.secret("STAYDOWN_DATABASE", str(STAYDOWN_DATA / "staydown.sqlite3"))
DATABASES = {"default": readers.database("STAYDOWN_DATABASE", _DATABASE)}
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    DATABASES["default"]["OPTIONS"] = {
        # A transaction that reads first and writes later must hold the write lock from its start: otherwise two of
        # them read the same head of the audit log, and one fails with "database is locked" instead of waiting.
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        # synchronous=FULL, where WAL would get along with NORMAL: a report that was accepted must survive a power cut,
        # not only a crash of this process. secure_delete overwrites erased values with zeros.
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA secure_delete=ON;"
        f" PRAGMA foreign_keys=ON; PRAGMA trusted_schema={'OFF' if readers.sqlite_distrusts() else 'ON'};",
    }
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
TASKS = {"default": {"BACKEND": "django_tasks_db.DatabaseBackend", "QUEUES": ["default"]}}
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}  # throttles only; never on disk

INSTALLED_APPS = [
    "staydown.apps.vault",
    "staydown.apps.audit",
    "staydown.apps.accounts",
    "staydown.apps.banks",
    "staydown.apps.sharing",
    "staydown.apps.cases",
    "staydown.apps.ui",
    "staydown.apps.portal",
    "staydown.apps.console",
    "staydown.apps.api",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "csp",
    "django_tasks",
    "django_tasks_db",
]

# Requests -------------------------------------------------------------------------------------------------------------
ROOT_URLCONF = "staydown.project.urls"
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "staydown.apps.ui.security.SecurityHeaders",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]
STATIC_URL = "/static/"
STATICFILES_FINDERS = ["django.contrib.staticfiles.finders.AppDirectoriesFinder"]
DATA_UPLOAD_MAX_MEMORY_SIZE = 2_621_440  # hashes, links and words; a picture never comes this way
DATA_UPLOAD_MAX_NUMBER_FIELDS = 2_000
FILE_UPLOAD_HANDLERS = ["django.core.files.uploadhandler.MemoryFileUploadHandler"]  # nothing uploaded touches a disk
FILE_UPLOAD_MAX_MEMORY_SIZE = 8 * 1024 * 1024  # more than a body may be long: Django spools a longer one to a file

SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = security.HEADERS["Referrer-Policy"]
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
SECURE_HSTS_SECONDS = int(timedelta(days=365).total_seconds()) if HTTPS else 0
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = security.CSP

# Sessions and sign-in -------------------------------------------------------------------------------------------------
SESSION_ENGINE = "staydown.apps.vault.sessions"  # what a session holds is sealed in its row
SESSION_COOKIE_NAME = "__Host-session" if HTTPS else "session"
SESSION_COOKIE_SECURE = HTTPS
SESSION_COOKIE_HTTPONLY = True
# Sign-in, TOTP and passkeys all happen on this origin; single sign-on comes back from another one.
SESSION_COOKIE_SAMESITE = "Lax" if STAYDOWN_OIDC_ISSUER else "Strict"
SESSION_COOKIE_AGE = int(timedelta(hours=10).total_seconds())
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
CSRF_COOKIE_NAME = "__Host-csrf" if HTTPS else "csrf"
CSRF_COOKIE_SECURE = HTTPS
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Strict"
CSRF_COOKIE_AGE = None  # until the browser closes
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"

AUTH_USER_MODEL = "staydown_accounts.Staff"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.ScryptPasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/staff/"
ACCOUNT_ADAPTER = "staydown.apps.accounts.adapters.StaffAdapter"
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_REAUTHENTICATION_TIMEOUT = 900
ACCOUNT_RATE_LIMITS = {"login": "60/m/ip", "login_failed": "20/m/ip,5/5m/key", "reauthenticate": "10/m/user"}
ACCOUNT_PREVENT_ENUMERATION = True
SOCIALACCOUNT_ADAPTER = "staydown.apps.accounts.adapters.SingleSignOnAdapter"
SOCIALACCOUNT_STORE_TOKENS = False
SOCIALACCOUNT_EMAIL_AUTHENTICATION = False
SOCIALACCOUNT_LOGIN_ON_GET = False
_OIDC = {"provider_id": "work", "name": STAYDOWN_OIDC_NAME, "client_id": _OIDC_CLIENT, "secret": _OIDC_SECRET}
SOCIALACCOUNT_PROVIDERS = {
    "openid_connect": {
        "OAUTH_PKCE_ENABLED": True,
        "SCOPE": ["openid", "profile"],
        "APPS": [_OIDC | {"settings": {"server_url": STAYDOWN_OIDC_ISSUER}}] if STAYDOWN_OIDC_ISSUER else [],
    }
}
MFA_ADAPTER = "staydown.apps.accounts.adapters.SealedMfaAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_PASSKEY_SIGNUP_ENABLED = False
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not HTTPS and _HOST in {"localhost", "127.0.0.1"}
MFA_ALLOW_UNVERIFIED_EMAIL = True
MFA_TOTP_ISSUER = f"staydown {STAYDOWN_NAME}"
MFA_TOTP_TOLERANCE = 1

# Language, time, log --------------------------------------------------------------------------------------------------
LANGUAGE_CODE = "en-gb"
# The language stands in the address (/es/report/), so nobody needs a cookie to keep it. One that is whole has its
# compiled catalogue in staydown/locale, and appears by being there.
LOCALE_PATHS = [Path(staydown.__file__).parent / "locale"]
LANGUAGES = [(LANGUAGE_CODE, "English"), *readers.languages(LOCALE_PATHS[0])]
USE_I18N = True
FORMAT_MODULE_PATH = ["staydown.project.formats"]
USE_TZ = True
TIME_ZONE = "UTC"
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"plain": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "plain"}},
    "root": {
        "handlers": ["stderr"],
        "level": ENVIRONMENT.choice("STAYDOWN_LOG", "warning", ("debug", "info", "warning", "error")).upper(),
    },
    "loggers": {
        # Django's own handlers would mail errors with the request's body in them, and log each address not found.
        "django": {"handlers": [], "level": "WARNING", "propagate": True},
        "django.request": {"handlers": [], "level": "ERROR", "propagate": True},
        "django.server": {"handlers": [], "level": "ERROR", "propagate": False},
    },
}
DEFAULT_EXCEPTION_REPORTER_FILTER = "django.views.debug.SafeExceptionReporterFilter"
