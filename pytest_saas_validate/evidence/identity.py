"""Who was let in, who saw whose rows, and what the database itself enforces."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """One request with a token that must be refused."""

    flaw: str  # "wrong audience", "alg none"
    place: str
    status: int


@dataclass(frozen=True, kw_only=True)
class Tokens:
    """What flawed tokens were answered; the flawless one got 200 before and after them."""

    attempts: tuple[Attempt, ...]
    unreached: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Trespass:
    """One request of a tenant that aims at another tenant's object."""

    action: str  # "read", "update", "delete", "list", "create"
    place: str
    status: int
    reached: bool  # the answer, or what the owner sees afterwards, shows that it worked
    how: str = ""  # what was special: "the owner named in X-Tenant-ID"
    absent: int = 0  # the status of the same with an object that never was; 0: not asked
    unlike: bool = False  # and the answer to it was another one


@dataclass(frozen=True, kw_only=True)
class Tenants:
    """Two tenants and their objects; the owner could do to its own object what the other tried."""

    trespasses: tuple[Trespass, ...]
    unreached: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Moment:
    """Both health pages at one moment; a status of 0 is no answer in time."""

    dependency: str  # "database", "cache"
    when: str  # "without", "after"
    ready: int
    live: int


@dataclass(frozen=True, kw_only=True)
class Readiness:
    """Health pages while a dependency is away, and after it came back; both were 200 before."""

    ready: str  # the paths
    live: str
    moments: tuple[Moment, ...]
    unreached: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Role:
    """A database role that the application's role is, or may become."""

    name: str
    superuser: bool
    bypasses: bool  # BYPASSRLS
    creates_roles: bool


@dataclass(frozen=True, kw_only=True)
class Policy:
    """One row policy that holds for the application's role."""

    name: str
    permissive: bool
    command: str  # "*", "r", "a", "w", "d" as in pg_policy
    using: str
    check: str


@dataclass(frozen=True, kw_only=True)
class Table:
    """A table with the tenant column."""

    name: str
    owner: str
    enabled: bool
    forced: bool
    policies: tuple[Policy, ...]
    truncates: bool = False  # the application's role may TRUNCATE it


@dataclass(frozen=True, kw_only=True)
class Detour:
    """A way for the application's role to rows that row policies do not see."""

    name: str  # "view public.all_things"
    why: str


@dataclass(frozen=True, kw_only=True)
class Sight:
    """What the application's role reaches of a table in its own session; two tenants have rows there."""

    state: str  # "no tenant is set"
    table: str
    foreign: int  # rows of tenants that are not set
    moved: bool = False  # a row could be given to another tenant


@dataclass(frozen=True, kw_only=True)
class RowSecurity:
    """What the catalogue says of the application's role and of every tenant-owned table."""

    role: Role
    may_become: tuple[Role, ...]
    tenant_column: str
    tables: tuple[Table, ...]
    detours: tuple[Detour, ...] = ()
    sights: tuple[Sight, ...] = ()
    unreached: tuple[str, ...] = ()
