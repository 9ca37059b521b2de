#!/usr/bin/env bash
# Measures what must be fast, from a clean clone: builds the release, makes the data once, prints a line of JSON for each figure.
#
#   deploy/bench.sh NAME    run a benchmark
#   --list                  the names
#
# A row has name, value, unit, peer, peer_value, ratio, rss_bytes and note: the peer did the same work in the same run, so the ratio
# means something on a noisy machine too. Data is below .run/bench/ and is made again when its generator changes; WARP_RUN and
# WARP_BIN as in deploy/dev/up. docs/reference/benchmarks.md says what each figure is.
. "$(dirname -- "${BASH_SOURCE[0]}")/lib/common.sh"
RUN=$RUN/bench
. "$ROOT/deploy/lib/packages.sh"
. "$ROOT/deploy/bench/ingest.sh"
. "$ROOT/deploy/bench/poller.sh"
. "$ROOT/deploy/bench/wallet.sh"

BENCHMARKS=(rate parse ingest poller wallet)
name=${1-}
case $name in
--list)
    printf '%s\n' "${BENCHMARKS[@]}"
    exit
    ;;
"" | -*) die "which one? --list names them" ;;
esac
[[ " ${BENCHMARKS[*]} " == *" $name "* ]] || die "there is no benchmark $name; --list names them"

# The release's programs that the benchmark runs, unless WARP_BIN holds them.
build() {
    local products=(billing-bench) product
    case $name in
    ingest) products+=(billingctl cdr-ingest) ;;
    poller) products=(billingctl cdr-ingest biller vendor-recon poller) ;;
    wallet) products+=(billingctl cdr-ingest biller vendor-recon poller wallet) ;;
    esac
    bin=${WARP_BIN-}
    [[ -z $bin ]] || return 0
    ensure_packages "${BUILD_PACKAGES[@]}"
    ensure_swift
    say "Building (release)" >&2
    for product in "${products[@]}"; do
        (cd -- "$ROOT" && logged "$RUN/build-$product.log" swift build -c release --product "$product")
    done
    bin=$ROOT/.build/release
}

# Reference data at a carrier's size and a million records; kept until its generator changes.
rate_data() {
    local generators stamp
    generators=("$ROOT"/deploy/bench/gen_*.py "$ROOT"/deploy/bench/data/*.csv)
    stamp=$(cat -- "${generators[@]}" | sha256sum | cut -d' ' -f1)
    data=$RUN/rate
    [[ ! -f $data/stamp || $(<"$data/stamp") != "$stamp" ]] || return 0
    ensure_packages python3
    say "Making the data (a few minutes, once)" >&2
    rm -rf -- "$data" "$data.new"
    logged "$RUN/generate.log" python3 "$ROOT/deploy/bench/gen_rate.py" --out "$data.new"
    printf '%s\n' "$stamp" >"$data.new/stamp"
    mv -- "$data.new" "$data"
}

bench_rate() {
    rate_data
    "$bin/billing-bench" rate --data "$data"
}

bench_parse() {
    rate_data
    "$bin/billing-bench" parse --data "$data/raw_cdrs.jsonl"
}

mkdir -p -- "$RUN"
build
"bench_$name"
