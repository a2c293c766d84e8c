"""The figures of the work, as a monitor reads them."""

from __future__ import annotations

import pytest
from prometheus_client.parser import text_string_to_metric_families

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
