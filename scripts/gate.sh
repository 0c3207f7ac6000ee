#!/usr/bin/env bash
# Runs the contract suite as a gate and tells a CI system what came of it; action.yml calls it.
#
# Reads INPUT_TARGET, INPUT_EFFORT, INPUT_REQUIREMENT, INPUT_WAIVERS, INPUT_REPORT (texts; empty: the suite's default),
# INPUT_STRICT, INPUT_REQUIRE_VERIFIED, INPUT_YES ("true" or else) and PYTHON (default: python3), which has the suite
# installed. Paths count from the current folder. Appends verdict, exit-code and report to the file $GITHUB_OUTPUT and
# the report to $GITHUB_STEP_SUMMARY, where these are set. Ends with the suite's exit code.
set -euo pipefail

project=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
report=${INPUT_REPORT:-conformance-report}
arguments=("--report=$report")
[ -z "${INPUT_TARGET:-}" ] || arguments+=("--target=$INPUT_TARGET")
[ -z "${INPUT_EFFORT:-}" ] || arguments+=("--effort=$INPUT_EFFORT")
[ -z "${INPUT_REQUIREMENT:-}" ] || arguments+=("--requirement=$INPUT_REQUIREMENT")
[ -z "${INPUT_WAIVERS:-}" ] || arguments+=("--waivers=$INPUT_WAIVERS")
[ "${INPUT_STRICT:-}" != true ] || arguments+=(--strict)
[ "${INPUT_REQUIRE_VERIFIED:-}" != true ] || arguments+=(--require-verified)
[ "${INPUT_YES:-}" != true ] || arguments+=(--yes)

# An older report must not be taken for this run's.
rm -f "$report/conformance.json" "$report/conformance.md"

code=0
"${PYTHON:-python3}" -m pytest -p no:cacheprovider -c "$project/pyproject.toml" "$project/tests/contract" "${arguments[@]}" || code=$?

verdict=none
if [ -f "$report/conformance.json" ]; then
  verdict=$("${PYTHON:-python3}" -c 'import json, sys; print(json.load(open(sys.argv[1], encoding="utf-8"))["verdict"])' \
    "$report/conformance.json")
fi
if [ -n "${GITHUB_OUTPUT:-}" ]; then
  printf '%s\n' "verdict=$verdict" "exit-code=$code" "report=${report//[$'\r\n']/}" >>"$GITHUB_OUTPUT"
fi
if [ -n "${GITHUB_STEP_SUMMARY:-}" ]; then
  if [ -f "$report/conformance.md" ]; then
    # A step's summary holds 1 MiB.
    head -c 1000000 "$report/conformance.md" >>"$GITHUB_STEP_SUMMARY"
  else
    printf 'The contract suite ended with exit code %s and wrote no report; the log says why.\n' "$code" >>"$GITHUB_STEP_SUMMARY"
  fi
fi
exit "$code"
