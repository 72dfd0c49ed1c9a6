#!/bin/bash -eu
# Builds every fuzz target into $OUT, with its dictionary and its committed inputs, as ClusterFuzzLite and OSS-Fuzz
# expect (`fuzz/README.md` describes the other steps for OSS-Fuzz). Overflow checks and debug assertions are on.
cd "$SRC/embedded-jwt"
cargo fuzz build -O --debug-assertions

for source in fuzz/fuzz_targets/*.rs; do
    target=$(basename "$source" .rs)
    cp "fuzz/target/x86_64-unknown-linux-gnu/release/$target" "$OUT/"
    cp "fuzz/dictionaries/$target.dict" "$OUT/"
    find fuzz/seeds fuzz/regressions -path "*/$target/*" -type f -print0 | xargs -0 zip -q -j "$OUT/${target}_seed_corpus.zip"
done
