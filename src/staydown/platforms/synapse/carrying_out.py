"""Carrying out what was decided. What is to be done stands in staydown; here only what was begun is kept.

Each round asks staydown what waits, does it, looks whether it is done, and answers. A round may break off anywhere and
be repeated: doing something twice changes nothing, and nothing is forgotten, because it waits until it is answered. The
one thing staydown could not know is that something was done and then taken back unanswered; so it is noted before.
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from staydown.errors import DeniedError, MissingError, SealError, SettingError, StaydownError, UnreachableError
from staydown.platforms.synapse.casework import Asked, Casework, is_id
from staydown.platforms.synapse.homeserver import SYSTEM, Homeserver
from staydown.platforms.synapse.names import Media, Message, named

log = logging.getLogger(__name__)
_DONE: Final = {"remove": "removed", "disable": "disabled", "restore": "restored"}

PROTECTED: Final = "protected: this media is protected from quarantine on the homeserver."
NOT_DONE: Final = "not_done: the homeserver said that it did this, and yet nothing changed."
SEALED: Final = "encrypted: only those in the room know which media this shows. Ask for the link it is downloaded from."
EMPTY: Final = "no_media: this message shows no media of its own."
OTHERS: Final = "not_ours: somebody else on the homeserver put this into quarantine; it stays there until they lift it."


class Outcome(NamedTuple):
    """What came of an action. ``detail`` begins with the name of what went wrong."""

    result: str
    detail: str = ""


class Begun:
    """The actions that were begun and not answered yet: an empty file each, which outlives the process."""

    def __init__(self, folder: Path) -> None:
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._folder = folder
            self._sync()
        except OSError as error:
            raise SettingError(f"The folder for what was begun cannot be used ({error.strerror}).") from None

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(path.name for path in self._folder.iterdir() if is_id(path.name)))

    def note(self, id_: str) -> None:
        """Keep an action in mind, also through a power cut."""
        (self._folder / id_).touch(mode=0o600)
        self._sync()

    def forget(self, id_: str) -> None:
        """It is answered."""
        (self._folder / id_).unlink(missing_ok=True)

    def _sync(self) -> None:
        handle = os.open(self._folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


class Round(NamedTuple):
    """What a round came to: how many actions were answered, how many wait for another round because something failed,
    and how many are about nothing that Matrix knows and are left to others."""

    answered: int
    failed: int
    left: int


class CarryingOut:
    """Brings one homeserver in line with what one staydown decided. For one thread."""

    def __init__(self, casework: Casework, homeserver: Homeserver, begun: Begun) -> None:
        self._casework = casework
        self._homeserver = homeserver
        self._begun = begun
        self._left: set[str] = set()

    def round(self) -> Round:
        """Carry out and answer everything that waits, the oldest first.

        Raises `UnreachableError` or `DeniedError` when one of the two does not answer or takes no key; what waits then
        still waits. Whatever else goes wrong with one action does not hold up the others.
        """
        waiting = list(self._casework.asked())
        ours = [each.id for each in waiting if named(each.place)]
        left = {each.id for each in waiting} - set(ours)
        for id_ in sorted(left - self._left):
            log.warning("Action %s is about nothing that Matrix knows. It is left to whoever it is for.", id_)
        self._left = left
        failed = 0
        due = dict.fromkeys([*self._begun, *ours])
        for id_ in due:
            try:
                self._attend(id_)
            except (UnreachableError, DeniedError):
                raise
            except StaydownError as error:
                failed += 1
                log.warning("Action %s is not done yet: %s (error code %s)", id_, error.message, error.code)
            except Exception:  # what nobody foresaw about one must not keep all others from being done
                failed += 1
                log.exception("Action %s is not done yet", id_)
        return Round(len(due) - failed, failed, len(left))

    def _attend(self, id_: str) -> None:
        """Carry out one action as it stands now, and answer it."""
        try:
            asked = self._casework.action(id_)
        except MissingError:
            return self._begun.forget(id_)
        place = named(asked.place)
        if place is not None and asked.is_open:
            self._begun.note(id_)
            self._answer(asked, self._outcome(asked.kind, place))
        elif place is not None and asked.was_taken_back and asked.kind != "restore" and self._is_ours(place):
            self._answer(asked, Outcome(_DONE[asked.kind]))  # staydown then says whether it is to be shown again
        return self._begun.forget(id_)

    def _answer(self, asked: Asked, outcome: Outcome) -> None:
        taken = self._casework.answer(asked, outcome.result, outcome.detail)
        why = f" ({outcome.detail.partition(':')[0]})" if outcome.detail else ""
        log.info("Action %s to %s: %s%s%s", asked.id, asked.kind, outcome.result, why, "" if taken else ", too late")

    def _outcome(self, kind: str, place: Media | Message) -> Outcome:
        """What came of it: of a message whose media came to different ends, what still needs somebody."""
        try:
            media = self._media(place)
        except SealError:
            return Outcome("failed", SEALED)
        if media == []:
            return Outcome("failed", EMPTY)
        outcomes = [self._brought(kind, each) for each in media or ()]
        for result in ("failed", _DONE[kind]):
            for outcome in outcomes:
                if outcome.result == result:
                    return outcome
        return Outcome("not_found")

    def _brought(self, kind: str, media: Media) -> Outcome:
        """What came of it, looked up afterwards: Synapse says the same 200 when it did nothing."""
        standing = self._homeserver.standing(media)
        if standing is None:
            return Outcome("not_found")
        shows = kind == "restore"
        if (standing.quarantined_by is None) is shows:
            return Outcome(_DONE[kind])
        if not shows and standing.is_protected:
            return Outcome("failed", PROTECTED)
        if shows and standing.quarantined_by not in (self._homeserver.user, SYSTEM):
            return Outcome("failed", OTHERS)
        (self._homeserver.release if shows else self._homeserver.quarantine)(media)
        after = self._homeserver.standing(media)
        if after is None:
            return Outcome("not_found")
        return Outcome(_DONE[kind]) if (after.quarantined_by is None) is shows else Outcome("failed", NOT_DONE)

    def _media(self, place: Media | Message) -> list[Media] | None:
        """The media that is meant; None when the homeserver does not know the message."""
        return [place] if isinstance(place, Media) else self._homeserver.media_of(place)

    def _is_ours(self, place: Media | Message) -> bool:
        """Whether some of it is in quarantine because we put it there."""
        try:
            standings = [self._homeserver.standing(each) for each in self._media(place) or ()]
        except SealError:
            return False
        return any(each is not None and each.quarantined_by == self._homeserver.user for each in standings)


class Rounds:
    """Rounds in a thread: at once when something was announced, and every so often in case nothing was."""

    def __init__(self, work: CarryingOut, every: float, *, pauses: tuple[float, float] = (1.0, 8.0)) -> None:
        """``pauses``: the first and the longest, in seconds, while something is in the way."""
        self._work = work
        self._every = every
        self._first_pause, self._longest_pause = pauses
        self._again = threading.Event()
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._run, name="rounds", daemon=True)
        self.fault: str | None = "starting"

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def wake(self) -> None:
        """Something was announced."""
        self._again.set()

    def end(self) -> None:
        """Stop after the action in work. What is left stands in staydown."""
        self._ends.set()
        self._again.set()
        self._thread.join(30)

    def _run(self) -> None:
        pause = self._first_pause
        while not self._ends.is_set():
            self._again.clear()
            if self._is_held():
                wait, pause = self._every, self._first_pause
            else:
                wait, pause = pause, min(pause * 2, self._longest_pause)
            self._again.wait(wait)

    def _is_held(self) -> bool:
        """Whether a round left nothing that it could not do; says once what is in the way, and once that it is gone."""
        try:
            failed = self._work.round().failed
            fault = "failed" if failed else None
        except StaydownError as error:
            fault = error.code
            if fault != self.fault:
                log.error("Nothing is carried out. %s (error code %s)", error.message, error.code)
        except Exception:  # the thread must outlive what nobody foresaw
            fault = "error"
            log.exception("Nothing is carried out")
        if fault is None and self.fault not in (None, "starting"):
            log.info("Decisions are carried out again.")
        self.fault = fault
        return fault is None
