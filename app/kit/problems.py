"""Every error as `application/problem+json` (RFC 9457): stable codes, nothing the client sent, no stack trace."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple, cast

import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.routing import Match

from app.domain.refusal import CONFLICTS, Refusal
from app.kit.faults import Busy, Unavailable
from app.kit.texts import Language, label, negotiate

__all__ = ["Fault", "Problem", "faults_of", "install", "invalid", "problem_response", "refused"]

log = structlog.get_logger(__name__)

MEDIA_TYPE: Final = "application/problem+json"
MAX_FAULTS: Final = 50
METHODS: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
TITLES: Final = {
    400: ("请求无法解析", "The request cannot be read"),
    401: ("需要有效凭证", "A valid credential is needed"),
    403: ("没有权限", "Not permitted"),
    404: ("未找到", "Not found"),
    405: ("不支持的方法", "Method not allowed"),
    406: ("无法提供所要求的形式", "Not acceptable"),
    409: ("与当前状态冲突", "In conflict with the current state"),
    412: ("版本已过期", "The version is stale"),
    413: ("请求过大", "The request is too large"),
    415: ("不支持的媒体类型", "Unsupported media type"),
    422: ("输入有误", "The input is not valid"),
    429: ("请求过于频繁", "Too many requests"),
    500: ("服务器内部错误", "Internal error"),
    503: ("服务暂不可用", "Temporarily unavailable"),
}
_PLAIN_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,63}", re.ASCII)


class Fault(NamedTuple):
    """One thing that is wrong with the input: where (`body`, `query`, `path`, `header`), at which pointer, and what."""

    place: str
    pointer: str
    detail: str


class Problem(Exception):
    """An answer that is not what the client asked for: a status, a stable code, and the facts in one sentence."""

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        *,
        title: str | None = None,
        errors: Iterable[Fault] = (),
        headers: Mapping[str, str] | None = None,
        extra: Mapping[str, Any] | None = None,  # further members of the problem: any JSON
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail
        self.title = title
        self.errors = tuple(errors)
        self.headers = dict(headers or {})
        self.extra = dict(extra or {})

    def members(self, language: str = "zh-CN") -> dict[str, Any]:
        """The problem as a JSON object, as it also stands in the answer of one case of a batch."""
        spoken: Language = "zh-CN" if language.startswith("zh") else "en"
        title = label("problem", self.code, spoken)
        if title == self.code:
            title = TITLES.get(self.status, ("请求未能完成", "The request failed"))[spoken == "en"]
        members: dict[str, Any] = {
            "type": f"/problems/{self.code}",
            "title": self.title or title,
            "status": self.status,
            "detail": self.detail,
            "code": self.code,
        }
        if self.errors:
            members["errors"] = [
                {"in": each.place, "pointer": each.pointer, "detail": each.detail} for each in self.errors
            ]
        return members | self.extra


def invalid(place: str, pointer: str, code: str, detail: str) -> Problem:
    """One thing is wrong with the input: 422 with a pointer to it."""
    return Problem(422, code, detail, errors=[Fault(place, pointer, detail)])


def refused(refusal: Refusal, *, current: Mapping[str, Any] | None = None) -> Problem:
    """A refusal of the law as an answer: 409 with the current state where the state forbids it, else 422."""
    extra: dict[str, Any] = {}
    if refusal.article is not None:
        extra["article"] = refusal.article
    if refusal.allowed:
        extra["allowed"] = list(refusal.allowed)
    if refusal.code in CONFLICTS:
        if current is not None:
            extra["current"] = dict(current)
        return Problem(409, refusal.code, refusal.detail, extra=extra)
    errors = [] if refusal.pointer is None else [Fault("body", refusal.pointer, refusal.detail)]
    return Problem(422, refusal.code, refusal.detail, errors=errors, extra=extra)


def faults_of(errors: Sequence[Any], place: str) -> tuple[str, list[Fault]]:
    """What pydantic found, without what was sent; the code is `not_supported` where that is all that is wrong."""
    faults = []
    kinds = set()
    for error in errors[:MAX_FAULTS]:
        kind, location = str(error["type"]), tuple(error["loc"])
        where = place
        if place == "" and location:
            where, location = str(location[0]), location[1:]
        kinds.add(kind)
        faults.append(Fault(where or "body", pointer_of(location), _detail(kind, error)))
    return "not_supported" if kinds == {"not_supported"} else "input_invalid", faults


def pointer_of(location: Iterable[str | int]) -> str:
    """The JSON pointer of a place in the input; a key that is no plain name stays unsaid as `?`."""
    return "".join(
        f"/{each}" if isinstance(each, int) or _PLAIN_KEY.fullmatch(str(each)) else "/?"
        for each in location
        if each != "[key]"
    )


def _detail(kind: str, error: Mapping[str, Any]) -> str:
    match kind:
        case "extra_forbidden":
            return "is not known here"
        case "missing":
            return "is required"
        case "union_tag_invalid":
            return f"must be one of {error.get('ctx', {}).get('expected_tags', 'the known types')}"
        case "string_unicode":
            return "must not hold unpaired surrogates"
        case _:
            return _safe(str(error["msg"]).removeprefix("Value error, ").removeprefix("Assertion failed, "))[:300]


def _safe(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode()


def problem_response(problem: Problem, language: str = "zh-CN") -> Response:
    """The answer that says so; pure ASCII on the wire, so that no reader can stumble over it."""
    body = json.dumps(problem.members(language), ensure_ascii=True, allow_nan=False, separators=(",", ":"), default=str)
    headers = {"Cache-Control": "no-store"} | problem.headers
    return Response(body.encode("ascii", "backslashreplace"), problem.status, headers, media_type=MEDIA_TYPE)


def _language(request: Request) -> str:
    return negotiate(request.headers.get("accept-language"))


def _answer(request: Request, problem: Problem) -> Response:
    return problem_response(problem, _language(request))


async def _on_problem(request: Request, error: Exception) -> Response:
    return _answer(request, cast(Problem, error))


async def _on_refusal(request: Request, error: Exception) -> Response:
    return _answer(request, refused(cast(Refusal, error)))


async def _on_busy(request: Request, raised: Exception) -> Response:
    error = cast(Busy, raised)
    log.warning("busy", detail=error.detail, kind=type(error).__name__)
    code = "database_unavailable" if isinstance(error, Unavailable) else "busy"
    return _answer(request, Problem(503, code, error.detail, headers={"Retry-After": str(error.retry_after)}))


async def _on_invalid(request: Request, raised: Exception) -> Response:
    error = cast(RequestValidationError, raised)
    if any(each["type"] == "json_invalid" for each in error.errors()):
        return _answer(request, Problem(400, "body_malformed", "the body is not JSON"))
    code, faults = faults_of(error.errors(), "")
    return _answer(request, Problem(422, code, "the input is not valid", errors=faults))


_CODES: Final = {
    400: "request_malformed",
    401: "credential_missing",
    403: "forbidden",
    404: "not_found",
    413: "body_too_large",
    415: "media_type_unsupported",
    429: "too_many_requests",
}


async def _on_http(request: Request, raised: Exception) -> Response:
    error = cast(HTTPException, raised)
    headers = {name: value for name, value in (error.headers or {}).items() if name.lower() != "allow"}
    if error.status_code == 405:
        headers["Allow"] = ", ".join(allowed_methods(request))
        return _answer(
            request, Problem(405, "method_not_allowed", "this address does not take that method", headers=headers)
        )
    code = _CODES.get(error.status_code, "request_failed")
    detail = {404: "there is nothing at this address"}.get(error.status_code, "the request cannot be answered")
    return _answer(request, Problem(error.status_code, code, detail, headers=headers))


def allowed_methods(request: Request) -> list[str]:
    """Every method that some route at this address takes; the framework itself names those of one route only."""
    scope = {
        key: value
        for key, value in request.scope.items()
        if key in {"type", "path", "root_path", "headers", "app", "router"}
    }
    routes = request.app.router.routes
    return [
        method
        for method in METHODS
        if any(
            route.matches({**scope, "method": "GET" if method == "HEAD" else method})[0] is Match.FULL
            for route in routes
        )
    ]


def install(app: FastAPI) -> None:
    """Makes every error of this application a problem."""
    app.add_exception_handler(Problem, _on_problem)
    app.add_exception_handler(Refusal, _on_refusal)
    app.add_exception_handler(Busy, _on_busy)
    app.add_exception_handler(RequestValidationError, _on_invalid)
    app.add_exception_handler(HTTPException, _on_http)
