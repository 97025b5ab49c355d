"""Lean routes for what is asked all day: the endpoint takes the request alone, and is documented like any other.

FastAPI's parameters and dependencies cost a poll more than its answer does. Here an endpoint reads what it needs from
the request, and the OpenAPI document is told from the same models.
"""

from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute
from starlette.types import Receive, Scope, Send

from app.kit.schemas import Wire

__all__ = ["LeanRoute", "Ready", "documented"]


class LeanRoute(APIRoute):
    """A route whose endpoint takes the request alone and is called at once; documented like any other."""

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["method"] not in (self.methods or ()):
            await super().handle(scope, receive, send)
            return
        response: Response = await self.endpoint(Request(scope, receive))
        await response(scope, receive, send)


class Ready(Response):
    """A response whose headers and body stand already."""

    def __init__(self, status: int, headers: list[tuple[bytes, bytes]], body: bytes) -> None:
        self.status_code = status
        self.raw_headers = headers
        self.body = body

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it."""
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        await send({"type": "http.response.body", "body": self.body})


def documented(query: type[Wire], *headers: str) -> dict[str, Any]:
    """What the OpenAPI document says of a lean route: its query as the model has it, and the headers that it heeds."""
    schema = query.model_json_schema()
    required = set(schema.get("required", ()))
    parameters: list[dict[str, Any]] = []
    for name, field in schema["properties"].items():
        shape = {key: value for key, value in field.items() if key not in {"description", "title"}}
        options = [option for option in shape.pop("anyOf", []) if option.get("type") != "null"]
        if options:  # a parameter that may be left out is not one that may be null
            shape = {**options[0], **{key: value for key, value in shape.items() if value is not None}}
        parameter = {"name": name, "in": "query", "required": name in required, "schema": shape}
        if "description" in field:
            parameter["description"] = field["description"]
        parameters.append(parameter)
    parameters += [{"name": name, "in": "header", "required": False, "schema": {"type": "string"}} for name in headers]
    return {"parameters": parameters}
