"""For Wagtail sites: ``WAGTAILIMAGES_IMAGE_FORM_BASE = "staydown.platforms.wagtail.ScreenedImageForm"``.

Every image that editors upload, one at a time or many, goes through this form. The settings are those of
`staydown.platforms.django`.
"""

from __future__ import annotations

from typing import Any

from wagtail.images.forms import BaseImageForm

from staydown.platforms.django import validate_upload


class ScreenedImageForm(BaseImageForm):  # type: ignore[misc]
    """Wagtail's form for an image, with one more look at the file."""

    def clean_file(self) -> Any:
        """The file; `ValidationError` when it is not to be published. One that was not changed is not looked at."""
        file = self.cleaned_data["file"]
        if "file" in self.changed_data and file:
            validate_upload(file)
        return file
