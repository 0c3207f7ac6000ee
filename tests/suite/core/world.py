"""An endpoint that creates and deletes, for tests of provisioning."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from orchestrator_contract.profile import Account

if TYPE_CHECKING:
    from tests.suite.core.conftest import Bench, Said, Sent

PLANE = "http://target.example/v2/ControlPlane"
ALL = "GET /Configurations?pageSize=1000"
KEY = "aaaaaaaa-2222-4333-8444-555555555555"
TWO = tuple(Account(f"user{i}", f"password{i}", ("U", "P")) for i in (1, 2))


def page(*items: Any) -> Said:
    """The last page of the list."""
    return 200, {"configurations": list(items), "meta": {"key": "configurations", "pageSize": 1000}}


class World:
    """Lets the endpoint create: one operation and one configuration for each POST."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.payloads: list[dict[str, Any]] = []
        #: Answers in place of the 202 for the first creates; None lets one pass.
        self.refuse: list[Said | None] = []
        self.status = "COMPLETED"
        #: What an operation says that it made, by its number.
        self.related: Callable[[int], Any] = lambda number: {"configurationId": f"sid{number}"}
        #: What the 202 itself says that it makes.
        self.early: Any = None
        # When what was created shows is for test_visibility.
        bench.endpoint.configurations.creator._read_lag.wait = lambda configurations: None  # type: ignore[method-assign]
        bench.script.on("POST /Configurations", self._create)
        bench.script.on(ALL, page())
        bench.script.on("GET /Configurations?pageSize=1", page())

    def _create(self, sent: Sent) -> Said:
        number = len(self.payloads)
        self.payloads.append(json.loads(sent.body))
        if self.refuse and (said := self.refuse.pop(0)) is not None:
            return said
        url = f"{sent.origin.scheme}://{sent.origin.host}/v2/ControlPlane/Operations/op{number}"
        done = "2026-11-23T00:00:05Z" if self.status in ("COMPLETED", "FAILED") else None
        operation = {
            "operationId": f"op{number}",
            "status": self.status,
            "createdAt": "2026-11-23T00:00:00Z",
            "completedAt": done,
            "statusUrl": url,
            "related": self.related(number),
            "error": None,
        }
        self.bench.script.on(f"GET /Operations/op{number}", (200, operation))
        for related in (self.related(number), self.early):
            sid = related.get("configurationId") if isinstance(related, dict) else None
            if isinstance(sid, str):
                shown = {"id": sid, **self.payloads[-1]}
                self.bench.script.unless_scripted(f"GET /Configurations/{sid}", (200, shown))
        return 202, {"statusUrl": url, "related": self.early}, {"Retry-After": "1"}

    def named(self, number: int, name: str) -> None:
        """Show one of them under a name."""
        self.bench.script.on(
            f"GET /Configurations/sid{number}", (200, {"id": f"sid{number}", "displayName": name})
        )

    def listed(self, _: Sent) -> Said:
        """The list of what was created."""
        return page(
            *(
                {"id": f"sid{number}", "displayName": name}
                for number, name in enumerate(self.names())
            )
        )

    def names(self) -> list[str]:
        """The names that were sent."""
        return [payload["displayName"] for payload in self.payloads]


def left_of(bench: Bench) -> int:
    """The rest of the deletion budget of 300."""
    coordinator = bench.endpoint.coordinator
    number = next(
        number for number in range(300, -1, -1) if coordinator.take_deletes(number) == number
    )
    coordinator.give_back_deletes(number)
    return number


def deletable(bench: Bench, sid: str, *said: Said, status: str = "COMPLETED") -> None:
    """Let the delete of a SID be answered with these, or accepted."""
    name = f"del-{sid}"
    url = f"{PLANE}/Operations/{name}"

    def accept(_: Sent) -> Said:
        if status == "COMPLETED":
            bench.script.on(f"GET /Configurations/{sid}", (404, {}))
        return 202, {"statusUrl": url}, {"Retry-After": "1"}

    bench.script.on(f"DELETE /Configurations/{sid}", *said or [accept])
    bench.script.on(
        f"GET /Operations/{name}",
        (
            200,
            {
                "operationId": name,
                "status": status,
                "createdAt": "2026-11-23T00:00:00Z",
                "statusUrl": url,
            },
        ),
    )
