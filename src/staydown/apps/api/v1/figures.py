"""How the work stands, for a monitor."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import Router
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Gauge, generate_latest

from staydown.apps.api.keys import Needs
from staydown.apps.cases.figures import Figures, figures
from staydown.apps.sharing import standing
from staydown.apps.sharing.standing import Standing

router = Router(tags=["figures"])
STILL = (Standing.ASKS, Standing.FAILS, Standing.PAUSED)


@router.get("/figures", auth=Needs("audit:read"), summary="Read the figures of the work, for Prometheus")
def read(request: HttpRequest) -> HttpResponse:
    """Open cases, running clocks, times and counts, in the text format of Prometheus. Nobody's name is in it."""
    now = timezone.now()
    registry = _written(figures(now))
    _follow(registry, now)
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


def _written(found: Figures) -> CollectorRegistry:
    registry = CollectorRegistry()

    def gauge(name: str, text: str, value: float) -> None:
        Gauge(f"staydown_casework_{name}", text, registry=registry).set(value)

    gauge("open_cases", "Cases that wait for a decision", found.open_cases)
    gauge("overdue_cases", "Open cases whose deadline has passed", found.overdue_cases)
    gauge("clocks_met_30_days", "Clocks that were stopped in time in the last 30 days", found.clocks_met)
    gauge("clocks_missed_30_days", "Clocks that were stopped late or run on late", found.clocks_missed)
    gauge("reports_30_days", "Reports received in the last 30 days", found.reports)
    gauge("unfounded_reports_30_days", "Reports recorded as unfounded in the last 30 days", found.unfounded)
    _seconds(registry, "first_decision", "Median time from receipt to the first decision", found.to_first_decision)
    _seconds(registry, "removal", "Median time from receipt to the platform's answer", found.to_removal)
    counted = (
        ("decisions_30_days", "Decisions of the last 30 days", "verdict", found.verdicts),
        ("appeals_30_days", "Appeals received in the last 30 days", "state", found.appeals),
    )
    for name, text, label, counts in counted:
        vector = Gauge(f"staydown_casework_{name}", text, [label], registry=registry)
        for value, count in counts.items():
            vector.labels(value).set(count)
    running = Gauge(
        "staydown_casework_running_clocks", "Running clocks of open cases", ["regime", "time_left"], registry=registry
    )
    for regime, row in found.waiting.items():
        for left, count in row.items():
            running.labels(regime, left).set(count)
    return registry


def _follow(registry: CollectorRegistry, now: datetime) -> None:
    """How the sources stand: an alarm wants to know of one that lags, or asks."""
    found = standing.sources()
    if not found:
        return
    names = ("lag_seconds", "records", "stands_still")
    texts = ("Time since the source was last read to its end", "Records that it keeps", "Asks, fails or is paused: 1")
    lag, records, still = (
        Gauge(f"staydown_source_{name}", text, ["source"], registry=registry)
        for name, text in zip(names, texts, strict=True)
    )
    for source in found:
        lag.labels(source.name).set(standing.lag(source, now).total_seconds())
        records.labels(source.name).set(source.records)
        still.labels(source.name).set(standing.of(source, now) in STILL)


def _seconds(registry: CollectorRegistry, name: str, text: str, time: timedelta | None) -> None:
    """A time in seconds; left out where nothing happened, for a monitor must not take that for zero."""
    if time is not None:
        Gauge(f"staydown_casework_{name}_seconds", text, registry=registry).set(time.total_seconds())
