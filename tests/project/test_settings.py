"""The settings of an install, each tried in a process of its own, for Django reads them once."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from staydown.project import settings as product
from tests.environment import clean

DOCUMENT = Path(__file__).parents[2] / "docs" / "reference" / "settings.md"
ASK = """
import json, sys
from staydown.errors import SettingError
try:
    from staydown.project import settings
except SettingError as error:
    print(json.dumps({"error": error.message}))
else:
    print(json.dumps({name: getattr(settings, name) for name in sys.argv[1:]}, default=str))
"""


def settings_with(*names: str, **environment: str) -> dict[str, object]:
    """What a process with this environment reads."""
    done = subprocess.run(
        [sys.executable, "-c", ASK, *names],
        env=clean() | environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(done.stdout)


def test_every_setting_is_documented_and_every_documented_one_is_read():
    documented = set(re.findall(r"`(STAYDOWN_[A-Z_]*[A-Z])`", DOCUMENT.read_text()))
    assert documented == product.ENVIRONMENT.asked


def test_an_encrypted_origin_locks_the_cookies():
    found = settings_with(
        "SESSION_COOKIE_SECURE", "CSRF_COOKIE_SECURE", "SESSION_COOKIE_NAME", "SECURE_HSTS_SECONDS", "ALLOWED_HOSTS",
        "MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN", "CSRF_TRUSTED_ORIGINS", STAYDOWN_ORIGIN="https://takedown.example",
        STAYDOWN_HOSTS="staff.example",
    )  # fmt: skip
    assert found == {
        "SESSION_COOKIE_SECURE": True,
        "CSRF_COOKIE_SECURE": True,
        "SESSION_COOKIE_NAME": "__Host-session",
        "SECURE_HSTS_SECONDS": 31_536_000,
        "ALLOWED_HOSTS": ["127.0.0.1", "[::1]", "localhost", "staff.example", "takedown.example"],
        "MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN": False,
        "CSRF_TRUSTED_ORIGINS": ["https://takedown.example"],
    }


def test_without_any_setting_it_is_for_this_machine_and_not_in_debug_mode():
    found = settings_with(
        "STAYDOWN_ORIGIN", "SESSION_COOKIE_SECURE", "DEBUG", "STAYDOWN_WEBHOOK_PRIVATE", "ALLOWED_HOSTS"
    )
    assert found == {
        "STAYDOWN_ORIGIN": "http://127.0.0.1:8080",
        "SESSION_COOKIE_SECURE": False,
        "DEBUG": False,
        "STAYDOWN_WEBHOOK_PRIVATE": False,
        "ALLOWED_HOSTS": ["127.0.0.1", "[::1]", "localhost"],
    }


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("STAYDOWN_SECRET_KEY", "short"),
        ("STAYDOWN_ORIGIN", "takedown.example"),
        ("STAYDOWN_DEBUG", "perhaps"),
        ("STAYDOWN_DATABASE", "oracle://h/b"),
        ("STAYDOWN_LOG", "loud"),
        ("STAYDOWN_EXIT_URL", "weather"),
    ],
)
def test_a_bad_value_stops_the_start(name, value):
    assert str(settings_with(**{name: value})["error"]).startswith(name)


def test_sqlite_is_set_up_to_lose_and_to_keep_nothing():
    found = settings_with("DATABASES")["DATABASES"]["default"]["OPTIONS"]
    assert found["transaction_mode"] == "IMMEDIATE"
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "secure_delete=ON", "foreign_keys=ON"):
        assert pragma in found["init_command"]


def test_passwords_are_hashed_slowly_and_no_log_holds_a_request():
    found = settings_with("PASSWORD_HASHERS", "LOGGING", "SESSION_ENGINE")
    assert "Scrypt" in found["PASSWORD_HASHERS"][0]
    assert found["LOGGING"]["loggers"]["django"]["handlers"] == []
    assert "mail_admins" not in json.dumps(found["LOGGING"])
    assert found["SESSION_ENGINE"] == "staydown.apps.vault.sessions"
