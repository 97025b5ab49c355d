"""Lean routes for what is asked all day: the endpoint takes the request alone, and is documented like any other.

FastAPI's parameters and dependencies cost a poll more than its answer does, and so do its layers and its walk from
route to route. Here an endpoint reads what it needs from the request and is reached at once; the OpenAPI document is
told from the same models.
"""

import re
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute
from starlette.convertors import StringConvertor
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from app.kit.schemas import Wire

__all__ = ["LeanRoute", "Ready", "ShortWay", "documented"]

Handler = Callable[[Request, Any], Response | Awaitable[Response]]
Handlers = Mapping[Any, Handler]
"""What answers an exception, by its class: FastAPI's own register."""


class LeanRoute(APIRoute):
    """A route whose endpoint takes the request alone and is called at once; documented like any other."""

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["method"] not in (self.methods or ()):
            await super().handle(scope, receive, send)
            return
        response: Response = await self.endpoint(Request(scope, receive))
        await response(scope, receive, send)


class ShortWay:
    """Takes a request for a lean route straight to its endpoint; every other one goes the long way, through FastAPI.

    Only what matches path and method whole is taken: who asks with another method is answered where all routes are
    known. Exceptions are answered by the same handlers.
    """

    def __init__(self, routes: Iterable[BaseRoute], long_way: ASGIApp, handlers: Handlers) -> None:
        self._long_way = long_way
        self._handlers = handlers
        self._plain: dict[str, LeanRoute] = {}
        self._patterns: list[tuple[re.Pattern[str], LeanRoute]] = []
        for route in routes:
            if not isinstance(route, LeanRoute):
                continue
            if not route.param_convertors:
                self._plain.setdefault(route.path, route)
            elif all(isinstance(each, StringConvertor) for each in route.param_convertors.values()):
                self._patterns.append((route.path_regex, route))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        route = None if scope["type"] != "http" or scope.get("root_path") else self._route(scope)
        if route is None:
            await self._long_way(scope, receive, send)
            return
        scope["route"] = route
        scope["endpoint"] = route.endpoint  # who may use it is declared there
        request = Request(scope, receive)
        try:
            response: Response = await route.endpoint(request)
        except Exception as error:
            handler = self._handler(error)
            if handler is None:
                raise
            answer = handler(request, error)
            response = answer if isinstance(answer, Response) else await answer
        await response(scope, receive, send)

    def _route(self, scope: Scope) -> LeanRoute | None:
        path = scope["path"]
        route = self._plain.get(path)
        if route is None:
            for pattern, each in self._patterns:
                found = pattern.match(path)
                if found is not None and scope["method"] in (each.methods or ()):
                    scope["path_params"] = found.groupdict()
                    route = each
                    break
        return route if route is not None and scope["method"] in (route.methods or ()) else None

    def _handler(self, error: Exception) -> Handler | None:
        return next((self._handlers[kind] for kind in type(error).__mro__ if kind in self._handlers), None)


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
