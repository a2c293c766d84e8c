"""Starting Django for a data folder."""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import Final

import django

from staydown.apps.vault import files
from staydown.errors import SettingError
from staydown.project.listening import EVERYWHERE, Address

SETTINGS: Final = "staydown.project.settings"
NAME_OR_MAKE_ONE: Final = "Name its folder with --data, or start `staydown serve` to make one."


def setup(data: Path | None = None) -> None:
    """Make Django ready for the install in ``data``; without one, for the environment as it is.

    Once a process: settings are read when Django starts, and a second folder would go unheard.
    """
    if data is not None:
        folder = str(data.expanduser().absolute())
        if _started() and os.environ.get("STAYDOWN_DATA") != folder:
            raise SettingError("STAYDOWN_DATA cannot change once staydown has started. Start another process for it.")
        os.environ["STAYDOWN_DATA"] = folder
    os.umask(0o077)  # what this process writes is for its user alone
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", SETTINGS)
    if not _started():
        django.setup()


def open_install(data: Path | None = None) -> None:
    """Make Django ready for an install that is there; raises `SettingError` where there is none, and makes nothing."""
    setup(data)
    if not install_exists():
        from django.conf import settings

        raise SettingError(f"There is no install in {settings.STAYDOWN_DATA}. {NAME_OR_MAKE_ONE}")


def install_exists() -> bool:
    """Whether there is a database to look into; SQLite would make one that is not there."""
    from django.conf import settings

    database = settings.DATABASES["default"]
    name = str(database["NAME"])  # an address with file: is the tests' database in memory
    return "sqlite" not in database["ENGINE"] or name.startswith("file:") or Path(name).exists()


def setup_server(data: Path, address: Address) -> None:
    """Make Django ready to answer at ``address``: what the operator has not set follows from it.

    A new data folder gets its secret key here, because Django reads it when it starts.
    """
    if address.host not in EVERYWHERE:
        given = os.environ.get("STAYDOWN_HOSTS", "")
        os.environ["STAYDOWN_HOSTS"] = f"{given},{address.name}" if given else address.name
    os.environ.setdefault("STAYDOWN_ORIGIN", address.url)
    files.make_folder(data)
    if not os.environ.get("STAYDOWN_SECRET_KEY") and not os.environ.get("STAYDOWN_SECRET_KEY_FILE"):
        with files.lock(data / "install.lock"):
            if not (data / "secret-key").exists():
                files.write(data / "secret-key", secrets.token_urlsafe(48) + "\n")
    setup(data)


def _started() -> bool:
    from django.conf import settings

    return bool(settings.configured)
