"""What the page's own scripts say, translated on the server: a script holds no sentence."""

from __future__ import annotations

import math
from typing import Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from staydown.core.hashing.algorithm import LEAST_QUALITY

ICONS: Final = ("clock", "check", "warning")


#: The sentence under a choice, where a question has such.
HINTS: Final = {
    "happened": {
        "posted": gettext_lazy("A picture, a video or a link to one can be seen on this service."),
        "threat": gettext_lazy("It is not here yet. We can try to stop it before anyone sees it."),
    },
    "way": {
        "formal": gettext_lazy(
            "You tell us how to reach you and tick what is true. Then laws can bind us to a time limit."
        ),
        "anonymous": gettext_lazy(
            "We work on it too, but no law sets us a time limit. You can make it a formal notice later, with your code."
        ),
    },
}


def of_pictures() -> dict[str, object]:
    """The sentences of the page on which pictures are chosen. ``codes`` are our error codes, and the page's own."""
    return {
        "name": _("Picture {number}"),
        "video": _("Video {number}"),
        "unused": _("File {number} of your choice"),
        "working": _("making the fingerprint"),
        "ready": _("fingerprint ready"),
        "failed": _("cannot be used"),
        "count": _("{done} of {total} done"),
        "all": _("All done. Fingerprints ready: {ready}."),
        "some": _("Done. Fingerprints ready: {ready}. Files that cannot be used: {failed}."),
        "stopped": _("Stopped. Fingerprints ready: {ready}."),
        "wait": _("We go on as soon as all fingerprints are ready."),
        "plain": _("This picture has few details. We can stop exact copies only."),
        "plain_video": _("This video has few details. We can stop exact copies only."),
        "still": _("This picture moves, and your browser lets us look at its first moment only. Try another browser."),
        "sparse": _("This video is longer than an hour and a quarter. Short parts of it may not be recognised."),
        "least": LEAST_QUALITY,
        "codes": {
            "not_an_image": _("This is not a picture and not a video. Go back and give a link."),
            "unsupported_format": _("Your browser cannot open this kind of picture. Save it as JPEG, or give a link."),
            "truncated": _("This file ends too early. Copy or download it again, if that is safe for you."),
            "corrupt": _("This file is damaged. Try another copy of the picture."),
            "too_large": _("This picture is too large. Try a smaller copy."),
            "too_slow": _("This picture took too long. Try a smaller copy."),
            "empty_picture": _("This picture is empty. Try another copy."),
            "canvas_blocked": _("Your browser hides pictures from pages. Use another browser, or give a link."),
        },
        "video_codes": {
            "unsupported_format": _("Your browser cannot play this video. Save it as MP4 or WebM, or give a link."),
            "corrupt": _("This video is damaged. Try another copy of it."),
            "too_large": _("This video is too large. Try a smaller copy."),
            "too_long": _("This video is longer than three hours. Choose a part of it, or give a link."),
            "too_slow": _("This video took too long. Choose a part of it, or give a link."),
            "no_video_stream": _("This file has sound only. Choose the video itself."),
            "no_detail": _("This video is too dark or too plain for a fingerprint. Give a link."),
            "canvas_blocked": _("Your browser hides pictures from pages. Use another browser, or give a link."),
        },
    }


def no_pictures() -> str:
    """Said when the question about pictures was left without one."""
    return _("Choose at least one picture. If that does not work here, go back and give links instead.")


def unknown_code() -> str:
    """Said when a code opens nothing, whatever is wrong with it."""
    return _("We know no report with this code. Check each letter and digit.")


def too_many_codes() -> str:
    """Said when many wrong codes came from one network. A right one still opens its report."""
    return _(
        "We know no report with this code, and many wrong codes came from your network. The right code still works. "
        "Check each letter and digit."
    )


def too_many(wait: int) -> str:
    """Said when many reports came from one network: nothing is lost, and when to try again."""
    minutes = max(1, math.ceil(wait / 60))
    return ngettext(
        "Many reports came from your network, so this one was not sent yet. Your answers are still here. Wait "
        "{minutes} minute, then press Send again.",
        "Many reports came from your network, so this one was not sent yet. Your answers are still here. Wait "
        "{minutes} minutes, then press Send again.",
        minutes,
    ).format(minutes=minutes)


def not_done() -> str:
    """Said when casework refused what a button of the status page asked for."""
    return _("That could not be done. Look below how your report stands now, and try once more.")


def not_taken() -> str:
    """Said when casework refused answers that the questions had let through."""
    return _("Something in your answers could not be read. Look at them once more, or give fewer links or pictures.")
