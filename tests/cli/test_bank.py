"""`staydown bank`: lists in and out, and nothing on the screen that should not be there."""

from __future__ import annotations

import json
import stat

import pytest
from click.testing import CliRunner

from staydown.apps.accounts.access import staff_actor
from staydown.apps.audit.querysets import history, recent
from staydown.apps.banks import actions, proposals
from staydown.apps.banks.importing import BATCH
from staydown.apps.banks.models import Bank, Entry, Proposal
from staydown.cli.bank import command
from staydown.core.hashing import bag
from staydown.errors import HashError, InvalidError, MissingError, SettingError, StateError
from staydown.project import django
from tests.factories import film, md5, pdq, sha256

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def started(monkeypatch):
    """The tests' Django is started already."""
    monkeypatch.setattr(django, "setup", lambda data: None)


@pytest.fixture(autouse=True)
def one_person(settings):
    """One person may export, but where a test is about two."""
    settings.STAYDOWN_TWO_PEOPLE = ()


def run(*words: object, given: str = "", fails: int = 0) -> str:
    """What the command prints."""
    done = CliRunner().invoke(command, [str(word) for word in words], input=given, catch_exceptions=False)
    assert done.exit_code == fails, done.output
    return done.output


def listed(count: int) -> str:
    return "".join(f"{pdq(seed).hex()}\n" for seed in range(count))


def test_an_imported_list_is_pending():
    said = json.loads(run("import", "-", "--list", "partner", "--json", given=listed(3)).splitlines()[-1])
    assert said == {"bank": "house", "read": 3, "new": 3, "skipped": 0}
    assert set(Entry.objects.values_list("state", "source")) == {("pending", "import:partner")}
    assert pdq(0).hex() not in run("list")


def test_importing_again_adds_nothing():
    run("import", "-", given=listed(3))
    assert "0 new of 3" in run("import", "-", given=listed(3))
    assert Entry.objects.count() == 3


def test_more_than_one_batch_from_a_file(tmp_path):
    path = tmp_path / "list.txt"
    path.write_text(listed(BATCH + 5))
    assert f"{BATCH + 5} new" in run("import", path, "--bank", "partner")
    assert Bank.objects.get().name == "partner"


def test_enforcing_needs_a_reason_which_is_kept():
    run("import", "-", "--enforced", given=listed(1), fails=2)
    run("import", "-", "--reason", "because", given=listed(1), fails=2)
    assert not Entry.objects.exists()
    run("import", "-", given=listed(1))
    run("import", "-", "--enforced", "--reason", "Court order 12/2026", given=listed(2))
    assert set(Entry.objects.values_list("state", flat=True)) == {"enforced"}
    assert history(Entry.objects.first())[-1].facts["reason"] == "Court order 12/2026"


def test_a_list_of_md5sum_is_pending_and_comes_out_as_it_went_in(tmp_path):
    run("import", "-", given="".join(f"{md5(number).hex()}  film {number}.mp4\n" for number in range(3)))
    assert set(Entry.objects.values_list("algorithm", "state", "radius")) == {("md5", "pending", 0)}
    path = tmp_path / "out.jsonl"
    run("export", path, "--pending", "--yes")
    assert "0 new of 3" in run("import", path)


def test_a_list_that_only_wants_review(system):
    run("import", "-", "--review", given=listed(1))
    assert Entry.objects.get().action == "review"


def test_a_list_with_a_fault_changes_nothing():
    with pytest.raises(HashError, match="line 3 of the list"):
        run("import", "-", given=listed(2) + "nonsense\n")
    assert not Entry.objects.exists()
    assert recent() == []


def test_featureless_pictures_are_skipped_and_counted():
    lines = [json.dumps({"hash": pdq(1).hex(), "quality": quality}) for quality in (20, 80)]
    assert "1 skipped" in run("import", "-", given="\n".join(lines))


def test_what_staydown_hash_could_not_hash_is_skipped_and_counted():
    lines = [{"file": "a.txt", "error": "not_an_image"}, {"hash": pdq(1).hex(), "algorithm": "pdq", "quality": 90}]
    said = run("import", "-", "--json", given="\n".join(map(json.dumps, lines)))
    assert json.loads(said.splitlines()[-1]) == {"bank": "house", "read": 2, "new": 1, "skipped": 1}
    assert Entry.objects.get().quality == 90


def test_a_list_that_is_no_text_changes_nothing(tmp_path):
    path = tmp_path / "list"
    path.write_bytes(b"\xff\xfe\x00hello\x80")
    with pytest.raises(HashError, match="not text"):
        run("import", path)
    assert not Bank.objects.exists()


@pytest.fixture
def house(system):
    """A bank with an enforced, a pending and a withdrawn entry."""
    bank = actions.open_bank("house", by=system)
    entries = [actions.add_entry(bank, pdq(n), quality=70, source="report", by=system) for n in range(3)]
    actions.enforce(entries[0], by=system)
    actions.withdraw(entries[2], by=system)
    return bank


def test_an_export_is_for_your_eyes_and_in_the_log(house, tmp_path):
    out = tmp_path / "out.jsonl"
    run("export", out, "--yes")
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    (line,) = map(json.loads, out.read_text().splitlines())
    assert (line["hash"], line["state"], line["quality"]) == (pdq(0).hex(), "enforced", 70)
    last = history(house)[-1]
    assert (last.verb, last.facts) == ("bank.exported", {"entries": 1})


def test_pending_entries_are_exported_when_asked_for_and_come_back_in(house, tmp_path):
    out = tmp_path / "out.jsonl"
    said = json.loads(run("export", out, "--yes", "--pending", "--json").splitlines()[-1])
    assert said["entries"] == 2
    assert "2 new of 2" in run("import", out, "--bank", "copy")


def test_nothing_leaves_without_a_yes(house, tmp_path):
    out = tmp_path / "out.jsonl"
    with pytest.raises(InvalidError, match="--yes"):
        run("export", out)
    assert not out.exists()
    assert history(house)[-1].verb != "bank.exported"


def test_an_export_overwrites_nothing_and_knows_its_bank(house, tmp_path):
    out = tmp_path / "out.jsonl"
    out.write_text("mine")
    with pytest.raises(SettingError, match="exists"):
        run("export", out, "--yes")
    assert out.read_text() == "mine"
    with pytest.raises(MissingError, match="house"):
        run("export", tmp_path / "other", "--bank", "nowhere", "--yes")


def test_banks_are_listed_by_state_without_a_hash(house, system):
    actions.add_entry(house, sha256(1), source="import:list", by=system)
    actions.open_bank("partner", by=system)
    assert run("list").splitlines() == ["house: 1 enforced, 2 pending, 1 withdrawn", "partner: empty"]
    first = json.loads(run("list", "--json").splitlines()[0])
    assert first == {"bank": "house", "entries": {"enforced": 1, "pending": 2, "withdrawn": 1}}


def test_an_export_takes_two_people(house, tmp_path, settings, cem):
    settings.STAYDOWN_TWO_PEOPLE = ("export",)
    out = tmp_path / "list.jsonl"
    with pytest.raises(InvalidError):
        run("export", out, "--yes")
    assert "Proposed" in run("export", out, "--yes", "--reason", "For the court.")
    with pytest.raises(StateError):
        run("export", out, "--yes", "--reason", "Once more.")
    assert not out.exists()
    proposals.answer(Proposal.objects.get(), Proposal.State.APPROVED, staff=cem, by=staff_actor(cem))
    assert "Proposed" not in run("export", out, "--yes")
    assert out.exists()
    assert [line.verb for line in history(house)][-2:] == ["proposal.used", "bank.exported"]
    assert "Proposed" in run("export", tmp_path / "again", "--yes", "--reason", "Again.")


def test_videos_of_a_list_are_entries_and_come_out_as_they_went_in(tmp_path):
    frames = [
        f"{pdq(seed).hex()},{quality},{seed}.0" for seed, quality in ((1000, 90), (7, 20), (1001, 50), (1002, 99))
    ]
    lines = [
        json.dumps({"file": "film.mp4", "algorithm": "vpdq", "frames": frames}),
        json.dumps({"file": "dark.mp4", "algorithm": "vpdq", "frames": [f"{pdq(1).hex()},3,0.0"]}),
        json.dumps({"hash": pdq(1).hex()}),
    ]
    said = json.loads(run("import", "-", "--json", given="\n".join(lines)).splitlines()[-1])
    assert said == {"bank": "house", "read": 3, "new": 2, "skipped": 1}
    assert Entry.objects.get(algorithm="vpdq").hash == film(1)
    out = tmp_path / "out.jsonl"
    run("export", out, "--yes", "--pending")
    run("import", out, "--bank", "copy")
    assert set(Entry.objects.filter(algorithm="vpdq").values_list("bank__name", flat=True)) == {"house", "copy"}
    assert {entry.hash for entry in Entry.objects.filter(algorithm="vpdq")} == {film(1)}


def test_a_long_video_is_banked_in_parts():
    frames = [pdq(seed).hex() for seed in range(1000)]
    told = run("import", "-", "--json", given=json.dumps({"algorithm": "vpdq", "frames": frames}))
    assert json.loads(told) == {"bank": "house", "read": 1, "new": 2, "skipped": 0}
    assert [len(bag.values_of(entry.hash)) for entry in Entry.objects.order_by("pk")] == [900, 280]
