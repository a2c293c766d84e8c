"""How a picture becomes the hashes it is looked for by, and the hashes it is banked under.

Each `Tier` answers for one kind of alteration. It sees the pixels once, in the process that decodes them, and leaves
views: PDQ hashes of the picture or of parts of it. What is asked and what is banked follow from the views, so a tier
for heavy crops or collages is one more class in `TIERS`; the index and the services that screen know nothing of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from staydown.core.hashing.algorithm import LEAST_QUALITY, Hash
from staydown.core.hashing.pdq import Pdq, Raster, decimated, mirrored, pdq_of_lines, pdq_of_mirrors
from staydown.core.hashing.trim import MOST_INSIDES, insides

_LARGE: Final = 1280  # pixels of the shorter side from which on a mirrored picture has nearly the mirrored hash
_SMALL: Final = 640  # pixels of the shorter side from which on PDQ is nearly the same at half the size
_ONE_SIZE: Final = 512  # pixels each way, the size of the reference's own examples
_LONGEST: Final = 4096  # pixels


def seen(raster: Raster) -> tuple[Pdq, NDArray[np.float32]]:
    """The PDQ of a raster that is not tiny, and what it was reduced to; a small one's turns are hashed themselves."""
    if min(raster.width, raster.height) >= _LARGE:
        reduced = decimated(raster)
        return pdq_of_lines(reduced), reduced
    four = mirrored(raster)
    return pdq_of_mirrors(four), four[0]


@dataclass(frozen=True, slots=True)
class View:
    """What a tier saw: its name and a PDQ with enough detail to be looked for."""

    tier: str
    pdq: Pdq


class Tier(Protocol):
    """One kind of alteration, and what finds copies altered so.

    ``name`` is short and stable; ``most`` is how many views a picture can have at most.
    """

    @property
    def name(self) -> str: ...
    @property
    def most(self) -> int: ...

    def views(self, pieces: Sequence[Raster]) -> tuple[Pdq, ...]:
        """The views of a picture beside the whole. ``pieces``: the whole, then what stands inside its borders."""
        ...

    def asked(self, view: Pdq) -> tuple[Hash, ...]:
        """The hashes to look a picture up by because of one of its views."""
        ...

    def banked(self, view: Pdq) -> tuple[Hash, ...]:
        """The hashes to bank a picture under because of one of its views."""
        ...


class Inside:
    """The inside of flat borders. A copy with borders meets the bare picture, and the other way round."""

    name: Final = "inside"
    most: Final = MOST_INSIDES

    def views(self, pieces: Sequence[Raster]) -> tuple[Pdq, ...]:
        """The picture without its borders, if it has any."""
        return tuple(seen(inside)[0] for inside in pieces[1:])

    def asked(self, view: Pdq) -> tuple[Hash, ...]:
        """All eight turns, as for the whole."""
        return view.variants

    def banked(self, view: Pdq) -> tuple[Hash, ...]:
        """The inside as it stands; whoever asks turns."""
        return (view.hash,)


class Resized:
    """A small picture as if it had come in one fixed size. A smaller or larger copy meets the entry all the same.

    The box of the published blur is a whole number of pixels wide, and where it is one to five of them, a picture and
    its copy at half the size are blurred so differently that every sixth such copy was missed. Only asked, never
    banked: an entry is what everybody calls the picture's PDQ.
    """

    name: Final = "resized"
    most: Final = 1 + MOST_INSIDES

    def views(self, pieces: Sequence[Raster]) -> tuple[Pdq, ...]:
        """The picture brought to one size, and what stands inside its borders as well, where they are small."""
        return tuple(pdq_of_mirrors(mirrored(each, through=_ONE_SIZE)) for each in pieces if _is_small(each))

    def asked(self, view: Pdq) -> tuple[Hash, ...]:
        """All eight turns, as for the whole."""
        return view.variants

    def banked(self, view: Pdq) -> tuple[Hash, ...]:  # noqa: ARG002 - the words of the protocol
        """Nothing."""
        return ()


TIERS: Final[tuple[Tier, ...]] = (Inside(), Resized())
MOST_VIEWS: Final = sum(tier.most for tier in TIERS)
_BY_NAME: Final = {tier.name: tier for tier in TIERS}


def views_of(raster: Raster, reduced: NDArray[np.float32]) -> tuple[View, ...]:
    """Every tier's views of a picture. One without detail would match strangers and is left out."""
    pieces = (raster, *insides(raster, reduced))
    found = [View(tier.name, seen) for tier in TIERS for seen in tier.views(pieces)[: tier.most]]
    return tuple(view for view in found if view.pdq.quality >= LEAST_QUALITY)


def _is_small(raster: Raster) -> bool:
    """Whether PDQ says something else of it at half the size. What is very long nobody has made smaller to post it."""
    shorter, longer = sorted((raster.width, raster.height))
    return shorter < _SMALL and longer <= _LONGEST


def asked(whole: Pdq, views: Sequence[View]) -> tuple[Hash, ...]:
    """The PDQ hashes to look a picture up by: its eight turns, then what its views add, each hash once."""
    own = whole.variants if whole.quality >= LEAST_QUALITY else ()
    return tuple(dict.fromkeys([*own, *(each for view in views for each in _BY_NAME[view.tier].asked(view.pdq))]))


def banked(whole: Pdq, views: Sequence[View]) -> tuple[Hash, ...]:
    """The PDQ hashes to bank a picture under: its own, then what its views add, each hash once."""
    own = (whole.hash,) if whole.quality >= LEAST_QUALITY else ()
    return tuple(dict.fromkeys([*own, *(each for view in views for each in _BY_NAME[view.tier].banked(view.pdq))]))


def parts(views: Sequence[View]) -> tuple[View, ...]:
    """Those of the views that a picture is banked under too: what somebody who banks it elsewhere needs of it."""
    return tuple(view for view in views if _BY_NAME[view.tier].banked(view.pdq))
