"""What every page needs: the language, the reader, the banner of a test clock, the form that was sent, the answer."""

from collections.abc import Callable, Coroutine, Mapping
from typing import Any
from urllib.parse import parse_qsl, urlencode
from zoneinfo import ZoneInfo

from fastapi import Request, Response
from fastapi.routing import APIRoute
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from app.kit.faults import Busy
from app.kit.service import service_of
from app.kit.texts import LANGUAGES, Language, negotiate
from app.pages.assets import asset
from app.pages.words import Reader

__all__ = ["LANGUAGE_COOKIE", "PageRoute", "foreign_form", "read_form", "reader_of", "redirect", "render"]

LANGUAGE_COOKIE = "shixian_language"
A_YEAR = 31_536_000
LARGEST_FORM = 8_192

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "Cache-Control": "no-store",
    "Referrer-Policy": "same-origin",
    "X-Robots-Tag": "noindex, nofollow",
    "Vary": "Accept-Language, Cookie",
}

TEMPLATES = Environment(
    loader=PackageLoader("app.pages"),
    autoescape=select_autoescape(default=True, default_for_string=True),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    auto_reload=False,
)
TEMPLATES.globals["asset"] = asset
TEMPLATES.filters["telephone"] = lambda text: "".join(symbol for symbol in text if symbol in "+0123456789")


def language_of(request: Request) -> Language:
    """The language of a page: the switch, else the switch of an earlier page, else what the browser asks for."""
    for asked in (request.query_params.get("lang"), request.cookies.get(LANGUAGE_COOKIE)):
        for language in LANGUAGES:
            if asked == language:
                return language
    return negotiate(request.headers.get("accept-language"))


def reader_of(request: Request) -> Reader:
    """Who reads the page, by the service's own clock."""
    service = service_of(request)
    return Reader(language_of(request), service.now.now(), ZoneInfo(service.settings.time_zone))


def render(
    request: Request,
    template: str,
    values: Mapping[str, Any],
    *,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """A page as bytes, with the headers that keep it to this host and out of every cache."""
    service = service_of(request)
    reader = reader_of(request)
    other = next(language for language in LANGUAGES if language != reader.language)
    kept = [(name, value) for name, value in request.query_params.multi_items() if name != "lang"]
    page = TEMPLATES.get_template(template).render(
        {
            "t": reader.text,
            "language": reader.language,
            "other_language": other,
            "other_language_url": f"{request.url.path}?{urlencode([*kept, ('lang', other)])}",
            "telephone": service.settings.supervision_telephone,
            "test_clock": reader.moment(reader.now) if service.now.is_set else None,
            "here": "",
            **values,
        }
    )
    response = Response(
        page, status, {**HEADERS, "Content-Language": reader.language, **(headers or {})}, "text/html; charset=utf-8"
    )
    if request.query_params.get("lang") in LANGUAGES:
        response.set_cookie(
            LANGUAGE_COOKIE,
            reader.language,
            max_age=A_YEAR,
            httponly=True,
            samesite="lax",
            secure=is_encrypted(request),
        )
    return response


class PageRoute(APIRoute):
    """A route whose faults are told to people, not to programs."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The endpoint; when the database is busy or gone, a page says so."""
        answer = super().get_route_handler()

        async def answer_people(request: Request) -> Response:
            try:
                return await answer(request)
            except Busy as busy:
                text = reader_of(request).text
                values = {"title": text("busy.title"), "heading": text("busy.title"), "explanation": text("busy.lead")}
                again = {"Retry-After": str(busy.retry_after)}
                return render(request, "missing.html", {**values, "field": None}, status=503, headers=again)

        return answer_people


def redirect(to: str) -> Response:
    """See another page: 303, so that a form is not sent again."""
    return Response(status_code=303, headers={"Location": to, "Cache-Control": "no-store"})


def is_encrypted(request: Request) -> bool:
    """Whether the browser came by TLS, here or at the proxy that the server trusts."""
    return request.url.scheme == "https"


async def read_form(request: Request) -> dict[str, str]:
    """The fields of a form sent as `application/x-www-form-urlencoded`; what is none gives no field."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > LARGEST_FORM:
            return {}
    try:
        return dict(parse_qsl(body.decode("ascii"), max_num_fields=16))
    except ValueError:
        return {}


def foreign_form(request: Request) -> bool:
    """Whether a form was sent from another site, as far as the browser tells.

    A browser that sends neither `Sec-Fetch-Site` nor `Origin` with a form is too old to be trusted with a session.
    """
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site not in ("same-origin", "none")
    return request.headers.get("origin") != f"{request.url.scheme}://{request.headers.get('host', '')}"
