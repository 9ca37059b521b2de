# shellcheck shell=bash
# Sourced by deploy/bench.sh, whose functions and variables it uses: poller against \copy, fresh records, a big preview.
. "$ROOT/deploy/lib/rig.sh"

# Private servers with the data of `rate`, one poller as in production; ended here, whatever happens. WARP_BENCH_RECORDS makes the
# backlog smaller for a first look; WARP_BENCH_PREVIEW the stored records that are rated again.
bench_poller() {
    rate_data
    ensure_packages "${STACK_PACKAGES[@]}" python3 >&2
    rig_start poller everysec
    mkdir -p -- "$RUN/spool" "$RUN/ported"
    python3 "$ROOT/deploy/bench/poller.py" "$RUN" --bin "$RIG_BIN" --redis "$REDIS_SOCKET" --port "$(free_ports 2 "bench $RUN")" \
        --data "$data" --records "${WARP_BENCH_RECORDS:-2000000}" --preview "${WARP_BENCH_PREVIEW:-10000000}" \
        --seconds "${WARP_BENCH_SECONDS:-30}"
}
