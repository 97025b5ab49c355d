"""Departments over HTTP."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path, Request, Response
from sqlalchemy.ext.asyncio import AsyncConnection

from app.access.actor import identify
from app.access.policy import needs
from app.access.roles import Action
from app.departments.queries import department, departments_after
from app.departments.save import save_department
from app.departments.schemas import DepartmentIn, DepartmentPage, DepartmentShown
from app.kit.etags import not_modified, opaque_tag, wants
from app.kit.once import Answer, once
from app.kit.openapi import NOT_MODIFIED, entry
from app.kit.paging import Cursor, PageQuery, decode_cursor, encode_cursor, next_link
from app.kit.problems import Problem
from app.kit.reading import check, read_json, read_query, refuse_query
from app.kit.schemas import Code
from app.kit.service import service_of

__all__ = ["router"]

router = APIRouter(prefix="/api/v1/departments", tags=["departments"])

CodePath = Annotated[Code, Path(description="The code of a department.")]


@router.put(
    "/{code}",
    summary="Create or replace a department",
    response_model=DepartmentShown,
    responses={201: {"description": "It was not there before.", "model": DepartmentShown}},
    openapi_extra=entry(body=DepartmentIn, idempotent=True),
)
@needs(Action.WRITE_DEPARTMENTS)
async def save(request: Request, code: CodePath) -> Response:
    """Make the department what the body says, its sections and officers with it: 201 when it is new, else 200."""
    actor = await identify(request)
    body = await read_json(request)
    asked = check(DepartmentIn, body)

    async def act(tx: AsyncConnection, now: datetime) -> Answer:
        saved = await save_department(tx, actor, code, asked, now=now)
        content = saved.shown.model_dump_json().encode()
        return Answer(201 if saved.created else 200, content, [("ETag", opaque_tag(content))])

    return await once(request, credential=actor.credential, act=act, body=body.raw)


@router.get(
    "",
    summary="The departments",
    response_model=DepartmentPage,
    responses=NOT_MODIFIED,
    openapi_extra=entry(query=PageQuery),
)
@needs(Action.READ_CATALOGUE)
async def list_departments(request: Request) -> Response:
    """All departments by code, each with its sections and officers."""
    await identify(request)
    query = read_query(request, PageQuery)
    after = None if query.cursor is None else str(decode_cursor(query.cursor, str).after[0])
    async with service_of(request).db.snapshot() as tx:
        found = await departments_after(tx, after, query.limit)
    shown = found[: query.limit]
    cursor = encode_cursor(Cursor((shown[-1].code,))) if len(found) > query.limit else None
    headers = {"Link": next_link(request, cursor)} if cursor is not None else {}
    return answered(request, DepartmentPage(items=shown, next_cursor=cursor), headers)


@router.get("/{code}", summary="One department", response_model=DepartmentShown, responses=NOT_MODIFIED)
@needs(Action.READ_CATALOGUE)
async def show(request: Request, code: CodePath) -> Response:
    """One department with its sections and officers."""
    await identify(request)
    refuse_query(request)
    async with service_of(request).db.snapshot() as tx:
        found = await department(tx, code)
    if found is None:
        raise Problem(404, "department_not_found", "There is no department with this code.")
    return answered(request, found, {})


def answered(request: Request, shown: DepartmentShown | DepartmentPage, headers: dict[str, str]) -> Response:
    """The document with its tag, or 304 when the client has it already."""
    content = shown.model_dump_json().encode()
    tag = opaque_tag(content)
    headers["Cache-Control"] = "private, no-cache"
    if wants(request, tag):
        return not_modified(tag, headers)
    return Response(content, headers={"ETag": tag, **headers}, media_type="application/json")
