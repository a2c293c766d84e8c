"""The plots of the robustness page, as SVG; the same results draw the same files."""

from __future__ import annotations

from typing import Any, Final

import matplotlib as mpl

mpl.use("svg")

from matplotlib import pyplot as plt

from benchmarks.robustness.page import DOCS, DRAWN, recall

PLOTS: Final = DOCS / "robustness"
COLOURS: Final = {"staydown": "#0b6e4f", "PDQ": "#c2571a", "pHash": "#4c6fb1", "dHash": "#8a8a8a", "wHash": "#9b59b6"}


def write(results: dict[str, Any]) -> None:
    """Write every plot."""
    PLOTS.mkdir(exist_ok=True)
    for name, groups in DRAWN.items():
        _draw(results, name, groups)
    _draw_strangers(results)


def _draw(results: dict[str, Any], name: str, groups: tuple[str, ...]) -> None:
    """Recall at the usual radius against the strength of an alteration."""
    figure, axes = _canvas(len(groups))
    for axis, group in zip(axes, groups, strict=True):
        rows = sorted((row for row in results["rows"] if row["group"] == group), key=lambda row: row["strength"])
        for method, colour in COLOURS.items():
            radius = results["radii"][method]["usual"]
            found = [100 * recall(row["bits"][method], radius) for row in rows]
            axis.plot([row["setting"] for row in rows], found, "o-", color=colour, label=method)
        axis.set(title=group, ylim=(-4, 104), ylabel="found, %")
        axis.grid(alpha=0.3)
    axes[0].legend(fontsize=8)
    _save(figure, name)


def _draw_strangers(results: dict[str, Any]) -> None:
    """How many strangers lie within a radius, as a share of the bits of the hash."""
    figure, (axis,) = _canvas(1)
    for method, colour in COLOURS.items():
        bits = results["radii"][method]["bits"]
        nearest = {int(at): n for at, n in results["distractors"]["nearest"][method].items()}
        reach = range(max(nearest) + 1)
        within = [sum(n for at, n in nearest.items() if at <= radius) for radius in reach]
        shown = [(100 * at / bits, n) for at, n in zip(reach, within, strict=True) if n and at <= 0.45 * bits]
        axis.plot(*zip(*shown, strict=True), color=colour, label=f"{method} ({bits} bits)")
    axis.axvline(100 * 31 / 256, color="black", linewidth=0.8, linestyle=":")
    axis.set(yscale="log", xlabel="radius, % of the bits (dotted: 31 of 256)", ylabel="strangers that match something")
    axis.legend(fontsize=8)
    axis.grid(alpha=0.3)
    _save(figure, "strangers")


def _canvas(count: int) -> tuple[Any, Any]:
    mpl.rcParams["svg.hashsalt"] = "staydown"  # the same results draw the same file
    figure, axes = plt.subplots(1, count, figsize=(9, 3.4), squeeze=False, layout="constrained")
    return figure, axes[0]


def _save(figure: Any, name: str) -> None:
    figure.savefig(PLOTS / f"{name}.svg", metadata={"Date": None})
    plt.close(figure)
