"""A report that a program sends: pictures and videos by their hashes."""

from __future__ import annotations

import pytest

from staydown.apps.banks.models import Entry
from staydown.core.hashing import bag
from tests.factories import film, pdq

pytestmark = pytest.mark.django_db
FRAMES = [{"time": 0.0, "hash": pdq(1000).hex(), "quality": 90}, f"{pdq(1001).hex()},60,1.0", pdq(1002).hex()]


def test_a_video_is_sent_as_staydown_hash_prints_it(program):
    caller = program("report:create")
    dark = {"time": 1.5, "hash": pdq(5).hex(), "quality": 3}
    body = {"shown_is_adult": True, "videos": [{"frames": [*FRAMES, dark], "label": "the film"}]}
    assert caller.post("/reports", body).status_code == 201
    assert Entry.objects.get().hash == film(1)
    assert bag.values_of(film(1))[0] == pdq(1000).value


@pytest.mark.parametrize("frames", [[], ["x"], [{}], [{"hash": pdq(1).hex(), "quality": 101}]])
def test_a_video_that_is_none_is_refused_and_nothing_is_kept(program, frames):
    answer = program("report:create").post("/reports", {"shown_is_adult": True, "videos": [{"frames": frames}]})
    assert answer.status_code == 422
    assert not Entry.objects.exists()
