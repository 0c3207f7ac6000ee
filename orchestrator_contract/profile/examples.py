"""Examples of the lines of TOML that give a target its capabilities."""

from __future__ import annotations

from pathlib import Path

#: A wheel holds the page in the package, a checkout above it.
_ROOTS = (Path(__file__).parents[1] / "_suite", Path(__file__).parents[2])
_PAGE = Path("docs", "profile.md")
_SECTIONS = {
    "provision": """\
[provision]
mode = "create"  # or "pool" with pool = ["SID"], or "command" with command = ["./create"]""",
    "credentials": """\
[[accounts]]
username_env = "VENDOR_USER"  # names of environment variables, never the secrets
password_env = "VENDOR_PASSWORD\"""",
    "accounts": """\
[[accounts]]  # the second one, whose keys and configurations have to be kept apart
username_env = "OTHER_USER"
password_env = "OTHER_PASSWORD\"""",
    "regions": """\
[[regions]]
base_url = "https://region-2.example.com\"""",
    "operation_failure": """\
[operation_failure]  # how to make an accepted delete end FAILED
headers = { "X-Fault" = "operation" }  # or sid = "SID\"""",
    "clock": """\
[clock]  # without one, --ttl-ledger FILE judges the lifetime of keys, in two runs
advance_url = "http://127.0.0.1:9000/__clock"  # takes POST {"seconds": 86401}""",
    "conversations": """\
[conversations]
pool = ["conv_conversation_00000000000000000000000000"]  # or command = ["./print-ids"]""",
}
#: Capabilities that the section of another name gives.
_ELSEWHERE = {"create": "provision", "credentials": "accounts"}
_FAULT = """\
[faults.STATUS]  # how to make a DELETE get a STATUS: by headers, sid = "SID", or
headers = { "X-Fault" = "STATUS" }  # burst = { requests = 200, concurrency = 50 }"""


def example(capability: str) -> str:
    """The lines of a profile that give *capability*."""
    if capability.startswith("fault."):
        return _FAULT.replace("STATUS", capability.removeprefix("fault."))
    return _SECTIONS["provision" if capability == "create" else capability]


def anchor(capability: str) -> str:
    """The heading of docs/profile.md that describes *capability*."""
    fault = capability.startswith("fault.")
    return "faults429" if fault else _ELSEWHERE.get(capability, capability)


def page() -> Path:
    """The path of docs/profile.md, from the folder of the run if it is below that."""
    path = next((one for root in _ROOTS if (one := root / _PAGE).is_file()), _PAGE)
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path
