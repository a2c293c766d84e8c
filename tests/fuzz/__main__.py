"""`make fuzz SECONDS=60`: atheris on each target in turn, in a process of its own, for an equal share of the time.

python -m tests.fuzz --seconds 60            # all targets
python -m tests.fuzz picture --seconds 600   # one

What is found is written to ``.cache/fuzz/<target>/crash-*``, and the exit status is 1. Inputs that reached something
new are kept in ``.cache/fuzz/<target>/corpus`` for the next run. Python is instrumented; Pillow's and numpy's compiled
code is not, so the decoders are fuzzed without a view into them.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).parents[2] / ".cache" / "fuzz"
NAMES = (
    *("picture", "header", "feed_page", "checkpoint", "question", "upload", "listing", "answer"),
    *("video", "record", "snapshot_file", "law", "partner", "source"),
)
MEGABYTES = 2048  # a target that takes more has a leak, or lets a small file ask for much
SECONDS_AN_INPUT = 20


def fuzz(name: str, seconds: int) -> None:
    """Fuzz one target in this process; ends the process."""
    import atheris

    with atheris.instrument_imports(include=["staydown", "python_multipart"]):
        from tests.fuzz import targets
    corpus = FOLDER / name / "corpus"
    corpus.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(targets.seeds(name)):
        (corpus / f"seed-{number}").write_bytes(seed)
    options = [
        f"-max_total_time={seconds}",
        f"-timeout={SECONDS_AN_INPUT}",
        f"-rss_limit_mb={MEGABYTES}",
        f"-artifact_prefix={FOLDER / name}/",
        "-max_len=20000",
        "-print_final_stats=1",
        "-verbosity=0",
    ]
    atheris.Setup([sys.argv[0], *options, str(corpus)], targets.TARGETS[name])
    atheris.Fuzz()


def main() -> None:
    """Fuzz the targets; exit 1 when one of them failed."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("targets", nargs="*", default=NAMES, metavar="TARGET", help=f"any of {', '.join(NAMES)}")
    arguments.add_argument("--seconds", type=int, default=60, help="for all targets together")
    arguments.add_argument("--here", action="store_true", help="one target, in this process")
    options = arguments.parse_args()
    share = max(1, options.seconds // len(options.targets))
    if options.here:
        fuzz(options.targets[0], share)
        return
    failed = []
    for name in options.targets:
        command = [sys.executable, "-m", "tests.fuzz", name, "--here", "--seconds", str(share)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        said = done.stderr + done.stdout
        runs = next((line.split()[-1] for line in said.splitlines() if "number_of_executed_units" in line), "?")
        print(
            f"{name}: {runs} inputs in {share} s, {'nothing found' if done.returncode == 0 else 'FAILED'}", flush=True
        )
        if done.returncode:
            failed.append(name)
            print(said[-4000:])
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
