# shellcheck shell=bash
# Sourced by the scripts below deploy/: where things are, and how they say something.
set -euo pipefail

# The checkout, and the directory below which everything is kept that a script makes. WARP_RUN moves the latter.
ROOT=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.." && pwd -P)
# shellcheck disable=SC2034 # read by the scripts that source this
RUN=${WARP_RUN:-$ROOT/.run}
# The database that the daemons use, on a server of the checkout's own.
# shellcheck disable=SC2034 # read by the scripts that source this
DATABASE=warp_billing
# What the Python below deploy/ shares.
export PYTHONPATH=$ROOT/deploy/lib

say() { printf '%s\n' "$*"; }

die() {
    printf '%s: %s\n' "${0##*/}" "$*" >&2
    exit 1
}

# Runs a command, its output in a log; shows the log's end when it fails.
logged() { # LOG COMMAND...
    local log=$1 status=0
    shift
    mkdir -p -- "$(dirname -- "$log")"
    "$@" >"$log" 2>&1 </dev/null || status=$?
    if ((status != 0)); then
        printf '%s failed (%d); the end of %s:\n' "${1##*/}" "$status" "$log" >&2
        tail -n 40 -- "$log" >&2
    fi
    return "$status"
}

# Waits until a command succeeds, at most so many seconds.
wait_until() { # SECONDS COMMAND...
    local deadline=$((SECONDS + $1))
    shift
    until "$@" >/dev/null 2>&1; do
        ((SECONDS < deadline)) || return 1
        sleep 0.1
    done
}

# Whether a process with this id runs and has this text on its command line: an id alone may have been given away again.
is_running() { # PID TEXT
    [[ $1 =~ ^[0-9]+$ && -r /proc/$1/cmdline ]] || return 1
    tr '\0' ' ' 2>/dev/null <"/proc/$1/cmdline" | grep -qF -- "$2"
}

# The first of so many loopback ports in a row that are all free. Each key starts its search elsewhere, so two checkouts keep
# apart; below the range from which the kernel takes the ports of outgoing connections.
free_ports() { # COUNT KEY
    local count=$1 start attempt first
    start=$(printf '%s' "$2" | cksum | cut -d' ' -f1)
    for attempt in {0..399}; do
        first=$((20000 + (start + attempt) % 400 * 30))
        if ports_are_free "$first" "$count"; then
            printf '%d\n' "$first"
            return
        fi
    done
    die "no $count free loopback ports in a row between 20000 and 32000"
}

ports_are_free() { # FIRST COUNT
    local port
    for ((port = $1; port < $1 + $2; port++)); do
        if (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then return 1; fi
    done
}
