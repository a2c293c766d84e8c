"""Readers of the environment: they take what is meant, and refuse the rest by the setting's name."""

from __future__ import annotations

from pathlib import Path

import pytest

from staydown.errors import SettingError
from staydown.project.readers import Environment, database, mail

SECRET = "s3cret-value"


def given(value: str) -> Environment:
    """An environment in which the setting X has this value."""
    return Environment({"X": value})


@pytest.mark.parametrize(
    ("read", "value"),
    [
        (lambda e: e.flag("X", default=False), "maybe"),
        (lambda e: e.flag("X", default=False), "2"),
        (lambda e: e.whole("X", 1, least=0, most=9), "10"),
        (lambda e: e.whole("X", 1, least=0, most=9), "-1"),
        (lambda e: e.whole("X", 1, least=0, most=9), "²"),
        (lambda e: e.choice("X", "a", ("a", "b")), "c"),
        (lambda e: e.origin("X", ""), "takedown.example"),
        (lambda e: e.origin("X", ""), "ftp://takedown.example"),
        (lambda e: e.origin("X", ""), "https://takedown.example/path"),
        (lambda e: e.origin("X", ""), f"https://user:{SECRET}@takedown.example"),
        (lambda e: e.origin("X", ""), "https://takedown.example:port"),
        (lambda e: e.origin("X", ""), "https://takedown.example;script-src"),
        (lambda e: e.origin("X", ""), "https://"),
        (lambda e: e.origins("X"), "https://a.example,b.example"),
        (lambda e: e.hosts("X", []), "https://takedown.example"),
        (lambda e: e.hosts("X", []), "takedown.example:443"),
        (lambda e: e.hosts("X", []), "a b"),
        (lambda e: e.ids("X"), "uk/osa"),
        (lambda e: e.networks("X", ""), "proxy.example"),
        (lambda e: e.networks("X", ""), "10.0.0.1/8"),
        (lambda e: e.address("X", ""), "javascript:alert(1)"),
        (lambda e: e.address("X", ""), 'https://a.example/">'),
    ],
)
def test_a_bad_value_is_refused_by_name_and_not_repeated(read, value):
    with pytest.raises(SettingError, match=r"^X ") as error:
        read(given(value))
    assert SECRET not in str(error.value)


@pytest.mark.parametrize(
    ("read", "value", "wanted"),
    [
        (lambda e: e.flag("X", default=False), " Yes ", True),
        (lambda e: e.flag("X", default=True), "", True),
        (lambda e: e.flag("X", default=True), "no", False),
        (lambda e: e.whole("X", 1, least=0, most=9), "7", 7),
        (lambda e: e.text("X", "d"), "  ", "d"),
        (lambda e: e.origin("X", ""), "HTTPS://Takedown.Example:8443/", "https://takedown.example:8443"),
        (lambda e: e.origin("X", ""), "http://[::1]:8080", "http://[::1]:8080"),
        (lambda e: e.origins("X"), "https://a.example, http://b.example:81,", ["https://a.example", "http://b.example:81"]),
        (lambda e: e.hosts("X", ["d"]), "a.example, [::1]", ["a.example", "[::1]"]),
        (lambda e: e.hosts("X", ["d"]), "", ["d"]),
        (lambda e: e.ids("X"), "uk-osa-10-3A , us-tida-3", ["uk-osa-10-3A", "us-tida-3"]),
        (lambda e: e.address("X", ""), "https://news.example/weather?x=1", "https://news.example/weather?x=1"),
        (lambda e: e.networks("X", ""), "127.0.0.1, 10.0.0.0/8,::1", "127.0.0.1,10.0.0.0/8,::1"),
        (lambda e: e.path("X", Path("d")), "/a/b", Path("/a/b")),
    ],
)  # fmt: skip
def test_what_is_meant_is_taken(read, value, wanted):
    assert read(given(value)) == wanted


def test_a_secret_comes_from_itself_from_a_file_or_from_the_install(tmp_path):
    file = tmp_path / "secret"
    file.write_text(f"{SECRET}\n")
    assert Environment({"X": SECRET}).secret("X") == SECRET
    assert Environment({"X_FILE": str(file)}).secret("X") == SECRET
    assert Environment({}).secret("X", file=file) == SECRET
    assert Environment({}).secret("X", "d", file=tmp_path / "none") == "d"


def test_a_secret_that_cannot_be_had_stops_the_start(tmp_path):
    (tmp_path / "empty").write_text("\n")
    (tmp_path / "bytes").write_bytes(b"\xff\xfe")
    for environment in (
        {"X": SECRET, "X_FILE": str(tmp_path / "empty")},
        {"X_FILE": str(tmp_path / "none")},
        {"X_FILE": str(tmp_path / "empty")},
        {"X_FILE": str(tmp_path / "bytes")},
        {"X_FILE": str(tmp_path)},
    ):
        with pytest.raises(SettingError, match=r"^X") as error:
            Environment(environment).secret("X")
        assert SECRET not in str(error.value)


def test_a_path_is_sqlite_and_an_address_is_postgresql(tmp_path):
    assert database("X", str(tmp_path / "a.db"))["NAME"] == str(tmp_path / "a.db")
    found = database("X", "postgresql://me:p%40ss@db.example:5433/stay%20down?sslmode=require")
    assert found == {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": "stay down",
        "USER": "me",
        "PASSWORD": "p@ss",
        "HOST": "db.example",
        "PORT": "5433",
        "OPTIONS": {"sslmode": "require"},
    }
    assert database("X", "postgres://me@/base?host=/run/pg")["HOST"] == "/run/pg"


@pytest.mark.parametrize(
    "text",
    ["mysql://h/b", f"postgresql://u:{SECRET}@h/", f"postgresql://u:{SECRET}@h:port/b", f"postgresql://{SECRET}@h/b?x"],
)
def test_another_database_or_a_broken_address_is_refused(text):
    with pytest.raises(SettingError, match=r"^X ") as error:
        database("X", text)
    assert SECRET not in str(error.value)


def test_mail_is_encrypted_but_for_a_server_on_this_machine():
    assert mail("STAYDOWN_MAIL", "")["EMAIL_BACKEND"].endswith("dummy.EmailBackend")
    sealed = mail("STAYDOWN_MAIL", "smtps://me:a%40b@mail.test")
    assert (sealed["EMAIL_PORT"], sealed["EMAIL_USE_SSL"], sealed["EMAIL_HOST_PASSWORD"]) == (465, True, "a@b")
    asked = mail("STAYDOWN_MAIL", "smtp://mail.test")
    assert (asked["EMAIL_PORT"], asked["EMAIL_USE_TLS"], asked["EMAIL_USE_SSL"]) == (587, True, False)
    here = mail("STAYDOWN_MAIL", "smtp://localhost:2525")
    assert (here["EMAIL_PORT"], here["EMAIL_USE_TLS"]) == (2525, False)


@pytest.mark.parametrize("text", ["mail.test", "http://mail.test", "smtp://", "smtps://me:secret@mail.test:port"])
def test_a_bad_mail_server_is_refused_without_its_password(text):
    with pytest.raises(SettingError, match="STAYDOWN_MAIL") as refused:
        mail("STAYDOWN_MAIL", text)
    assert "secret" not in str(refused.value)
