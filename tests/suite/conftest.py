"""Settings of the suite's own tests."""

from __future__ import annotations

from pathlib import Path

import pytest

HERE = Path(__file__).parent

#: Tests of ten seconds and more: a release runs them, most have a shorter one of their kind.
SLOW = (
    "hostile/test_runs.py::test_the_suite_withstands[429-for-ever]",
    "hostile/test_runs.py::test_the_suite_withstands[continue-flood]",
    "hostile/test_runs.py::test_the_suite_withstands[drip-body-on-delete]",
    "hostile/test_runs.py::test_the_suite_withstands[endless-body]",
    "hostile/test_runs.py::test_the_suite_withstands[headers-5000]",
    "hostile/test_runs.py::test_the_suite_withstands[json-deep]",
    "hostile/test_runs.py::test_the_suite_withstands[length-too-long]",
    "hostile/test_runs.py::test_the_suite_withstands[member-types-on-poll]",
    "hostile/test_runs.py::test_the_suite_withstands[pending-for-ever]",
    "hostile/test_runs.py::test_the_suite_withstands[redirect-307-on-delete]",
    "hostile/test_runs.py::test_the_suite_withstands[retry-after-trillion]",
    "hostile/test_runs.py::test_the_suite_withstands[text-script]",
    "hostile/test_runs.py::test_the_suite_withstands[text-workflow]",
    "live/test_baseline.py::test_on_a_run",
    "live/test_cleanup.py::test_after_kill[kill-1]",
    "live/test_cleanup.py::test_after_kill[kill-2]",
    "live/test_cleanup.py::test_journal_of_something_else",
    "live/test_cleanup.py::test_two_runs_on_one_account",
    "live/test_recordings.py::test_nothing_to_judge_ends_with_4[cache-only]",
    "live/test_recordings.py::test_nothing_to_judge_ends_with_4[other-calls]",
    "live/test_traffic.py::test_memory_is_bounded",
    "live/test_ttl_ledger.py::test_foreign_or_damaged_file",
    "plugin/test_budget.py::test_nothing_stays_behind[",
    "plugin/test_budget.py::test_nothing_stays_behind_of_next_to_nothing[1",
    "plugin/test_exit_codes.py::test_a_report_that_can_not_be_written[xdist",
    "plugin/test_exit_codes.py::test_junit_that_can_not_be_written[xdist",
    "plugin/test_interrupt.py::test_interrupted_run_cleans_up[15",
    "plugin/test_seed.py::test_options_of_pytest",
    "docs/test_gate.py::test_a_conformant_endpoint_passes",
    "docs/test_gate.py::test_other_inputs_reach_the_suite",
    "core/test_interrupts.py::test_interrupted_anywhere[several]",
    "hostile/test_runs.py::test_the_suite_withstands[gzip-bomb]",
    "hostile/test_runs.py::test_the_suite_withstands[list-endless]",
    "hostile/test_runs.py::test_the_suite_withstands[json-nan]",
    "live/test_ttl_ledger.py::test_planted_then_judged[conformant]",
    "live/test_ttl_ledger.py::test_planted_then_judged[never-dies]",
    "live/test_traffic.py::test_own_traffic_is_judged_again",
    "live/test_cleanup.py::test_cut_journal_is_resumed",
    "plugin/test_exit_codes.py::test_xdist_gives_the_same_verdict",
    "plugin/test_command.py::test_options_of_pytest",
    "plugin/test_progress.py::test_on_a_terminal[quiet]",
    "reach/test_artefacts.py::test_no_artefact_tells_a_secret[oauth]",
    "reach/test_artefacts.py::test_the_secrets_were_sent[oauth]",
    "reach/test_artefacts.py::test_curl_lines_repeat_the_request[oauth]",
    "reach/test_artefacts.py::test_the_page_names_the_variables[oauth]",
    "referees/test_schemathesis_cli.py::test_referee_is_not_blind[error-html",
    "reach/test_verdicts.py::test_all_at_once",
    "plugin/test_lost_output.py::test_a_run_without_output[nobody-reads]",
    "plugin/test_interrupt.py::test_interrupted_with_workers[15]",
    "plugin/test_interrupt.py::test_interrupted_run_cleans_up[1-",
    "plugin/test_seed.py::test_next_run_with_workers",
    "plugin/test_files.py::test_garbage_is_one_message[content5-waivers]",
    "plugin/test_exit_codes.py::test_a_recording_that_can_not_be_written[xdist]",
    "plugin/test_budget.py::test_nothing_stays_behind_of_next_to_nothing[3",
    "report/test_junit.py::test_hostile[controls-by-workers]",
    "hostile/test_runs.py::test_the_suite_withstands[status-999]",
    "hostile/test_runs.py::test_the_suite_withstands[status-url-canary]",
    "hostile/test_runs.py::test_the_suite_withstands[silence-on-delete]",
    "hostile/test_runs.py::test_the_suite_withstands[status-url-ipv6-garbage]",
    "hostile/test_runs.py::test_the_suite_withstands[text-ansi]",
    "hostile/test_runs.py::test_the_suite_withstands[echo-credentials]",
    "referees/test_schemathesis_cli.py::test_referee_is_not_blind[create-accepted",
    "plugin/test_interrupt.py::test_terminated_with_its_workers",
    "plugin/test_interrupt.py::test_interrupted_run_cleans_up[2-before-the-first-test]",
    "plugin/test_lost_output.py::test_a_run_without_output[full-disk]",
    "plugin/test_exit_codes.py::test_broken_suite[xdist]",
    "plugin/test_files.py::test_garbage_is_one_message[content5-profile]",
    "plugin/test_histories.py",
    "live/test_ttl_ledger.py::test_planted_then_judged[dies-early]",
    "reach/test_verdicts.py::test_a_proxy_for_plain_http",
    "reach/test_verdicts.py::test_a_path_prefix",
)
#: Folders whose tests start runs, the longest first: several workers end together then.
RUNS = ("surroundings", "referees", "reach", "live", "plugin", "report", "load", "hostile", "docs")


@pytest.hookimpl(tryfirst=True)  # before -m selects
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Warnings are errors here; in a run of the contract a user's plugins may warn."""
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.filterwarnings("error"))
            if any(part in item.nodeid for part in SLOW):
                item.add_marker(pytest.mark.slow)
    items.sort(key=_place)


def _place(item: pytest.Item) -> int:
    """The place of a test's folder in the order of a session."""
    folder = item.path.relative_to(HERE).parts[0] if item.path.is_relative_to(HERE) else ""
    return RUNS.index(folder) if folder in RUNS else len(RUNS)
