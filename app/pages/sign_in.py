"""`/sign-in` and `/sign-out`: to the supervision board with an API key."""

from fastapi import APIRouter, Request, Response

from app.access.policy import public
from app.access.roles import Action
from app.kit.problems import Problem
from app.kit.service import service_of
from app.kit.throttle import client_address
from app.pages.context import PageRoute, foreign_form, read_form, reader_of, redirect, render
from app.pages.session import actor_of, end_session, known_key, start_session

__all__ = ["router"]

router = APIRouter(include_in_schema=False, route_class=PageRoute)


@router.get("/sign-in")
@public
async def show_sign_in(request: Request) -> Response:
    """The field for the key; who is signed in already goes on to the board."""
    actor = await actor_of(request)
    if actor is not None and actor.may(Action.READ_APPLICATIONS):
        return redirect("/supervision")
    return sign_in(request)


@router.post("/sign-in")
@public
async def begin_session(request: Request) -> Response:
    """To the board, or the field again with what is wrong beside it."""
    text = reader_of(request).text
    if foreign_form(request):
        return sign_in(request, error=text("sign_in.forged"), status=403)
    key = (await read_form(request)).get("key", "").strip()
    if not key:
        return sign_in(request, error=text("sign_in.empty"), status=422)
    try:
        service_of(request).throttle.admit(client_address(request))
    except Problem as problem:
        if problem.status != 429:
            raise
        return sign_in(request, error=text("sign_in.limited"), status=429)
    actor = await known_key(request, key)
    if actor is None:
        return sign_in(request, error=text("sign_in.wrong"), status=403)
    if not actor.may(Action.READ_APPLICATIONS):
        return sign_in(request, error=text("sign_in.role"), status=403)
    response = redirect("/supervision")
    start_session(request, response, key)
    return response


@router.post("/sign-out")
@public
async def finish_session(request: Request) -> Response:
    """To the start, without the cookie. A form from elsewhere signs nobody out."""
    if foreign_form(request):
        return redirect("/supervision")
    response = redirect("/")
    end_session(request, response)
    return response


def sign_in(request: Request, *, error: str | None = None, status: int = 200) -> Response:
    """The page, with why the key was refused."""
    text = reader_of(request).text
    values = {"title": text("sign_in.title"), "here": "supervision", "error": error}
    return render(request, "sign_in.html", values, status=status)
