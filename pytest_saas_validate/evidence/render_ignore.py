"""What a project's own ignore rules say that commands will make."""

from __future__ import annotations

import fnmatch
import posixpath
from collections.abc import Iterator, Mapping

from pytest_saas_validate.evidence.per_content import per_content
from pytest_saas_validate.project import File


class Ignored:
    """The patterns of every .gitignore, without negations: they tell what is made from what is missing."""

    def __init__(self, files: Mapping[str, File]) -> None:
        self._patterns = [
            (posixpath.dirname(name), line.strip().rstrip("/"))
            for name, file in files.items()
            if posixpath.basename(name) == ".gitignore"
            for line in (file.text or "").splitlines()
            if line.strip() and not line.startswith(("#", "!"))
        ]

    def covers(self, path: str) -> bool:
        """Whether a path, or a folder above it, is ignored."""
        return any(_matches(path, folder, pattern) for folder, pattern in self._patterns)


def _matches(path: str, folder: str, pattern: str) -> bool:
    if folder and not path.startswith(folder + "/"):
        return False
    inside = path[len(folder) + 1 :] if folder else path
    if "/" not in pattern:
        return any(fnmatch.fnmatchcase(part, pattern) for part in inside.split("/"))
    wanted = pattern.lstrip("/").replace("**/", "")
    return any(fnmatch.fnmatchcase(each, wanted) for each in (inside, *parents(inside)))


@per_content
def parents(path: str) -> Iterator[str]:
    """The folders above a path, nearest first."""
    while "/" in path:
        path = path.rpartition("/")[0]
        yield path
