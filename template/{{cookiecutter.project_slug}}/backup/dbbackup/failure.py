"""What can go wrong, as one sentence for people and one number for programs."""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """Exit statuses of the command; 128 plus the signal's number stands for an interrupted run."""

    DONE = 0
    UNEXPECTED = 1
    USAGE = 2
    BUSY = 3
    CLIENT = 4
    CONNECTION = 5
    ROLE = 6
    DATABASE = 7
    DAMAGED = 8
    DIFFERENT = 9
    STORAGE = 10
    SWAP = 11


MEANINGS = {
    ExitCode.DONE: "done",
    ExitCode.UNEXPECTED: "a defect of this tool; the traceback says where",
    ExitCode.USAGE: "an argument or an environment variable is missing or wrong",
    ExitCode.BUSY: "another backup into this folder, or another restore of this database, is running",
    ExitCode.CLIENT: "a client program or package is missing or too old, or the server older than the backup",
    ExitCode.CONNECTION: "the server cannot be reached or refuses the credentials",
    ExitCode.ROLE: "a role lacks a right, has one too many, or does not exist",
    ExitCode.DATABASE: "pg_dump, pg_restore or a statement failed, or the server went away",
    ExitCode.DAMAGED: "the backup is incomplete or damaged; nothing was touched",
    ExitCode.DIFFERENT: "the restored content is not what the manifest says; the database is as it was",
    ExitCode.STORAGE: "the backup folder cannot be read or written, or is full",
    ExitCode.SWAP: "sessions on the database cannot be ended; the database is as it was",
}


class Failure(Exception):
    """An expected failure: what happened and where, how to fix it, and the exit code.

    Both sentences are folded into one line, so that a log collector keeps them together.
    """

    def __init__(self, code: ExitCode, what: str, fix: str) -> None:
        super().__init__(" ".join(f"{what}; {fix}".split()))
        self.code = code
