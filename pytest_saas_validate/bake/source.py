"""What a template is made of, and what it must not hold."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from pytest_saas_validate.project import NOT_SOURCE
from pytest_saas_validate.spec import TABLE

_MEGABYTE = 1_000_000
_BEHIND_FILES, _BEHIND_MEGABYTES = 10_000, 200  # that a link may show


def parts(template: Path) -> Iterator[Path]:
    """The folders that a bake reads: the project's, hooks, and templates that others include."""
    for path in sorted(template.iterdir()):
        rendered = "cookiecutter" in path.name and "{{" in path.name
        if path.is_dir() and (rendered or path.name in ("hooks", "templates")):
            yield path


def entries(folder: Path | str) -> Iterator[os.DirEntry[str]]:
    """Everything below a folder that a person wrote, in order; links are not followed."""
    with os.scandir(folder) as found:
        here = sorted(found, key=lambda entry: entry.name)
    for entry in here:
        if entry.is_file(follow_symlinks=False) or entry.name not in NOT_SOURCE:
            yield entry
            if entry.is_dir(follow_symlinks=False):
                yield from entries(entry.path)


def refused(template: Path, megabytes: int) -> Iterator[str]:
    """One sentence for each thing that keeps a template from being baked."""
    for link in links(template):
        if shows_too_much(link):
            yield (
                f"{link}: is a link to {link.readlink()}, where more than {_BEHIND_FILES} files or "
                f"{_BEHIND_MEGABYTES} MB lie, which a hook may read and each run would have to; "
                "link to less, or remove it"
            )
    for part in parts(template):
        for link in links(part):
            if not link.exists():
                yield f"{link}: is a link to {link.readlink()}, which is not there; put the file itself here"
            elif leads_out(link, template):
                yield f"{link}: is a link out of the template, to {link.readlink()}; put the file itself here"
        yield from large(part, megabytes)
        for entry in entries(part):
            if not (entry.is_symlink() or entry.is_file() or entry.is_dir()):
                yield f"{entry.path}: is a pipe, a socket or a device, and no file; remove it"


def links(folder: Path) -> Iterator[Path]:
    """The folder itself when it is one, and every link below it."""
    if folder.is_symlink():
        yield folder
    yield from (Path(entry.path) for entry in entries(folder) if entry.is_symlink())


def leads_out(link: Path, folder: Path) -> bool:
    """Whether a link leads out of a folder."""
    target, top = link.resolve(), folder.resolve()
    return target != top and top not in target.parents


def shows_too_much(link: Path) -> bool:
    """Whether more lies behind a link than is read to see whether it changed; looks little further."""
    place = link.resolve()
    count, size = 0, 0
    for folder, names, files in os.walk(place) if place.is_dir() else [(str(place.parent), [], [place.name])]:
        names[:] = [name for name in names if name not in NOT_SOURCE]
        count += len(names) + len(files)
        if count > _BEHIND_FILES:
            return True
        for name in files:
            with contextlib.suppress(OSError):  # gone, or not ours to look at
                size += Path(folder, name).lstat().st_size
        if size > _BEHIND_MEGABYTES * _MEGABYTE:
            return True
    return False


def large(folder: Path, megabytes: int) -> Iterator[str]:
    """One sentence for each file that is larger than what is read into memory for every combination."""
    for entry in entries(folder):
        size = entry.stat().st_size if entry.is_file(follow_symlinks=False) else 0
        if size > megabytes * _MEGABYTE:
            yield (
                f"{entry.path}: has {size / _MEGABYTE:.0f} MB, and {megabytes} MB are allowed; let the "
                f"project fetch it, or raise file_megabytes in [tool.{TABLE}.limits]"
            )
