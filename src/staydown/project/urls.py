"""Which address belongs to which screen."""

from __future__ import annotations

from django.conf.urls.i18n import i18n_patterns
from django.urls import include, path

urlpatterns = [
    path("staff/accounts/", include("staydown.project.sign_in")),
    path("staff/", include("staydown.apps.console.urls")),
    path("api/", include("staydown.apps.api.urls")),
    path("stopncii/v1/", include("staydown.apps.api.partners.stopncii")),
    path("ncmec/v2/", include("staydown.apps.api.partners.ncmec")),
    *i18n_patterns(path("", include("staydown.apps.portal.urls")), prefix_default_language=False),
]
