"""What the doctor finds in the sources that are followed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from staydown.apps.sharing import standing
from staydown.apps.sharing.source_models import Opinion
from staydown.apps.sharing.standing import Standing
from staydown.project.doctor.finding import Finding, fail, ok, warn

#: The code, what is wrong with the sources that stand so, and what to do.
TOLD: Final = {
    Standing.ASKS: ("source_asks", "stand still and ask something", "Answer in the console under sources."),
    Standing.FAILS: ("source_fails", "cannot be read", "Look at the reason in the console under sources."),
    Standing.SILENT: (
        "source_silent",
        "were not read to their end for a day: withdrawals there have not arrived here",
        "Ask their people, and see that `staydown worker` runs.",
    ),
}


def sources(now: datetime) -> Iterator[Finding]:
    """Whether what is followed arrives, withdrawals among it."""
    found = [(standing.of(source, now), source.name) for source in standing.sources()]
    wrong = False
    for stands, (code, what, do) in TOLD.items():
        names = [name for each, name in found if each == stands]
        if names:
            wrong = True
            say = fail if stands == Standing.ASKS else warn
            yield say(code, f"These sources {what}: {', '.join(names)}.", do)
    dead = Opinion.objects.filter(state=Opinion.State.DEAD).count()
    if dead:
        yield warn(
            "opinions_dead", f"{dead} sources were not told what came of a match.", "Say it again on their page."
        )
    if found and not wrong:
        yield ok("sources", "Every source that is on is read.")
