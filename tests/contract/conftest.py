"""Fixtures of the contract tests: calls, checks, steps, configurations."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from orchestrator_contract.api.client import Client
from orchestrator_contract.api.poller import Poller
from orchestrator_contract.check import Check
from orchestrator_contract.contract.limits import DEFAULT_PAGE, HOUR
from orchestrator_contract.endpoint import Endpoint
from orchestrator_contract.exceptions import Inconclusive
from orchestrator_contract.inputs.key_forms import plain_forms, uncommon_forms
from orchestrator_contract.inputs.malformed_keys import (
    malformed_keys_of_every_kind,
)
from orchestrator_contract.provision.payload import NEW, RICH
from orchestrator_contract.provision.provisioner import Provisioner
from orchestrator_contract.pytest_plugin.run import RUN
from orchestrator_contract.resources.configuration import Configuration
from orchestrator_contract.resources.operation import Operation
from orchestrator_contract.scope import DEFAULT_SCOPE, Scope
from orchestrator_contract.steps.aged_keys import AgedKeys
from orchestrator_contract.steps.beside import Beside
from orchestrator_contract.steps.client_disconnect import ClientDisconnect
from orchestrator_contract.steps.clock import DAY, Clock
from orchestrator_contract.steps.concurrent_deletes import (
    CompetingRequests,
    ConcurrentDeletes,
    SecondDeletes,
)
from orchestrator_contract.steps.conversations import ConversationDelete
from orchestrator_contract.steps.delete_and_update import DeleteAndUpdate
from orchestrator_contract.steps.deletes import Deletes
from orchestrator_contract.steps.failed_operations import FailedOperations
from orchestrator_contract.steps.fault_injection import FaultInjection
from orchestrator_contract.steps.final_looks import FinalLooks
from orchestrator_contract.steps.generated import GeneratedInputs, GeneratedRequests, Histories
from orchestrator_contract.steps.key_day import CREATE, EXPIRED_KINDS, REPLAYED_KINDS, KeyDay
from orchestrator_contract.steps.key_reuse import KeyReuse, Scopes
from orchestrator_contract.steps.lifecycle import Lifecycle
from orchestrator_contract.steps.list_walks import ListedConfigurations, ListWalks
from orchestrator_contract.steps.malformed import (
    MalformedKeys,
    MalformedKeyUse,
    MalformedRequests,
    OtherMethods,
)
from orchestrator_contract.steps.namesakes import Namesakes
from orchestrator_contract.steps.other_async_calls import OtherAsyncCalls
from orchestrator_contract.steps.refusals import RateLimit, RefusedDeletes, StoredErrors
from orchestrator_contract.steps.sampled_responses import SampledResponses
from orchestrator_contract.steps.unauthorized import (
    Disclosure,
    DisturbedDeletes,
    UnauthorizedCallers,
)
from orchestrator_contract.steps.unknown_sids import UnknownSids
from orchestrator_contract.steps.updates import Updates

# ------------------------------------------------------------------ calls, checks and steps


def step(kind: type[Any]) -> Any:
    """A fixture that gives the run's one step of a *kind*."""

    def fixture(endpoint: Endpoint) -> Any:
        return endpoint.step(kind)

    fixture.__doc__ = kind.__doc__  # for `pytest --fixtures`
    return pytest.fixture(scope="session")(fixture)


check = step(Check)
client_disconnect = step(ClientDisconnect)
clock = step(Clock)
competing = step(CompetingRequests)
concurrent_deletes = step(ConcurrentDeletes)
delete_and_update = step(DeleteAndUpdate)
disclosure = step(Disclosure)
disturbed = step(DisturbedDeletes)
failed_operations = step(FailedOperations)
faults = step(FaultInjection)
final_looks = step(FinalLooks)
generated_inputs = step(GeneratedInputs)
generated_requests = step(GeneratedRequests)
histories = step(Histories)
key_reuse = step(KeyReuse)
list_walks = step(ListWalks)
malformed = step(MalformedRequests)
malformed_key_requests = step(MalformedKeys)
namesakes = step(Namesakes)
other_calls = step(OtherAsyncCalls)
other_methods = step(OtherMethods)
rate_limit = step(RateLimit)
refused_deletes = step(RefusedDeletes)
responses = step(SampledResponses)
scopes = step(Scopes)
second_deletes = step(SecondDeletes)
stored_errors = step(StoredErrors)
unauthorized = step(UnauthorizedCallers)
unknown_sids = step(UnknownSids)
updates = step(Updates)


@pytest.fixture(scope="session")
def api(endpoint: Endpoint) -> Client:
    """The calls of the contract."""
    return endpoint.client


@pytest.fixture(scope="session")
def beside(endpoint: Endpoint) -> Beside:
    """Judges beside later tests."""
    return endpoint.beside


@pytest.fixture(scope="session")
def poller(endpoint: Endpoint) -> Poller:
    """Polls operations and judges what they show."""
    return endpoint.poller


@pytest.fixture(scope="session")
def configurations(endpoint: Endpoint) -> Provisioner:
    """Idle configurations of the run's own."""
    return endpoint.configurations


@pytest.fixture(scope="session")
def new_key(endpoint: Endpoint) -> Callable[..., str]:
    """A function that gives a new idempotency key."""
    return endpoint.key


@pytest.fixture(scope="session")
def deletes(endpoint: Endpoint, request: pytest.FixtureRequest) -> Deletes:
    """Deletes that are accepted, completed and repeated."""
    deletes = endpoint.step(Deletes)
    names = {"completed", "completed_alone"}
    drawing = [item for item in request.session.items if names.intersection(_fixtures(item))]
    # Once the clock has been moved, the rest of a batch is of no use.
    deletes.expect(sum(item.get_closest_marker("clock") is None for item in drawing))
    return deletes


@pytest.fixture(scope="session")
def aged_keys(endpoint: Endpoint, request: pytest.FixtureRequest) -> AgedKeys:
    """Keys of earlier runs, from the file of --ttl-ledger."""
    return endpoint.step(AgedKeys).open(Path(request.config.option.ttl_ledger))


# ------------------------------------------------------------------ samples of the effort's sizes


@pytest.fixture
def unknown(endpoint: Endpoint, unknown_sids: UnknownSids) -> list[Configuration]:
    """Unknown SIDs of every class."""
    return unknown_sids.sample(endpoint.effort.unknown_sids)


@pytest.fixture
def few_unknown(endpoint: Endpoint, unknown_sids: UnknownSids) -> list[Configuration]:
    """Some unknown SIDs."""
    return unknown_sids.sample(max(1, endpoint.effort.unknown_sids // 6))


@pytest.fixture
def key_forms(endpoint: Endpoint) -> list[str]:
    """New keys of common forms."""
    return plain_forms(endpoint.key)[: endpoint.effort.keys_between]


@pytest.fixture
def many_keys(endpoint: Endpoint, configurations: Provisioner) -> list[str]:
    """New keys, of uncommon forms first."""
    number = configurations.sample(endpoint.effort.keys_between * 3 // 4)
    return uncommon_forms(endpoint.key, number)


# ------------------------------------------------------------------ configurations


@pytest.fixture
def configuration(configurations: Provisioner) -> Configuration:
    """An idle configuration, to be deleted."""
    return configurations.one()


@pytest.fixture
def absent(endpoint: Endpoint) -> Configuration:
    """A well-formed SID that no configuration has."""
    return endpoint.absent.one()


@pytest.fixture
def target(endpoint: Endpoint, check: Check) -> Configuration:
    """The complete configuration at which refused requests are aimed."""
    target = endpoint.targets.one()
    check.seen(target)
    return target


@pytest.fixture
def control(endpoint: Endpoint) -> Configuration:
    """The configuration that no request of the run deletes."""
    return endpoint.targets.control


@pytest.fixture
def shown_control(control: Configuration, check: Check) -> Configuration:
    """The control configuration, as a fetch shows it now."""
    check.seen(control)
    return control


@pytest.fixture
def updatable(configuration: Configuration, check: Check) -> Configuration:
    """An idle configuration, to be changed, as a fetch shows it now."""
    check.seen(configuration)
    return configuration


@pytest.fixture
def complete(endpoint: Endpoint, configurations: Provisioner, check: Check) -> Configuration:
    """An existing configuration with its optional parts, except in a quick run."""
    payloads = [] if endpoint.effort.few else [RICH]
    (complete,) = configurations.take(1, payloads=payloads)
    check.seen(complete)
    return complete


@pytest.fixture(params=["account", "region"])
def configuration_elsewhere(
    request: pytest.FixtureRequest, scopes: Scopes, configurations: Provisioner
) -> Configuration:
    """An idle configuration of another account, or in another region."""
    return configurations.one(scope=scopes.other(request.param))


@pytest.fixture
def existing(endpoint: Endpoint, configurations: Provisioner) -> Iterator[list[Configuration]]:
    """Some configurations at which only reads are aimed."""
    existing = configurations.take(1 if endpoint.effort.few else 4, least=1, sparing=True)
    yield existing
    configurations.give_back(*existing)


@pytest.fixture
def listed(endpoint: Endpoint, request: pytest.FixtureRequest) -> Iterator[ListedConfigurations]:
    """Configurations in the list, as long as tests ask for them."""
    listed = endpoint.step(ListedConfigurations)
    yield listed
    if endpoint.effort.few or not _asked_for_later("listed", request):
        listed.let_go()


@pytest.fixture
def more_than_a_page(
    endpoint: Endpoint, configurations: Provisioner
) -> Iterator[list[Configuration]]:
    """More configurations than a default page holds; later tests take what is left of them."""
    if endpoint.profile.provision.mode != "create" or endpoint.inventory.share():
        raise Inconclusive("needs room for more configurations than a default page holds")
    many = configurations.take(DEFAULT_PAGE + 2)
    yield many
    configurations.give_back(*many[:-1])


@pytest.fixture
def newest(configurations: Provisioner, check: Check) -> Configuration:
    """The configuration that was created last."""
    with contextlib.suppress(Inconclusive):  # what was made ahead may be gone
        newest = configurations.newest()
        check.seen(newest)
        return newest
    (newest,) = configurations.take(1, payloads=[NEW])
    check.seen(newest)
    return newest


@pytest.fixture
def spare(configurations: Provisioner) -> Configuration:
    """A configuration that no test needs any longer."""
    return configurations.spare()


@pytest.fixture(params=["account", "region"])
def spare_elsewhere(
    request: pytest.FixtureRequest, scopes: Scopes, configurations: Provisioner
) -> Configuration:
    """A configuration of another account, or in another region."""
    return configurations.spare(scope=scopes.other(request.param))


@pytest.fixture
def second_account(scopes: Scopes) -> Scope:
    """The scope of the second account."""
    return scopes.other("account")


@pytest.fixture
def target_of_other_account(
    configurations: Provisioner, second_account: Scope, check: Check
) -> Configuration:
    """An existing configuration of the second account."""
    target = configurations.one(scope=second_account)
    check.seen(target)
    return target


@pytest.fixture
def target_in_other_region(
    configurations: Provisioner, scopes: Scopes, check: Check
) -> Configuration:
    """An existing configuration in the second region."""
    target = configurations.one(scope=scopes.other("region"))
    check.seen(target)
    return target


# ------------------------------------------------------------------ deletes in each state


@pytest.fixture
def running(deletes: Deletes) -> Iterator[Operation]:
    """A keyed delete accepted just now, and completed beside later ones."""
    operation = deletes.accept_new()[0]
    yield operation
    deletes.later(operation)


@pytest.fixture
def lifecycle(endpoint: Endpoint, batch: int) -> Lifecycle:
    """A batch of deletes."""
    return Lifecycle(endpoint, batch)


@pytest.fixture
def undisturbed(deletes: Deletes) -> Operation:
    """A delete under a key that was accepted just now; the test completes it."""
    return deletes.accept_new()[0]


@pytest.fixture
def completed(deletes: Deletes) -> Operation:
    """A delete under a key whose operation has COMPLETED."""
    return deletes.draw()[0]


@pytest.fixture
def failed(failed_operations: FailedOperations) -> Operation:
    """A delete under a key whose operation has FAILED."""
    return failed_operations.draw()


@pytest.fixture(scope="session")
def conversation(other_calls: OtherAsyncCalls) -> ConversationDelete:
    """The delete of a conversation of the profile's, led to its end."""
    other_calls.lead_beside("delete-conversation")
    led = other_calls.led("delete-conversation")
    assert isinstance(led.call, ConversationDelete)
    return led.call


@pytest.fixture
def delete_in(request: pytest.FixtureRequest) -> Callable[[str], Operation]:
    """A function that gives a delete in a state: running, completed or failed."""
    return request.getfixturevalue


@pytest.fixture(scope="session")
def used(deletes: Deletes) -> Operation:
    """A COMPLETED delete, shared by tests that leave its key as it is."""
    return deletes.draw()[0]


@pytest.fixture
def completed_alone(deletes: Deletes) -> Operation:
    """A keyed COMPLETED delete, given to one test only."""
    return deletes.draw_alone()


@pytest.fixture(scope="session")
def reused(deletes: Deletes) -> Operation:
    """A COMPLETED delete, shared by tests that send its key elsewhere."""
    return deletes.draw_alone()


@pytest.fixture
def other(
    key_reuse: KeyReuse, configurations: Provisioner, request: pytest.FixtureRequest
) -> Iterator[Configuration]:
    """A configuration for used keys, shared as long as they are refused."""
    other = key_reuse.other()
    yield other
    if not _asked_for_later("other", request):
        configurations.kept.let_go(other)


@pytest.fixture(scope="session")
def malformed_key_uses(
    endpoint: Endpoint, malformed_key_requests: MalformedKeys
) -> list[MalformedKeyUse]:
    """Deletes under malformed keys; fewer if they are ignored."""
    keys = malformed_keys_of_every_kind(endpoint.key())[: endpoint.effort.malformed_keys]
    endpoint.random.shuffle(keys)
    return malformed_key_requests.use(keys)


# ------------------------------------------------------------------ elsewhere and later


@pytest.fixture(scope="session")
def far(scopes: Scopes) -> Scope:
    """The second account and region, as far as the target has them."""
    return scopes.farthest()


@pytest.fixture(scope="session")
def far_delete(
    endpoint: Endpoint, unauthorized: UnauthorizedCallers, deletes: Deletes, far: Scope
) -> Operation:
    """A COMPLETED delete in the farthest scope, after a wrong login."""
    configuration = endpoint.configurations.one(scope=far)
    unauthorized.delete("wrong", configuration)
    return deletes.complete([deletes.accept(configuration, key=endpoint.key())])[0]


@pytest.fixture(scope="session")
def far_failed(
    configurations: Provisioner, failed_operations: FailedOperations, far: Scope
) -> Operation:
    """A delete under a key in the farthest scope, whose operation has FAILED."""
    return failed_operations.fail_one(configurations.one(scope=far))


@pytest.fixture(params=["elsewhere", pytest.param("second-day", marks=pytest.mark.clock)])
def there(request: pytest.FixtureRequest, clock: Clock) -> Scope:
    """The farthest scope, or the default one on the second day of the run."""
    if request.param == "elsewhere":
        return request.getfixturevalue("far")  # type: ignore[no-any-return]
    clock.reach_second_day()
    return DEFAULT_SCOPE


@pytest.fixture
def configuration_there(configurations: Provisioner, there: Scope) -> Configuration:
    """An idle configuration, to be deleted there."""
    return configurations.one(scope=there)


@pytest.fixture
def control_there(endpoint: Endpoint, check: Check, there: Scope) -> Configuration:
    """The configuration that is never deleted there, as a fetch shows it now."""
    control = endpoint.targets.control_in(there)
    check.seen(control)
    return control


@pytest.fixture
def running_there(deletes: Deletes, there: Scope) -> Operation:
    """A keyed delete accepted there just now, and completed beside later ones."""
    operation = deletes.accept_new(scope=there)[0]
    deletes.later(operation)
    return operation


@pytest.fixture
def used_there(request: pytest.FixtureRequest, deletes: Deletes, there: Scope) -> Operation:
    """A COMPLETED delete under a key there, which tests leave as it is."""
    if there == DEFAULT_SCOPE:
        return deletes.draw()[0]
    return request.getfixturevalue("far_delete")  # type: ignore[no-any-return]


@pytest.fixture
def several_completed(endpoint: Endpoint, deletes: Deletes) -> list[Operation]:
    """Some deletes whose operations have COMPLETED."""
    return deletes.draw(1 if endpoint.effort.few else 2)


@pytest.fixture
def days(endpoint: Endpoint) -> list[int]:
    """Seconds between looks, within the 7 days that operations are kept."""
    long = 6 * DAY + 20 * HOUR
    return [long] if endpoint.effort.few else [2 * HOUR, 23 * HOUR, long - 25 * HOUR]


@pytest.fixture(scope="session")
def key_day(endpoint: Endpoint, request: pytest.FixtureRequest) -> KeyDay:
    """A day of keys, of the kinds that tests of this session ask for."""
    asking = [item for item in request.session.items if "key_day" in _fixtures(item)]
    kinds = {kind: None for item in asking for kind in _kinds(item)}
    day = endpoint.step(KeyDay)
    day.let_pass([*kinds])
    return day


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Parametrise tests by the effort's batches, rounds and kinds of keys."""
    effort = metafunc.config.stash[RUN].options.effort
    most = 1 if effort.few else None
    values = {
        "batch": _numbered("batch", effort.batches),
        "round_": _numbered("round", effort.rounds),
        "mix": _numbered("mix", -(-effort.rounds // 3)),
        "replayed_kind": _of_calls(REPLAYED_KINDS[:most]),
        "expired_kind": _of_calls(EXPIRED_KINDS[:most]),
    }
    for name in values.keys() & {*metafunc.fixturenames}:
        metafunc.parametrize(name, values[name])


def _numbered(name: str, number: int) -> list[Any]:
    return [pytest.param(index, id=f"{name}-{index + 1}") for index in range(number)]


def _of_calls(kinds: Sequence[str]) -> list[Any]:
    """Kinds of keys as parameters; findings of a create's key land on its own requirement."""
    create = pytest.param(CREATE, marks=pytest.mark.requirement("CTRL-KEY"))
    return [create if kind == CREATE else kind for kind in kinds]


def _asked_for_later(name: str, request: pytest.FixtureRequest) -> bool:
    """True if a later test of the session has a fixture of this *name*."""
    items = request.session.items
    return any(name in _fixtures(item) for item in items[items.index(request.node) + 1 :])


def _fixtures(item: pytest.Item) -> tuple[str, ...]:
    return tuple(getattr(item, "fixturenames", ()))


def _kinds(item: pytest.Item) -> list[str]:
    """The kinds of keys among the parameters of a test."""
    parameters = item.callspec.params if isinstance(item, pytest.Function) else {}
    return [str(value) for name, value in parameters.items() if name.endswith("kind")]
