#!/bin/sh
# Writes a backup of the database of BACKUP_DATABASE_URL into BACKUP_DIR; the last line of its output is the path.
# `sh scripts/db-backup.sh --help` lists the exit statuses.
set -eu
root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
PYTHONPATH="$root/backup${PYTHONPATH:+:$PYTHONPATH}" exec "${PYTHON:-python}" -m dbbackup backup "$@"
