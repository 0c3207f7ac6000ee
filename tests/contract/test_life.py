"""Whole lives: configurations are created, deleted with a key, followed, replayed and looked for again.

One cohort leads a group through every step together, so that each kind of exchange is sampled often and
over the values that may matter: forms of keys, names, descriptions, grouping types, optional parts.
"""

import contextlib
from typing import Any
from uuid import NAMESPACE_OID, UUID, uuid5

import pytest

from orchestrator_contract.api.configuration import Configuration
from orchestrator_contract.endpoint import Endpoint
from orchestrator_contract.exceptions import CheckInconclusive, Inconclusive, NothingToDelete
from orchestrator_contract.rules.responses import LARGEST_PAGE
from orchestrator_contract.scope import DEFAULT_SCOPE, Scope
from orchestrator_contract.steps.deletes import Scenarios

PAYLOADS: tuple[dict[str, Any], ...] = (
    {"displayName": "-" + "x" * 32},
    {"description": "d" * 512},
    {"description": "Überprüfung 设定 إعداد 🗑"},
    {"displayName": " _ Z"},
    {"memoryExtractionEnabled": True},
    {"description": "<b>&amp;\"'\\ %00 \t"},
    {"statusCallbacks": [{"url": "https://example.com/callback", "method": "POST"}]},
    {"memoryExtractionEnabled": False, "displayName": "0"},
    {
        "channelSettings": {"SMS": {"statusTimeouts": {"inactive": 10, "closed": 60}}},
        "description": ".",
    },
    {"description": ""},
    {"statusCallbacks": [{"url": f"https://example.com/{n}", "method": "POST"} for n in (1, 2)]},
    {"intelligenceConfigurationIds": [f"intelligence_configuration_{n}" for n in range(1, 6)]},
    {"conversationsV1Bridge": {}},
    {},
)

#: In one cohort "alike" and its near-equals come together. Their number has no divisor in common with that of PAYLOADS.
FORMS = (
    "v4 or v8",
    "v4 upper",
    "nil",
    "max",
    "alike",
    "other half",
    "other tail",
    "other version",
    "other head",
    "other variant",
    "mixed",
    "none",
    "v7",
    "none",
    "v1 or digits",
    "rare version",
    "none",
)
#: Versions that no RFC or few programs use, one a cohort; each of them replays in test_key, too.
RARE_VERSIONS = (6, 0, 15, 12, 9, 10, 2, 3, 13)
#: The cohort of whose operations one is asked for again and again, in rounds of several polls at once; copies that answer them may differ.
OFTEN, POLL_ROUNDS, POLLS_AT_ONCE = 1, 4, 3
#: Cohorts that another account and another region delete, where the target has them; the others stay at home.
ELSEWHERE = {2: (1, 0), 4: (0, 1)}


def key_of(form: str, endpoint: Endpoint, cohort: int) -> str | None:
    """A key of the named form; nil and max exist once, so only the first cohort sends them.

    What the "other" forms name is all in which they differ from their cohort's "alike" key.
    """
    new_connection = UUID(endpoint.key()).int
    alike = uuid5(
        NAMESPACE_OID, f"{endpoint.settings.run_id}{endpoint.settings.worker}/{cohort}"
    ).int
    numbers = {
        "nil": 0,
        "max": 2**128 - 1,
        "alike": versioned(alike, 4),
        "other tail": versioned(alike, 4) ^ 1,
        "other head": versioned(alike, 4) ^ 1 << 127,
        "other variant": versioned(alike, 4) ^ 1 << 63,
        "other version": versioned(alike, 3),
        "other half": versioned(alike & 2**62 - 1 | new_connection >> 62 << 62, 5),
        "v4 or v8": versioned(new_connection, 8 if cohort % 2 else 4),
        "v1 or digits": versioned(new_connection, 1)
        if cohort % 4 < 2
        else int(f"{new_connection % 10**30:032d}", 16),
        "rare version": versioned(new_connection, RARE_VERSIONS[cohort % len(RARE_VERSIONS)]),
        "v7": versioned(new_connection, 7),
    }
    text = (
        str(UUID(int=numbers[form]))
        if form in numbers and (cohort == 0 or form not in ("nil", "max"))
        else endpoint.key()
    )
    capitals = {
        "v4 upper": text.upper(),
        "mixed": "".join(c.upper() if n % 2 else c for n, c in enumerate(text)),
    }
    return None if form == "none" else capitals.get(form, text)


def versioned(number: int, version: int) -> int:
    """A UUID's 128 bits with *version* and the variant of RFC 9562 in their places."""
    return number & ~(0xF << 76 | 0x3 << 62) | version << 76 | 0x2 << 62


def taken_somewhere(
    endpoint: Endpoint, cohort: int, payloads: list[dict[str, Any]]
) -> list[Configuration]:
    """Configurations of the cohort's own account and region; at home where those have none to give."""
    account, region = ELSEWHERE.get(cohort % len(FORMS), (0, 0))
    if (
        (account or region)
        and account < len(endpoint.profile.accounts)
        and region < len(endpoint.profile.bases)
    ):
        with contextlib.suppress(NothingToDelete, CheckInconclusive):
            return endpoint.configurations.take(
                len(payloads), payloads=payloads, scope=Scope(account, region)
            )
    return endpoint.configurations.take(len(payloads), payloads=payloads, least=1)


@pytest.mark.requirement(
    "HTTP-COMPLETE",
    "HTTP-JSON",
    "HTTP-CONTENT-TYPE",
    "DEL-STATUS",
    "DEL-ACCEPTED",
    "DEL-202-BODY",
    "DEL-202-HEADERS",
    "DEL-202-OPERATION-NAMED",
    "DEL-202-LOCATION",
    "DEL-202-LINKS-AGREE",
    "DEL-202-STATUS-URL-ORIGIN",
    "DEL-202-RELATED",
    "DEL-202-OWN-OPERATION",
    "OP-FETCH",
    "OP-BODY",
    "OP-COMPLETED-AT",
    "OP-ERROR",
    "OP-ID",
    "OP-STATUS-URL-ORIGIN",
    "OP-RELATED",
    "OP-TIMESTAMPS",
    "OP-STATUS-ORDER",
    "OP-TERMINATES",
    "OP-COMPLETES",
    "DELETED-FETCH",
    "DELETED-LIST",
    "DELETED-DELETE",
    "EFFECT-NO-OTHER",
    "ERR-404-BODY",
    "ERR-BOUNDS",
    "ERR-STATUS-MATCHES",
    "ERR-CODE-MATCHES",
    "ERR-MORE-INFO",
    "KEY-FORMAT-ACCEPTED",
    "KEY-REPLAY",
    "KEY-REPLAY-ENDED",
    "KEY-REPLAY-BODY",
    "KEY-ONE-OPERATION",
    "CTRL-CONFIGURATION",
    "CTRL-PAGE",
)
def test_life(endpoint: Endpoint, scenarios: Scenarios, cohort: int) -> None:
    """A delete is accepted, followed, replayed while it runs and after its end, and leaves nothing behind."""
    size = endpoint.effort.cohort_size
    payloads = [PAYLOADS[(cohort * size + n) % len(PAYLOADS)] for n in range(size)]
    configurations = taken_somewhere(endpoint, cohort, payloads)
    home = configurations[0].scope == DEFAULT_SCOPE
    # Every other one is fetched first: what is never looked at before its delete must be deletable, too.
    looks = [scenarios.existence.stands(c) for c in configurations[::2]]
    shown = [there for there, _ in looks]
    if endpoint.profile.provision.mode == "create":
        for configuration, (there, fetch) in zip(configurations[::2], looks, strict=True):
            if there is not None:
                endpoint.findings.check(
                    "CTRL-READ-AFTER-CREATE",
                    there,
                    expected=f"{configuration.sid}, just created",
                    seen="404",
                    exchanges=[fetch],
                )
    elif not all(shown):
        raise Inconclusive("a fetch does not show configurations that the profile gives")
    keys = [
        key_of(FORMS[(cohort * size + n) % len(FORMS)], endpoint, cohort)
        for n in range(len(configurations))
    ]

    def delete(pair: tuple[Configuration, str | None]) -> Any:
        return scenarios.accepted(pair[0], key=pair[1], forms=pair[1] is not None)

    accepted = scenarios.each(delete, list(zip(configurations, keys, strict=True)))
    keyed = [operation for operation in accepted if operation.accepted.key is not None]
    scenarios.each(lambda operation: scenarios.replay(operation), keyed)
    done = scenarios.completed(accepted, configurations)
    scenarios.each(scenarios.existence.gone, done)
    scenarios.each(
        lambda pair: scenarios.existence.not_again(pair[1], keyed=pair[0] % 3 == 0),
        list(enumerate(done)),
    )
    ended = [operation for operation in done if operation.accepted.key is not None]
    scenarios.each(
        lambda pair: scenarios.replay(
            pair[1], requirement="KEY-REPLAY-ENDED", new_connection=pair[0] % 2 == 0
        ),
        list(enumerate(ended)),
    )
    if cohort == OFTEN:
        for _ in range(POLL_ROUNDS):
            endpoint.poller.poll_at_once(done[0], POLLS_AT_ONCE)
        scenarios.existence.gone_at_once(done[0], POLLS_AT_ONCE)
    else:
        scenarios.each(endpoint.poller.poll, done[::4])
    scenarios.each(endpoint.poller.poll_other_link, done[:: max(1, size // 4)])
    # On several pages, and as many as the endpoint likes.
    page = (
        {1: endpoint.configurations.listing.small_size(), 3: None}.get(cohort % 4, LARGEST_PAGE)
        if cohort % 2
        else LARGEST_PAGE
    )
    scenarios.existence.unlisted(
        done, size=page, kept=[endpoint.control_configuration] if home else []
    )
