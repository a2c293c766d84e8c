"""How English writes a day: 30 November 2026, with the month in full, which cannot be read as another one."""

from typing import Final

DATE_FORMAT: Final = "j F Y"
