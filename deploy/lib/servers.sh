# shellcheck shell=bash
# A private PostgreSQL 15 and Redis 7 below a directory of the checkout: own data, Unix sockets, free loopback ports, and
# durable. The system's clusters are never used, never stopped.

# PostgreSQL refuses to run as root: then it runs as the user postgres, whose its directory must be.
as_postgres() {
    if ((EUID == 0)); then (cd / && runuser -u postgres -- "$@"); else "$@"; fi
}

postgres_program() { printf '/usr/lib/postgresql/15/bin/%s' "$1"; }

# Where the servers of DIR live: DIR itself, or, where the user postgres can't reach that or a socket's path would be longer than
# 107 bytes, a private directory below /var/tmp to which DIR then is a link. Makes it.
servers_home() { # DIR
    local dir=$1 home
    mkdir -p -- "$(dirname -- "$dir")"
    if [[ ! -d $dir ]]; then
        [[ ! -L $dir ]] || rm -- "$dir"
        home=$(cd -- "$(dirname -- "$dir")" && pwd -P)/$(basename -- "$dir")
        mkdir -m 700 -- "$dir"
        ((EUID != 0)) || chown postgres: -- "$dir"
        if ((${#home} > 90)) || ! as_postgres test -w "$home"; then
            rmdir -- "$dir"
            home=$(mktemp -d /var/tmp/warp-billing.XXXXXX)
            ((EUID != 0)) || chown postgres: -- "$home"
            ln -s -- "$home" "$dir"
        fi
    fi
    readlink -f -- "$dir"
}

# Starts both servers and says where they are: SERVERS_HOME (directory of both sockets), POSTGRES_PORT, REDIS_SOCKET, REDIS_PORT.
servers_start() { # DIR [APPENDFSYNC]
    local fsync=${2:-everysec}
    SERVERS_HOME=$(servers_home "$1")
    if postgres_is_up "$SERVERS_HOME" && redis_is_up "$SERVERS_HOME"; then
        # shellcheck source=/dev/null
        . "$SERVERS_HOME/ports"
    else
        servers_stop "$1"
        POSTGRES_PORT=$(free_ports 2 "servers $SERVERS_HOME")
        REDIS_PORT=$((POSTGRES_PORT + 1))
        printf 'POSTGRES_PORT=%d\nREDIS_PORT=%d\n' "$POSTGRES_PORT" "$REDIS_PORT" >"$SERVERS_HOME/ports"
        start_postgres "$SERVERS_HOME" "$POSTGRES_PORT"
        start_redis "$SERVERS_HOME" "$REDIS_PORT" "$fsync"
    fi
    # shellcheck disable=SC2034 # read by the scripts that source this
    REDIS_SOCKET=$SERVERS_HOME/redis.sock
}

# Stops the servers of DIR, if they run, and nothing else.
servers_stop() { # DIR
    local home
    [[ -d $1 ]] || return 0
    home=$(readlink -f -- "$1")
    if postgres_is_up "$home"; then
        logged "$home/stop.log" as_postgres "$(postgres_program pg_ctl)" -D "$home/postgres" -m fast -w -t 60 stop
    fi
    if redis_is_up "$home"; then
        local pid
        pid=$(cat -- "$home/redis/redis.pid")
        redis-cli -s "$home/redis.sock" shutdown >/dev/null 2>&1 || true
        wait_until 60 test ! -e "/proc/$pid" || die "Redis ($pid) does not stop"
    fi
}

# Stops the servers of DIR and forgets their data.
servers_erase() { # DIR
    local home
    servers_stop "$1"
    [[ -e $1 || -L $1 ]] || return 0
    home=$(readlink -f -- "$1")
    rm -rf -- "$home" "$1"
}

postgres_is_up() { # HOME
    [[ -f $1/postgres/postmaster.pid ]] && as_postgres "$(postgres_program pg_ctl)" -D "$1/postgres" status >/dev/null 2>&1
}

redis_is_up() { # HOME
    [[ -S $1/redis.sock && -f $1/redis/redis.pid ]] && redis-cli -s "$1/redis.sock" ping >/dev/null 2>&1
}

not_running() { ! is_running "$@"; }

start_postgres() { # HOME PORT
    local home=$1 data=$1/postgres memory
    if [[ ! -f $data/PG_VERSION ]]; then
        # Whoever can enter the directory is trusted at the socket; TCP asks for a password.
        logged "$home/initdb.log" as_postgres "$(postgres_program initdb)" -D "$data" -U postgres -E UTF8 --no-locale \
            --auth-local=trust --auth-host=scram-sha-256
        printf "include 'warp.conf'\n" >>"$data/postgresql.conf"
    fi
    memory=$(awk '/^MemTotal:/ {print int($2 / 1024)}' /proc/meminfo)
    cat >"$data/warp.conf" <<CONF
listen_addresses = '127.0.0.1'
port = $2
unix_socket_directories = '$home'
unix_socket_permissions = 0700
max_connections = 400
shared_buffers = $((memory >= 8192 ? 2048 : memory / 4))MB
max_wal_size = 8GB
checkpoint_timeout = 15min
fsync = on
synchronous_commit = on
full_page_writes = on
timezone = 'UTC'
log_timezone = 'UTC'
log_line_prefix = '%m [%p] %u@%d '
CONF
    chmod 644 -- "$data/warp.conf"
    logged "$home/start.log" as_postgres "$(postgres_program pg_ctl)" -D "$data" -l "$home/postgres.log" -w -t 60 start ||
        {
            tail -n 20 -- "$home/postgres.log" >&2
            die "PostgreSQL does not start"
        }
}

start_redis() { # HOME PORT APPENDFSYNC
    local home=$1
    mkdir -p -- "$home/redis"
    chmod 700 -- "$home/redis"
    cat >"$home/redis/redis.conf" <<CONF
bind 127.0.0.1
port $2
protected-mode yes
unixsocket $home/redis.sock
unixsocketperm 700
dir $home/redis
pidfile $home/redis/redis.pid
logfile $home/redis.log
daemonize yes
appendonly yes
appendfsync $3
save ""
maxmemory-policy noeviction
CONF
    logged "$home/start.log" redis-server "$home/redis/redis.conf"
    wait_until 60 redis_is_up "$home" || {
        tail -n 20 -- "$home/redis.log" >&2
        die "Redis does not start"
    }
}

# psql on the private server, as its superuser; stops at the first error.
private_psql() { # ARGUMENT...
    psql -X -q -v ON_ERROR_STOP=1 -h "$SERVERS_HOME" -p "$POSTGRES_PORT" -U postgres "$@"
}
