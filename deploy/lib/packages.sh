# shellcheck shell=bash
# shellcheck disable=SC2034 # read by the scripts that source this
# What must be installed: Debian's packages (installed here when root or sudo may) and Swift (never installed here).

# The C libraries and what a build asks for.
BUILD_PACKAGES=(
    git ca-certificates libc6-dev libstdc++-12-dev pkg-config tzdata
    libpq-dev libhiredis-dev libcurl4-openssl-dev libssl-dev libsystemd-dev zlib1g-dev libsimdjson-dev libhpdf-dev
)
# What the private stack and the scripts run.
STACK_PACKAGES=(postgresql-15 redis-server curl jq openssl util-linux)
# What the checks run beside that: systemd for systemd-analyze, shellcheck for the scripts, prometheus for promtool.
CHECK_PACKAGES=(python3 shellcheck systemd prometheus)
# What the checks with a real Kamailio run: its modules, and sipp for callers and vendors.
KAMAILIO_PACKAGES=(kamailio kamailio-extra-modules kamailio-redis-modules kamailio-utils-modules sip-tester)

# What deploy/bench.sh ingest and wallet measure with.
WRK_BENCH_PACKAGES=(python3 wrk)
# What the rig of Jasmin runs; Jasmin itself comes from PyPI.
JASMIN_PACKAGES=(rabbitmq-server python3 python3-venv systemd)

# Installs what is missing of the packages, or lists them and stops.
ensure_packages() { # PACKAGE...
    local missing=() package as_root=()
    command -v dpkg-query >/dev/null || die "this is not Debian; it needs what these packages hold: $*"
    for package in "$@"; do
        [[ $(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null) == installed ]] || missing+=("$package")
    done
    ((${#missing[@]} > 0)) || return 0

    if ((EUID != 0)); then
        if ! sudo -n true 2>/dev/null; then
            say "These Debian packages are missing. Install them and start again:" >&2
            say "    sudo apt-get install --no-install-recommends ${missing[*]}" >&2
            exit 1
        fi
        as_root=(sudo -n)
    fi
    say "Installing ${missing[*]}"
    # A server that Debian may start with its package is not ours: it is neither used nor stopped.
    logged "$RUN/log/apt-update.log" "${as_root[@]}" apt-get update
    logged "$RUN/log/apt-install.log" "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y --no-install-recommends "${missing[@]}"
}

# Swift 6.3 or newer on the PATH.
ensure_swift() {
    local version
    command -v swift >/dev/null || die "Swift 6.3 is missing: https://www.swift.org/install/linux says how to install it"
    version=$(swift --version 2>/dev/null | sed -nE 's/.*Swift version ([0-9]+\.[0-9]+).*/\1/p' | head -n 1)
    [[ $(printf '%s\n' 6.3 "${version:-0}" | sort -V | head -n 1) == 6.3 ]] ||
        die "Swift 6.3 or newer is needed, this is ${version:-of unknown version}: https://www.swift.org/install/linux"
}
