"""The resource `/api/v1/todos`. Each transaction ends before its answer is sent."""

from __future__ import annotations

import uuid
from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Query, Request, Response

from app.auth.dependency import Authenticated
from app.database import Database
from app.models import Todo
from app.todos import service
from app.todos.schemas import TodoIn, TodoOut


def database_of(request: Request) -> Database:
    """Return the pool that the application was built with."""
    database: Database = request.app.state.database
    return database


DatabaseOf = Annotated[Database, Depends(database_of)]

router = APIRouter(prefix="/api/v1/todos", tags=["todos"])


def found(todo: Todo | None) -> Todo:
    """Return the todo; another tenant's is as absent as one that never was."""
    if todo is None:
        raise HTTPException(404, "There is no such todo")
    return todo


@router.post("", status_code=201, response_model=TodoOut)
async def create_todo(todo: TodoIn, asker: Authenticated, database: DatabaseOf, response: Response) -> Todo:
    """Add a todo; `Location` is its address."""
    async with database.transaction() as session:
        created = await service.create(session, asker.tenant_id, todo)
    response.headers["Location"] = f"{router.prefix}/{created.id}"
    return created


@router.get("", response_model=list[TodoOut])
async def list_todos(
    asker: Authenticated,
    database: DatabaseOf,
    limit: Annotated[int, Query(ge=1, le=100)] = 50,
    after: Annotated[uuid.UUID | None, Query(description="the last todo of the page before")] = None,
) -> list[Todo]:
    """List the tenant's todos, oldest first."""
    async with database.transaction() as session:
        return list(await service.page(session, after=after, limit=limit))


@router.get("/{todo_id}", response_model=TodoOut)
async def read_todo(todo_id: uuid.UUID, asker: Authenticated, database: DatabaseOf) -> Todo:
    """Return one todo."""
    async with database.transaction() as session:
        return found(await service.read(session, todo_id))


@router.put("/{todo_id}", response_model=TodoOut)
async def replace_todo(todo_id: uuid.UUID, todo: TodoIn, asker: Authenticated, database: DatabaseOf) -> Todo:
    """Overwrite one todo."""
    async with database.transaction() as session:
        return found(await service.replace(session, todo_id, todo))


@router.delete("/{todo_id}", status_code=204)
async def delete_todo(todo_id: uuid.UUID, asker: Authenticated, database: DatabaseOf) -> None:
    """Delete one todo."""
    async with database.transaction() as session:
        if not await service.remove(session, todo_id):
            found(None)
