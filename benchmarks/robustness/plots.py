"""The plots of the robustness page, as SVG; the same results draw the same files."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import matplotlib as mpl

mpl.use("svg")

from matplotlib import pyplot as plt

from benchmarks.robustness.page import DOCS, DRAWN, recall

PLOTS: Final = DOCS / "robustness"
#: Method -> its colour and mark.
LOOKS: Final = {
    "staydown": ("#0b6e4f", "o"),
    "PDQ": ("#c2571a", "s"),
    "pHash": ("#4c6fb1", "^"),
    "dHash": ("#8a8a8a", "v"),
    "wHash": ("#9b59b6", "D"),
    "perception PHash": ("#2aa5b8", "<"),
    "perception BlockMean": ("#d4a017", ">"),
}


def write(results: dict[str, Any], folder: Path = PLOTS) -> None:
    """Write every plot."""
    folder.mkdir(exist_ok=True)
    for name, groups in DRAWN.items():
        _save(_recall(results, groups), folder / f"{name}.svg")
    _save(_strangers(results), folder / "strangers.svg")


def _recall(results: dict[str, Any], groups: tuple[str, ...]) -> Any:
    """Recall at the usual radius against the strength of an alteration; dashed where that radius is too wide."""
    figure, axes = _canvas(len(groups))
    for axis, group in zip(axes, groups, strict=True):
        rows = sorted((row for row in results["rows"] if row["group"] == group), key=lambda row: row["strength"])
        for method, (colour, mark) in LOOKS.items():
            radii = results["radii"][method]
            found = [100 * recall(row["bits"][method], radii["usual"]) for row in rows]
            line = {"linestyle": "-" if radii["usual"] <= radii["safe"] else "--", "linewidth": 1.5}
            if method == "staydown":
                line |= {"linewidth": 5, "alpha": 0.6}  # to be seen below what lies on it
            axis.plot([row["setting"] for row in rows], found, marker=mark, color=colour, label=method, **line)
        axis.set(title=group, ylim=(-4, 104), ylabel="found, %")
        axis.grid(alpha=0.3)
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=4, fontsize=8)
    return figure


def _strangers(results: dict[str, Any]) -> Any:
    """How many strangers lie within a radius, as a share of the bits of the hash."""
    figure, (axis,) = _canvas(1)
    for method, (colour, _) in LOOKS.items():
        bits = results["radii"][method]["bits"]
        nearest = {int(at): n for at, n in results["distractors"]["nearest"][method].items()}
        reach = range(max(nearest) + 1)
        within = [sum(n for at, n in nearest.items() if at <= radius) for radius in reach]
        shown = [(100 * at / bits, n) for at, n in zip(reach, within, strict=True) if n and at <= 0.45 * bits]
        axis.plot(*zip(*shown, strict=True), color=colour, label=f"{method} ({bits} bits)")
    axis.axvline(100 * 31 / 256, color="black", linewidth=0.8, linestyle=":")
    axis.set(yscale="log", xlabel="radius, % of the bits (dotted: 31 of 256)", ylabel="strangers that match something")
    figure.legend(loc="outside right center", fontsize=8)
    axis.grid(alpha=0.3)
    return figure


def _canvas(count: int) -> tuple[Any, Any]:
    mpl.rcParams["svg.hashsalt"] = "staydown"  # the same results draw the same file
    figure, axes = plt.subplots(1, count, figsize=(9, 3.9), squeeze=False, layout="constrained")
    return figure, axes[0]


def _save(figure: Any, path: Path) -> None:
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)
