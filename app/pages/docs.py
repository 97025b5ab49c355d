"""The page of the interface's documentation, made of files on this host alone."""

import re
from base64 import b64encode
from hashlib import sha256
from pathlib import Path
from typing import Final

import fastapi_standalone_docs
from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.staticfiles import StaticFiles

from app.access.policy import public

__all__ = ["EXEMPT", "mount_docs", "router"]

FILES: Final = Path(fastapi_standalone_docs.__path__[0]) / "static"
EXEMPT: Final = ("/docs/swagger", "/docs/icon", "/openapi.json")
"""Paths that are no routes of ours: files of a library, and what FastAPI answers itself."""

router = APIRouter(include_in_schema=False)

PAGE: Final = bytes(
    get_swagger_ui_html(
        openapi_url="/openapi.json",
        title="shixian 时限",
        swagger_js_url="/docs/swagger/swagger-ui-bundle.js",
        swagger_css_url="/docs/swagger/swagger-ui.css",
        swagger_favicon_url="/docs/icon/favicon.png",
    ).body
)


def hash_of(script: bytes) -> str:
    """A source expression that allows this script and no other."""
    return f"'sha256-{b64encode(sha256(script).digest()).decode()}'"


SCRIPTS: Final = " ".join(hash_of(script) for script in re.findall(rb"<script>(.*?)</script>", PAGE, re.DOTALL))
POLICY: Final = (
    f"default-src 'self'; script-src 'self' {SCRIPTS}; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; object-src 'none'"
)
"""The library writes styles into its elements; no script runs but its file and the one that starts it."""


@router.get("/docs")
@public
async def show_docs(request: Request) -> Response:
    """The documentation, to read and to try."""
    return Response(PAGE, media_type="text/html; charset=utf-8", headers={"Content-Security-Policy": POLICY})


def mount_docs(app: FastAPI) -> None:
    """Serve the page and its files."""
    app.include_router(router)
    app.mount("/docs/swagger", StaticFiles(directory=FILES / "swagger"))
    app.mount("/docs/icon", StaticFiles(directory=FILES / "fastapi"))
