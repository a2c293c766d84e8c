"""The help that stands outside this platform: where a page sends someone that we cannot or must not serve.

Each entry says what it rests on and when that was read. What could not be confirmed is left out: a wrong address costs
somebody the one attempt that they had the strength for.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

READ: Final = date(2026, 11, 22)  # stored copies of the pages, not the live ones
READ_LATER: Final = date(2026, 11, 28)


@dataclass(frozen=True, slots=True)
class Helpline:
    """A helpline or hotline: where it works, its address, what it does for whom, and what that rests on.

    ``first_in`` names the languages in which it stands first: those of its country.
    """

    name: str
    place: str | Promise
    address: str
    does: str | Promise
    source: str
    seen: date = READ
    first_in: tuple[str, ...] = ()


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

CYBERTIPLINE: Final = Helpline(
    "CyberTipline", _("United States"), "https://report.cybertip.org/",
    _("Run by NCMEC. Takes reports about anyone who is or was under 18. No name needed."),
    "report.cybertip.org/faqs", READ_LATER,
)  # fmt: skip
CYBERTIP_CA: Final = Helpline(
    "Cybertip.ca", _("Canada"), "https://www.cybertip.ca/",
    _("Helps people under 18 to get a picture off the internet, and answers questions."),
    "cybertip.ca/app/en/report-sharing_sexual_pictures", READ_LATER,
)  # fmt: skip
ESAFETY: Final = Helpline(
    "eSafety Commissioner", _("Australia"), "https://www.esafety.gov.au/",
    _("Can order platforms to take pictures down."),
    "esafety.gov.au/key-topics/image-based-abuse/report-image-based-abuse",
)  # fmt: skip
FRANCE_3018: Final = Helpline(
    "3018", _("France"), "https://3018.fr/",
    _("Young people and parents can call 3018 or write there. It can have pictures removed. It is free."),
    "educnum.fr/fr/net-ecoute-devient-le-3018-nouveau-numero-pour-lutter-contre-les-violences-numeriques",
    READ_LATER, ("fr",),
)  # fmt: skip
JUGENDSCHUTZ: Final = Helpline(
    "jugendschutz.net", _("Germany"), "https://www.jugendschutz.net/",
    _("Takes reports and has pictures removed."),
    "international.eco.de, of the three German hotlines, 16 November 2023", READ_LATER, ("de",),
)  # fmt: skip
STOPLINE: Final = Helpline(
    "Stopline", _("Austria"), "https://www.stopline.at/",
    _("Takes reports and has pictures removed."),
    "stopline.at/de/news-und-presse/news", READ_LATER, ("de",),
)  # fmt: skip
D4U: Final = Helpline(
    "디지털성범죄피해자지원센터 (D4U)", _("South Korea"), "https://d4u.stop.or.kr/",
    _("Listens day and night and has pictures removed, whatever your age. It is free."),
    "servedream.com/announcements/138300000038, of the ministry’s notice", READ_LATER, ("ko",),
)  # fmt: skip
CYBERCRIME_IN: Final = Helpline(
    "cybercrime.gov.in", _("India"), "https://cybercrime.gov.in/",
    _("Run by the government. Choose the part for women and children. You can report without your name."),
    "cybercrime.gov.in/Accept.aspx", READ_LATER, ("hi",),
)  # fmt: skip

#: For pictures of someone under 18. The order is that of the page: first those of one country.
FOR_CHILDREN: Final = (
    REPORT_REMOVE, CYBERTIPLINE, CYBERTIP_CA, ESAFETY, HOTLINE_IE, FRANCE_3018, JUGENDSCHUTZ, STOPLINE, D4U,
    CYBERCRIME_IN, TAKE_IT_DOWN, INHOPE,
)  # fmt: skip

#: For adults.
FOR_ADULTS: Final = (
    Helpline("StopNCII.org", _("Everywhere"), "https://stopncii.org/",
             _("Stops a picture on many large platforms at once; the picture stays on your device."),
             "stopncii.org/how-it-works"),
    Helpline("Revenge Porn Helpline", _("United Kingdom"), "https://swgfl.org.uk/helplines/revenge-porn-helpline/",
             _("People who help you with reports and listen."),
             "swgfl.org.uk/helplines/revenge-porn-helpline"),
    ESAFETY,
    HOTLINE_IE,
    D4U,
    CYBERCRIME_IN,
)  # fmt: skip


def in_order(helplines: Iterable[Helpline], language: str) -> list[Helpline]:
    """The helplines with those first that work where ``language`` is spoken."""
    return sorted(helplines, key=lambda each: language not in each.first_in)
