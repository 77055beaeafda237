#!/bin/sh
# Writes the hashed *.txt beside every *.in file; needs uv. Pinned versions stay; --upgrade (any argument goes to uv) renews them.
# A later lock is constrained by the earlier ones, so that any selection of them can be installed together.
set -eu
cd "$(dirname "$0")"

constraints=""
for name in base{% if cookiecutter.include_observability == 'yes' %} observability{% endif %}{% if cookiecutter.include_sentry == 'yes' %} sentry{% endif %} backup dev; do
    # shellcheck disable=SC2086  # the constraints are words
    uv pip compile --quiet --universal --generate-hashes --no-annotate --no-header --no-emit-index-url \
        --python-version 3.11 $constraints "$@" "$name.in" --output-file "$name.txt"
    constraints="$constraints --constraint $name.txt"
done
