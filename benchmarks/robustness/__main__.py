"""`make bench-robustness`: alter photographs, look for them, write ``results.json`` and the page with its plots.

python -m benchmarks.robustness --quick    # a twentieth of it, for a look; writes nothing
python -m benchmarks.robustness --only staydown    # this method alone, measured anew; the rest as it was
python -m benchmarks.robustness --cost     # what looking for borders costs, measured anew; the rest as it was
python -m benchmarks.robustness --page     # the page and the plots alone, from the last results
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Collection, Iterator
from concurrent.futures import ProcessPoolExecutor
from importlib.metadata import version
from itertools import repeat
from pathlib import Path
from typing import Any, Final

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # the processes share the cores already

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from rich.console import Console

from benchmarks.__main__ import machine
from benchmarks.robustness import apart, distractors, page, plots
from benchmarks.robustness.alterations import ALTERATIONS
from benchmarks.robustness.methods import METHODS, asked, banked, distance, usual_radius
from staydown.core.hashing import picture as hashing
from staydown.core.hashing.algorithm import LEAST_QUALITY
from staydown.core.hashing.picture import hash_picture
from staydown.core.hashing.variants import parts
from tests import pictures

RESULTS: Final = Path(__file__).with_name("results.json")
SEED: Final = 20261122
PROCESSES: Final = 2
#: What decides which pictures are made, beside the seed.
MADE_BY: Final = ("scikit-image", "pillow", "numpy")
DISTRACTORS: Final = 1_000_000
PATCHES: Final = 3  # of each photograph
PHOTOGRAPHS: Final = (
    *pictures.PHOTOGRAPHS,
    "motorcycle_left.png", "hubble_deep_field.jpg", "moon.png", "retina.jpg", "ihc.png", "grass.png", "gravel.png",
)  # fmt: skip
#: Where windows are cut from for pictures that are no copies.
STRANGERS: Final = (*PHOTOGRAPHS, "cell.png", "clock_motion.png", "color.png", "page.png", "text.png", "phantom.png")


def targets(patches: int) -> Iterator[Image.Image]:
    """The pictures that are banked: photographs whole, and parts of them of a fifth of their area or more."""
    rng = np.random.default_rng(SEED)
    for name in PHOTOGRAPHS:
        whole = pictures.photograph(name)
        yield whole
        for _ in range(patches):
            width, height = (int(side * rng.uniform(0.45, 0.7)) for side in whole.size)
            left, top = int(rng.integers(0, whole.width - width)), int(rng.integers(0, whole.height - height))
            part = whole.crop((left, top, left + width, top + height))
            if hash_picture(pictures.encoded(part)).quality >= LEAST_QUALITY:
                yield part


def copies(number: int, image: Image.Image, methods: Collection[str]) -> list[dict[str, int]]:
    """For each alteration, the bits between a banked picture and its altered copy, by method."""
    known = banked(original(image), methods)
    found = []
    for at, each in enumerate(ALTERATIONS):
        copy = pictures.encoded(each.alter(image, SEED + 1000 * number + at), quality=each.quality)
        seen = asked(copy, methods)
        found.append({method: distance(known, seen, method) for method in methods})
    return found


def original(image: Image.Image) -> bytes:
    """The file that is banked."""
    return pictures.encoded(image, quality=92)


def turned_and_banked(image: Image.Image, methods: Collection[str]) -> dict[str, NDArray[np.uint64]]:
    """What distractors are compared with. Asking for eight turns of a stranger is asking for eight of the entry."""
    known = banked(original(image), methods)
    if "staydown" in methods:
        found = hash_picture(original(image))
        ours = [*found.variants, *(each for view in found.views for each in view.pdq.variants)]
        known["staydown"] = np.stack([np.frombuffer(each.value, np.uint64) for each in ours])
    return known


def strangers(count: int, seed: int, known: dict[str, NDArray[np.uint64]]) -> dict[str, NDArray[np.int64]]:
    """How many of ``count`` distractors have their nearest entry at each distance, by method."""
    images = [pictures.photograph(name) for name in STRANGERS]
    nearest = {method: np.zeros(METHODS[method] + 1, np.int64) for method in known}
    for batch in distractors.batches(images, count, seed):
        hashed = distractors.hashed(batch) if known.keys() - apart.BITS.keys() else {}
        if known.keys() & apart.BITS.keys():
            hashed |= apart.hashes(np.repeat(batch[..., None], 3, axis=3))
        for method, entries in known.items():
            values = hashed["PDQ" if method == "staydown" else method]
            best = np.full(len(values), METHODS[method], np.int64)
            for entry in entries:
                np.minimum(best, np.bitwise_count(values ^ entry).sum(axis=1, dtype=np.int64), out=best)
            nearest[method] += np.bincount(best, minlength=METHODS[method] + 1)
    return nearest


def measure(methods: Collection[str], *, patches: int, count: int) -> dict[str, Any]:
    """What the page tells of these methods."""
    began = time.perf_counter()
    images = list(targets(patches))
    with ProcessPoolExecutor(PROCESSES) as pool:
        each = list(pool.map(turned_and_banked, images, repeat(methods)))
        known = {method: np.concatenate([entry[method] for entry in each]) for method in methods}
        shares = [count // PROCESSES + (n < count % PROCESSES) for n in range(PROCESSES)]
        met = [pool.submit(strangers, share, SEED + n, known) for n, share in enumerate(shares)]
        altered = list(pool.map(copies, range(len(images)), images, repeat(methods)))
        nearest = {method: sum(part.result()[method] for part in met) for method in methods}
    found = {
        "distractors": {
            "count": count, "sources": len(STRANGERS), "mixture": distractors.MIXTURE,
            "nearest": {name: {str(at): int(n) for at, n in enumerate(seen) if n} for name, seen in nearest.items()},
        },
        "radii": {
            method: {"usual": usual_radius(method), "safe": int(np.flatnonzero(seen)[0]) - 1, "bits": METHODS[method]}
            for method, seen in nearest.items()
        },
        "rows": [
            {
                "group": alteration.group, "setting": alteration.setting, "strength": alteration.strength,
                "bits": {method: sorted(one[at][method] for one in altered) for method in methods},
            }
            for at, alteration in enumerate(ALTERATIONS)
        ],
        "versions": {name: version(name) for name in MADE_BY},
        "perception": apart.about() if apart.BITS.keys() & set(methods) else {},
    }  # fmt: skip
    seconds, on = round(time.perf_counter() - began), machine()["measured_on"]
    return {**found, "measured": {method: {"seconds": seconds, "on": on} for method in methods}}


def measured_whole(*, patches: int, count: int) -> dict[str, Any]:
    """Everything that the page tells."""
    found = measure(list(METHODS), patches=patches, count=count)
    images = list(targets(patches))
    found["versions"] |= {name: version(name) for name in ("ImageHash", "pdqhash")}
    found["distractors"]["same_as_library"] = distractors.check([pictures.photograph(name) for name in STRANGERS])
    return {
        "machine": machine(),
        "pictures": {
            "photographs": len(PHOTOGRAPHS), "parts": len(images) - len(PHOTOGRAPHS),
            "bordered": sum(bool(parts(hash_picture(original(image)).views)) for image in images),
        },
        **found,
        "cost": [cost(name, image) for name, image in timed().items()],
    }  # fmt: skip


def joined(before: dict[str, Any], anew: dict[str, Any]) -> dict[str, Any]:
    """Earlier results with some methods measured anew, on the very same pictures."""
    if any(before["versions"][name] != anew["versions"][name] for name in MADE_BY):
        raise SystemExit("Other versions make other pictures: measure everything, with make bench-robustness.")
    rows = zip(before["rows"], anew["rows"], strict=True)
    nearest = {**before["distractors"]["nearest"], **anew["distractors"]["nearest"]}
    return {
        **before,
        "distractors": {**before["distractors"], "nearest": nearest},
        "radii": {**before["radii"], **anew["radii"]},
        "rows": [{**old, "bits": {**old["bits"], **new["bits"]}} for old, new in rows],
        "measured": {**before["measured"], **anew["measured"]},
        "perception": anew["perception"] or before["perception"],
    }


def before() -> dict[str, Any]:
    """The last results."""
    found: dict[str, Any] = json.loads(RESULTS.read_text())
    return found


def timed() -> dict[str, Image.Image]:
    """Pictures with and without borders, to be timed."""
    bare = pictures.photograph("coffee.png")
    large = bare.resize((1732, 1155), Image.Resampling.BICUBIC)
    made = {}
    for name, image in (("600 x 400", bare), ("2 megapixels", large)):
        framed = Image.new("RGB", (image.width, round(image.height * 1.3)))
        framed.paste(image, (0, round(image.height * 0.15)))
        made |= {f"{name}, no borders": image, f"{name}, letterboxed": framed}
    return made


def cost(name: str, image: Image.Image) -> dict[str, Any]:
    """Milliseconds from the bytes of a JPEG to its hashes, with and without the views, at best.

    Ten in a row each, taking turns: what one leaves in the memory allocator must not be the other's cost.
    """
    data = original(image)
    look = hashing.views_of
    taken: dict[str, list[float]] = {"with": [], "without": []}
    for turn in range(400):
        kind = ("with", "without")[turn // 10 % 2]
        hashing.views_of = look if kind == "with" else lambda _raster, _reduced: ()
        start = time.perf_counter()
        hash_picture(data)
        taken[kind].append((time.perf_counter() - start) * 1000)
    hashing.views_of = look
    return {"picture": name, **{kind: round(min(times), 3) for kind, times in taken.items()}}


def main() -> None:
    """Measure, write, say where."""
    arguments = argparse.ArgumentParser(description=__doc__)
    one_of = arguments.add_mutually_exclusive_group()  # a twentieth of some beside all of others says nothing
    one_of.add_argument("--quick", action="store_true", help="a twentieth of it, for a look; writes nothing")
    one_of.add_argument("--only", nargs="+", choices=METHODS, metavar="METHOD", help="measure these alone anew")
    one_of.add_argument("--cost", action="store_true", help="measure anew what the views cost")
    one_of.add_argument("--page", action="store_true", help="write the page from the last results")
    options = arguments.parse_args()
    console = Console()
    if options.cost:
        anew = {"cost": [cost(name, image) for name, image in timed().items()]}
        RESULTS.write_text(json.dumps(before() | anew) + "\n")
    elif not options.page:
        size = {"patches": 0, "count": 50_000} if options.quick else {"patches": PATCHES, "count": DISTRACTORS}
        with console.status("Altering photographs, and hashing a million that are no copies ..."):
            results = joined(before(), measure(options.only, **size)) if options.only else measured_whole(**size)
        if options.quick:
            console.print(page.written(results))
            return
        RESULTS.write_text(json.dumps(results) + "\n")
    results = before()
    page.PAGE.write_text(page.written(results))
    plots.write(results)
    for method, each in results["radii"].items():
        console.print(
            f"{method}, {each['bits']} bits: widest radius without a false match: {page.widest(each['safe'])}"
        )
    console.print(f"Written: {RESULTS.name}, {page.PAGE.name} and its plots")


if __name__ == "__main__":
    main()
