"""Defects of hooks: what they need, repeat and leave behind."""

from __future__ import annotations

import shutil
import socket
from pathlib import Path

from pytest_saas_validate.mutants import NotPlantable, mutant
from pytest_saas_validate.mutants.render_template import append, hook, inside
from pytest_saas_validate.process.network import NoNamespace, cut_off


def _last(template: Path, text: str) -> None:
    """What the last hook does at its end."""
    append(hook(template, "post_gen_project"), f"import os, shutil, socket, subprocess\n{text}")


@mutant("TR020-append", "a hook adds to a file each time that it runs", fires="TR020", at="template")
def appends(template: Path) -> None:
    """The first run makes it."""
    _last(template, "with open('planted.txt', 'a') as file:\n    file.write('planted\\n')")


@mutant("TR020-move", "a hook moves what it has moved before", fires="TR020", at="template")
def moves(template: Path) -> None:
    """The second run ends with an error."""
    (inside(template) / "planted.txt").write_text("planted\n", encoding="utf-8")
    _last(template, "os.rename('planted.txt', 'moved.txt')")


@mutant("TR021-program", "a hook calls a program that may not be there", fires="TR021", at="template")
def program(template: Path) -> None:
    """Here it is."""
    _needs_git()
    _last(template, "subprocess.run(['git', '--version'], check=True)")


@mutant("TR021-silent", "a hook makes less where a program is missing", fires="TR021", at="template")
def silent(template: Path) -> None:
    """And says nothing."""
    _needs_git()
    _last(template, "if shutil.which('git'):\n    open('planted.txt', 'w').write('planted\\n')")


def _needs_git() -> None:
    if shutil.which("git") is None:
        raise NotPlantable("git is not here")


@mutant("TR021-network", "a hook makes another project without a network", fires="TR021", at="template")
def network(template: Path) -> None:
    """It looks for an interface; nothing is sent."""
    try:
        cut_off()
    except NoNamespace as reason:
        raise NotPlantable(str(reason)) from None
    if len(socket.if_nameindex()) < 2:
        raise NotPlantable("this machine has no network")
    _last(template, "open('planted.txt', 'w').write(f'{len(socket.if_nameindex()) > 1}\\n')")


@mutant("TR022-home", "a hook writes to the home of the user", fires="TR022", at="template")
def home(template: Path) -> None:
    """As tools do that it calls."""
    _last(template, "open(os.path.expanduser('~/.planted'), 'w').write('planted\\n')")


@mutant("TR022-beside", "a hook writes beside the project", fires="TR022", at="template")
def beside(template: Path) -> None:
    """In the folder that the user was in."""
    _last(template, "open('../planted.txt', 'w').write('planted\\n')")


@mutant("TR022-template", "a hook writes to the template", fires="TR022", at="template")
def to_the_template(template: Path) -> None:
    """cookiecutter tells it where that lies."""
    (template / "hooks" / "planted").mkdir(parents=True)
    place = template / "hooks" / "planted" / "made.txt"
    _last(template, f"open({str(place)!r}, 'w').write('planted\\n')")


@mutant("TR022-link", "a hook makes a link out of the project", fires="TR022", at="template")
def link(template: Path) -> None:
    """It leads nowhere on another machine."""
    _last(template, "if not os.path.lexists('planted'):\n    os.symlink('/etc', 'planted')")
