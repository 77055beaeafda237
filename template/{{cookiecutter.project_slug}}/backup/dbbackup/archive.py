"""The dump on disk: a custom-format archive inside one zstd frame with a content checksum."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable
from dataclasses import dataclass
from io import BufferedWriter
from pathlib import Path
from typing import BinaryIO

from dbbackup.failure import ExitCode, Failure

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

LEVEL = 1
CHUNK = 1 << 18
MAGIC = b"PGDMP"


@dataclass(frozen=True)
class Digest:
    """Checksum and size in bytes of an archive, and its size before compression."""

    sha256: str
    size: int
    content_size: int


def compress(source: BinaryIO, destination: BinaryIO) -> Digest:
    """Copy a stream into a compressed file until its end; blocks, run it in a thread."""
    options: dict[int, int] = {
        zstd.CompressionParameter.compression_level: LEVEL,
        zstd.CompressionParameter.checksum_flag: 1,
    }
    compressor = zstd.ZstdCompressor(options=options)
    digest = hashlib.sha256()
    size = content_size = 0
    while chunk := source.read(CHUNK):
        content_size += len(chunk)
        block = compressor.compress(chunk)
        digest.update(block)
        size += destination.write(block)
    block = compressor.flush()
    digest.update(block)
    size += destination.write(block)
    return Digest(digest.hexdigest(), size, content_size)


def read(path: Path, sink: Callable[[bytes], object]) -> Digest:
    """Hand an archive's content to `sink` in pieces; blocks, run it in a thread.

    Raises Failure (DAMAGED) when it is not exactly one whole zstd frame that holds an archive.
    """
    decompressor = zstd.ZstdDecompressor()
    digest = hashlib.sha256()
    size = content_size = 0
    head = b""
    try:
        with path.open("rb") as file:
            while chunk := file.read(CHUNK):
                digest.update(chunk)
                size += len(chunk)
                if decompressor.eof:
                    raise damaged(path, "bytes follow its end")
                content = decompressor.decompress(chunk)
                head += content[: len(MAGIC) - len(head)]
                content_size += len(content)
                sink(content)
    except zstd.ZstdError as error:
        raise damaged(path, str(error)) from None
    except BrokenPipeError:
        raise
    except FileNotFoundError:
        raise damaged(path, "it does not exist") from None
    except OSError as error:
        raise unreadable(path, error) from None
    if not decompressor.eof:
        raise damaged(path, "it is cut short")
    if decompressor.unused_data:
        raise damaged(path, "bytes follow its end")
    if head != MAGIC:
        raise damaged(path, "it holds no PostgreSQL archive")
    return Digest(digest.hexdigest(), size, content_size)


def check(path: Path, expected: Digest) -> None:
    """Read a dump to its end; raises Failure (DAMAGED) unless it is byte for byte what was written."""
    compare(path, read(path, lambda content: None), expected)


def feed(path: Path, sink: BinaryIO, expected: Digest) -> None:
    """Write a dump's content into a pipe; blocks, run it in a thread.

    Raises Failure (DAMAGED) when the file is another one than before, BrokenPipeError when nobody reads on.
    """
    with BufferedWriter(sink, CHUNK) as buffer:
        digest = read(path, buffer.write)
    compare(path, digest, expected)


def compare(path: Path, found: Digest, expected: Digest) -> None:
    """Raise Failure (DAMAGED) when two digests differ."""
    if found.size != expected.size:
        raise damaged(path, f"it has {found.size} bytes, its manifest says {expected.size}")
    if found != expected:
        raise damaged(path, "its checksum is not the one in its manifest")


def begins_well(path: Path) -> bool:
    """Return whether a compressed file starts with an archive; reads its first block."""
    with path.open("rb") as file:
        return zstd.ZstdDecompressor().decompress(file.read(CHUNK), len(MAGIC)) == MAGIC


def damaged(path: Path, why: str) -> Failure:
    """Return the failure for an artefact that must not be used."""
    return Failure(
        ExitCode.DAMAGED, f"{path} is damaged: {why}", "use another backup, or copy this one again"
    )


def unreadable(path: Path, error: OSError) -> Failure:
    """Return the failure for a file that cannot be read."""
    return Failure(ExitCode.STORAGE, f"{path} cannot be read: {error.strerror}", "check path and permissions")
