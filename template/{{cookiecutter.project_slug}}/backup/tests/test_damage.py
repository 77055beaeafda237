"""A damaged backup is recognised before anything is touched."""

from __future__ import annotations

import asyncio
import json
import os
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from dbbackup import manifest, restore
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


DAMAGES = [
    truncate,
    flip_bit,
    append,
    lambda path: path.write_bytes(b""),
    lambda path: path.unlink(),
    lose_manifest,
    alter_manifest,
    garble_manifest,
]
NAMES = [
    "truncated",
    "one bit flipped",
    "a byte too many",
    "zero bytes",
    "no dump",
    "no manifest",
    "altered",
    "garbled",
]


@pytest.mark.parametrize("damage", DAMAGES, ids=NAMES)
def test_damage_is_found_before_the_server_is_even_asked(tool: Tool, dump: Path, damage: Damage) -> None:
    damage(dump)
    tool.environment["RESTORE_DATABASE_URL"] = "postgresql://migrator:x@127.0.0.1:1/sample"

    refused(tool.restore(dump), ExitCode.DAMAGED, str(dump.parent))
    refused(tool.verify(dump), ExitCode.DAMAGED, str(dump.parent))


@pytest.mark.parametrize("damage", DAMAGES, ids=NAMES)
def test_damage_leaves_the_target_alone(tool: Tool, dump: Path, damage: Damage) -> None:
    damage(dump)

    with untouched(tool):
        refused(tool.restore(dump), ExitCode.DAMAGED, str(dump.parent))


def test_every_flipped_bit_is_found(dump: Path) -> None:
    whole = dump.read_bytes()
    for position in random.Random(1).sample(range(len(whole)), FLIPS):
        flip_bit(dump, position)
        with pytest.raises(Failure) as failure:
            asyncio.run(restore.checked(dump))
        assert failure.value.code == ExitCode.DAMAGED
        dump.write_bytes(whole)
    asyncio.run(restore.checked(dump))


def test_a_dump_does_not_pass_with_the_manifest_of_another(tool: Tool, dump: Path) -> None:
    other = tool.backup()
    manifest.beside(other).replace(manifest.beside(dump))

    with untouched(tool):
        refused(tool.restore(dump), ExitCode.DAMAGED, "manifest")


def test_the_manifest_is_of_an_unknown_format(dump: Path) -> None:
    sheet = manifest.beside(dump)
    sheet.write_text(json.dumps(json.loads(sheet.read_text()) | {"format": 2}))

    with pytest.raises(Failure, match="unknown format"):
        manifest.load(dump)
