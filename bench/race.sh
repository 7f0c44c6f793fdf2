# SPDX-License-Identifier: Apache-2.0
# Sourced by the tasks that have a pooled rival in R:
#
#   . "$(dirname "$0")/../race.sh"
#   race logistic "logistic regression over 5 sites" ROWS COVARIATES
#
# runs TASK_bench, which writes the rows, then TASK/pooled.R on them, and compares the numbers of each analysis in
# their order. Both print lines NAME KEY VALUE. Numbers must agree to 1e-9 of R's, or to what R says it can
# vouch for ("NAME tolerance T"), of numbers below "NAME floor F" to that part of F. No time is printed before.
race() {
  task=$1 title=$2 rows=$3 covariates=$4
  here=$(dirname "$0")
  program=$(dirname "${CLINNOVA:?the program that ./run bench has built}")/bench/${task}_bench
  scratch=$(mktemp -d)
  trap 'rm -rf "$scratch"' EXIT
  "$program" "$rows" "$covariates" "$scratch/rows" >"$scratch/ours"
  Rscript --vanilla "$here/pooled.R" "$rows" "$covariates" "$scratch/rows" >"$scratch/r"
  names=$(sed -n 's/ seconds .*//p' "$scratch/ours")
  for name in $names; do compare "$task" "$name"; done
  echo "$title, $rows rows x $covariates covariates"
  for name in $names; do report "$name"; done
}

value() { sed -n "s/^$2 $3 //p" "$scratch/$1"; }

compare() {
  sed -n "s/^$2 number //p" "$scratch/ours" >"$scratch/ours.numbers"
  sed -n "s/^$2 number //p" "$scratch/r" >"$scratch/r.numbers"
  paste "$scratch/ours.numbers" "$scratch/r.numbers" | awk -v what="bench/$1: $2" \
    -v tolerance="$(value r "$2" tolerance)" -v floor="$(value r "$2" floor)" '
    BEGIN { if (tolerance == "") tolerance = 1e-9 }
    NF != 2 { print what ": found " NF " numbers in a line, expected 2"; failed = 1; exit 1 }
    { d = $1 - $2; if (d < 0) d = -d
      size = $2 < 0 ? -$2 : $2; if (size < floor + 0) size = floor + 0
      if (size > 0) d /= size
      if (d > worst) worst = d
      n++ }
    END { if (failed) exit 1
          if (n == 0 || worst > tolerance) {
            printf "%s: %d numbers differ by up to %.2e, expected at most %g\n", what, n, worst, tolerance
            exit 1 }
          printf "%.1e", worst }' >"$scratch/$2.worst" || { cat "$scratch/$2.worst" >&2; exit 1; }
}

report() {
  awk -v name="$1" -v worst="$(cat "$scratch/$1.worst")" \
    -v ours="$(value ours "$1" seconds)" -v ours_cpu="$(value ours "$1" cpu)" \
    -v rounds="$(value ours "$1" rounds)" -v secure="$(value ours "$1" secure)" \
    -v mib="$(value ours "$1" peak_mib)" \
    -v r="$(value r "$1" seconds)" -v r_cpu="$(value r "$1" cpu)" 'BEGIN {
      printf "  %-14s ours %6.2f s (cpu %6.2f s; %d rounds, secure sums %s, %d MiB)   R %6.2f s (cpu %6.2f s)",
        name, ours, ours_cpu, rounds, secure, mib, r, r_cpu
      printf "   ours / R %.2f (cpu %.2f); agree to %s\n", ours / r, ours_cpu / r_cpu, worst }'
}
