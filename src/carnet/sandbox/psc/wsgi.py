"""The demo's provider, as granian loads it."""

import os

from carnet.foundation.lifeline import die_with_parent

if "CARNET_WEB_PARENT" in os.environ:
    die_with_parent(int(os.environ["CARNET_WEB_PARENT"]))  # granian's workers would outlive a killed granian
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "carnet.config.settings")

import django

django.setup()

from carnet.sandbox.psc.app import application as _application  # noqa: E402
from carnet.sandbox.psc.installed import provider  # noqa: E402

application = _application(provider())
