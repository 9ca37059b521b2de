# shellcheck shell=bash
# Sourced by deploy/bench.sh, whose functions and variables it uses: wallet against pgbench and against its own door without a commit.
. "$ROOT/deploy/lib/rig.sh"

# Private servers with the reference data of `rate`, one wallet as in production; ended here, whatever happens. WARP_BENCH_SECONDS,
# WARP_BENCH_ROUNDS, WARP_BENCH_CUSTOMERS and WARP_BENCH_RECORDS make it shorter for a first look; WARP_BENCH_ENTRIES says how long the
# ledger is behind which wallet starts.
bench_wallet() {
    rate_data
    ensure_packages "${STACK_PACKAGES[@]}" "${WRK_BENCH_PACKAGES[@]}" >&2
    rig_start wallet everysec
    mkdir -p -- "$RUN/spool" "$RUN/ported"
    python3 "$ROOT/deploy/bench/wallet.py" "$RUN" --bin "$RIG_BIN" --redis "$REDIS_SOCKET" --port "$(free_ports 1 "bench $RUN")" \
        --pgbench "$(postgres_program pgbench)" --data "$data" --customers "${WARP_BENCH_CUSTOMERS:-10000}" \
        --seconds "${WARP_BENCH_SECONDS:-10}" --rounds "${WARP_BENCH_ROUNDS:-3}" --calls "${WARP_BENCH_RECORDS:-200000}" \
        --entries "${WARP_BENCH_ENTRIES:-200000}"
}
