"""`make fuzz SECONDS=60`: atheris on each target in turn, in processes of their own, for an equal share of the time.

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
SECONDS_A_ROUND = 60  # then a new process: the fuzzer itself grows by some kilobytes an input, on and on


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
        inputs, fault = in_rounds(name, share)
        print(f"{name}: {inputs:,} inputs in {share} s, {'FAILED' if fault else 'nothing found'}", flush=True)
        if fault:
            failed.append(name)
            print(fault[-4000:])
    sys.exit(1 if failed else 0)


def in_rounds(name: str, seconds: int) -> tuple[int, str]:
    """How many inputs a target had in so many seconds, and what the fuzzer said when it found a fault."""
    inputs = 0
    while seconds > 0:
        command = [sys.executable, "-m", "tests.fuzz", name, "--here", "--seconds", str(min(seconds, SECONDS_A_ROUND))]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        said = done.stderr + done.stdout
        inputs += next((int(line.split()[-1]) for line in said.splitlines() if "number_of_executed_units" in line), 0)
        if done.returncode:
            return inputs, said
        seconds -= SECONDS_A_ROUND
    return inputs, ""


if __name__ == "__main__":
    main()
