"""The figures of the work, as a monitor reads them."""

from __future__ import annotations

import pytest
from prometheus_client.parser import text_string_to_metric_families

from staydown.apps.banks import actions as banks
from staydown.apps.sharing import following, sources
from tests.apps.sharing.scripted import KEYS, Scripted
from tests.factories import decided, submitted

pytestmark = pytest.mark.django_db


def read(program) -> dict[str, list[tuple[dict[str, str], float]]]:
    answer = program("audit:read").get("/figures")
    assert answer["Content-Type"].startswith("text/plain")
    families = text_string_to_metric_families(answer.content.decode())
    return {family.name: [(each.labels, each.value) for each in family.samples] for family in families}


def test_a_monitor_reads_how_the_work_stands(program, bea):
    submitted(pictures=(1,))
    decided(submitted(pictures=(2,)).case, bea, "decline")
    found = read(program)
    assert found["staydown_casework_open_cases"] == [({}, 1)]
    assert ({"verdict": "decline"}, 1) in found["staydown_casework_decisions_30_days"]
    running = {labels["regime"] for labels, count in found["staydown_casework_running_clocks"] if count}
    assert "uk-osa-10-3A" in running


def test_a_time_of_nothing_is_left_out_and_not_zero(program, db):
    assert not [name for name in read(program) if name.endswith("_seconds")]


def test_a_monitor_reads_how_sources_stand(program, system):
    policy = sources.Policy(banks.open_bank("shared", by=system), most_growth=2)
    for name, script in (("calm", Scripted().adds(1)), ("grows", Scripted().adds(2, 3, 4))):
        made = sources.add_source(name, "stopncii", f"https://{name}.test/v1", KEYS, policy, by=system)
        following.follow(made, make=script)
    found = read(program)
    still = {labels["source"]: value for labels, value in found["staydown_source_stands_still"]}
    assert still == {"calm": 0, "grows": 1}
    assert ({"source": "calm"}, 1) in found["staydown_source_records"]
    assert len(found["staydown_source_lag_seconds"]) == 2
