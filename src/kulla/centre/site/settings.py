"""Django's settings, from the environment alone.

    KULLA_CENTRE     the centre's folder; without it the database is in memory and the key lasts as long as the process,
                     which is what checks, types and tests need and nobody can serve
    KULLA_KEYS       the folder of its keys, outside the centre's
    DATABASE_URL     postgresql://user:password@host:port/name?options; SQLite in the centre's folder when absent
    KULLA_HOSTS      names the console answers to, with commas
    KULLA_TLS        own (TLS by this process or a proxy: cookies only over https) | none (loopback only)

`kulla run` sets them from centre.toml; nobody need set them by hand.
"""

from __future__ import annotations

import os
from pathlib import Path

import django_stubs_ext
from csp.constants import NONE, SELF

from kulla.centre.site import environment

django_stubs_ext.monkeypatch()  # so that Django's generic classes take their type in brackets

HERE = Path(__file__).resolve().parent
_env = environment.read(os.environ)

SECRET_KEY = _env.secret
DEBUG = False
ALLOWED_HOSTS = list(_env.hosts)
CENTRE = _env.folder
KEYS = _env.keys
EXERCISE = _env.exercise
"""A centre of invented data: second factors may be skipped, and every page says what it is."""

NINJA_PAGINATION_MAX_LIMIT = 500
NINJA_PAGINATION_MAX_OFFSET = 1_000_000

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django_htmx",
    "csp",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    *(f"kulla.centre.{name}" for name in environment.APPS),
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "kulla.centre.site.middleware.TokenMiddleware",
    "kulla.centre.site.middleware.PersonMiddleware",
    "kulla.centre.site.middleware.ScopeMiddleware",
    "kulla.centre.site.middleware.FactorMiddleware",
]

ROOT_URLCONF = "kulla.centre.site.urls"
WSGI_APPLICATION = "kulla.centre.site.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [HERE / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "kulla.centre.site.context.page",
            ],
            "builtins": [
                "django.templatetags.i18n",
                "django.templatetags.static",
                "kulla.centre.site.templatetags.kulla",
            ],
        },
    }
]

DATABASES = {"default": _env.database}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
CACHES = {"default": {"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "kulla_cache"}}
"""In the database: limits of attempts must hold over every process that serves."""

AUTH_USER_MODEL = "people.User"
AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_ADAPTER = "kulla.centre.people.adapters.AccountAdapter"
SOCIALACCOUNT_ADAPTER = "kulla.centre.people.adapters.SocialAdapter"
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = True
ACCOUNT_REAUTHENTICATION_TIMEOUT = 900
ACCOUNT_SESSION_REMEMBER = False
EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"
"""allauth writes to nobody: a lost password is an administrator's to replace. Notices have mail of their own."""
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = False
MFA_TOTP_ISSUER = "Kulla"
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = _env.tls == "none"
SOCIALACCOUNT_PROVIDERS = {"openid_connect": {"APPS": list(_env.providers), "OAUTH_PKCE_ENABLED": True}}
SOCIALACCOUNT_LOGIN_ON_GET = False
ALLAUTH_TRUSTED_PROXY_COUNT = 1 if _env.proxied else 0
"""Behind a proxy every request comes from its address: limits by address would shut everybody out together."""

LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("sq", "Shqip")]
USE_TZ = True
TIME_ZONE = "UTC"
USE_I18N = True

STATIC_URL = "/static/"
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = False
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
FILE_UPLOAD_HANDLERS = ["django.core.files.uploadhandler.TemporaryFileUploadHandler"]
"""What is uploaded goes through a file that is gone when the request ends: leaked files have gigabytes."""
FILE_UPLOAD_TEMP_DIR = str(_env.folder / "state" / "uploads") if _env.folder else None
"""For us alone, and emptied when the console starts: an upload that a power failure cut off does not stay."""
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 << 20

SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 12 * 3600
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = _env.tls != "none"
SECURE_SSL_REDIRECT = False
SECURE_HSTS_SECONDS = 31_536_000 if _env.tls != "none" else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = _env.tls != "none"
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if _env.proxied else None
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF, *(f"{each['settings']['server_url'].split('/.well')[0]}" for each in _env.providers)],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
    }
}
SILENCED_SYSTEM_CHECKS = ["security.W008"]
"""Nothing listens on plain HTTP when TLS is ours, so that there is nothing to redirect."""

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"console": {"class": "logging.StreamHandler"}},
    "root": {"handlers": ["console"], "level": "WARNING"},
}
