"""Programs, folders and locks of a run: the one place that starts processes, and the one that ends them."""

from pytest_saas_validate.process.cache import Cache
from pytest_saas_validate.process.children import Child, end_all, spawn, tail
from pytest_saas_validate.process.cores import cores
from pytest_saas_validate.process.disturbed import Killed, NoRoom, is_full, no_room, tells_full
from pytest_saas_validate.process.giving_up import GivenUp, gives_up_when
from pytest_saas_validate.process.ledger import Ledger
from pytest_saas_validate.process.memory import memory
from pytest_saas_validate.process.once import forget_old, locked, once
from pytest_saas_validate.process.reaper import Reaped, reap, reap_dead
from pytest_saas_validate.process.runner import Run, run
from pytest_saas_validate.process.scratch import scratch, temporary_files
from pytest_saas_validate.process.signals import terminate_as_interrupt
from pytest_saas_validate.process.workspace import Workspace, WorkspaceError, cache_root

__all__ = [
    "Cache",
    "Child",
    "GivenUp",
    "Killed",
    "Ledger",
    "NoRoom",
    "Reaped",
    "Run",
    "Workspace",
    "WorkspaceError",
    "cache_root",
    "cores",
    "end_all",
    "forget_old",
    "gives_up_when",
    "is_full",
    "locked",
    "memory",
    "no_room",
    "once",
    "reap",
    "reap_dead",
    "run",
    "scratch",
    "spawn",
    "tail",
    "tells_full",
    "temporary_files",
    "terminate_as_interrupt",
]
