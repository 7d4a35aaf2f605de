"""Pages for what goes wrong."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """The form's proof of origin is missing or old: nothing was done, and the person can try again."""
    return render(request, "web/error.html", {"kind": "form-expired"}, status=403)
