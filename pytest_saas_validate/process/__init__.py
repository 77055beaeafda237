"""Programs, folders and locks of a run: the one place that starts processes, and the one that ends them."""

from pytest_saas_validate.process.cache import Cache
from pytest_saas_validate.process.children import Child, end_all, spawn, tail
from pytest_saas_validate.process.ledger import Ledger
from pytest_saas_validate.process.memory import memory
from pytest_saas_validate.process.once import locked, once
from pytest_saas_validate.process.reaper import Reaped, reap, reap_dead
from pytest_saas_validate.process.runner import Run, run
from pytest_saas_validate.process.signals import terminate_as_interrupt
from pytest_saas_validate.process.workspace import Workspace, WorkspaceError, cache_root

__all__ = [
    "Cache",
    "Child",
    "Ledger",
    "Reaped",
    "Run",
    "Workspace",
    "WorkspaceError",
    "cache_root",
    "end_all",
    "locked",
    "memory",
    "once",
    "reap",
    "reap_dead",
    "run",
    "spawn",
    "tail",
    "terminate_as_interrupt",
]
