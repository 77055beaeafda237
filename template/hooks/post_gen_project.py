"""Remove what the answers switched off.

Whole trees leave by the table below; single files have conditional names and are never written.
Standard library only, no network, no version control; a second run changes nothing.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

# tojson escapes every quote and backslash inside an answer, so that none can end this literal.
ANSWERS: dict[str, str] = json.loads(r"""{{ cookiecutter | tojson }}""")

TREES = {
    "include_observability": ("observability",),
    "include_github_actions": (".github",),
    "include_kubernetes": ("k8s",),
}


def remove_trees(root: Path, answers: dict[str, str]) -> None:
    """Delete the trees of every switch that is off."""
    for switch, trees in TREES.items():
        if answers[switch] == "no":
            for tree in trees:
                if (root / tree).exists():
                    shutil.rmtree(root / tree)


def remove_empty_folders(root: Path) -> None:
    """Delete folders that hold nothing because every file in them was switched off."""
    for folder in sorted((path for path in root.rglob("*") if path.is_dir()), reverse=True):
        if not any(folder.iterdir()):
            folder.rmdir()


if __name__ == "__main__":
    remove_trees(Path.cwd(), ANSWERS)
    remove_empty_folders(Path.cwd())
