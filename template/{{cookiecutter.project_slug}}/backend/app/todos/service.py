"""Statements about todos; the row policies confine each of them to the tenant of the transaction."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from sqlalchemy import delete, func, insert, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.models import Todo
from app.todos.schemas import TodoIn


async def create(session: AsyncSession, tenant_id: uuid.UUID, todo: TodoIn) -> Todo:
    """Add a todo and return it as the database keeps it."""
    statement = insert(Todo).values(tenant_id=tenant_id, **todo.model_dump()).returning(Todo)
    return (await session.scalars(statement)).one()


async def page(session: AsyncSession, *, after: uuid.UUID | None, limit: int) -> Sequence[Todo]:
    """Return the oldest todos, or those that follow `after`; nothing when `after` is gone."""
    statement = select(Todo).order_by(Todo.created_at, Todo.id).limit(limit)
    if after is not None:
        position = select(Todo.created_at, Todo.id).where(Todo.id == after).subquery()
        statement = statement.where(
            tuple_(Todo.created_at, Todo.id) > select(position.c.created_at, position.c.id).scalar_subquery()
        )
    return (await session.scalars(statement)).all()


async def read(session: AsyncSession, todo_id: uuid.UUID) -> Todo | None:
    """Return a todo, or nothing when it is not there or not this tenant's."""
    return await session.get(Todo, todo_id)


async def replace(session: AsyncSession, todo_id: uuid.UUID, todo: TodoIn) -> Todo | None:
    """Overwrite a todo and return it, or nothing when it is not there."""
    values = {**todo.model_dump(), "updated_at": func.now()}
    statement = update(Todo).where(Todo.id == todo_id).values(values).returning(Todo)
    return (await session.scalars(statement)).one_or_none()


async def remove(session: AsyncSession, todo_id: uuid.UUID) -> bool:
    """Delete a todo; tells whether it was there."""
    statement = delete(Todo).where(Todo.id == todo_id).returning(Todo.id)
    return (await session.scalars(statement)).one_or_none() is not None
