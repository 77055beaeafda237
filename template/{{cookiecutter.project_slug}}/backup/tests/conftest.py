"""One server for all tests, and a database for each."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest

from cluster import Cluster, running_cluster
from tool import Tool, copy_database, create_database

COUNTER = itertools.count(1)


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """A server that all tests share; none of them may stop it."""
    with running_cluster(18) as server:
        yield server


@pytest.fixture
def own_cluster() -> Iterator[Cluster]:
    """A server that a test may stop or crash."""
    with running_cluster(18) as server:
        yield server


@pytest.fixture(scope="session")
def template(cluster: Cluster) -> str:
    """The name of a database that nobody changes."""
    return create_database(cluster, "sample")


@pytest.fixture
def database(cluster: Cluster, template: str) -> Iterator[str]:
    """The name of a database with two tenants' rows and one of everything else."""
    name = copy_database(cluster, template, f"sample-{next(COUNTER)}")
    yield name
    cluster.sql(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


@pytest.fixture
def tool(cluster: Cluster, database: str, tmp_path: Path) -> Tool:
    """The scripts, set up for the database."""
    return Tool(cluster, database, tmp_path / "backups", tmp_path)


@pytest.fixture
def dump(tool: Tool) -> Path:
    """A good backup, and a target that has moved on since."""
    path = tool.backup()
    tool.server.sql("INSERT INTO parent VALUES (11)", tool.database, "migrator")
    return path
