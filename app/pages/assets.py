"""The few files that pages load, all from this host, named by content so that a browser may keep them for ever."""

from hashlib import sha256
from pathlib import Path

from fastapi import APIRouter, Request, Response

from app.access.policy import public
from app.kit.problems import Problem

__all__ = ["asset", "router"]

FOLDER = Path(__file__).parent / "static"
TYPES = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}
FILES = {path.name: path.read_bytes() for path in sorted(FOLDER.iterdir()) if path.suffix in TYPES}
TAGS = {name: sha256(content).hexdigest()[:12] for name, content in FILES.items()}

router = APIRouter(include_in_schema=False)


def asset(name: str) -> str:
    """The address of a file: `/static/shixian.css?v=0f3a…`."""
    return f"/static/{name}?v={TAGS[name]}"


@router.get("/static/{name}")
@public
async def send_asset(request: Request, name: str) -> Response:
    """A style sheet, a script or a picture."""
    content = FILES.get(name)
    if content is None:
        raise Problem(404, "not_found", "there is nothing at this address")
    kept = "public, max-age=31536000, immutable" if request.url.query == f"v={TAGS[name]}" else "no-cache"
    return Response(content, media_type=TYPES[Path(name).suffix], headers={"Cache-Control": kept})
