"""Programs out of Debian's archive of a newer suite: extracted, not installed, and without root.

Programs written in Go carry what they need, so they run on an older Debian. Only the mirror that this
machine's own apt uses is asked, and its signatures are checked as always.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from pytest_saas_validate.process import Run, Workspace, run
from pytest_saas_validate.tools.tool import ToolError

VERSION = "VERSION"  # a file beside the program: some builds do not know their own
_SUITE = "forky"
_KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
_SECONDS = 300.0
_OTHERWISE = "put the tool on the PATH from its project's releases"
_CONFIGURATION = """\
Dir::State "{folder}/state";
Dir::State::lists "{folder}/lists";
Dir::State::status "{folder}/status";
Dir::Cache "{folder}/cache";
Dir::Cache::archives "{folder}/archives";
Dir::Cache::pkgcache "pkgcache.bin";
Dir::Cache::srcpkgcache "srcpkgcache.bin";
Dir::Etc::sourcelist "{folder}/sources.list";
Dir::Etc::sourceparts "/dev/null";
Dir::Etc::preferencesparts "/dev/null";
Dir::Log "{folder}/log";
Acquire::Languages "none";
Acquire::GzipIndexes "false";
APT::Sandbox::User "root";
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
"""


@dataclass(frozen=True)
class Archive:
    """The newer suite, in a configuration of apt's that touches nothing of the machine's."""

    workspace: Workspace

    def extract(self, package: str, folder: Path) -> None:
        """The files of a package below a folder; raises ToolError."""
        downloads = self.workspace.sub(f"apt/{package}")
        _must(
            run(["apt-get", "-c", self._configuration, "download", package], cwd=downloads, timeout=_SECONDS)
        )
        for file in downloads.glob("*.deb"):
            _must(run(["dpkg", "-x", file, folder], timeout=_SECONDS))
            (folder / VERSION).write_text(file.name.split("_")[1], encoding="utf-8")

    @cached_property
    def _configuration(self) -> Path:
        """Made once, with the suite's list of packages."""
        mirror = _mirror()
        folder = self.workspace.sub("apt")
        for name in ("state", "lists/partial", "cache", "archives/partial", "log"):
            (folder / name).mkdir(parents=True, exist_ok=True)
        (folder / "status").touch()
        signed = f"[signed-by={_KEYRING}] " if _KEYRING.exists() else ""
        (folder / "sources.list").write_text(f"deb {signed}{mirror} {_SUITE} main\n", encoding="utf-8")
        file = folder / "apt.conf"
        file.write_text(_CONFIGURATION.format(folder=folder), encoding="utf-8")
        _must(run(["apt-get", "-c", file, "update", "--error-on=any"], timeout=_SECONDS))
        return file


def _mirror() -> str:
    """The address of Debian's archive that this machine's apt uses; raises ToolError when there is none."""
    if not (shutil.which("apt-get") and shutil.which("dpkg")):
        raise ToolError(
            "there is no apt on this machine; put the tool on the PATH from its project's releases"
        )
    words = ["apt-get", "indextargets", "--format", "$(SITE) $(RELEASE) $(COMPONENT)", "Created-By: Packages"]
    listed = run(words)
    _must(listed)
    release = _release()
    for line in listed.text.splitlines():
        fields = line.split()
        if release.get("ID") == "debian" and fields[1:] == [release.get("VERSION_CODENAME"), "main"]:
            return fields[0]
    raise ToolError(
        "this machine's apt has no Debian archive; put the tool on the PATH from its project's releases"
    )


def _release() -> dict[str, str]:
    try:
        text = Path("/etc/os-release").read_text(encoding="utf-8")
    except OSError:
        return {}
    pairs = (line.split("=", 1) for line in text.splitlines() if "=" in line)
    return {name: value.strip('"') for name, value in pairs}


def _must(ended: Run) -> None:
    if not ended.ok:
        raise ToolError(ended.explain())
