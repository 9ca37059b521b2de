# shellcheck shell=bash
# Sourced by deploy/bench.sh, whose functions and variables it uses: cdr-ingest against \copy, pgbench and bare HTTP.
. "$ROOT/deploy/lib/rig.sh"

# Private servers, one cdr-ingest as in production, and the two HTTP servers that it is measured against; ended here, whatever
# happens. WARP_BENCH_SECONDS and WARP_BENCH_ROUNDS make it shorter for a first look.
bench_ingest() {
    ensure_packages "${STACK_PACKAGES[@]}" "${WRK_BENCH_PACKAGES[@]}" >&2
    rig_start ingest everysec
    mkdir -p -- "$RUN/spool"
    python3 "$ROOT/deploy/bench/ingest.py" "$RUN" --bin "$RIG_BIN" --redis "$REDIS_SOCKET" --port "$(free_ports 3 "bench $RUN")" \
        --pgbench "$(postgres_program pgbench)" --seconds "${WARP_BENCH_SECONDS:-8}" --rounds "${WARP_BENCH_ROUNDS:-3}"
}
