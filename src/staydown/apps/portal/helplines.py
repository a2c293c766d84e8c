"""The help that stands outside this platform: where a page sends someone that we cannot or must not serve."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True, slots=True)
class Helpline:
    """A helpline or hotline: where it works, its address, and what it does for whom."""

    name: str
    place: str | Promise
    address: str
    does: str | Promise


#: For pictures of someone under 18. The order is that of the page.
FOR_CHILDREN: Final = (
    Helpline("Report Remove", _("United Kingdom"), "https://www.childline.org.uk/remove",
             _("Run by Childline and the Internet Watch Foundation, for people who are under 18 now.")),
    Helpline("Take It Down", _("Everywhere"), "https://takeitdown.ncmec.org/",
             _("Run by NCMEC. Also for adults who were under 18 in the picture. No name needed.")),
    Helpline("INHOPE", _("More than 50 countries"), "https://www.inhope.org/",
             _("Choose your country to find its hotline.")),
)  # fmt: skip

#: For adults.
FOR_ADULTS: Final = (
    Helpline("StopNCII.org", _("Everywhere"), "https://stopncii.org/",
             _("Stops a picture on many large platforms at once; the picture stays on your device.")),
    Helpline("Revenge Porn Helpline", _("United Kingdom"), "https://revengepornhelpline.org.uk/",
             _("People who help you with reports and listen.")),
    Helpline("Image Abuse Helpline (CCRI)", _("United States"), "https://cybercivilrights.org/",
             _("People who help you, day and night.")),
    Helpline("eSafety Commissioner", _("Australia"), "https://www.esafety.gov.au/",
             _("Can order platforms to take pictures down.")),
    Helpline("Hotline.ie", _("Ireland"), "https://www.hotline.ie/",
             _("Takes reports and has pictures removed.")),
)  # fmt: skip
