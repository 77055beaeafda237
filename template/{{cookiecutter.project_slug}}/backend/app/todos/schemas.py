"""What clients send and receive."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints


def without_nul(text: str) -> str:
    """Refuse the one character that PostgreSQL cannot keep."""
    if "\0" in text:
        raise ValueError("it contains a NUL character")
    return text


Title = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200), AfterValidator(without_nul)
]


class TodoIn(BaseModel):
    """What a client decides."""

    title: Title
    done: bool = False


class TodoOut(BaseModel):
    """What the service keeps; the tenant is the token's and is not repeated."""

    model_config = ConfigDict(from_attributes=True)

    id: uuid.UUID
    title: str
    done: bool
    created_at: datetime
    updated_at: datetime
