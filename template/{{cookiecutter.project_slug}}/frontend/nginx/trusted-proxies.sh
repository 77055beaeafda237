#!/bin/sh
# Writes which proxies are believed when they say who asked, how and for which host: TRUSTED_PROXIES, addresses or
# networks such as 10.0.0.0/8, separated by commas or spaces; empty: nobody is.
set -eu
folder=${NGINX_ENVSUBST_OUTPUT_DIR:-/tmp}

set -f
: >"$folder/trusted-proxies.conf"
: >"$folder/trusted-proxies.geo"
for network in $(printf %s "${TRUSTED_PROXIES:-}" | tr ',' ' '); do
    case $network in
        *[!0-9A-Fa-f.:/]*)
            echo "TRUSTED_PROXIES: $network is neither an address nor a network; write it like 10.0.0.0/8" >&2
            exit 1
            ;;
    esac
    echo "set_real_ip_from $network;" >>"$folder/trusted-proxies.conf"
    echo "$network 1;" >>"$folder/trusted-proxies.geo"
done
