#!/bin/sh
# Replaces the database of RESTORE_DATABASE_URL by the backup at the path that is its argument.
# `sh scripts/db-restore.sh --help` lists the exit statuses.
set -eu
root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
PYTHONPATH="$root/backup${PYTHONPATH:+:$PYTHONPATH}" exec "${PYTHON:-python}" -m dbbackup restore "$@"
