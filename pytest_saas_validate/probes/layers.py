"""The distinct files of several projects, laid out so that one program can read all of them at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pytest_saas_validate.evidence.render import Fault
from pytest_saas_validate.project import File


@dataclass(frozen=True)
class Layers:
    """A path that has several contents in these trees has one of them in each layer."""

    layers: Sequence[Mapping[str, File]]

    @classmethod
    def of(cls, trees: Iterable[Mapping[str, File]]) -> Layers:
        """The fewest layers that hold every distinct file."""
        versions: dict[str, list[File]] = {}
        for tree in trees:
            for name, file in tree.items():
                known = versions.setdefault(name, [])
                if file not in known:
                    known.append(file)
        depth = max(map(len, versions.values()), default=0)
        return cls(
            [{n: files[at] for n, files in versions.items() if at < len(files)} for at in range(depth)]
        )

    def files(self) -> Iterator[tuple[str, File]]:
        """Each distinct file, under its path below its layer's number: "0/app/main.py"."""
        for at, layer in enumerate(self.layers):
            for name, file in layer.items():
                yield f"{at}/{name}", file

    def write(self, folder: Path) -> None:
        """Put all of them below a folder."""
        for name, file in self.files():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(file.content)

    def names(self, tree: Mapping[str, File]) -> dict[str, str]:
        """Where the files of a tree are: path below its layer's number -> path in the tree."""
        return {
            f"{at}/{name}": name
            for name, file in tree.items()
            for at, layer in enumerate(self.layers)
            if layer.get(name) == file
        }

    def faults(self, tree: Mapping[str, File], said: Mapping[str, Sequence[Fault]]) -> Iterator[Fault]:
        """What was said of the files of a tree, by their paths there."""
        for laid, name in self.names(tree).items():
            for fault in said.get(laid, ()):
                yield replace(fault, where=name + fault.where.removeprefix(laid))
