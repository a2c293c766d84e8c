"""Which laws bind an operator: a few answers about the service, held against what each regime says of itself.

The answers narrow nothing down by guesswork: what is not answered counts as a yes, so that no law is lost in silence.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date
from typing import Final

from staydown.core.law.schema import Intake, Regime, Service, Shown
from staydown.errors import InvalidError

QUESTIONS: Final = {
    Service.USER_TO_USER: "Do people meet what others post or send there (posts, comments, messages, groups)?",
    Service.HOSTING: "Does it store files, pictures or pages that people give it?",
    Service.SEARCH: "Is it a search engine for what is elsewhere?",
}
SMALL: Final = "Have you fewer than 50 people and 10 million euros of yearly turnover or balance sheet?"

UNION: Final = "EU"
MEMBERS: Final = frozenset((
    "AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES",
    "FI", "FR", "GR", "HR", "HU", "IE", "IT", "LT", "LU",
    "LV", "MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK",
))  # fmt: skip
#: Every code of ISO 3166-1, and those that it leaves to whoever needs one, as XK for Kosovo.
_CODE: Final = re.compile(
    "A[ADEFGILMOQRSTUWXZ]|B[ABDEFGHIJLMNOQRSTVWYZ]|C[ACDFGHIKLMNORUVWXYZ]|D[EJKMOZ]|E[CEGHRST]|F[IJKMOR]|"
    "G[ABDEFGHILMNPQRSTUWY]|H[KMNRTU]|I[DELMNOQRST]|J[EMOP]|K[EGHIMNPRWYZ]|L[ABCIKRSTUVY]|"
    "M[ACDEFGHKLMNOPQRSTUVWXYZ]|N[ACEFGILOPRUZ]|O[M]|P[AEFGHKLMNRSTWY]|Q[AM-Z]|R[EOSUW]|"
    "S[ABCDEGHIJKLMNORSTVXYZ]|T[CDFGHJKLMNORTVWZ]|U[AGMSYZ]|V[ACEGINU]|W[FS]|X[A-Z]|Y[ET]|Z[AMWZ]"
)
_ALSO: Final = {"UK": "GB", "EL": "GR"}  # what people and the Union write for them


@dataclass(frozen=True, slots=True)
class Answers:
    """What an operator says of the service. None: not answered, so everything counts.

    ``users_in`` are countries as two capital letters, and "EU". ``is_small``: a micro or small enterprise.
    """

    services: Collection[Service] | None = None
    users_in: Collection[str] | None = None
    is_small: bool = False


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether one regime belongs on, and why in a sentence. ``not_bound``: parts of it that bind larger ones only."""

    regime: Regime
    binds: bool
    why: str
    not_bound: tuple[str, ...] = ()


def which(regimes: Iterable[Regime], answers: Answers, today: date) -> list[Verdict]:
    """A verdict for each of these regimes, in their order. What is not in force binds nobody, and says why."""
    return [_verdict(each, answers, today) for each in regimes]


def countries(regimes: Iterable[Regime]) -> list[str]:
    """The countries to ask about: those that some regime names."""
    return sorted({each for one in regimes for each in one.applies.users_in})


def places(given: Iterable[str]) -> frozenset[str]:
    """The countries that these codes mean, a member state's with the Union, and the Union with all of its members.

    Raises `InvalidError` for another word: one that is passed over would leave out every law of a country in silence.
    """
    codes = {_ALSO.get(each.upper(), each.upper()) for each in given}
    for code in sorted(codes):
        if code != UNION and not _CODE.fullmatch(code):
            raise InvalidError(
                f"“{code}” is no code of a country. Write two letters, such as DE; EU is the whole Union."
            )
    also = MEMBERS if UNION in codes else frozenset((UNION,)) if codes & MEMBERS else frozenset()
    return also | codes


def setting(verdicts: Iterable[Verdict]) -> str:
    """What STAYDOWN_REGIMES is to be set to."""
    return ",".join(each.regime.id for each in verdicts if each.binds)


def _verdict(regime: Regime, answers: Answers, today: date) -> Verdict:
    applies = regime.applies
    if not regime.in_force(today):
        return Verdict(regime, False, regime.disabled_because or _dates(regime, today))
    if answers.services is not None and not set(applies.services) & set(answers.services):
        return Verdict(regime, False, "It binds other kinds of service.")
    if answers.users_in is not None and applies.users_in and not set(applies.users_in) & set(answers.users_in):
        return Verdict(regime, False, f"You have no users in {', '.join(applies.users_in)}.")
    spared = applies.not_for_small if answers.is_small else ()
    return Verdict(regime, True, " ".join([_takes_part(regime), regime.disabled_because]).strip(), spared)


def _dates(regime: Regime, today: date) -> str:
    if regime.effective_from is not None and today < regime.effective_from:
        return f"It binds from {regime.effective_from} on."
    return f"It bound until {regime.effective_to}." if regime.effective_to else "It is not in force."


def _takes_part(regime: Regime) -> str:
    """In which cases it will be met."""
    applies = regime.applies
    if applies.intake == (Intake.ORDER,):
        return "Only when an order is served."
    if applies.shown == (Shown.MINOR,):
        return "Only where somebody under 18 is shown."
    return "Every report." if Intake.ORDER not in applies.intake else "Every report, and orders."
