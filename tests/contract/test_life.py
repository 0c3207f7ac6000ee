"""Whole lives: configurations are created, deleted with a key, followed, replayed and looked for again.

One cohort leads a group through every step together, so that each kind of exchange is sampled often and
over the values that may matter: forms of keys, names, descriptions, grouping types, optional parts.
"""

from typing import Any
from uuid import UUID

import pytest

from orchestrator_contract.provision import Configuration
from orchestrator_contract.scenarios import Scenarios
from orchestrator_contract.suite import Suite
from orchestrator_contract.verdict import Unverifiable

PAYLOADS: tuple[dict[str, Any], ...] = (
    {"displayName": "-" + "x" * 32},
    {"description": "d" * 512},
    {"description": "Überprüfung 设定 إعداد 🗑"},
    {"displayName": " _ Z"},
    {"memoryExtractionEnabled": True},
    {"description": "<b>&amp;\"'\\ %00 \t"},
    {"statusCallbacks": [{"url": "https://example.com/callback", "method": "POST"}]},
    {"description": "."},
    {"memoryExtractionEnabled": False, "displayName": "0"},
    {"channelSettings": {}},
    {},
    {},
)

FORMS = ("v4", "v4 upper", "v7", "v1", "nil", "max", "v5", "mixed", "v8", "v3", "v4 end digit", "none", "v6")


def key_of(form: str, suite: Suite, cohort: int) -> str | None:
    """A key of the named form; nil and max exist once, so only the first cohort sends them."""
    fresh = UUID(suite.key()).int
    if form == "none":
        return None
    if form in ("nil", "max") and cohort == 0:
        return str(UUID(int=0 if form == "nil" else 2**128 - 1))
    if form == "v4 upper":
        return str(UUID(int=fresh, version=4)).upper()
    if form == "mixed":
        return "".join(c.upper() if n % 2 else c for n, c in enumerate(suite.key()))
    if form == "v4 end digit":
        return suite.key()[:-1] + str(fresh % 10)
    version = int(form[1]) if form[0] == "v" else 4
    text = str(UUID(int=fresh, version=4))
    return f"{text[:14]}{version}{text[15:]}"


@pytest.mark.requirement(
    "HTTP-ANSWER", "HTTP-JSON", "HTTP-TYPE", "DEL-STATUS", "DEL-ACCEPT", "DEL-202-BODY", "DEL-202-HEADERS",
    "DEL-202-FOLLOW", "DEL-202-LOCATION", "DEL-202-LINKS", "DEL-202-ORIGIN", "DEL-202-RELATED", "DEL-202-OWN",
    "OP-FETCH", "OP-BODY", "OP-COMPLETED-AT", "OP-ERROR", "OP-ID", "OP-RELATED", "OP-TIMES", "OP-ORDER", "OP-ENDS",
    "OP-SUCCEEDS", "OP-RETAINED", "GONE-FETCH", "GONE-LIST", "GONE-DELETE", "GONE-ONLY", "ERR-404-BODY", "ERR-BOUNDS",
    "ERR-STATUS", "ERR-CODE", "ERR-INFO",
    "KEY-FORMS", "KEY-REPLAY", "KEY-REPLAY-ENDED", "KEY-REPLAY-WHOLE", "KEY-ONE-OPERATION", "CTRL-CONFIGURATION", "CTRL-PAGE",
)  # fmt: skip
def test_life(suite: Suite, scenarios: Scenarios, cohort: int) -> None:
    """A delete is accepted, followed, replayed while it runs and after its end, and leaves nothing behind."""
    size = suite.effort.cohort_size
    payloads = [PAYLOADS[(cohort * size + n) % len(PAYLOADS)] for n in range(size)]
    configurations = suite.configurations.take(size, payloads=payloads)
    # Every other one is fetched first: what is never looked at before its delete must be deletable, too.
    looks = [scenarios.is_there(c) for c in configurations[::2]]
    shown = [there for there, _ in looks]
    if suite.profile.provision.mode == "create":
        for configuration, (there, fetch) in zip(configurations[::2], looks, strict=True):
            if there is not None:
                suite.ledger.hold(
                    "CTRL-VISIBLE", there, expected=f"{configuration.sid}, just created", seen="404", exchanges=[fetch]
                )
    elif not all(shown):
        raise Unverifiable("a fetch does not show configurations that the profile gives")
    keys = [key_of(FORMS[(cohort * size + n) % len(FORMS)], suite, cohort) for n in range(size)]

    def delete(pair: tuple[Configuration, str | None]) -> Any:
        return scenarios.accepted(pair[0], key=pair[1], forms=pair[1] is not None)

    accepted = scenarios.each(delete, list(zip(configurations, keys, strict=True)))
    keyed = [operation for operation in accepted if operation.accepted.key is not None]
    scenarios.each(lambda operation: scenarios.replay(operation), keyed)
    done = scenarios.completed(accepted, configurations)
    scenarios.each(scenarios.gone, done)
    scenarios.each(
        lambda pair: scenarios.not_again(pair[1], key=suite.key() if pair[0] % 3 == 0 else None), list(enumerate(done))
    )
    ended = [operation for operation in done if operation.accepted.key is not None]
    scenarios.each(
        lambda pair: scenarios.replay(pair[1], requirement="KEY-REPLAY-ENDED", fresh=pair[0] % 2 == 0), list(enumerate(ended))
    )
    scenarios.each(suite.follower.poll, done[::3])
    scenarios.each(suite.follower.poll_other_links, done[:: max(1, size // 4)])
    scenarios.unlisted(done, size=suite.configurations.listing.small_size() if cohort % 4 == 1 else 1000, kept=[suite.bystander])
    suite.watch.ended(done)
