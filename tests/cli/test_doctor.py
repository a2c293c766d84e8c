"""`staydown doctor`: each thing that can be wrong is found, and said in words that help."""

from __future__ import annotations

import json
import sqlite3
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from allauth.mfa.totp.internal.auth import TOTP
from click.testing import CliRunner
from django.conf import settings
from django.db import connection, transaction
from django.db.utils import ConnectionHandler
from django.utils import timezone

from staydown.apps.accounts.actions import create_staff
from staydown.apps.audit import actions as audit
from staydown.apps.audit import guards
from staydown.apps.audit.actor import Actor
from staydown.apps.banks import actions as banks
from staydown.apps.sharing import actions as sharing
from staydown.apps.sharing import following, sources
from staydown.apps.sharing.models import Delivery
from staydown.apps.sharing.source_models import Source
from staydown.apps.vault import keyring
from staydown.cli import doctor as cli
from staydown.core.law import regime
from staydown.core.sealing import Keyring
from staydown.errors import UnreachableError
from staydown.project import install
from staydown.project.doctor import followed, machine, records, visit
from staydown.project.doctor.finding import Finding, Level, fail, ok, warn
from tests.apps.sharing.scripted import KEYS, Scripted

pytestmark = pytest.mark.django_db


@pytest.fixture
def data(settings, tmp_path):
    """An install as `serve` makes it, with the keyring in a folder of its own."""
    settings.STAYDOWN_DATA = tmp_path / "data"
    (tmp_path / "keys").mkdir(mode=0o700)
    settings.STAYDOWN_KEYRING_FILE = tmp_path / "keys" / "keyring"
    install.ensure()
    install.ensure_node()
    install.told()
    return settings.STAYDOWN_DATA


@pytest.fixture(autouse=True)
def nobody_answers(monkeypatch):
    """No test asks the network."""

    def get(*args, **kwargs):
        raise httpx.ConnectError("nobody")

    monkeypatch.setattr(records.httpx, "get", get)


def found(look) -> dict[str, Level]:
    """The codes and levels of a look; every finding that is not in order says what to do."""
    findings = list(look)
    assert all(bool(each.do) is (each.level is not Level.OK) for each in findings)
    return {each.code: each.level for each in findings}


def test_an_install_in_order_has_no_failure(data, monkeypatch):
    seen = found(visit.findings())
    assert {code for code, level in seen.items() if level is Level.FAIL} == set()
    assert {"files_readable", "migrations", "keyring", "audit", "decoder", "regimes", "disk", "clock"} <= {
        code for code, level in seen.items() if level is Level.OK
    }


def test_files_that_others_can_read(data):
    assert found(machine.private_files()) == {"files_readable": Level.OK}
    (data / "screening.toml").chmod(0o644)
    assert found(machine.private_files()) == {"files_readable": Level.OK}  # the folder still keeps others out
    data.chmod(0o755)
    assert found(machine.private_files()) == {"files_readable": Level.FAIL}


def test_a_keyring_elsewhere_that_others_can_read(data, settings):
    settings.STAYDOWN_KEYRING_FILE.chmod(0o640)
    assert found(machine.private_files()) == {"files_readable": Level.FAIL}


def test_where_the_keyring_lies(data, settings):
    assert found(machine.keyring_apart()) == {"keyring_in_data": Level.OK}
    settings.STAYDOWN_KEYRING_FILE = data / "keyring"
    assert found(machine.keyring_apart()) == {"keyring_missing": Level.FAIL}
    keyring.keep(Keyring.new(), data / "keyring")
    assert found(machine.keyring_apart()) == {"keyring_in_data": Level.WARN}


DAMAGE = {
    "no database": lambda content: b"something else" + content[14:],
    "cut off": lambda content: content[: len(content) // 2],
    "overwritten": lambda content: content[:8192] + b"\xff" * 40_000 + content[48_192:],
}


@pytest.mark.sqlite
@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_database_is_called_damaged(damage, tmp_path, monkeypatch):
    path = tmp_path / "staydown.sqlite3"
    whole = sqlite3.connect(path)
    for number in range(20):
        whole.execute(f"CREATE TABLE t{number} (x TEXT UNIQUE)")
        whole.executemany(f"INSERT INTO t{number} VALUES (?)", [(f"{each:0200}",) for each in range(50)])
    whole.commit()
    whole.close()
    path.write_bytes(DAMAGE[damage](path.read_bytes()))
    broken = ConnectionHandler({"default": {**settings.DATABASES["default"], "NAME": str(path)}})["default"]
    monkeypatch.setattr(records, "connection", broken)
    (finding,) = records.tables()
    assert (finding.code, finding.level) == ("database_damaged", Level.FAIL)
    assert "restore the newest backup" in finding.do
    broken.close()


@pytest.mark.sqlite
def test_a_database_that_cannot_be_opened_is_not_called_damaged(tmp_path, monkeypatch):
    (tmp_path / "folder").mkdir()
    broken = ConnectionHandler({"default": {**settings.DATABASES["default"], "NAME": str(tmp_path / "folder")}})
    monkeypatch.setattr(records, "connection", broken["default"])
    assert found(records.tables()) == {"database": Level.FAIL}


def test_sources_that_ask_fail_or_are_silent(system):
    policy = sources.Policy(banks.open_bank("shared", by=system), most_growth=2)
    scripts = {
        "grows": Scripted().adds(1, 2, 3),
        "away": Scripted(fault=UnreachableError()),
        "silent": Scripted().adds(4),
        "calm": Scripted().adds(5),
    }
    for name, script in scripts.items():
        made = sources.add_source(name, "stopncii", f"https://{name}.test/v1", KEYS, policy, by=system)
        following.follow(made, make=script)
    now = timezone.now()
    Source.objects.filter(name="silent").update(caught_up_at=now - timedelta(days=2))
    assert found(followed.sources(now)) == {
        "source_asks": Level.FAIL,
        "source_fails": Level.WARN,
        "source_silent": Level.WARN,
    }
    Source.objects.exclude(name="calm").update(removed_at=now, enabled=False)
    assert found(followed.sources(now)) == {"sources": Level.OK}


def test_unsafe_settings(data, settings):
    settings.DEBUG = True
    settings.STAYDOWN_WEBHOOK_PRIVATE = settings.STAYDOWN_SOURCES_PRIVATE = True
    settings.STAYDOWN_ORIGIN = "http://takedown.example"
    (data / "first-sign-in").write_text("x")
    unsafe = found(machine.configuration({"STAYDOWN_ORGIN": "x", "STAYDOWN_SCREEN_WORKERS": "2", "HOME": "/"}))
    assert unsafe == {
        "debug": Level.FAIL,
        "origin_http": Level.FAIL,
        "webhook_private": Level.WARN,
        "sources_private": Level.WARN,
        "settings_unknown": Level.WARN,
        "first_password": Level.WARN,
    }


def test_an_origin_of_this_machine_and_an_encrypted_one(data, settings):
    settings.STAYDOWN_ORIGIN = "http://localhost:8080"
    assert found(machine.configuration({})) == {"origin_local": Level.WARN}
    settings.HTTPS = True
    settings.STAYDOWN_ORIGIN = "https://takedown.example"
    assert found(machine.configuration({})) == {"origin_http": Level.OK}


@pytest.mark.parametrize(("free", "level"), [(50_000_000, "fail"), (500_000_000, "warn"), (5_000_000_000, "ok")])
def test_room_on_the_disk(data, monkeypatch, free, level):
    usage = machine.shutil.disk_usage(data)._replace(free=free)
    monkeypatch.setattr(machine.shutil, "disk_usage", lambda folder: usage)
    assert found(machine.disk()) == {"disk": Level(level)}


def test_a_clock_that_cannot_be_right(data):
    assert found(machine.clock(datetime(1970, 1, 1, tzinfo=UTC))) == {"clock": Level.FAIL}
    assert found(machine.clock(timezone.now())) == {"clock": Level.OK}


def test_a_clock_that_was_set_back(data):
    now = timezone.now()
    assert "clock_went_back" not in found(records.audit_log(now))
    assert found(records.audit_log(now - timedelta(days=1)))["clock_went_back"] is Level.FAIL


def test_decoders_work_here_and_whether_they_have_a_network_is_really_tried(data, monkeypatch):
    assert found(machine.decoders())["decoder"] is Level.OK
    monkeypatch.setattr(machine, "_NAMESPACE", "print(False)")
    assert found(machine.decoders())["decoder_network"] is Level.WARN
    monkeypatch.setattr(machine, "_NAMESPACE", "from staydown.core.hashing.sandbox import _leave_the_network")
    assert machine._leaves_the_network() is False  # the step that is tried still has this name, but said nothing
    assert machine.subprocess.run([machine.sys.executable, "-c", machine._NAMESPACE], check=True).returncode == 0


def test_a_decoder_that_does_not_work(data, monkeypatch):
    def broken(self, picture):
        raise machine.StaydownError("The worker died.")

    monkeypatch.setattr(machine.HashingPool, "hash", broken)
    assert found(machine.decoders())["decoder"] is Level.FAIL


def test_tables_of_another_version(data, monkeypatch):
    monkeypatch.setattr(records.install, "pending_migrations", lambda: 3)
    assert found(records.tables())["migrations"] is Level.FAIL


def test_another_keyring_and_an_unfinished_rotation(data, settings, system):
    sharing.add_endpoint("platform", "https://platform.example/hook", by=system)
    assert found(records.sealed_values()) == {"keyring": Level.OK}
    own = keyring.current()
    keyring.keep(own.rotate(), settings.STAYDOWN_KEYRING_FILE)
    assert found(records.sealed_values()) == {"rotation_unfinished": Level.WARN}
    sharing.add_endpoint("another platform", "https://platform.example/other", by=system)
    keyring.keep(own, settings.STAYDOWN_KEYRING_FILE)  # as it was before it was rotated
    assert found(records.sealed_values()) == {"keyring_lacks_key": Level.FAIL}
    settings.STAYDOWN_KEYRING_FILE.write_text("spoiled")
    assert found(records.sealed_values()) == {"keyring": Level.FAIL}


def test_the_keyring_of_another_install_is_told_from_a_log_that_was_changed(data, settings):
    keyring.keep(Keyring.new(), settings.STAYDOWN_KEYRING_FILE)
    assert found(records.sealed_values()) == {"keyring": Level.FAIL}, "although nothing is sealed yet"
    audit.keep_checkpoint()
    keyring.keep(Keyring.new(), settings.STAYDOWN_KEYRING_FILE)
    (unverified,) = records.audit_log(timezone.now())
    assert (unverified.level, unverified.do.startswith("Restore the keyring first")) == (Level.FAIL, True)


def test_a_log_that_was_changed(data):
    with connection.cursor() as cursor:
        for statement in guards.lift(connection):
            cursor.execute(statement)
        cursor.execute("UPDATE staydown_audit_line SET verb = 'nothing.happened' WHERE seq = 1")
    (changed,) = records.audit_log(timezone.now())
    assert (changed.code, changed.level, "find out who did" in changed.do) == ("audit", Level.FAIL, True)


LONG = "a long one for the doctor 7"


def test_people(data, bea, ada):
    create_staff("ida", password=LONG, role="protection", pseudonym="Ida", by=Actor.system())
    create_staff("ivo", password=LONG, role="protection", pseudonym="Ivo", by=Actor.system())
    create_staff("cem", password=LONG, role="lead", pseudonym="Cem", by=Actor.system())
    assert found(records.people()) == {"no_second_factor": Level.WARN}
    type(bea).objects.filter(username__in=["ida", "ivo", "cem"]).update(is_active=False)
    for person in (bea, ada, *type(bea).objects.filter(username="admin")):
        TOTP.activate(person, "JBSWY3DPEHPK3PXP")
    less = {"no_lead", "one_decides", "no_protection"}
    assert found(records.people()) == {"no_second_factor": Level.OK, **dict.fromkeys(less, Level.WARN)}
    type(bea).objects.filter(pk=bea.pk).update(is_active=False)
    assert "nobody_decides" in found(records.people())
    type(bea).objects.filter(role="admin").update(is_active=False)
    assert found(records.people())["no_admin"] is Level.FAIL


def test_work_that_takes_two_people_and_has_one(data, bea, settings):
    create_staff("ida", password=LONG, role="protection", pseudonym="Ida", by=Actor.system())
    waits = {each.code: each for each in records.people() if each.code != "no_second_factor"}
    assert waits.keys() == {"no_lead", "one_decides", "one_protects"}
    assert "nobody may answer an appeal" in waits["one_decides"].says
    type(bea).objects.filter(pk=bea.pk).update(role="lead")
    assert {"one_decides", "one_protects"} < found(records.people()).keys()
    settings.STAYDOWN_TWO_PEOPLE = ()
    create_staff("cem", password=LONG, role="moderator", pseudonym="Cem", by=Actor.system())
    create_staff("ivo", password=LONG, role="protection", pseudonym="Ivo", by=Actor.system())
    assert found(records.people()) == {"no_second_factor": Level.WARN}


def test_webhooks_that_did_not_arrive(data, system):
    now = timezone.now()
    assert found(records.deliveries(now)) == {"webhooks_none": Level.WARN}
    endpoint = sharing.add_endpoint("platform", "https://platform.example/hook", by=system)
    assert found(records.deliveries(now)) == {"webhooks_dead": Level.OK}
    with transaction.atomic():
        sharing.announce("report.received", {"report": "1"})
    assert found(records.deliveries(now + timedelta(hours=1)))["no_worker"] is Level.FAIL
    Delivery.objects.update(state="dead", next_at=None, settled_at=now)
    sharing.change_endpoint(endpoint, enabled=False, by=system)
    seen = found(records.deliveries(now))
    assert (seen["webhooks_dead"], seen["webhooks_off"]) == (Level.FAIL, Level.WARN)


def test_law_that_is_unknown_or_old(data, settings):
    now = timezone.now()
    assert found(records.law(now)) == {"regimes": Level.OK}
    assert found(records.law(now + timedelta(days=4000)))["regimes_late"] is Level.WARN
    settings.STAYDOWN_REGIMES = ["xx-nowhere"]
    assert found(records.law(now)) == {"regimes": Level.FAIL}
    settings.STAYDOWN_REGIMES = [regime.load_all()[0].id]
    assert found(records.law(now)) == {"regimes": Level.OK}
    settings.STAYDOWN_REGIMES = []
    assert found(records.law(now)) == {"regimes": Level.OK}


def test_law_that_is_merely_named_and_a_folder_that_is_not_there(data, settings, tmp_path):
    now = timezone.now()
    settings.STAYDOWN_REGIMES = ["uk-osa-10-3A", "dk-likeness"]
    named = {each.code: each for each in records.law(now)}
    assert named["regimes_not_in_force"].level is Level.WARN
    assert "dk-likeness" in named["regimes_not_in_force"].says
    settings.STAYDOWN_REGIMES_DIR = tmp_path / "nowhere"
    (finding,) = records.law(now)
    assert (finding.level, finding.code) == (Level.FAIL, "regimes")
    assert "STAYDOWN_REGIMES_DIR" in finding.do


@pytest.mark.parametrize(("status", "wanted"), [(200, {"screening": "ok"}), (503, {"screening_behind": "fail"})])
def test_a_server_that_answers(data, monkeypatch, status, wanted):
    asked = []

    def get(url, **options):
        asked.append((url, options["trust_env"]))
        return httpx.Response(status)

    monkeypatch.setattr(records.httpx, "get", get)
    (data / "address").write_text("http://127.0.0.1:8999\n")
    assert found(records.screening()) == wanted
    assert asked == [("http://127.0.0.1:8999/readyz", False)]


def test_a_look_that_breaks_is_a_finding_and_keeps_none_of_the_others_from_looking(data, monkeypatch):
    def broken():
        raise PermissionError("/secret/path")
        yield

    monkeypatch.setattr(visit.machine, "disk", broken)
    seen = list(visit.findings())
    (lost,) = [each for each in seen if each.code == "look_failed"]
    assert "/secret/path" not in lost.says
    assert any(each.code == "audit" for each in seen)


def run(monkeypatch, findings: list[Finding], *options: str):
    """What the command prints for these findings."""
    monkeypatch.setattr(cli, "visit", lambda data: (findings, {"feed": "staydown-feed+1+x"}))
    return CliRunner().invoke(cli.command, options)


@pytest.mark.parametrize(("worst", "status"), [([], 0), ([warn("b", "B.", "Do.")], 0), ([fail("c", "C.", "Do.")], 1)])
def test_it_ends_with_1_when_anything_fails(monkeypatch, worst, status):
    assert run(monkeypatch, [ok("a", "A."), *worst]).exit_code == status


def test_the_worst_is_said_last_and_json_says_the_same(monkeypatch):
    findings = [fail("c", "It is broken.", "Mend it."), ok("a", "It is well.")]
    said = run(monkeypatch, findings).output
    assert (
        said.index("It is well.") < said.index("It is broken.") < said.index("Mend it.") < said.index("staydown-feed")
    )
    assert json.loads(run(monkeypatch, findings, "--json").output) == {
        "findings": [
            {"code": "c", "level": "fail", "says": "It is broken.", "do": "Mend it."},
            {"code": "a", "level": "ok", "says": "It is well.", "do": ""},
        ],
        "verifier_keys": {"feed": "staydown-feed+1+x"},
    }


def test_where_there_is_no_install_it_says_where_and_makes_none(monkeypatch, tmp_path):
    monkeypatch.setattr(settings, "STAYDOWN_DATA", tmp_path)
    file = tmp_path / "staydown.sqlite3"
    monkeypatch.setattr(settings, "DATABASES", {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": file}})
    (only,) = visit.findings()
    assert (only.code, str(tmp_path) in only.says) == ("no_install", True)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_not_there_is_said_once_on_postgresql_too(monkeypatch, tmp_path):
    monkeypatch.setattr(settings, "STAYDOWN_DATA", tmp_path / "mistyped")
    monkeypatch.setattr(settings, "DATABASES", {"default": {"ENGINE": "django.db.backends.postgresql", "NAME": "x"}})
    (only,) = visit.findings()
    assert (only.code, "mistyped" in only.says) == ("no_install", True)


def test_the_keys_that_it_prints_verify(data):
    assert visit.verifier_keys()["audit"] == audit.signer().verifier_key
