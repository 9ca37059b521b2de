# shellcheck shell=bash
# Sourced by deploy/bench.sh, whose functions and variables it uses: cdr-ingest against \copy, pgbench and bare HTTP.
. "$ROOT/deploy/lib/servers.sh"
. "$ROOT/deploy/lib/stack.sh"

# Private servers, one cdr-ingest as in production, and the two HTTP servers that it is measured against; ended here, whatever
# happens. WARP_BENCH_SECONDS and WARP_BENCH_ROUNDS make it shorter for a first look.
bench_ingest() {
    ensure_packages "${STACK_PACKAGES[@]}" "${INGEST_BENCH_PACKAGES[@]}" >&2
    RUN=$RUN/ingest
    servers_erase "$RUN/servers"
    rm -rf -- "$RUN"
    mkdir -p -- "$RUN/log" "$RUN/spool"
    trap end_ingest EXIT
    trap 'exit 130' INT TERM
    servers_start "$RUN/servers"
    private_psql -d postgres -c "CREATE DATABASE $DATABASE"
    export PGHOST=$SERVERS_HOME PGPORT=$POSTGRES_PORT PGUSER=postgres PGDATABASE=$DATABASE
    logged "$RUN/log/migrate.log" "$bin/billingctl" migrate --dir "$ROOT/Migrations"
    python3 "$ROOT/deploy/bench/ingest.py" "$RUN" --bin "$bin" --redis "$REDIS_SOCKET" --port "$(free_ports 3 "bench $RUN")" \
        --pgbench "$(postgres_program pgbench)" --seconds "${WARP_BENCH_SECONDS:-8}" --rounds "${WARP_BENCH_ROUNDS:-3}"
}

end_ingest() {
    local status=$?
    trap - EXIT
    servers_erase "$RUN/servers" || true
    exit "$status"
}
