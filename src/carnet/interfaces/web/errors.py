"""Pages for what goes wrong."""

from django.core.exceptions import RequestDataTooBig, TooManyFilesSent
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """The form's proof of origin is missing or old: nothing was done, and the person can try again."""
    return render(request, "web/error.html", {"kind": "form-expired"}, status=403)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return render(request, "web/error.html", {"kind": "not-found"}, status=404)


def server_error(request: HttpRequest) -> HttpResponse:
    return render(request, "web/error.html", {"kind": "server"}, status=500)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    kind = "too-large" if isinstance(exception, RequestDataTooBig | TooManyFilesSent) else "refused"
    return render(request, "web/error.html", {"kind": kind}, status=413 if kind == "too-large" else 400)
