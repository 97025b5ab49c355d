"""The OpenAPI entry of a route that reads its request itself: made of the same models that check the request."""

from typing import Any, Final

from pydantic import BaseModel

__all__ = ["NOT_MODIFIED", "complete", "entry"]

Json = dict[str, Any]  # a part of the OpenAPI document

NOT_MODIFIED: Final[dict[int | str, Json]] = {304: {"description": "Nothing changed since `If-None-Match`."}}
"""What a route says, as `responses`, that may answer 304."""

REFERENCE: Final = "#/components/schemas/{model}"

_described: dict[str, type[BaseModel]] = {}
"""Models that stand in entries and that the framework therefore does not know."""


def entry(
    *,
    body: type[BaseModel] | None = None,
    query: type[BaseModel] | None = None,
    path: type[BaseModel] | None = None,
    header: type[BaseModel] | None = None,
    idempotent: bool = False,
) -> Json:
    """What `openapi_extra` takes: the body, and the parameters by the fields of a model each."""
    extra: Json = {}
    places = (("path", path), ("query", query), ("header", header))
    parameters = [each for place, model in places if model is not None for each in parameters_of(model, place)]
    if idempotent:
        parameters.append(IDEMPOTENCY_KEY)
    if parameters:
        extra["parameters"] = parameters
    if body is not None:
        if _described.setdefault(body.__name__, body) is not body:
            raise TypeError(f"two models of two bodies are called {body.__name__}")
        schema = {"$ref": REFERENCE.format(model=body.__name__)}
        extra["requestBody"] = {"required": True, "content": {"application/json": {"schema": schema}}}
    return extra


IDEMPOTENCY_KEY: Final[Json] = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "The same key with the same body answers the first answer again, for 7 days.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255},
}


def parameters_of(model: type[BaseModel], place: str) -> list[Json]:
    """Each field of the model as a parameter."""
    schema = model.model_json_schema(ref_template=REFERENCE)
    if "$defs" in schema:
        raise TypeError(f"{model.__name__} holds other models: no parameter can be one")
    required = place == "path"
    return [
        {
            "name": name,
            "in": place,
            "required": required or name in schema.get("required", ()),
            **({"description": described} if (described := field.pop("description", None)) else {}),
            "schema": field,
        }
        for name, field in schema["properties"].items()
    ]


def complete(document: Json) -> Json:
    """The document with the models of all entries among its components, and with every error as it is answered.

    To be called once, on what FastAPI made: what that says of its own 422 is not what this service answers.
    """
    schemas: Json = document.setdefault("components", {}).setdefault("schemas", {})
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    for name, model in sorted(_described.items()):
        schema = model.model_json_schema(ref_template=REFERENCE)
        for inner, body in schema.pop("$defs", {}).items():
            schemas.setdefault(inner, body)
        schemas.setdefault(name, schema)
    schemas["Problem"] = PROBLEM
    for path in document.get("paths", {}).values():
        for operation in path.values():
            say_what_may_go_wrong(operation["responses"])
    return document


PROBLEM: Final[Json] = {
    "title": "Problem",
    "description": "What is wrong (RFC 9457). `code` is stable; further members depend on it: `current` (status and "
    "version) and `article` with a step that the state or the law does not allow, `allowed` with what it does allow.",
    "type": "object",
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "code": {"type": "string"},
        "errors": {
            "description": "For errors of input: each fault, where it is, and the JSON pointer to it.",
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "in": {"type": "string", "enum": ["body", "query", "path", "header"]},
                    "pointer": {"type": "string"},
                    "detail": {"type": "string"},
                },
                "required": ["in", "pointer", "detail"],
            },
        },
    },
    "required": ["type", "title", "status", "detail", "code"],
}
_AS_PROBLEM: Final[Json] = {"application/problem+json": {"schema": {"$ref": REFERENCE.format(model="Problem")}}}


def say_what_may_go_wrong(responses: Json) -> None:
    """Each error of an operation is a problem, those that it names and all others."""
    named = responses.get("422", {}).get("content", {}).get("application/json", {}).get("schema", {})
    if named.get("$ref") == REFERENCE.format(model="HTTPValidationError"):
        del responses["422"]
    for status, response in responses.items():
        if status[0] in "45":
            response["content"] = _AS_PROBLEM
    responses["4XX"] = {"description": "The request cannot be answered; the problem says why.", "content": _AS_PROBLEM}
    responses["5XX"] = {"description": "The service cannot answer now.", "content": _AS_PROBLEM}
