"""Fixtures of the contract tests: calls, checks, steps, configurations."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

import pytest

from orchestrator_contract.api.client import Client
from orchestrator_contract.api.poller import Poller
from orchestrator_contract.check import Check
from orchestrator_contract.contract.limits import HOUR
from orchestrator_contract.endpoint import Endpoint
from orchestrator_contract.exceptions import CheckInconclusive, only_this_check
from orchestrator_contract.inputs.key_forms import plain_forms, uncommon_forms
from orchestrator_contract.inputs.malformed_keys import (
    MalformedKey,
    malformed_keys,
    malformed_keys_of_every_kind,
)
from orchestrator_contract.inputs.malformed_sids import MalformedSid
from orchestrator_contract.inputs.malformed_sids import malformed_sids as generate_malformed_sids
from orchestrator_contract.inputs.wrong_credentials import WrongCredentials
from orchestrator_contract.inputs.wrong_credentials import (
    wrong_credentials as generate_wrong_credentials,
)
from orchestrator_contract.provision.payload import RICH
from orchestrator_contract.provision.provisioner import Provisioner
from orchestrator_contract.pytest_plugin.run import RUN
from orchestrator_contract.resources.configuration import Configuration
from orchestrator_contract.resources.operation import Operation
from orchestrator_contract.scope import Scope
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
from orchestrator_contract.steps.dated_keys import CREATE, DatedKeys
from orchestrator_contract.steps.delete_and_update import DeleteAndUpdate
from orchestrator_contract.steps.deletes import Deletes
from orchestrator_contract.steps.disclosure import Disclosure, DisturbedDeletes
from orchestrator_contract.steps.failed_operations import FailedOperations
from orchestrator_contract.steps.fault_injection import FaultInjection, InjectedFault
from orchestrator_contract.steps.final_looks import FinalLooks
from orchestrator_contract.steps.generated_inputs import GeneratedInputs
from orchestrator_contract.steps.generated_requests import GeneratedRequests
from orchestrator_contract.steps.histories import Histories
from orchestrator_contract.steps.key_day import EXPIRED_KINDS, REPLAYED_KINDS, KeyDay
from orchestrator_contract.steps.key_reuse import KeyReuse
from orchestrator_contract.steps.lifecycle import Lifecycles
from orchestrator_contract.steps.list_walks import ListedConfigurations, ListWalks
from orchestrator_contract.steps.malformed_keys import MalformedKeys, MalformedKeyUse
from orchestrator_contract.steps.malformed_requests import MalformedRequests
from orchestrator_contract.steps.namesakes import Namesakes
from orchestrator_contract.steps.other_async_calls import LedCall, OtherAsyncCalls
from orchestrator_contract.steps.other_methods import OtherMethods
from orchestrator_contract.steps.patient_client import PatientClient
from orchestrator_contract.steps.rate_limit import RateLimit
from orchestrator_contract.steps.rechecks import Rechecks
from orchestrator_contract.steps.refused_deletes import RefusedDeletes
from orchestrator_contract.steps.sampled_responses import SampledResponses
from orchestrator_contract.steps.scopes import Scopes
from orchestrator_contract.steps.stored_errors import StoredErrors
from orchestrator_contract.steps.unauthorized import UnauthorizedCallers
from orchestrator_contract.steps.unknown_sids import UnknownSids
from orchestrator_contract.steps.updates import Updates

# ------------------------------------------------------------------ calls, checks and steps


@pytest.fixture(scope="session")
def api(endpoint: Endpoint) -> Client:
    """The calls of the contract."""
    return endpoint.client


@pytest.fixture(scope="session")
def check(endpoint: Endpoint) -> Check:
    """The contract's words."""
    return Check(endpoint)


@pytest.fixture(scope="session")
def configurations(endpoint: Endpoint) -> Provisioner:
    """Idle configurations of the run's own."""
    return endpoint.configurations


@pytest.fixture(scope="session")
def new_key(endpoint: Endpoint) -> Callable[..., str]:
    """A function that gives a new idempotency key."""
    return endpoint.key


@pytest.fixture
def new_key_now(endpoint: Endpoint) -> str:
    """A new idempotency key."""
    return endpoint.key()


@pytest.fixture(scope="session")
def deletes(endpoint: Endpoint, request: pytest.FixtureRequest) -> Deletes:
    """Deletes that are accepted, completed and repeated."""
    deletes = Deletes(endpoint)
    names = {"completed", "completed_alone"}
    drawing = [item for item in request.session.items if names.intersection(_fixtures(item))]
    # Once the clock has been moved, the rest of a batch is of no use.
    deletes.expect(sum(item.get_closest_marker("clock") is None for item in drawing))
    return deletes


@pytest.fixture(scope="session")
def failed_operations(endpoint: Endpoint, deletes: Deletes) -> FailedOperations:
    """Deletes whose operations end FAILED."""
    return FailedOperations(endpoint, deletes)


@pytest.fixture(scope="session")
def faults(endpoint: Endpoint) -> FaultInjection:
    """Errors that the profile can provoke."""
    return FaultInjection(endpoint)


@pytest.fixture(scope="session")
def malformed(endpoint: Endpoint) -> MalformedRequests:
    """Deletes with malformed SIDs and keys."""
    return MalformedRequests(endpoint)


@pytest.fixture(scope="session")
def unauthorized(endpoint: Endpoint) -> UnauthorizedCallers:
    """Deletes by callers that may not delete."""
    return UnauthorizedCallers(endpoint)


@pytest.fixture(scope="session")
def disclosure(endpoint: Endpoint, unauthorized: UnauthorizedCallers) -> Disclosure:
    """Refusals and reads that may disclose something."""
    return Disclosure(endpoint, unauthorized)


@pytest.fixture(scope="session")
def disturbed(
    endpoint: Endpoint, unauthorized: UnauthorizedCallers, deletes: Deletes
) -> DisturbedDeletes:
    """Deletes that unauthorized callers disturb."""
    return DisturbedDeletes(endpoint, unauthorized, deletes)


@pytest.fixture(scope="session")
def concurrent_deletes(endpoint: Endpoint, deletes: Deletes, check: Check) -> ConcurrentDeletes:
    """Deletes at one moment."""
    return ConcurrentDeletes(endpoint, deletes, check)


@pytest.fixture(scope="session")
def second_deletes(
    endpoint: Endpoint, faults: FaultInjection, malformed: MalformedRequests
) -> SecondDeletes:
    """Deletes of a SID whose delete runs."""
    return SecondDeletes(endpoint, faults, malformed)


@pytest.fixture(scope="session")
def competing(
    endpoint: Endpoint, check: Check, unauthorized: UnauthorizedCallers
) -> CompetingRequests:
    """Requests with a key at the moment at which its owner uses it first."""
    return CompetingRequests(endpoint, check, unauthorized)


@pytest.fixture(scope="session")
def delete_and_update(
    endpoint: Endpoint, deletes: Deletes, updates: Updates, check: Check
) -> DeleteAndUpdate:
    """A delete beside other calls."""
    return DeleteAndUpdate(endpoint, deletes, updates, check)


@pytest.fixture(scope="session")
def other_calls(endpoint: Endpoint, deletes: Deletes, updates: Updates) -> OtherAsyncCalls:
    """Create, update, patch and the delete of a conversation."""
    return OtherAsyncCalls(endpoint, deletes, updates)


@pytest.fixture(scope="session")
def histories(endpoint: Endpoint) -> Histories:
    """Histories of calls that the stateful model generates."""
    return Histories(endpoint)


@pytest.fixture(scope="session")
def generated_inputs(endpoint: Endpoint, malformed: MalformedRequests) -> GeneratedInputs:
    """Deletes with keys and SIDs that Hypothesis generates."""
    return GeneratedInputs(endpoint, malformed)


@pytest.fixture(scope="session")
def generated_requests(endpoint: Endpoint, list_walks: ListWalks) -> GeneratedRequests:
    """Requests that Schemathesis and Hypothesis generate."""
    return GeneratedRequests(endpoint, list_walks)


@pytest.fixture(scope="session")
def lifecycles(endpoint: Endpoint, deletes: Deletes, check: Check) -> Lifecycles:
    """Batches that are taken through the full delete lifecycle."""
    return Lifecycles(endpoint, deletes, check)


@pytest.fixture(scope="session")
def list_walks(endpoint: Endpoint) -> ListWalks:
    """Walks over the list."""
    return ListWalks(endpoint)


@pytest.fixture(scope="session")
def namesakes(endpoint: Endpoint) -> Namesakes:
    """Configurations of one name."""
    return Namesakes(endpoint)


@pytest.fixture(scope="session")
def patient_client(endpoint: Endpoint) -> PatientClient:
    """A client that polls when Retry-After has passed."""
    return PatientClient(endpoint)


@pytest.fixture(scope="session")
def final_looks(endpoint: Endpoint, deletes: Deletes, check: Check) -> FinalLooks:
    """The last looks of the run."""
    return FinalLooks(endpoint, deletes, check)


@pytest.fixture(scope="session")
def poller(endpoint: Endpoint) -> Poller:
    """Polls operations and judges what they show."""
    return endpoint.poller


@pytest.fixture(scope="session")
def updates(endpoint: Endpoint) -> Updates:
    """Updates of configurations."""
    return Updates(endpoint)


@pytest.fixture(scope="session")
def beside(endpoint: Endpoint) -> Beside:
    """Judges beside later tests."""
    return endpoint.beside


@pytest.fixture(scope="session")
def rechecks(endpoint: Endpoint) -> Rechecks:
    """States that are looked at again later."""
    return endpoint.rechecks


@pytest.fixture(scope="session")
def unknown_sids(endpoint: Endpoint) -> UnknownSids:
    """Deletes of SIDs that no configuration has."""
    return UnknownSids(endpoint)


@pytest.fixture(scope="session")
def stored_errors(endpoint: Endpoint, faults: FaultInjection) -> StoredErrors:
    """Keys whose first use met an error."""
    return StoredErrors(endpoint, faults)


@pytest.fixture(scope="session")
def rate_limit(endpoint: Endpoint, faults: FaultInjection) -> RateLimit:
    """Deletes that are answered 429, and their retries."""
    return RateLimit(endpoint, faults)


@pytest.fixture(scope="session")
def other_methods(endpoint: Endpoint) -> OtherMethods:
    """Methods beside DELETE."""
    return OtherMethods(endpoint)


@pytest.fixture(scope="session")
def client_disconnect(endpoint: Endpoint, check: Check) -> ClientDisconnect:
    """A client that disconnects before the response."""
    return ClientDisconnect(endpoint, check)


@pytest.fixture(scope="session")
def key_reuse(endpoint: Endpoint, deletes: Deletes) -> KeyReuse:
    """Keys of accepted deletes that are sent with other SIDs."""
    return KeyReuse(endpoint, deletes)


@pytest.fixture(scope="session")
def malformed_key_requests(
    endpoint: Endpoint, deletes: Deletes, malformed: MalformedRequests
) -> MalformedKeys:
    """Deletes under malformed keys."""
    return MalformedKeys(endpoint, deletes, malformed)


@pytest.fixture(scope="session")
def scopes(endpoint: Endpoint, deletes: Deletes, unauthorized: UnauthorizedCallers) -> Scopes:
    """Requests to other accounts and regions."""
    return Scopes(endpoint, deletes, unauthorized)


@pytest.fixture(scope="session")
def refused_deletes(
    endpoint: Endpoint,
    faults: FaultInjection,
    failed_operations: FailedOperations,
    unauthorized: UnauthorizedCallers,
) -> RefusedDeletes:
    """Deletes that have no effect."""
    return RefusedDeletes(endpoint, faults, failed_operations, unauthorized)


@pytest.fixture(scope="session")
def clock(endpoint: Endpoint) -> Clock:
    """The endpoint's clock."""
    return Clock(endpoint)


@pytest.fixture(scope="session")
def aged_keys(endpoint: Endpoint, deletes: Deletes, request: pytest.FixtureRequest) -> AgedKeys:
    """Keys of earlier runs, from the file of --ttl-ledger."""
    return AgedKeys(endpoint, deletes, Path(request.config.option.ttl_ledger))


# ------------------------------------------------------------------ samples of the effort's sizes


@pytest.fixture
def provoke(endpoint: Endpoint, faults: FaultInjection) -> Callable[..., InjectedFault]:
    """A function that provokes a sample of one status."""
    return partial(faults.provoke, count=_most_of(endpoint.effort.refusals))


@pytest.fixture
def reject(endpoint: Endpoint, faults: FaultInjection) -> Callable[..., InjectedFault]:
    """A function that has deletes of an existing configuration refused."""
    return partial(faults.reject, count=_most_of(endpoint.effort.refusals))


@pytest.fixture
def unknown(endpoint: Endpoint, unknown_sids: UnknownSids) -> list[Configuration]:
    """Unknown SIDs of every class."""
    return unknown_sids.sample(endpoint.effort.unknown_sids)


@pytest.fixture
def few_unknown(endpoint: Endpoint, unknown_sids: UnknownSids) -> list[Configuration]:
    """Some unknown SIDs."""
    return unknown_sids.sample(max(1, endpoint.effort.unknown_sids // 6))


@pytest.fixture
def wrong_credentials(endpoint: Endpoint) -> list[WrongCredentials]:
    """Credentials near the right ones, the most telling first."""
    api = endpoint.client
    every = generate_wrong_credentials(api.authorization(), api.authorization(Scope(account=1)))
    return every[: endpoint.effort.wrong_credentials]


@pytest.fixture
def malformed_sids(endpoint: Endpoint, control: Configuration) -> list[list[MalformedSid]]:
    """Malformed SIDs near that of the control configuration, in groups."""
    near = generate_malformed_sids(
        control.sid,
        endpoint.identifiers.sid(),
        endpoint.random,
        endpoint.effort.malformed_sids,
        control.name,
    )
    harmless = endpoint.absent.harmless(near, control)
    return [harmless[start : start + 8] for start in range(0, len(harmless), 8)]


@pytest.fixture
def key_forms(endpoint: Endpoint) -> list[str]:
    """New keys of common forms."""
    return plain_forms(endpoint.key)[: endpoint.effort.keys_between]


@pytest.fixture
def many_keys(endpoint: Endpoint) -> list[str]:
    """New keys, of uncommon forms first."""
    return uncommon_forms(endpoint.key, endpoint.effort.keys_between)


@pytest.fixture
def malformed_keys_near(endpoint: Endpoint) -> Callable[[str], list[MalformedKey]]:
    """A function that gives malformed keys near a well-formed one."""
    return lambda key: malformed_keys(key, endpoint.random, endpoint.effort.malformed_keys)


@pytest.fixture
def few_malformed_sids(endpoint: Endpoint) -> Callable[[Configuration], list[MalformedSid]]:
    """A function that gives some malformed SIDs near a configuration's."""

    def near(configuration: Configuration) -> list[MalformedSid]:
        absent, random = endpoint.identifiers.sid(), endpoint.random
        malformed = generate_malformed_sids(configuration.sid, absent, random, 3)
        return endpoint.absent.harmless(malformed, configuration)

    return near


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
    check.shown(target)
    return target


@pytest.fixture
def control(endpoint: Endpoint) -> Configuration:
    """The configuration that no request of the run deletes."""
    return endpoint.targets.control


@pytest.fixture
def shown_control(control: Configuration, check: Check) -> Configuration:
    """The control configuration, as a fetch shows it now."""
    check.shown(control)
    return control


@pytest.fixture
def updatable(configuration: Configuration, check: Check) -> Configuration:
    """An existing configuration whose description may be changed."""
    check.shown(configuration)
    configuration.shown.pop("description", None)
    return configuration


@pytest.fixture
def failed_updatable(failed: Operation) -> Configuration:
    """A configuration whose delete FAILED, with a changeable description."""
    failed.configuration.shown.pop("description", None)
    return failed.configuration


@pytest.fixture(scope="session")
def at_once(concurrent_deletes: ConcurrentDeletes, deletes: Deletes) -> list[Operation]:
    """COMPLETED deletes of many SIDs that were sent at one moment."""
    return deletes.complete(concurrent_deletes.of_many_sids())


@pytest.fixture(params=["account", "region"])
def configuration_elsewhere(
    request: pytest.FixtureRequest, endpoint: Endpoint, configurations: Provisioner
) -> Configuration:
    """An idle configuration of another account, or in another region."""
    scope = Scope(account=1) if request.param == "account" else Scope(region=1)
    return configurations.one(scope=_scope_of(endpoint, scope, f"{request.param}s"))


@pytest.fixture
def existing(endpoint: Endpoint, configurations: Provisioner) -> Iterator[list[Configuration]]:
    """Some configurations at which only reads are aimed."""
    existing = configurations.take(1 if endpoint.effort.few else 4, least=1)
    yield existing
    configurations.give_back(*existing)


@pytest.fixture(scope="session")
def listed_configurations(
    endpoint: Endpoint, configurations: Provisioner, deletes: Deletes
) -> ListedConfigurations:
    """Configurations in the list, of which some can be deleted."""

    def take() -> list[Configuration]:
        if endpoint.effort.few:
            return configurations.take(3, least=1)
        return configurations.take(12, payloads=[RICH], least=1, kept=True)

    def complete(chosen: Sequence[Configuration]) -> list[Operation]:
        accepted = endpoint.each(lambda one: deletes.accept(one, key=endpoint.key()), chosen)
        return deletes.complete(accepted)

    return ListedConfigurations(configurations, take, complete)


@pytest.fixture
def listed(
    listed_configurations: ListedConfigurations, endpoint: Endpoint, request: pytest.FixtureRequest
) -> Iterator[ListedConfigurations]:
    """Configurations in the list, as long as tests ask for them."""
    yield listed_configurations
    if endpoint.effort.few or not _asked_for_later("listed", request):
        listed_configurations.let_go()


@pytest.fixture
def memory_store(listed: ListedConfigurations, configurations: Provisioner) -> str:
    """The memory store of the listed configurations."""
    first = next(iter(listed.remaining), None) or configurations.one()
    store = first.payload.get("memoryStoreId")
    if not isinstance(store, str):
        raise CheckInconclusive("the memory store of the profile's configurations is not known")
    return store


@pytest.fixture
def sample_of_fetches(endpoint: Endpoint) -> int:
    """How many fetches show a configuration that exists."""
    return max(2, endpoint.effort.refusals // 4)


@pytest.fixture
def newest(configurations: Provisioner, check: Check) -> Configuration:
    """The configuration that was created last."""
    newest = configurations.newest()
    check.shown(newest)
    return newest


@pytest.fixture
def spare(configurations: Provisioner) -> Configuration:
    """A configuration that no test needs any longer."""
    return configurations.spare()


@pytest.fixture(params=["account", "region"])
def spare_elsewhere(
    request: pytest.FixtureRequest, endpoint: Endpoint, configurations: Provisioner
) -> Configuration:
    """A configuration of another account, or in another region."""
    scope = Scope(account=1) if request.param == "account" else Scope(region=1)
    return configurations.spare(scope=_scope_of(endpoint, scope, f"{request.param}s"))


@pytest.fixture
def second_account(endpoint: Endpoint) -> Scope:
    """The scope of the second account."""
    return _scope_of(endpoint, Scope(account=1), "accounts")


@pytest.fixture
def second_region(endpoint: Endpoint) -> Scope:
    """The scope of the second region."""
    return _scope_of(endpoint, Scope(region=1), "regions")


@pytest.fixture
def target_of_other_account(
    configurations: Provisioner, second_account: Scope, check: Check
) -> Configuration:
    """An existing configuration of the second account."""
    target = configurations.one(scope=second_account)
    check.shown(target)
    return target


@pytest.fixture
def target_in_other_region(
    configurations: Provisioner, second_region: Scope, check: Check
) -> Configuration:
    """An existing configuration in the second region."""
    target = configurations.one(scope=second_region)
    check.shown(target)
    return target


@pytest.fixture
def sample_size(endpoint: Endpoint) -> int:
    """How many responses of one kind are sampled in another scope."""
    return endpoint.effort.refusals // 8


# ------------------------------------------------------------------ deletes in each state


@pytest.fixture
def running(deletes: Deletes) -> Iterator[Operation]:
    """A keyed delete accepted just now, and completed beside later ones."""
    operation = deletes.accept_new()[0]
    yield operation
    deletes.later(operation)


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
def led_conversation(other_calls: OtherAsyncCalls) -> LedCall:
    """The delete of a conversation, led to its end."""
    other_calls.lead_beside("delete-conversation")
    return other_calls.led("delete-conversation")


@pytest.fixture
def conversation(led_conversation: LedCall) -> ConversationDelete:
    """The delete of a conversation of the profile's."""
    assert isinstance(led_conversation.call, ConversationDelete)
    return led_conversation.call


@pytest.fixture
def conversation_operation(led_conversation: LedCall) -> Operation:
    """The COMPLETED operation of a conversation's delete."""
    return led_conversation.operation


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
    with only_this_check():
        configuration = endpoint.configurations.one(scope=far)
        unauthorized.with_wrong_credentials(configuration)
        return deletes.complete([deletes.accept(configuration, key=endpoint.key())])[0]


@pytest.fixture(scope="session")
def far_failed(
    configurations: Provisioner, refused_deletes: RefusedDeletes, far: Scope
) -> Operation:
    """A delete under a key in the farthest scope, whose operation has FAILED."""
    with only_this_check():
        return refused_deletes.fail(configurations.one(scope=far))


@pytest.fixture
def far_configuration(configurations: Provisioner, far: Scope) -> Configuration:
    """An idle configuration in the farthest scope."""
    with only_this_check():
        return configurations.one(scope=far)


@pytest.fixture
def far_target(endpoint: Endpoint, check: Check, far: Scope) -> Configuration:
    """The configuration of the farthest scope that is never deleted."""
    with only_this_check():
        target = endpoint.targets.control_in(far)
        check.shown(target)
    return target


@pytest.fixture
def second_day(clock: Clock) -> None:
    """The second day of the run, or a later one."""
    clock.reach_second_day()


@pytest.fixture
def deleted_today(second_day: None, deletes: Deletes) -> Operation:
    """A keyed COMPLETED delete of the second day, shared on that day."""
    return deletes.draw()[0]


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
def key_day(
    endpoint: Endpoint,
    deletes: Deletes,
    failed_operations: FailedOperations,
    key_reuse: KeyReuse,
    clock: Clock,
    request: pytest.FixtureRequest,
) -> KeyDay:
    """A day of keys, of the kinds that tests of this session ask for."""
    asking = [item for item in request.session.items if "key_day" in _fixtures(item)]
    kinds = {kind: None for item in asking for kind in _kinds(item)}
    keys = DatedKeys(endpoint, deletes, failed_operations)
    day = KeyDay(endpoint, deletes, keys, key_reuse, clock)
    day.let_pass([*kinds])
    return day


@pytest.fixture(scope="session")
def responses(endpoint: Endpoint) -> SampledResponses:
    """Responses of DELETE by status."""
    return SampledResponses(endpoint)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Parametrise tests by the effort's batches, rounds and kinds of keys."""
    effort = metafunc.config.stash[RUN].options.effort
    for name, kinds in (("replayed_kind", REPLAYED_KINDS), ("expired_kind", EXPIRED_KINDS)):
        if name in metafunc.fixturenames:
            # Findings of a create's key land on its own requirement.
            create = pytest.param(CREATE, marks=pytest.mark.requirement("CTRL-KEY"))
            values = [create if kind == CREATE else kind for kind in kinds]
            metafunc.parametrize(name, values[:1] if effort.few else values)
    numbers = {"batch": effort.batches, "round_": effort.rounds, "mix": -(-effort.rounds // 3)}
    for name, number in numbers.items():
        if name in metafunc.fixturenames:
            ids = [f"{name.strip('_')}-{index + 1}" for index in range(number)]
            metafunc.parametrize(name, range(number), ids=ids)


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


def _most_of(sample: int) -> int:
    """Three quarters of a sample; smaller tests of that status give the rest."""
    return max(1, sample * 3 // 4)


def _scope_of(endpoint: Endpoint, scope: Scope, need: str) -> Scope:
    if not endpoint.profile.has(scope):
        raise CheckInconclusive(f"needs {need}")
    return scope
