#!/usr/bin/env bash
# The whole platform at work, in a minute once built: starts a private stack, sends a day of traffic as Kamailio and Jasmin send it,
# bills it, matches a vendor's statement, and checks every figure against a file that was worked out independently.
#
#   --keep        leave the stack running afterwards (deploy/dev/down stops it)
#   --no-build    run what was built before
#
# Everything it makes is below .run/; the figures are in .run/demo/summary.json. Exit 0 when every check holds.
. "$(dirname -- "${BASH_SOURCE[0]}")/lib/common.sh"
. "$ROOT/deploy/lib/packages.sh"

keep="" options=()
while (($# > 0)); do
    case $1 in
    --keep) keep=yes ;;
    --no-build) options+=(--no-build) ;;
    *) die "unknown option $1; the head of this file lists them" ;;
    esac
    shift
done

ensure_packages "${STACK_PACKAGES[@]}" python3
stop() {
    local status=$?
    trap - EXIT
    [[ -n $keep ]] || "$ROOT/deploy/dev/down" || true
    exit "$status"
}
"$ROOT/deploy/dev/down" >/dev/null
trap stop EXIT
trap 'exit 130' INT TERM
"$ROOT/deploy/dev/up" --fresh --clock 2026-11-23T00:30:00.000Z "${options[@]}"
python3 "$ROOT/deploy/demo/demo.py" "$RUN"
