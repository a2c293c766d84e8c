"""The commands of the page on transparency reports, run as a stranger would copy them, and what they make checked."""

from __future__ import annotations

import base64
import csv
import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import rfc8785

from tests.environment import clean
from tests.journeys.protocols import pages

pytestmark = pytest.mark.journey

INSTALL = """
from datetime import UTC, datetime
from django.utils import timezone
from staydown.project import django
django.setup()
from staydown.project import install
timezone.now = lambda: datetime(2025, 12, 1, tzinfo=UTC)
install.ensure()
from tests.factories import submitted
timezone.now = lambda: datetime(2026, 6, 30, 23, 59, tzinfo=UTC)
for number in range(3):
    submitted(pictures=(number,), links=1)
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with an install that has three reports of the last minute of June 2026, in ``data``."""
    (tmp_path / "data").mkdir(mode=0o700)
    environment = {**clean(), "STAYDOWN_DATA": str(tmp_path / "data"), "STAYDOWN_SECRET_KEY": "for a test " * 5}
    root = Path(__file__).parents[2]
    subprocess.run([sys.executable, "-c", INSTALL], cwd=root, env=environment, check=True, timeout=120)
    return tmp_path


def test_the_commands_of_the_page_make_reports_that_can_be_checked(folder: Path, monkeypatch) -> None:
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    data = str(folder / "data")
    said = pages.run("transparency-report.md", folder, STAYDOWN_DATA=data, COLUMNS="120")
    assert "Transparency report, " in said
    with (folder / "transparency.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.reader(file))
    assert ["reports.by_sender", "", "total", "1", "4", ""] in rows

    told = json.loads((folder / "regulator.json").read_text("utf-8"))
    assert {each["total"]["most"] for each in told["tables"] if each["figure"] == "reports.by_sender"} == {3}
    proof = folder / "regulator.tlog-proof"
    digest, line = told.pop("digest"), told.pop("line")
    assert base64.b64encode(hashlib.sha256(rfc8785.dumps(told)).digest()).decode() == digest
    keys = json.loads("\n".join(pages.started([f"staydown doctor --data {data} --json || true"], folder)))
    verify = f"staydown audit verify --proof {proof} --key '{keys['verifier_keys']['audit']}' --json"
    proven = json.loads("\n".join(pages.started([verify], folder)))
    assert (proven["line"], proven["payload"]["verb"]) == (line, "transparency.made")
    assert proven["payload"]["facts"]["digest"] == digest
