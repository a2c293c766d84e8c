"""Somebody who knows a law and no code adds it: by the how-to page, word for word, to the clock of a case."""

from __future__ import annotations

import html
import json
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from staydown.apps.cases import checklist, regimes
from staydown.apps.cases.models import Case, Clock, PinnedRegime
from staydown.cli.law import command
from tests import factories as make
from tests.environment import clean

pytestmark = pytest.mark.django_db
PAGE = (Path(__file__).parents[3] / "docs/how-to/add-a-law.md").read_text(encoding="utf-8")
ID = "zz-image-act-4"


@pytest.fixture
def folder(tmp_path, settings):
    """Steps 1 and 2 of the page: a folder, named in the setting, with the file that the page shows."""
    (text,) = re.findall(r"^```toml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    assert f"{ID}.toml" in PAGE
    assert "export STAYDOWN_REGIMES_DIR=" in PAGE
    (tmp_path / f"{ID}.toml").write_text(text, encoding="utf-8")
    settings.STAYDOWN_REGIMES_DIR = tmp_path
    settings.STAYDOWN_REGIMES = []
    return tmp_path


def law(*said: str) -> str:
    """What `staydown law` answers."""
    answer = CliRunner().invoke(command, list(said), env={"COLUMNS": "200"})
    assert answer.exit_code == 0, answer.output
    return answer.output


def test_the_file_of_the_page_is_valid_and_reads_well(folder):
    assert ": valid, zz-image-act-4 version" in law("check", str(folder / f"{ID}.toml"))
    assert "within thirty-six hours of receipt" in law("show", ID, "--folder", str(folder))
    assert ID in law("which", "--users-in", "ZZ", "--json", "--folder", str(folder))


def test_it_is_on_and_runs_on_the_next_case_with_all_that_it_asks(folder, bea):
    sent = make.submitted(pictures=())
    clock = Clock.objects.get(case=sent.case, regime_id=ID)
    assert (clock.clock_id, clock.due_at - clock.starts_at) == ("remove", timedelta(hours=36))
    assert Case.objects.get(pk=sent.case.pk).due_at == clock.due_at  # earlier than the 48 hours of the others
    (own,) = [each for each in checklist.for_report(sent.report).laws if each.regime.id == ID]
    assert [row.element.id for row in own.rows] == ["identify", "contact"]
    assert own.is_valid
    decision = make.decided(sent.case, bea, "decline", regime_id=ID, ground="not_intimate")
    assert decision.ground == "not_intimate"


def test_named_alone_it_is_the_only_law(folder, settings):
    settings.STAYDOWN_REGIMES = [ID]
    sent = make.submitted(pictures=())
    assert [(each.regime_id, each.due_at - each.starts_at) for each in sent.case.clocks.all()] == [
        (ID, timedelta(hours=36))
    ]


def test_a_reporter_is_asked_and_staff_can_read_it(folder, client, bea):
    client.force_login(bea)
    page = html.unescape(client.get(f"/staff/laws/{ID}/").content.decode())
    assert "Image Act 2025, section 4: removal of intimate images on request" in page
    assert "https://gazette.example/2025/44" in page


def test_a_case_keeps_the_text_of_its_day_when_the_file_changes(folder, settings, tmp_path_factory):
    settings.STAYDOWN_REGIMES = [ID]
    first = make.submitted(pictures=())
    later = tmp_path_factory.mktemp("later")
    text = (folder / f"{ID}.toml").read_text(encoding="utf-8").replace("hours = 36", "hours = 12")
    (later / f"{ID}.toml").write_text(text, encoding="utf-8")
    settings.STAYDOWN_REGIMES_DIR = later
    second = make.submitted(pictures=())
    assert [regimes.pinned(sent.case)[0].clock("remove").hours for sent in (first, second)] == [36, 12]
    assert PinnedRegime.objects.filter(regime_id=ID).count() == 2


def test_the_setting_is_read_from_the_environment(folder, tmp_path):
    code = (
        "import json, sys; from pathlib import Path; from datetime import UTC, datetime\n"
        "from staydown.project import django; django.setup(Path(sys.argv[1]))\n"
        "from staydown.apps.cases import regimes\n"
        "print(json.dumps([law.id for law in regimes.in_force(datetime(2026, 11, 22, tzinfo=UTC))]))"
    )
    told = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "data")],
        env={**clean(), "STAYDOWN_REGIMES_DIR": str(folder)},
        capture_output=True,
        text=True,
        check=True,
    )
    bound = json.loads(told.stdout)
    assert ID in bound
    assert bound == [each.id for each in regimes.in_force(datetime(2026, 11, 22, tzinfo=UTC))]
