"""Making an install: everything once, wherever it was broken off."""

from __future__ import annotations

import stat

import pytest
from django.conf import settings as configured

from staydown.apps.accounts import access
from staydown.apps.accounts.models import ApiKey, Role, Staff
from staydown.apps.audit import actions as log
from staydown.apps.banks.models import Bank
from staydown.apps.vault import keyring
from staydown.core.sealing import Keyring
from staydown.errors import DeniedError, KeyringError, RegimeError, SettingError
from staydown.project import django, install
from staydown.screening.settings import KeyFile

pytestmark = pytest.mark.django_db


@pytest.fixture
def data(settings, tmp_path):
    """A data folder that is not there yet."""
    folder = tmp_path / "deep" / "data"
    settings.STAYDOWN_DATA = folder
    settings.STAYDOWN_KEYRING_FILE = folder / "keyring"
    return folder


def test_a_new_folder_gets_everything_for_its_owner_alone(data):
    made, node_key = install.ensure(), install.ensure_node()
    admin = Staff.objects.get()
    assert (admin.username, admin.role, admin.is_superuser) == ("admin", Role.ADMIN, False)
    assert admin.check_password(made.password)
    assert Bank.objects.get().name == "house"
    key = access.key_for(node_key.key)
    assert key.scopes == ["feed:read", "hit:write", "key:list"]
    assert stat.S_IMODE(data.stat().st_mode) == 0o700
    for name in ("keyring", "screening.toml", "first-sign-in"):
        assert stat.S_IMODE((data / name).stat().st_mode) == 0o600
    assert log.verify().size == 4
    assert made.password not in repr(made)
    assert node_key.key not in repr(node_key)


def test_the_second_start_makes_nothing(data):
    install.ensure()
    node_key = install.ensure_node()
    install.told()
    before = keyring.current().to_text()
    assert install.ensure().password is None
    assert install.ensure_node() == node_key
    assert keyring.current().to_text() == before
    assert log.verify().size == 4


def test_the_password_is_told_until_somebody_was_told(data):
    first = install.ensure()
    assert install.ensure().password == first.password
    install.told()
    assert install.ensure().password is None


def test_a_password_that_was_changed_is_not_told(data):
    install.ensure()
    admin = Staff.objects.get()
    admin.set_password("something else 42")
    admin.save()
    assert install.ensure().password is None
    assert not (data / "first-sign-in").exists()


@pytest.mark.parametrize("step", ["migrate", "ensure_admin", "ensure_bank", "ensure_node_key", "_new_node_key"])
def test_broken_off_before_any_step_it_goes_on(data, monkeypatch, step):
    def killed(*args):
        raise KeyboardInterrupt

    def everything():
        return install.ensure(), install.ensure_node()

    with monkeypatch.context() as broken:
        broken.setattr(install, step, killed)
        with pytest.raises(KeyboardInterrupt):
            everything()
    made, node_key = everything()
    assert Staff.objects.get().check_password(made.password)
    assert Bank.objects.count() == 1
    assert ApiKey.objects.live().get() == access.key_for(node_key.key)
    assert log.verify().size == 4


@pytest.mark.django_db(transaction=True)
def test_killed_between_the_key_file_and_its_row_the_key_is_made_anew(data, monkeypatch):
    def write(path, text):
        path.write_text(text)
        raise KeyboardInterrupt

    install.ensure()
    with monkeypatch.context() as broken:
        broken.setattr(install.files, "write", write)
        with pytest.raises(KeyboardInterrupt):
            install.ensure_node()
    lost = KeyFile.read(data / "screening.toml").key
    made = install.ensure_node()
    assert made.key != lost
    assert access.key_for(made.key) == ApiKey.objects.live().get()
    with pytest.raises(DeniedError):
        access.key_for(lost)


def test_a_revoked_or_unreadable_node_key_is_made_anew(data, system):
    install.ensure()
    first = install.ensure_node()
    install.accounts.revoke_key(access.key_for(first.key), by=system)
    second = install.ensure_node()
    (data / "screening.toml").write_text("not toml [")
    third = install.ensure_node()
    assert len({first.key, second.key, third.key}) == 3
    assert access.key_for(third.key) == ApiKey.objects.live().get()


def test_a_node_key_that_lacks_a_scope_is_made_anew(data):
    install.ensure()
    first = install.ensure_node()
    ApiKey.objects.update(scopes=["feed:read", "hit:write"])
    second = install.ensure_node()
    assert second.key != first.key
    assert ApiKey.objects.live().get().scopes == list(install.NODE_SCOPES)


def test_a_lost_keyring_is_never_replaced_silently(data):
    install.ensure()
    (data / "keyring").unlink()
    with pytest.raises(KeyringError, match="backup"):
        install.ensure()
    assert not (data / "keyring").exists()


def test_another_keyring_than_the_databases_own_is_refused(data):
    install.ensure()
    keyring.keep(keyring.current().rotate(), data / "keyring")
    install.ensure()  # a rotated one is the same keyring
    keyring.keep(Keyring.new(), data / "keyring")
    with pytest.raises(KeyringError, match="not the keyring"):
        install.ensure()


def test_a_keyring_whose_folder_is_missing_is_a_named_error(data, settings, tmp_path):
    settings.STAYDOWN_KEYRING_FILE = tmp_path / "usb-stick" / "keyring"
    with pytest.raises(KeyringError, match="folder"):
        install.ensure()
    assert not Staff.objects.exists()


def test_nothing_is_pending_in_the_tests_database():
    assert install.pending_migrations() == 0


def test_a_law_that_is_not_there_or_not_valid_stops_the_start_before_anything_is_made(settings, tmp_path):
    settings.STAYDOWN_DATA = tmp_path / "data"
    settings.STAYDOWN_REGIMES = ["xx-nowhere"]
    with pytest.raises(RegimeError, match="no regime of the id"):
        install.ensure()
    own = tmp_path / "laws"
    own.mkdir()
    (own / "zz-test-1.toml").write_text("schema = 1\n", encoding="utf-8")
    settings.STAYDOWN_REGIMES, settings.STAYDOWN_REGIMES_DIR = [], own
    with pytest.raises(RegimeError, match=r"^zz-test-1\.toml: "):
        install.ensure()
    assert not settings.STAYDOWN_DATA.exists()


def test_a_folder_without_an_install_is_named_and_nothing_is_made_in_it(monkeypatch, tmp_path):
    file = tmp_path / "staydown.sqlite3"
    monkeypatch.setattr(configured, "STAYDOWN_DATA", tmp_path)
    monkeypatch.setattr(configured, "DATABASES", {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": file}})
    with pytest.raises(SettingError, match="There is no install in"):
        django.open_install()
    assert list(tmp_path.iterdir()) == []
    file.touch()
    assert django.install_exists()
