"""Hashes by `perception`, in a process and an environment of its own: pictures come in by a pipe, hashes leave by one.

Run by `apart.py` with the Python of `.venv-peers`, so it imports nothing of ours. What is sent either way is an array
of bytes after a line of JSON that gives its shape.
"""

from __future__ import annotations

import json
import math
import sys
import time
from importlib.metadata import version
from typing import BinaryIO

import cv2
import numpy as np
from perception import hashers

#: The two that are compared, as they come.
COMPARED = (hashers.PHash(), hashers.BlockMean())
#: Hashes of bits that are timed only.
TIMED = (*COMPARED, hashers.MarrHildreth())


def hashed(picture: np.ndarray) -> np.ndarray:
    """The bits of each hash of a picture (rows x columns x 3 colours), one after the other, as bytes."""
    return np.concatenate([np.packbits(hasher.compute(picture, hash_format="vector")) for hasher in COMPARED])


def about() -> dict[str, object]:
    """The version, and how many milliseconds of a processor each hash of a small picture takes, at best."""
    noise = np.random.default_rng(1).integers(0, 256, (64, 64, 3), np.uint8)
    taken = {}
    for hasher in TIMED:
        times = []
        for _ in range(50):
            start = time.process_time()
            hasher.compute(noise, hash_format="vector")
            times.append((time.process_time() - start) * 1000)
        taken[type(hasher).__name__] = round(min(times), 3)
    return {"version": version("perception"), "milliseconds": taken}


def answer(asked: BinaryIO, told: BinaryIO) -> None:
    """For each array of pictures, an array of their hashes; ends when nobody asks any more."""
    told.write(json.dumps(about()).encode() + b"\n")
    told.flush()
    while shape := json.loads(asked.readline() or "null"):
        pictures = np.frombuffer(asked.read(math.prod(shape)), np.uint8).reshape(shape)
        answers = np.stack([hashed(picture) for picture in pictures])
        told.write(json.dumps(answers.shape).encode() + b"\n" + answers.tobytes())
        told.flush()


if __name__ == "__main__":
    cv2.setNumThreads(1)  # the processes of the benchmark share the cores already
    answer(sys.stdin.buffer, sys.stdout.buffer)
