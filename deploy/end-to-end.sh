#!/usr/bin/env bash
# The tutorial's day while every daemon is killed with SIGKILL in mid-traffic, most times with a batch uncommitted, and Redis is
# flushed: the same outcomes and the same money must come of it.
#
#   --seed N      the order and moments of the kills (default: from the clock; it is printed)
#   --kills N     kills of each daemon that follows a stream (4)
#
# WARP_RUN and WARP_BIN as in deploy/dev/up.
. "$(dirname -- "${BASH_SOURCE[0]}")/lib/common.sh"

arguments=("$@")
stop() {
    local status=$?
    trap - EXIT
    "$ROOT/deploy/dev/down" || true
    exit "$status"
}
"$ROOT/deploy/dev/down" >/dev/null
trap stop EXIT
trap 'exit 130' INT TERM
"$ROOT/deploy/dev/up" --no-build --fresh --clock 2026-11-23T00:30:00.000Z
python3 "$ROOT/deploy/demo/end_to_end.py" "$RUN" "${arguments[@]}"
