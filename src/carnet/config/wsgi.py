"""The portal as a WSGI application, the directory's API before it."""

import os

from django.core.wsgi import get_wsgi_application

from carnet.foundation.lifeline import die_with_parent

if "CARNET_WEB_PARENT" in os.environ:
    die_with_parent(int(os.environ["CARNET_WEB_PARENT"]))  # granian's workers would outlive a killed granian
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "carnet.config.settings")
_portal = get_wsgi_application()

from carnet.interfaces.fhir.wsgi import before  # noqa: E402 - needs Django set up

application = before(_portal)
