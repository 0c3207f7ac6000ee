#!/usr/bin/env bash
# Runs the contract suite as a gate and reports the result to a CI system; action.yml calls it.
#
# Reads these variables; an empty one stands for the suite's default:
#   INPUT_TARGET, INPUT_EFFORT, INPUT_REQUIREMENT, INPUT_WAIVERS, INPUT_BASELINE, INPUT_FAIL_ON,
#   INPUT_SEED, INPUT_WORKERS, INPUT_REPORT, INPUT_JUNIT, INPUT_SARIF
#   INPUT_STRICT, INPUT_REQUIRE_VERIFIED, INPUT_YES: "true" or anything else
#   PYTHON: the interpreter that has the suite installed (python3)
# Paths count from the current folder. Appends verdict, exit-code and report to $GITHUB_OUTPUT and
# the report, or the message of a run without one, to $GITHUB_STEP_SUMMARY, where these are set.
# Ends with the suite's exit code.
set -euo pipefail

report=${INPUT_REPORT:-conformance-report}
arguments=("--report=$report")

option() { # option NAME VALUE: passes the option on unless the value is empty
  [ -z "$2" ] || arguments+=("$1=$2")
}
flag() { # flag NAME VALUE: passes the option on if the value is true
  [ "$2" != true ] || arguments+=("$1")
}
option --target "${INPUT_TARGET:-}"
option --effort "${INPUT_EFFORT:-}"
option --requirement "${INPUT_REQUIREMENT:-}"
option --waivers "${INPUT_WAIVERS:-}"
option --baseline "${INPUT_BASELINE:-}"
option --fail-on "${INPUT_FAIL_ON:-}"
option --seed "${INPUT_SEED:-}"
option --numprocesses "${INPUT_WORKERS:-}"
option --junitxml "${INPUT_JUNIT:-}"
option --sarif "${INPUT_SARIF:-}"
flag --strict "${INPUT_STRICT:-}"
flag --require-verified "${INPUT_REQUIRE_VERIFIED:-}"
flag --yes "${INPUT_YES:-}"

log=$(mktemp)
# An older report, which may be the baseline, must not be taken for this run's.
started=$(mktemp)
trap 'rm -f "$log" "$started"' EXIT
is_new() { # is_new FILE: true if this run wrote it
  [ "$1" -nt "$started" ]
}
code=0
"${PYTHON:-python3}" -m orchestrator_contract -p no:cacheprovider "${arguments[@]}" 2>&1 \
  | tee "$log" || code=${PIPESTATUS[0]}

verdict=none
if is_new "$report/conformance.json"; then
  verdict=$("${PYTHON:-python3}" -c \
    'import json, sys; print(json.load(open(sys.argv[1], encoding="utf-8"))["verdict"])' \
    "$report/conformance.json")
fi
if [ -n "${GITHUB_OUTPUT:-}" ]; then
  printf '%s\n' "verdict=$verdict" "exit-code=$code" "report=${report//[$'\r\n']/}" \
    >>"$GITHUB_OUTPUT"
fi

message() { # The error message of the log, else its end, as an indented block of Markdown.
  local text
  # head stops reading at its bound, and pipefail would take that for a failure of the script.
  text=$(sed -n '/^ERROR: /,$p' "$log" | head -c 4000 || true)
  [ -n "$text" ] || text=$(tail -n 20 "$log" | head -c 4000 || true)
  printf '%s\n' "$text" | sed 's/^/    /'
}
if [ -n "${GITHUB_STEP_SUMMARY:-}" ]; then
  if is_new "$report/conformance.md"; then
    # A step's summary holds 1 MiB.
    head -c 1000000 "$report/conformance.md" >>"$GITHUB_STEP_SUMMARY"
  else
    {
      printf 'The contract suite ended with exit code %s and wrote no report:\n\n' "$code"
      message
    } >>"$GITHUB_STEP_SUMMARY"
  fi
fi
exit "$code"
