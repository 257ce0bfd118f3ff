#!/usr/bin/env bash
# Runs the programs in order, or those that are named, and prints their tables. With --write these take the place of the ones
# in README.md, between the marks. Ten minutes on an idle machine; nothing else should run on it.
#
# bench/all.sh [--write] [decide | visitor | threads | tracking | load | axum | actix | rocket | sdks | build-cost]...
set -euo pipefail
cd "$(dirname "$0")"

write=
if [ "${1:-}" = --write ]; then
  write=1
  shift
fi
programs=("$@")
if [ ${#programs[@]} = 0 ]; then
  programs=(decide visitor threads tracking load axum actix rocket sdks build-cost)
fi
out="$(mktemp)"
trap 'rm -f "$out"' EXIT

cargo build --quiet --release --locked
for program in "${programs[@]}"; do
  printf '\n== %s\n' "$program"
  case "$program" in
    sdks) sdks/run.sh ;;
    build-cost) (cd .. && cargo xtask build-cost) ;;
    *) target/release/bench "$program" ;;
  esac | tee "$out"
  if [ -n "$write" ] && grep -q 'not run' "$out"; then
    echo "README.md keeps its table of $program: not all of it has been run"
  elif [ -n "$write" ]; then
    awk -v out="$out" -v program="$program" '
      $0 == "<!-- end -->" { skip = 0 }
      !skip { print }
      $0 == "<!-- " program " -->" {
        skip = 1
        # No two empty lines in a row, and none at either end.
        while ((getline line < out) > 0) { if (line == "") blank = some; else { if (blank) print ""; print line; blank = 0; some = 1 } }
      }
    ' README.md > README.md.new
    mv README.md.new README.md
  fi
done
