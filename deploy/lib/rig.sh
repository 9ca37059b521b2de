# shellcheck shell=bash
# A rig: private servers with a migrated database, for a check that drives the built programs from outside. Needs common.sh.
. "$ROOT/deploy/lib/packages.sh"
. "$ROOT/deploy/lib/servers.sh"
. "$ROOT/deploy/lib/stack.sh"

# Starts the servers of a rig below RUN, which becomes $RUN/NAME, and migrates; says where the programs are: RIG_BIN. What an earlier run
# left is erased, but for what is KEPT (a directory such as a virtual environment).
rig_start() { # NAME APPENDFSYNC [KEPT]
    local program
    RUN=$RUN/$1
    RIG_BIN=$(binaries release)
    for program in cdr-ingest billingctl; do
        [[ -x $RIG_BIN/$program ]] || die "$RIG_BIN holds no $program: build first"
    done
    servers_erase "$RUN/servers"
    [[ ! -d $RUN ]] || find "$RUN" -mindepth 1 -maxdepth 1 ! -name "${3:-}" -exec rm -rf -- {} +
    mkdir -p -- "$RUN/log"
    trap rig_stop EXIT
    trap 'exit 130' INT TERM
    servers_start "$RUN/servers" "$2"
    private_psql -d postgres -c "CREATE DATABASE $DATABASE"
    export PGHOST=$SERVERS_HOME PGPORT=$POSTGRES_PORT PGUSER=postgres PGDATABASE=$DATABASE
    logged "$RUN/log/migrate.log" "$RIG_BIN/billingctl" migrate --dir "$ROOT/Migrations"
}

# Ends the rig's own processes (RIG_PIDS), then its servers; their data is left for a look when the rig failed.
RIG_PIDS=()
rig_stop() {
    local status=$? pid
    trap - EXIT
    for pid in "${RIG_PIDS[@]}"; do
        kill -TERM "$pid" 2>/dev/null || true
        wait "$pid" 2>/dev/null || true
    done
    if ((status == 0)); then servers_erase "$RUN/servers" || true; else servers_stop "$RUN/servers" || true; fi
    exit "$status"
}

# The configuration of a cdr-ingest on the rig's servers; more lines come on standard input.
rig_config() { # FILE PORT
    cat >"$1" <<YAML
environment: test
postgres:
  host: $SERVERS_HOME
  port: $POSTGRES_PORT
  database: $DATABASE
  user: warp_ingest
redis:
  socket: $REDIS_SOCKET
http:
  port: $2
spool:
  directory: $RUN/spool
YAML
    cat >>"$1"
}
