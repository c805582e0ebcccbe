"""The API whole: its parts under /api/, its description at /api/openapi.json."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError
from ninja.errors import ValidationError as Invalid

from kulla import __version__
from kulla.centre.api import alerts, cases, duties, events, evidence, holds, others, registers, tasks, traces
from kulla.centre.cases.actions.case import Changed
from kulla.errors import KullaError

DESCRIPTION = """Everything a token's user may see and do on the console, and no more. Send
`Authorization: Bearer kulla_…`; make a token on your own page. What you may not see does not exist: 404."""

api = NinjaAPI(
    title="Kulla", version=__version__, description=DESCRIPTION, urls_namespace="api", docs_url=None,
    openapi_extra={"components": {"securitySchemes": {"token": {"type": "http", "scheme": "bearer"}}},
                   "security": [{"token": []}]},
)  # fmt: skip
api.add_router("/alerts", alerts.router, tags=["alerts"])
api.add_router("/cases", cases.router, tags=["cases"])
api.add_router("/cases", tasks.router, tags=["tasks"])
api.add_router("/cases", duties.router, tags=["duties"])
api.add_router("/cases", holds.router, tags=["holds"])
api.add_router("/events", events.router, tags=["events"])
api.add_router("", evidence.router, tags=["evidence"])
api.add_router("/traces", traces.router, tags=["traces"])
api.add_router("/registers", registers.router, tags=["registers"])
api.add_router("", others.router, tags=["others"])


def _problem(request: HttpRequest, status: int, detail: str) -> HttpResponse:
    return api.create_response(request, {"detail": detail}, status=status)


@api.exception_handler(AuthenticationError)
def _unknown(request: HttpRequest, error: Any) -> HttpResponse:
    answer = _problem(request, 401, "no token, or one that is unknown or has expired")
    answer["WWW-Authenticate"] = "Bearer"
    return answer


@api.exception_handler(Http404)
def _missing(request: HttpRequest, error: Any) -> HttpResponse:
    return _problem(request, 404, "there is nothing here, or nothing for you")


@api.exception_handler(PermissionDenied)
def _forbidden(request: HttpRequest, error: Any) -> HttpResponse:
    return _problem(request, 403, "your roles do not include this")


@api.exception_handler(HttpError)
def _said(request: HttpRequest, error: Any) -> HttpResponse:
    # Ninja says 400 for a body that is no JSON: to who calls it is as wrong as one that does not fit.
    return _problem(request, 422 if error.status_code == 400 else error.status_code, str(error))


@api.exception_handler(Invalid)
def _invalid(request: HttpRequest, error: Any) -> HttpResponse:
    # Where and why; never what was sent, which may be personal.
    places = [f"{'.'.join(map(str, each.get('loc', ())))}: {each.get('msg', '')}" for each in error.errors]
    return _problem(request, 422, "; ".join(places))


@api.exception_handler(ValidationError)
def _refused(request: HttpRequest, error: Any) -> HttpResponse:
    return _problem(request, 409 if isinstance(error, Changed) else 422, " ".join(error.messages))


@api.exception_handler(KullaError)
def _told(request: HttpRequest, error: Any) -> HttpResponse:
    return _problem(request, 422, str(error))
