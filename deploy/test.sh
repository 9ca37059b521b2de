#!/usr/bin/env bash
# All checks, from a clean clone: format, alert rules, build, tests against a PostgreSQL and a Redis of their own, units, scripts, the rigs with real
# Kamailio, Jasmin, nginx and the emulator of BigQuery, kills under load, and the end-to-end test. Ends with a table of the steps and exit 0 when all of them passed.
#
#   --campaign NAME     run one of the long checks of deploy/campaigns/ after that, and show what it found
#   --only STEP         run this step alone (repeatable), with the build that it needs; --list names the steps
#   --debug             check the debug build
#
# Logs are below .run/test/, the build below .build-test, so that it disturbs no build of yours.
. "$(dirname -- "${BASH_SOURCE[0]}")/lib/common.sh"
RUN=$RUN/test
. "$ROOT/deploy/lib/packages.sh"
. "$ROOT/deploy/lib/servers.sh"

RIGS=(nginx kamailio jasmin bigquery faults once wallet)
STEPS=(packages format scripts alerts build units tests "${RIGS[@]}" end-to-end)
campaign="" only=() configuration=release
while (($# > 0)); do
    case $1 in
    --campaign) campaign=${2:?--campaign wants a name} && shift ;;
    --only) only+=("${2:?--only wants a step}") && shift ;;
    --debug) configuration=debug ;;
    --list)
        printf '%s\n' "${STEPS[@]}"
        exit
        ;;
    *) die "unknown option $1; the head of this file lists them" ;;
    esac
    shift
done
if [[ -n $campaign ]]; then
    [[ -x $ROOT/deploy/campaigns/$campaign ]] || die "there is no deploy/campaigns/$campaign"
fi

# The same flags for build and test, or the second would build again.
SWIFT_FLAGS=(-c "$configuration" --scratch-path "$ROOT/.build-test" -Xswiftc -enable-testing)

check_packages() {
    ensure_packages "${BUILD_PACKAGES[@]}" "${STACK_PACKAGES[@]}" "${CHECK_PACKAGES[@]}"
    ensure_swift
}

check_format() {
    (cd -- "$ROOT" && swift format lint --strict --parallel --recursive Package.swift Sources Tests)
}

check_scripts() {
    local scripts=()
    mapfile -t scripts < <(cd -- "$ROOT" && git ls-files --cached --others --exclude-standard -- deploy .ci |
        while read -r file; do
            [[ ! -f $file ]] || ! head -n 1 -- "$file" | grep -q '^#\(!.*bash\| shellcheck shell=bash\)' || printf '%s\n' "$file"
        done)
    (cd -- "$ROOT" && shellcheck "${scripts[@]}")
}

check_build() {
    (cd -- "$ROOT" && swift build "${SWIFT_FLAGS[@]}" --build-tests)
}

# The units as they stand, in a root directory of their own in which every program they name exists.
check_units() {
    local root=$RUN/units file program
    rm -rf -- "$root"
    mkdir -p -- "$root/etc/systemd/system"
    cp -- "$ROOT"/systemd/*.service "$ROOT"/systemd/*.target "$root/etc/systemd/system/"
    # What a real system brings, as far as the units name it.
    for file in /usr/lib/systemd/system/{sysinit,basic,shutdown,multi-user,network-online}.target; do
        install -D -m 644 -- "$file" "$root$file"
    done
    while read -r program; do
        install -D -m 755 -- /bin/true "$root$program"
    done < <(sed -nE 's/^Exec[A-Za-z]*=[-@:+!]*([^ ]+).*/\1/p' "$ROOT"/systemd/*.service | sort -u)
    local units=() services=() said
    for file in "$ROOT"/systemd/*.{service,target}; do
        file=$(basename -- "$file")
        units+=("${file/@./@1.}")
        [[ $file != *.service ]] || services+=("${file/@./@1.}")
    done
    cd -- "$root/etc/systemd/system"
    # It may complain and still exit 0: any word counts.
    said=$(systemd-analyze verify --man=no --root="$root" "${units[@]}" 2>&1) || true
    if [[ -n $said ]]; then
        say "$said"
        return 1
    fi
    # These say what is wrong and exit 0 too.
    said=$(systemd-sysusers --root="$root" "$ROOT/systemd/sysusers.d/warp-billing.conf" 2>&1 | grep -v '^Creating ') || true
    said+=$(systemd-tmpfiles --root="$root" --create "$ROOT/systemd/tmpfiles.d/warp-billing.conf" 2>&1) || true
    if [[ -n $said ]]; then
        say "$said"
        return 1
    fi
    # Exposure of at most 2.0, of 10.
    systemd-analyze security --offline=true --root="$root" --threshold=20 --no-pager "${services[@]}"
}

check_alerts() { "$ROOT/deploy/prometheus/check"; }

# Every service test runs: with REQUIRE_SERVICES a missing server is a failure, not a skip.
check_tests() {
    servers_start "$RUN/servers"
    (cd -- "$ROOT" && REQUIRE_SERVICES=1 WARP_TEST_REDIS=$REDIS_SOCKET \
        WARP_TEST_POSTGRES="host=$SERVERS_HOME port=$POSTGRES_PORT user=postgres dbname=postgres" \
        swift test "${SWIFT_FLAGS[@]}" --skip-build --no-parallel)
}

# The rigs start servers of their own and drive the programs that were built here.
rig() { # NAME ARGUMENT...
    local name=$1
    shift
    WARP_RUN=$RUN WARP_BIN=$ROOT/.build-test/$configuration "$ROOT/deploy/rigs/$name/run" "$@"
}
check_nginx() { rig nginx; }
check_kamailio() { rig kamailio; }
check_jasmin() { rig jasmin; }
check_bigquery() { rig bigquery --seed 1; }
# A slice of deploy/campaigns/ingest-faults.
check_faults() { rig faults --kills 2 --seed 1; }
# A slice of deploy/campaigns/poller-once.
check_once() { rig once --kills 6 --calls 400 --seed 1; }
# A slice of deploy/campaigns/wallet-kills.
check_wallet() { rig wallet --kills 6 --seed 1; }

# deploy/end-to-end.sh starts a stack of its own from the programs that were built here.
check_end_to_end() {
    WARP_RUN=$RUN/end-to-end WARP_BIN=$ROOT/.build-test/$configuration "$ROOT/deploy/end-to-end.sh"
}

check_campaign() {
    WARP_RUN=$RUN/campaign WARP_BIN=$ROOT/.build-test/$configuration "$ROOT/deploy/campaigns/$campaign"
}

clean_up() {
    local status=$?
    trap - EXIT
    if [[ -n $step_group ]]; then kill -TERM -- "-$step_group" 2>/dev/null || true; fi
    if [[ -d $RUN/end-to-end ]]; then WARP_RUN=$RUN/end-to-end "$ROOT/deploy/dev/down" || true; fi
    servers_erase "$RUN/servers" || true
    exit "$status"
}

# Runs a step, its output in a log; prints how it ended and how long it took.
step_group=""
step() { # NAME
    local name=$1 started=$SECONDS status=0 verdict=passed
    printf '%-12s ' "$name"
    # In a process group of its own, so that nothing of it outlives this script; in a subshell with errexit, so that it stops at
    # its first error. The servers it starts are found again by their directory.
    set -m
    (set -e && "check_${name//-/_}") >"$RUN/$name.log" 2>&1 </dev/null &
    step_group=$!
    set +m
    wait "$step_group" || status=$?
    step_group=""
    ((status == 0)) || verdict=FAILED
    printf '%-8s %5d s\n' "$verdict" $((SECONDS - started))
    # What could not be checked on this machine is never passed over.
    grep -h SKIPPED -- "$RUN/$name.log" || true
    ((status == 0)) || {
        tail -n 60 -- "$RUN/$name.log"
        say "(all of it is in $RUN/$name.log)"
    } >&2
    return "$status"
}

mkdir -p -- "$RUN"
trap clean_up EXIT
trap 'exit 130' INT TERM
if ((${#only[@]} > 0)); then
    STEPS=("${only[@]}")
    # What runs programs runs those of the present sources.
    case " ${only[*]} " in
    *" build "*) ;;
    *) for name in tests end-to-end "${RIGS[@]}"; do
        [[ " ${only[*]} " != *" $name "* ]] || { STEPS=(build "${STEPS[@]}") && break; }
    done ;;
    esac
fi
[[ -z $campaign ]] || STEPS+=(campaign)

failed=()
for name in "${STEPS[@]}"; do
    [[ -n $name ]] || continue
    declare -F "check_${name//-/_}" >/dev/null || die "there is no step $name; --list names them"
    # Not in a condition: bash would then ignore errexit in all of the step, its subshell too.
    set +e
    step "$name"
    status=$?
    set -e
    if ((status != 0)); then
        failed+=("$name")
        # Without packages or programs nothing else says anything.
        [[ $name != packages && $name != build ]] || break
    elif [[ $name == campaign ]]; then
        # Its table is what it is run for.
        cat -- "$RUN/campaign.log"
    fi
done

printf '\n'
if ((${#failed[@]} > 0)); then
    say "FAILED: ${failed[*]}"
    exit 1
fi
say "All checks passed in $SECONDS s."
