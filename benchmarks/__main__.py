"""`make bench`: run each benchmark, print a table, write ``results.json`` and the page about performance.

Exit 0 whether or not a target holds.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import platform
import sys
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks import limits, page

PARTS = ("hashing", "video", "matching", "screening")
COLUMNS = ("work", "peer", "ours", "theirs", "unit", "ratio", "target", "holds")
"""Of a row; it may also have a physical ``limit`` in the same unit, what it is ``limited_by``, and ``why`` it is
missed."""
WIDE = 200  # columns of the table where no terminal says how many it has


def machine() -> dict[str, object]:
    """What the figures were measured on."""
    model = platform.processor()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        names = [
            line.split(":", 1)[1].strip() for line in cpuinfo.read_text().splitlines() if line.startswith("model name")
        ]
        model = names[0] if names else model
    return {
        "processor": model,
        "cores": os.cpu_count(),
        "system": platform.platform(terse=True),
        "python": platform.python_version(),
        "measured_on": datetime.now(UTC).date().isoformat(),
    }


def main() -> None:
    """Measure, print, write."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("parts", nargs="*", default=PARTS, help=f"which of {', '.join(PARTS)}")
    arguments.add_argument("--quick", action="store_true", help="smaller sizes, for a look; writes nothing")
    options = arguments.parse_args()
    console = Console(width=None if sys.stdout.isatty() else WIDE)
    rows: list[dict[str, object]] = []
    for part in options.parts:
        with console.status(f"Measuring {part} ..."):
            found = importlib.import_module(f"benchmarks.{part}").rows(quick=options.quick)
        rows += [{"part": part, **row} for row in found]
    table = Table(title="staydown against its peers", caption="medians of paired runs; ratio above 1: ours is better")
    for column in COLUMNS:
        table.add_column(column, overflow="fold")
    for row in rows:
        cells = [f"{row[c]:.4g}" if isinstance(row[c], float) else str(row[c]) for c in COLUMNS]
        table.add_row(*cells, style=None if row["holds"] else "yellow")
    console.print(table)
    if not options.quick and tuple(options.parts) == PARTS:
        results = {"machine": machine(), "limits": limits.measured(), "rows": rows}
        page.RESULTS.write_text(json.dumps(results, indent=1) + "\n")
        page.write(results)
        console.print("Written: benchmarks/results.json, docs/explanation/performance.md")


if __name__ == "__main__":
    main()
