"""A damaged backup is recognised before anything is touched."""

from __future__ import annotations

import asyncio
import io
import json
import os
import random
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from cluster import Cluster
from dbbackup import archive, manifest, restore
from dbbackup.failure import ExitCode, Failure
from tool import Tool, refused, untouched

FLIPS = 40
Damage = Callable[[Path], object]


def truncate(path: Path) -> None:
    os.truncate(path, path.stat().st_size * 2 // 3)


def flip_bit(path: Path, position: int | None = None) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2 if position is None else position] ^= 1
    path.write_bytes(content)


def append(path: Path) -> None:
    path.write_bytes(path.read_bytes() + b"\n")


def lose_manifest(path: Path) -> None:
    manifest.beside(path).unlink()


def alter_manifest(path: Path) -> None:
    sheet = manifest.beside(path)
    sheet.write_text(sheet.read_text().replace('"count": 3', '"count": 4'))


def garble_manifest(path: Path) -> None:
    manifest.beside(path).write_text('{"format": 1, "checksum": []}')


def compress_half(path: Path) -> None:
    content = bytearray()
    archive.read(path, content.extend)
    with path.open("wb") as file:
        archive.compress(io.BytesIO(content[: len(content) // 2]), file)


DAMAGES = {
    "truncated": truncate,
    "one bit flipped": flip_bit,
    "a byte too many": append,
    "zero bytes": lambda path: path.write_bytes(b""),
    "producer died, compressor ended well": compress_half,
    "no dump": lambda path: path.unlink(),
    "no manifest": lose_manifest,
    "a figure in the manifest changed": alter_manifest,
    "no sense in the manifest": garble_manifest,
}


@pytest.fixture(scope="module")
def whole(cluster: Cluster, template: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A good backup."""
    folder = tmp_path_factory.mktemp("whole")
    return Tool(cluster, template, folder / "backups", folder).backup()


@pytest.fixture
def copied(whole: Path, tmp_path: Path) -> Path:
    """A copy of a good backup, to be damaged."""
    for path in (whole, manifest.beside(whole)):
        shutil.copy(path, tmp_path)
    return tmp_path / whole.name


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_damage_is_found_before_a_server_is_even_asked(
    cluster: Cluster, template: str, copied: Path, tmp_path: Path, damage: Damage
) -> None:
    damage(copied)
    tool = Tool(cluster, template, tmp_path / "none", tmp_path)
    nobody = "postgresql://role:password@127.0.0.1:1/sample"
    tool.environment |= {"RESTORE_DATABASE_URL": nobody, "BACKUP_DATABASE_URL": nobody}

    refused(tool.restore(copied), ExitCode.DAMAGED, str(copied))
    refused(tool.verify(copied), ExitCode.DAMAGED, str(copied))


@pytest.mark.parametrize("damage", [truncate, flip_bit, compress_half])
def test_damage_leaves_the_target_alone(tool: Tool, copied: Path, damage: Damage) -> None:
    damage(copied)

    with untouched(tool):
        refused(tool.restore(copied), ExitCode.DAMAGED, str(copied))


def test_every_flipped_bit_is_found(copied: Path) -> None:
    content = copied.read_bytes()
    for position in random.Random(1).sample(range(len(content)), FLIPS):
        flip_bit(copied, position)
        with pytest.raises(Failure) as failure:
            asyncio.run(restore.checked(copied))
        assert failure.value.code == ExitCode.DAMAGED
        copied.write_bytes(content)
    asyncio.run(restore.checked(copied))


def test_a_frame_that_is_cut_short_is_told_from_one_that_is_altered(copied: Path) -> None:
    truncate(copied)

    with pytest.raises(Failure, match="it is cut short"):
        archive.read(copied, lambda content: None)


def test_a_dump_does_not_pass_with_the_manifest_of_another(copied: Path) -> None:
    sheet = manifest.load(copied)
    other = replace(sheet, archive=replace(sheet.archive, sha256="0" * 64))
    manifest.beside(copied).write_text(other.dumps())

    with pytest.raises(Failure, match="its checksum is not the one in its manifest"):
        asyncio.run(restore.checked(copied))


def test_the_manifest_is_of_an_unknown_format(copied: Path) -> None:
    sheet = manifest.beside(copied)
    sheet.write_text(json.dumps(json.loads(sheet.read_text()) | {"format": 2}))

    with pytest.raises(Failure, match="unknown format"):
        manifest.load(copied)
