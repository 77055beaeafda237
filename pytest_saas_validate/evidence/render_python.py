"""Whether Python files parse, what they ask of the language, and whether their own imports lead somewhere."""

from __future__ import annotations

import ast
import posixpath
import re
import sys
from collections.abc import Collection, Iterator, Mapping
from functools import lru_cache

from pytest_saas_validate.evidence.quiet import quiet
from pytest_saas_validate.evidence.render import Fault, PythonModules
from pytest_saas_validate.project import File

_FLOOR = re.compile(
    r"^\s*requires-python\s*=\s*[\"'][^\"'\n]*>=\s*3\.(\d+)|^\s*target-version\s*=\s*[\"']py3(\d+)[\"']", re.M
)
_OLDEST = 8  # the oldest grammar that tells versions apart and that any project still asks for


def python_floor(files: Mapping[str, File]) -> tuple[int, int] | None:
    """The oldest Python that the project's own files say it runs on."""
    minors = [
        int(match.group(1) or match.group(2))
        for name, file in files.items()
        if posixpath.basename(name) in ("pyproject.toml", "ruff.toml")
        for match in _FLOOR.finditer(file.text or "")
    ]
    return (3, min(minors)) if minors else None


def read_python(files: Mapping[str, File]) -> PythonModules:
    """Read all Python files of a project together."""
    faults: list[Fault] = []
    needs: dict[str, tuple[int, int]] = {}
    modules: dict[str, _Module] = {}
    for name, file in files.items():
        if file.text is None:
            faults.append(Fault(name, "is not text in UTF-8"))
            continue
        try:
            module, minor = _read(name, file.text)
        except (SyntaxError, ValueError) as problem:
            line = getattr(problem, "lineno", None)
            faults.append(Fault(f"{name}:{line}" if line else name, str(getattr(problem, "msg", problem))))
            continue
        modules[name] = module
        if minor > _OLDEST:
            needs[name] = (3, minor)
    return PythonModules(tuple(faults), needs, tuple(_Imports(modules).unresolved()))


@lru_cache(4096)  # most files are the same in most combinations
def _read(name: str, text: str) -> tuple[_Module, int]:
    """What other files want of a file, and the minor version that it needs; raises SyntaxError."""
    tree, minor = _parse(name, text)
    return _Module(name, tree), minor


def _parse(name: str, text: str) -> tuple[ast.Module, int]:
    """The tree, and the oldest minor version whose grammar accepts the file; raises SyntaxError."""
    with quiet():
        for minor in range(_OLDEST, sys.version_info.minor + 1):
            try:
                tree = ast.parse(text, name, feature_version=(3, minor))
            except SyntaxError:
                continue
            compile(tree, name, "exec", dont_inherit=True)  # finds what the grammar alone allows
            return tree, minor
        return ast.parse(text, name), sys.version_info.minor


def tree_of(text: str) -> ast.Module:
    """Parse without a word about what is only unwise, or will be an error one day; raises SyntaxError."""
    with quiet():
        return ast.parse(text)


class _Module:
    """One file's imports and the names that it binds at its top level.

    `imports` are all of them, in functions too, without those that a `try` guards, whose absence is foreseen;
    `names` those that other modules can import, or None when that cannot be known.
    """

    def __init__(self, name: str, tree: ast.Module) -> None:
        self.name = name
        self.imports = [
            node for node in _statements(tree.body) if isinstance(node, ast.Import | ast.ImportFrom)
        ]
        found: set[str] = set()
        for node in _statements(tree.body, inner=False, guarded=True):
            found |= set(_bound(node))
        self.names: Collection[str] | None = None if found & {"*", "__getattr__"} else found


def _statements(body: list[ast.stmt], *, inner: bool = True, guarded: bool = False) -> Iterator[ast.stmt]:
    for node in body:
        yield node
        scope = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        for field, value in ast.iter_fields(node):
            skipped = (scope and not inner) or (
                isinstance(node, ast.Try) and node.handlers and field == "body" and not guarded
            )
            if isinstance(value, list) and not skipped:
                for part in value:
                    if isinstance(part, ast.stmt):
                        yield from _statements([part], inner=inner, guarded=guarded)
                    elif isinstance(part, ast.ExceptHandler | ast.match_case):
                        yield from _statements(part.body, inner=inner, guarded=guarded)


def _bound(node: ast.stmt) -> Iterator[str]:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        yield node.name
    elif isinstance(node, ast.Import | ast.ImportFrom):
        for alias in node.names:
            yield alias.asname or alias.name.partition(".")[0]
    else:
        for part in ast.walk(node):
            if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store):
                yield part.id


class _Imports:
    """Resolves imports of own packages: folders with an `__init__.py` whose parent has none."""

    def __init__(self, modules: Mapping[str, _Module]) -> None:
        self.modules = modules
        self.folders = {folder for name in modules for folder in _folders(name)}
        self.roots: dict[str, list[str]] = {}
        for name in modules:
            folder, _, base = name.rpartition("/")
            parent, _, package = folder.rpartition("/")
            if base == "__init__.py" and package and posixpath.join(parent, "__init__.py") not in modules:
                self.roots.setdefault(package, []).append(parent)

    def unresolved(self) -> Iterator[Fault]:
        for module in self.modules.values():
            for node in module.imports:
                if isinstance(node, ast.ImportFrom):
                    yield from self._from(module.name, node)
                    continue
                for alias in node.names:
                    places = self.places(alias.name)
                    if places and not any(self.is_module(place) for place in places):
                        yield Fault(f"{module.name}:{node.lineno}", _absent(alias.name))

    def _from(self, name: str, node: ast.ImportFrom) -> Iterator[Fault]:
        where, written = f"{name}:{node.lineno}", "." * node.level + (node.module or "")
        if node.level:
            base = name.split("/")[: -node.level]
            places = ["/".join([*base, *(node.module.split(".") if node.module else [])])]
        else:
            places = self.places(written)
        found = [place for place in places if self.is_module(place)]
        if places and not found:
            yield Fault(where, _absent(written))
        for alias in node.names:
            if found and not any(self.has(place, alias.name) for place in found):
                yield Fault(where, f"imports {alias.name} from {written}, which has no such name")

    def places(self, module: str) -> list[str]:
        """Where a module of an own package would lie; nothing when the package belongs to others."""
        top, *rest = module.split(".")
        return [posixpath.join(parent, top, *rest) for parent in self.roots.get(top, [])]

    def is_module(self, place: str) -> bool:
        return f"{place}.py" in self.modules or place in self.folders

    def has(self, place: str, name: str) -> bool:
        if name == "*" or self.is_module(posixpath.join(place, name)):
            return True
        module = self.modules.get(f"{place}.py") or self.modules.get(posixpath.join(place, "__init__.py"))
        return module is not None and (module.names is None or name in module.names)


def _module(name: str, file: File) -> _Module | None:
    try:
        return _read(name, file.text or "")[0]
    except (SyntaxError, ValueError):
        return None


class OwnPackages:
    """The project's own packages, as commands name their modules and what is in them."""

    def __init__(self, files: Mapping[str, File]) -> None:
        read = {name: _module(name, file) for name, file in files.items()}
        self._imports = _Imports({name: module for name, module in read.items() if module is not None})

    def has_package(self, module: str) -> bool:
        """Whether a module belongs to a package of the project."""
        return module.partition(".")[0] in self._imports.roots

    def runs(self, module: str) -> bool:
        """Whether `python -m` can run it."""
        places = self._imports.places(module)
        return any(
            f"{p}.py" in self._imports.modules or f"{p}/__main__.py" in self._imports.modules for p in places
        )

    def problem(self, module: str, name: str) -> str:
        """Why `module:name` leads nowhere; empty when it does."""
        found = [place for place in self._imports.places(module) if self._imports.is_module(place)]
        if not found:
            return f"there is no module {module}"
        return "" if any(self._imports.has(place, name) for place in found) else f"{module} has no {name}"


def _folders(name: str) -> Iterator[str]:
    while "/" in name:
        name = name.rpartition("/")[0]
        yield name
    yield ""


def _absent(module: str) -> str:
    return f"imports {module}, which is not in the project"
