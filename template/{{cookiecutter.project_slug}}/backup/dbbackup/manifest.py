"""The sheet beside a dump that says what must come out of it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from dbbackup.archive import Digest, damaged
from dbbackup.contents import Contents, Entry, Position, Rows
from dbbackup.failure import ExitCode, Failure
from dbbackup.properties import Properties

FORMAT = 1
SUFFIX = ".manifest.json"


@dataclass(frozen=True)
class Manifest:
    """All that is known about one backup; contents were read in the snapshot that the dump was made from."""

    created: str
    database: str
    server_version: int
    client_major: int
    archive: Digest
    properties: Properties
    contents: Contents
    schema_fingerprint: str

    @property
    def server_major(self) -> int:
        """Return the major version of the server that was backed up."""
        return self.server_version // 10000

    def dumps(self) -> str:
        """Return the manifest as JSON that carries a checksum of itself."""
        body = {"format": FORMAT} | asdict(self)
        return json.dumps(body | {"checksum": checksum(body)}, indent=1, ensure_ascii=False) + "\n"


def checksum(body: Mapping[str, Any]) -> str:
    """Return the checksum of a JSON object, whatever its layout and the order of its keys."""
    return hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()


def beside(artefact: Path) -> Path:
    """Return where the manifest of a dump is; the pair can be moved and renamed together."""
    return artefact.with_name(artefact.name + SUFFIX)


def load(artefact: Path) -> Manifest:
    """Read and check the manifest of a dump.

    Raises Failure (DAMAGED) when it is missing, altered or of another format.
    """
    path = beside(artefact)
    try:
        body = json.loads(path.read_bytes())
        if body.pop("format") != FORMAT:
            raise Failure(
                ExitCode.DAMAGED, f"{path} has an unknown format", "restore with the version that wrote it"
            )
        if body.pop("checksum") != checksum({"format": FORMAT} | body):
            raise damaged(path, "its checksum does not match")
        return parse(body)
    except FileNotFoundError:
        missing = artefact if not artefact.exists() else path
        raise Failure(
            ExitCode.DAMAGED, f"{missing} does not exist", "name a dump that has its manifest beside it"
        ) from None
    except OSError as error:
        raise Failure(
            ExitCode.STORAGE, f"{path} cannot be read: {error.strerror}", "check permissions"
        ) from None
    except (ValueError, TypeError, KeyError, AttributeError):
        raise damaged(path, "it is no manifest") from None


def parse(body: Mapping[str, Any]) -> Manifest:
    """Turn the JSON object into values; raises TypeError or KeyError when it does not have their shape."""
    contents = body["contents"]
    properties = dict(body["properties"])
    for name in ("grants", "settings"):
        properties[name] = tuple(properties[name])
    return Manifest(
        **dict(body)
        | {
            "archive": Digest(**body["archive"]),
            "properties": Properties(**properties),
            "contents": Contents(
                objects={
                    kind: {
                        name: Entry(entry["owner"], tuple(entry["grants"]), entry["definition"])
                        for name, entry in entries.items()
                    }
                    for kind, entries in contents["objects"].items()
                },
                tables={name: rows(value) for name, value in contents["tables"].items()},
                sequences={name: Position(**value) for name, value in contents["sequences"].items()},
                large_objects=rows(contents["large_objects"]),
            ),
        }
    )


def rows(value: Mapping[str, Any]) -> Rows:
    """Turn one table's figures into a value."""
    return Rows(tuple(value["columns"]), value["count"], value["hash"])
