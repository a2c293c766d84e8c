"""The commands of a how-to page, run as a stranger would copy them."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

import staydown
from tests.environment import clean

PAGES = Path(staydown.__file__).parents[2] / "docs" / "how-to"


def commands(page: str) -> list[str]:
    """The indented blocks of a page, one after the other."""
    blocks: list[list[str]] = [[]]
    for line in (PAGES / page).read_text("utf-8").splitlines():
        if line.startswith("    ") or (not line and blocks[-1]):
            blocks[-1].append(line[4:])
        elif blocks[-1]:
            blocks.append([])
    return ["\n".join(block).strip() for block in blocks if any(block)]


def run(page: str, folder: Path, *, without: str = "\0", **settings: str) -> str:
    """What the page's shell commands print, run in ``folder``; what the page exports is given here instead."""
    shell = [block for block in commands(page) if without not in block]
    lines = [line for block in shell for line in block.splitlines() if not _is_given(line, settings)]
    assert lines
    return "\n".join(started(lines, folder, **settings))


def _is_given(line: str, settings: Mapping[str, str]) -> bool:
    """Whether the line exports what ``settings`` have already."""
    return line.startswith("export ") and line.removeprefix("export ").partition("=")[0] in settings


def programs(page: str, part: str) -> list[str]:
    """The blocks of a page in which ``part`` stands, as shell commands; Python is handed to its interpreter."""
    found = [block for block in commands(page) if part in block]
    assert found
    return [block if "import" not in block else f"python - <<'END'\n{block}\nEND" for block in found]


def started(blocks: list[str], folder: Path, **settings: str) -> list[str]:
    """The lines that these print, run one after the other in ``folder``."""
    environment = {**clean(), "HOME": str(folder), "PATH": os.environ["PATH"], **settings}
    done = subprocess.run(
        ["bash", "-euc", "\n".join(blocks)],
        cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=240,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.splitlines()
