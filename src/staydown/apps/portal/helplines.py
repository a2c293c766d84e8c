"""The help that stands outside this platform: where a page sends someone that we cannot or must not serve.

Each entry says what it rests on and when that was read. What could not be confirmed is left out: a wrong address costs
somebody the one attempt that they had the strength for.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

READ: Final = date(2026, 11, 22)  # stored copies of the pages, not the live ones


@dataclass(frozen=True, slots=True)
class Helpline:
    """A helpline or hotline: where it works, its address, what it does for whom, and what that rests on."""

    name: str
    place: str | Promise
    address: str
    does: str | Promise
    source: str
    seen: date = READ


REPORT_REMOVE: Final = Helpline(
    "Report Remove", _("United Kingdom"), "https://www.childline.org.uk/",
    _("Run by Childline and the Internet Watch Foundation, for people who are under 18 now. Look for “Report Remove”."),
    "learning.nspcc.org.uk/research-resources/report-remove",
)  # fmt: skip
HOTLINE_IE: Final = Helpline(
    "Hotline.ie", _("Ireland"), "https://www.hotline.ie/",
    _("Takes reports and has pictures removed."),
    "gov.ie, on the Coco law",
)  # fmt: skip
TAKE_IT_DOWN: Final = Helpline(
    "Take It Down", _("Everywhere"), "https://takeitdown.ncmec.org/",
    _("Run by NCMEC. Also for adults who were under 18 in the picture. No name needed."),
    "takeitdown.ncmec.org/faq",
)  # fmt: skip
INHOPE: Final = Helpline(
    "INHOPE", _("More than 40 countries"), "https://www.inhope.org/",
    _("Choose your country to find its hotline."),
    "inhope.org/EN/articles/about-inhope",
)  # fmt: skip

#: For pictures of someone under 18. The order is that of the page: first those of one country.
FOR_CHILDREN: Final = (REPORT_REMOVE, HOTLINE_IE, TAKE_IT_DOWN, INHOPE)

#: For adults.
FOR_ADULTS: Final = (
    Helpline("StopNCII.org", _("Everywhere"), "https://stopncii.org/",
             _("Stops a picture on many large platforms at once; the picture stays on your device."),
             "stopncii.org/how-it-works"),
    Helpline("Revenge Porn Helpline", _("United Kingdom"), "https://swgfl.org.uk/helplines/revenge-porn-helpline/",
             _("People who help you with reports and listen."),
             "swgfl.org.uk/helplines/revenge-porn-helpline"),
    Helpline("eSafety Commissioner", _("Australia"), "https://www.esafety.gov.au/",
             _("Can order platforms to take pictures down."),
             "esafety.gov.au/key-topics/image-based-abuse/report-image-based-abuse"),
    HOTLINE_IE,
)  # fmt: skip
