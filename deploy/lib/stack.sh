# shellcheck shell=bash
# The development stack of one checkout: configuration files, credentials, and the daemons under their supervisor.
# Needs common.sh and servers.sh.

# name of a daemon: its role, how many ports it is given room for (instances), what BILLING_… calls it.
DAEMONS=(cdr-ingest poller wallet biller vendor-recon)
declare -A ROLE_OF=(
    [cdr-ingest]=warp_ingest [poller]=warp_poller [wallet]=warp_wallet [biller]=warp_biller [vendor-recon]=warp_recon
)
declare -A VARIABLE_OF=(
    [cdr-ingest]=INGEST [poller]=POLLER [wallet]=WALLET [biller]=BILLER [vendor-recon]=RECON
)
# Instances of a daemon have ports next to each other.
INSTANCE_LIMIT=4

# The directory of the built programs: WARP_BIN, or that of the last build of this kind.
binaries() { # release|debug
    printf '%s\n' "${WARP_BIN:-$ROOT/.build/$1}"
}

# A secret, made once and kept in a file that only its owner reads.
secret() { # FILE
    if [[ ! -s $1 ]]; then
        mkdir -p -- "$(dirname -- "$1")"
        (umask 077 && openssl rand -hex 24 | tr -d '\n' >"$1")
    fi
    cat -- "$1"
}

credential() { # DAEMON NAME VALUE
    mkdir -p -- "$RUN/credentials/$1"
    (umask 077 && printf '%s' "$3" >"$RUN/credentials/$1/$2")
}

# Every role gets a password of its own, as in production; the socket trusts whoever can reach it. The role that customers' reads
# use is a daemon's role with _customer behind it, where there is one.
write_credentials() {
    local daemon role statements="" roles
    roles=$(private_psql -d "$DATABASE" -Atc "SELECT rolname FROM pg_roles WHERE rolname LIKE 'warp\_%'")
    for daemon in "${DAEMONS[@]}"; do
        role=${ROLE_OF[$daemon]}
        statements+="ALTER ROLE $role PASSWORD '$(secret "$RUN/credentials/$daemon/postgres-password")';"
        grep -qx "${role}_customer" <<<"$roles" || continue
        statements+="ALTER ROLE ${role}_customer PASSWORD '$(secret "$RUN/credentials/$daemon/postgres-customerPassword")';"
    done
    private_psql -d "$DATABASE" <<<"$statements"
    netsuite_credentials
}

# One throwaway key pair: biller signs its assertions, the stand-in checks them.
netsuite_credentials() {
    local key=$RUN/credentials/biller/netsuite-privateKey
    if [[ ! -s $key ]]; then
        (umask 077 && openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$key" 2>/dev/null)
    fi
    credential sandbox netsuite-client-id warp-billing-development
    credential sandbox netsuite-certificate-id development
    credential sandbox netsuite-public-key "$(openssl pkey -in "$key" -pubout)"
}

# The keys that all daemons share, then the daemon's own.
write_config() { # DAEMON SANDBOX_URL
    local file=$RUN/config/$1.yaml
    mkdir -p -- "$RUN/config"
    cat >"$file" <<YAML
environment: development
clock:
  file: $RUN/clock
postgres:
  host: $SERVERS_HOME
  port: $POSTGRES_PORT
  database: $DATABASE
  user: ${ROLE_OF[$1]}
redis:
  socket: $REDIS_SOCKET
sweep:
  intervalSeconds: 2
YAML
    own_config "$@" >>"$file"
}

own_config() { # DAEMON SANDBOX_URL
    case $1 in
    cdr-ingest)
        cat <<YAML
spool:
  directory: $RUN/spool
YAML
        ;;
    biller)
        mkdir -p -- "$RUN/invoices" "$RUN/netsuite"
        cat <<YAML
documents:
  directory: $RUN/invoices
netsuite:
  exportDirectory: $RUN/netsuite
YAML
        # Without an address the export is CSV import files.
        [[ -n $2 ]] || return 0
        cat <<YAML
  url: $2
  clientId: warp-billing-development
  certificateId: development
  algorithm: ES256
YAML
        ;;
    poller)
        cat <<YAML
reference:
  portedDirectory: $RUN/ported
YAML
        ;;
    vendor-recon)
        cat <<YAML
formats:
  directory: $ROOT/deploy/vendors
YAML
        ;;
    esac
}

# An operator's API key and a source's token, made once for each database; a source is who may send records.
write_tokens() { # BIN
    local file=$RUN/credentials/operator-token
    if ! token_is_known "$file" billing.api_keys; then
        (umask 077 && PGHOST=$SERVERS_HOME PGPORT=$POSTGRES_PORT PGUSER=postgres PGDATABASE=$DATABASE \
            "$1/billingctl" keys create --kind operator --name development >"$file")
    fi
    file=$RUN/credentials/source-token
    if ! token_is_known "$file" billing.sources; then
        (umask 077 && "$1/cdr-ingest" sources add development --config "$RUN/config/cdr-ingest.yaml" >"$file")
    fi
}

token_is_known() { # FILE TABLE
    [[ -s $1 ]] || return 1
    [[ $(private_psql -d "$DATABASE" -Atc \
        "SELECT count(*) FROM $2 WHERE token_hash = sha256('$(cat -- "$1")') AND revoked_at IS NULL") == 1 ]]
}

# One process of the supervisor's file.
process_plan() { # NAME CREDENTIALS WATCHDOG_SECONDS ENVIRONMENT_JSON COMMAND...
    local name=$1 credentials=$2 watchdog=$3 environment=$4
    shift 4
    jq -n --arg name "$name" --arg credentials "$credentials" --argjson watchdog "$watchdog" \
        --argjson environment "$environment" \
        '{name: $name, watchdogSeconds: $watchdog, command: $ARGS.positional,
          environment: ($environment + {CREDENTIALS_DIRECTORY: $credentials, WARP_LOG_LEVEL: "info"})}' \
        --args -- "$@"
}

# The supervisor's file: the sandbox and every instance of every daemon, each with its port.
write_plan() { # BIN FIRST_PORT INSTANCES_OF...   (INSTANCES_OF: poller=2)
    local bin=$1 port=$2 daemon instance count setting plans=()
    shift 2
    plans+=("$(process_plan sandbox "$RUN/credentials/sandbox" 0 '{}' "$bin/billing-sandbox" serve --port "$port" \
        --credentials "$RUN/credentials/sandbox")")
    ADDRESSES=("sandbox SANDBOX http://127.0.0.1:$port")
    port=$((port + 1))
    for daemon in "${DAEMONS[@]}"; do
        count=1
        for setting in "$@"; do
            [[ ${setting%%=*} != "$daemon" ]] || count=${setting#*=}
        done
        for ((instance = 1; instance <= count; instance++)); do
            plans+=("$(process_plan "$daemon@$instance" "$RUN/credentials/$daemon" 30 \
                "{\"WARP_INSTANCE\": \"$instance\", \"WARP_HTTP_PORT\": \"$((port + instance - 1))\"}" \
                "$bin/$daemon" serve --config "$RUN/config/$daemon.yaml")")
            ADDRESSES+=("$daemon@$instance ${VARIABLE_OF[$daemon]}$([[ $instance == 1 ]] || printf '_%s' "$instance") \
http://127.0.0.1:$((port + instance - 1))")
        done
        port=$((port + INSTANCE_LIMIT))
    done
    jq -s --arg state "$RUN/supervisor.json" --arg log "$RUN/log" \
        '{stateFile: $state, logDirectory: $log, processes: .}' <<<"${plans[*]}" >"$RUN/config/supervisor.json"
}

# Starts the supervisor, which goes on when this script has ended.
start_supervisor() { # BIN
    rm -f -- "$RUN/supervisor.json"
    setsid "$1/billing-sandbox" supervise --config "$RUN/config/supervisor.json" \
        </dev/null >"$RUN/log/supervisor.log" 2>&1 &
    disown
    wait_until 10 test -s "$RUN/supervisor.json" || die "the supervisor does not start: $(cat -- "$RUN/log/supervisor.log")"
}

# What jq finds in the supervisor's state.
state() { jq -r "$@" "$RUN/supervisor.json"; }

supervisor_is_up() {
    [[ -s $RUN/supervisor.json ]] && is_running "$(state .supervisor)" "supervise --config $RUN/config/supervisor.json"
}

all_ready() { [[ $(state '[.processes[].ready] | all') == true ]]; }

ready_or_hopeless() { all_ready || ! supervisor_is_up || [[ $(state '[.processes[].phase] | any(. == "ended")') == true ]]; }

# Waits for every READY=1; says who is not, and why, when that does not come.
wait_for_ready() { # SECONDS
    local name why
    # shellcheck disable=SC2016 # $name is jq's
    why='.processes[] | select(.name == $name) | "\(.phase), \(.status), \(.lastExit // "")"'
    wait_until "$1" ready_or_hopeless || true
    if all_ready; then return; fi
    while read -r name; do
        printf '\n%s is not ready: %s\n' "$name" "$(state --arg name "$name" "$why")" >&2
        tail -n 15 -- "$RUN/log/$name.log" >&2 || true
    done < <(state '.processes[] | select(.ready | not) | .name')
    return 1
}

# Stops the supervisor and with it the daemons; daemons that a killed supervisor left behind are stopped too.
stop_daemons() {
    local supervisor name pid
    [[ -s $RUN/supervisor.json ]] || return 0
    supervisor=$(state .supervisor)
    if supervisor_is_up; then
        kill -TERM "$supervisor"
        wait_until 60 not_running "$supervisor" supervise || die "the supervisor ($supervisor) does not stop"
    fi
    while read -r name pid; do
        stop_orphan "$name" "$pid"
    done < <(state '.processes[] | select(.pid) | "\(.name) \(.pid)"')
    rm -f -- "$RUN/supervisor.json"
}

stop_orphan() { # NAME PID
    is_running "$2" "$RUN/" || return 0
    say "Stopping $1 ($2), which its supervisor left behind"
    kill -TERM "$2"
    wait_until 25 not_running "$2" "$RUN/" || kill -KILL "$2"
}

# What a person or a script needs to talk to the stack.
write_environment() { # BIN
    local line name variable address
    {
        printf '# Addresses of the stack in %s; made by deploy/dev/up.\n' "$ROOT"
        for line in "${ADDRESSES[@]}"; do
            read -r name variable address <<<"$line"
            printf 'export BILLING_%s_URL=%q\n' "$variable" "$address"
        done
        printf 'export BILLING_BIN=%q BILLING_RUN=%q BILLING_CONFIG=%q\n' "$1" "$RUN" "$RUN/config"
        printf 'export BILLING_OPERATOR_TOKEN=%q BILLING_SOURCE_TOKEN=%q\n' \
            "$(cat -- "$RUN/credentials/operator-token")" "$(cat -- "$RUN/credentials/source-token")"
        printf 'export BILLING_CLOCK=%q BILLING_REDIS=%q\n' "$RUN/clock" "$REDIS_SOCKET"
        printf 'export PGHOST=%q PGPORT=%q PGUSER=postgres PGDATABASE=%q\n' "$SERVERS_HOME" "$POSTGRES_PORT" "$DATABASE"
    } >"$RUN/env.new"
    chmod 600 -- "$RUN/env.new"
    mv -- "$RUN/env.new" "$RUN/env"
}

print_table() {
    local line name variable address
    printf '\n  %-16s %-28s %s\n' process address '. .run/env'
    for line in "${ADDRESSES[@]}"; do
        read -r name variable address <<<"$line"
        printf '  %-16s %-28s %s\n' "$name" "$address" "BILLING_${variable}_URL"
    done
    printf '  %-16s %-28s %s\n' PostgreSQL "127.0.0.1:$POSTGRES_PORT" "psql (socket $SERVERS_HOME)"
    printf '  %-16s %-28s %s\n\n' Redis "127.0.0.1:$REDIS_PORT" "redis-cli -s $REDIS_SOCKET"
}
