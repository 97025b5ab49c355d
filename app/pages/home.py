"""`/`: one field for the tracking number."""

from fastapi import APIRouter, Request, Response

from app.access.policy import public
from app.domain import tracking_number
from app.domain.tracking_number import Malformed
from app.pages.context import PageRoute, read_form, reader_of, redirect, render

__all__ = ["router"]

router = APIRouter(include_in_schema=False, route_class=PageRoute)


@router.get("/")
@public
async def show_home(request: Request) -> Response:
    """The field, empty."""
    return home(request)


@router.post("/")
@public
async def go_to_number(request: Request) -> Response:
    """To the page of the number that was typed, or the field again with what is wrong beside it."""
    typed = (await read_form(request)).get("number", "")
    try:
        number = tracking_number.parse(typed)
    except Malformed:
        text = reader_of(request).text
        return home(request, typed=typed, error=text("number.malformed" if typed.strip() else "number.empty"))
    return redirect(f"/track/{number}")


def home(request: Request, *, typed: str = "", error: str | None = None) -> Response:
    """The page, with what was typed and why it was refused."""
    text = reader_of(request).text
    values = {"title": text("home.title"), "here": "home", "typed": typed, "error": error}
    return render(request, "home.html", values, status=200 if error is None else 422)
