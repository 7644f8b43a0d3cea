"""A process that is killed at any moment leaves nothing that the next run does not heal.

The next run, a plain one, gives the rows and marts of an undisturbed one; a reader sees the old build or the new one,
whole; the lock is free. A few kills run in `make test`; the deep tests kill before every durable step of a pull of each
source, of a build with its publish, of a replay, a rename and a removal, and at a hundred random instants. killed.py
says what a durable step is.
"""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pytest

from orchestration import builds, stored
from simulator import SimulatorServer, demo_world, serve
from tests.orchestration.installation import Installation, ask, fingerprints
from tests.orchestration.killed import Nursery
from tests.orchestration.undisturbed import EARLY, END, PHASES, SHOP, START, Built, Undisturbed, copied, differences
from tests.sampling import sample

pytestmark = pytest.mark.worlds
NEW = "aurora-inc"
KINDS = ("shopify", "stripe", "meta_ads", "tiktok_ads", "files")
REPLAYED = 4  # after each fourth kill of a pull also a replay


@pytest.fixture(scope="module")
def server() -> Iterator[SimulatorServer]:
    with serve(demo_world(seed=3, start=START.date(), end=END, orders=40), now=EARLY) as server:
        yield server


@pytest.fixture(scope="module")
def nursery() -> Iterator[Nursery]:
    with Nursery() as nursery:
        yield nursery


@pytest.fixture(scope="module")
def pulled(
    server: SimulatorServer, nursery: Nursery, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], Undisturbed]:
    """Undisturbed pulls of one source."""
    known = dict[str, Undisturbed]()

    def of(kind: str) -> Undisturbed:
        if kind not in known:
            known[kind] = Undisturbed(tmp_path_factory.mktemp(kind), server, nursery, [kind])
        return known[kind]

    return of


@pytest.fixture(scope="module")
def published(server: SimulatorServer, nursery: Nursery, tmp_path_factory: pytest.TempPathFactory) -> Undisturbed:
    """Undisturbed runs of all sources together."""
    return Undisturbed(tmp_path_factory.mktemp("all"), server, nursery, KINDS)


@pytest.fixture(scope="module", params=sample([("shopify", "files"), KINDS], ("shopify", "files")), ids=len)
def few_published(
    request: pytest.FixtureRequest, server: SimulatorServer, nursery: Nursery, tmp_path_factory: pytest.TempPathFactory
) -> Undisturbed:
    """Undisturbed runs of two sources, or of all of them."""
    return Undisturbed(tmp_path_factory.mktemp("few"), server, nursery, request.param)


def check_pull(undisturbed: Undisturbed, nursery: Nursery, phase: str, numbers: Iterable[int]) -> None:
    """Kill a pull before each of these steps; the next pull, and a replay after it, give the undisturbed rows."""
    undisturbed.set_clock(phase)
    steps, expected = undisturbed.steps[phase], undisturbed.after(phase).staged()
    wrong = []
    for number in numbers:
        with copied(undisturbed.before(phase)) as place:
            nursery.killed(place, "pull", before=number)
            for job in ("pull", "replay")[: 1 + (number % REPLAYED == 0)]:
                try:
                    nursery.succeed(place, job)
                except AssertionError as error:
                    wrong.append(f"{number} {steps[number]}: the {job} fails: {error}")
                    break
                if tables := differences(place.staged(), expected):
                    wrong.append(f"{number} {steps[number]}: after the {job} other rows in {', '.join(tables)}")
    assert not wrong, "\n".join(wrong)


def check_readers(place: Installation, before: Path | None) -> None:
    """Readers see the build of before, or a new one with everything in it."""
    folder = builds.current(place.home)
    if before is None and folder is None:
        return
    assert folder is not None
    tenants = json.loads((folder / "build.json").read_text())["tenants"]
    assert tenants == [SHOP]
    names = {
        "all.duckdb",
        "nobody.duckdb",
        "catalog.json",
        "build.json",
        *(f"tenant-{name}.duckdb" for name in tenants),
    }
    assert {path.name for path in folder.iterdir()} == names
    assert ask(folder / f"tenant-{SHOP}.duckdb", "select count(*) from marts.orders") > [(0,)]


def check_published(place: Installation, undisturbed: Undisturbed, phase: str) -> None:
    expected = undisturbed.after(phase)
    assert differences(place.staged(), expected.staged()) == []
    for file in ("all.duckdb", "nobody.duckdb", f"tenant-{SHOP}.duckdb"):
        assert differences(fingerprints(place.current / file), fingerprints(expected.current / file)) == []
    published = [path.name for path in place.home.published.iterdir()]
    assert len(published) <= builds.RETAINED_BUILDS + 1, "the builds and `current`: no leftovers"
    assert [name for name in published if "." in name and not name.endswith("Z")] == []
    left = [path.name for path in place.home.builds.iterdir()]
    assert len(left) == 1 and left[0].startswith("last_"), left


def check_build(base: Installation, undisturbed: Undisturbed, nursery: Nursery, job: str, number: int) -> None:
    """Kill a build before a step: readers see the old or the new build, and the next build has the undisturbed rows."""
    before = builds.current(base.home)
    with copied(base) as place:
        nursery.killed(place, job, before=number)
        check_readers(place, before)
        nursery.succeed(place, job)
        check_published(place, undisturbed, "increment")


def chosen(steps: list[str], *words: str) -> list[int]:
    """The first step after the middle whose name begins so."""
    middle = len(steps) // 2
    return [next(number for number in range(middle, len(steps)) if steps[number].startswith(word)) for word in words]


def test_killed_first_pull_is_healed_by_the_next_one(pulled: Callable[[str], Undisturbed], nursery: Nursery) -> None:
    undisturbed = pulled("shopify")
    steps = undisturbed.steps["first"]
    job = steps.index("a source starts a job")
    check_pull(undisturbed, nursery, "first", [job, job + 1, *chosen(steps, "commit", "open", "rename")])


def test_killed_increment_is_healed_by_the_next_one(pulled: Callable[[str], Undisturbed], nursery: Nursery) -> None:
    undisturbed = pulled("stripe")
    check_pull(undisturbed, nursery, "increment", chosen(undisturbed.steps["increment"], "commit", "remove", "rename"))


@pytest.mark.deep
@pytest.mark.parametrize("phase", PHASES)
@pytest.mark.parametrize("kind", KINDS)
def test_pull_killed_before_any_step_is_healed_by_the_next_one(
    kind: str, phase: str, pulled: Callable[[str], Undisturbed], nursery: Nursery
) -> None:
    undisturbed = pulled(kind)
    check_pull(undisturbed, nursery, phase, range(len(undisturbed.steps[phase])))


@pytest.fixture(scope="module")
def built(published: Undisturbed, nursery: Nursery) -> Built:
    place = Installation(published.folder / "built")
    shutil.copytree(published.after("increment").root, place.root, symlinks=True)
    for _ in range(builds.RETAINED_BUILDS - 2):
        nursery.succeed(place, "rebuild")
    with copied(place) as copy:
        return Built(place, *nursery.succeed(copy, "rebuild"))


@pytest.mark.deep  # the test before each step has these
def test_build_and_publish_killed_around_their_renames_are_healed_by_the_next_build(
    built: Built, published: Undisturbed, nursery: Nursery
) -> None:
    place, steps, _ = built
    switch = next(number for number, step in enumerate(steps) if step.startswith("rename state/published/current."))
    for number in (switch, switch + 1):  # the build is complete; readers see it
        check_build(place, published, nursery, "rebuild", number)


def test_first_run_killed_before_its_first_publish_shows_nothing(few_published: Undisturbed, nursery: Nursery) -> None:
    few_published.set_clock("first")
    steps = few_published.steps["first"]
    switch = [step.startswith("rename state/published/current.") for step in steps].index(True)
    with copied(few_published.before("first")) as place:
        nursery.killed(place, "run", before=switch)
        assert builds.current(place.home) is None
        nursery.succeed(place, "run")
        check_published(place, few_published, "first")


@pytest.mark.deep
def test_build_and_publish_killed_before_any_step_are_healed_by_the_next_build(
    built: Built, published: Undisturbed, nursery: Nursery
) -> None:
    for number in range(len(built.steps)):
        check_build(built.place, published, nursery, "rebuild", number)


@pytest.fixture(scope="module")
def pulled_again(few_published: Undisturbed, nursery: Nursery) -> Built:
    """A build, and what a pull has changed since: the next build starts from that one."""
    few_published.set_clock("increment")
    place = Installation(few_published.folder / "pulled-again")
    shutil.copytree(few_published.before("increment").root, place.root, symlinks=True)
    nursery.succeed(place, "pull")
    with copied(place) as copy:
        built = Built(place, *nursery.succeed(copy, "build"))
        check_published(copy, few_published, "increment")
    assert not any(step.startswith("open state/dbt/") for step in built.steps), "dbt is not asked"
    return built


@pytest.mark.parametrize("step", sample(["the switch", "any"], "the switch"))
def test_incremental_build_killed_before_a_step_is_healed_by_the_next_one(
    step: str, pulled_again: Built, few_published: Undisturbed, nursery: Nursery
) -> None:
    steps = pulled_again.steps
    switch = next(number for number, name in enumerate(steps) if name.startswith("rename state/published/current."))
    for number in (switch,) if step == "the switch" else range(len(steps)):
        check_build(pulled_again.place, few_published, nursery, "build", number)


@pytest.mark.deep
@pytest.mark.parametrize("seed", range(60))
def test_pull_killed_at_a_random_instant_is_healed_by_the_next_one(
    seed: int, pulled: Callable[[str], Undisturbed], nursery: Nursery
) -> None:
    """The instant is a share of the CPU time of an undisturbed pull, so it falls also into DuckDB's own writing."""
    undisturbed, phase = pulled(KINDS[seed % len(KINDS)]), PHASES[seed // len(KINDS) % 2]
    undisturbed.set_clock(phase)
    with copied(undisturbed.before(phase)) as place:
        nursery.killed_after(place, "pull", seconds=instant(seed, undisturbed.seconds[phase]))
        nursery.succeed(place, "pull")
        assert differences(place.staged(), undisturbed.after(phase).staged()) == []


@pytest.mark.deep
@pytest.mark.parametrize("seed", range(60, 100))
def test_build_and_publish_killed_at_a_random_instant_are_healed_by_the_next_build(
    seed: int, built: Built, published: Undisturbed, nursery: Nursery
) -> None:
    with copied(built.place) as place:
        nursery.killed_after(place, "rebuild", seconds=instant(seed, built.seconds))
        check_readers(place, place.current)
        nursery.succeed(place, "rebuild")
        check_published(place, published, "increment")


def instant(seed: int, seconds: float) -> float:
    """CPU seconds after which to kill; the seed is the test's id."""
    return random.Random(seed).random() * seconds  # noqa: S311


@pytest.fixture(scope="module")
def moved(pulled: Callable[[str], Undisturbed]) -> Installation:
    """A source pulled under an earlier id of the tenant, which takings.toml no longer names."""
    undisturbed = pulled("shopify")
    place = Installation(undisturbed.folder / "moved")
    shutil.copytree(undisturbed.after("increment").root, place.root, symlinks=True)
    path = place.root / "takings.toml"
    path.write_text(path.read_text().replace(f'id = "{SHOP}"', f'id = "{NEW}"'))
    return place


def check_replay(undisturbed: Undisturbed, nursery: Nursery, numbers: Iterable[int]) -> None:
    """Kill a replay before each of these steps: staging stays, and the next replay has the undisturbed rows."""
    whole = undisturbed.after("increment")
    for number in numbers:
        with copied(whole) as place:
            nursery.killed(place, "replay", before=number)
            assert differences(place.staged(), whole.staged()) == []
            nursery.succeed(place, "replay")
            assert differences(place.staged(), whole.staged()) == []
            assert [path.name for path in place.home.staging.parent.iterdir()] == [place.home.staging.name]


@pytest.mark.deep  # the test before each step has these
def test_replay_killed_around_its_rename_is_healed_by_the_next_one(
    pulled: Callable[[str], Undisturbed], nursery: Nursery
) -> None:
    undisturbed = pulled("stripe")
    with copied(undisturbed.after("increment")) as place:
        steps, _ = nursery.succeed(place, "replay")
    (switch,) = [number for number, step in enumerate(steps) if step.startswith("rename state/warehouse/")]
    check_replay(undisturbed, nursery, [switch // 2, switch])


@pytest.mark.deep
@pytest.mark.parametrize("kind", KINDS)
def test_replay_killed_before_any_step_is_healed_by_the_next_one(
    kind: str, pulled: Callable[[str], Undisturbed], nursery: Nursery
) -> None:
    undisturbed = pulled(kind)
    with copied(undisturbed.after("increment")) as place:
        steps, _ = nursery.succeed(place, "replay")
    check_replay(undisturbed, nursery, range(len(steps)))


def check_rename(
    moved: Installation, nursery: Nursery, then: str, choose: Callable[[list[str]], Iterable[int]]
) -> None:
    """Kill a rename before some of its steps; its repeat, or a pull under the new id and a removal, finishes it."""
    with copied(moved) as place:
        steps, _ = nursery.succeed(place, "rename", SHOP, NEW)
        expected = place.staged()
    for number in choose(steps):
        with copied(moved) as place:
            nursery.killed(place, "rename", SHOP, NEW, before=number)
            if then == "pull" and tenants(place) == {SHOP, NEW}:
                nursery.succeed(place, "pull")
                nursery.succeed(place, "remove", SHOP)
            elif SHOP in tenants(place):
                nursery.succeed(place, "rename", SHOP, NEW)
            nursery.succeed(place, "replay")
            assert differences(place.staged(), expected) == [], steps[number]
            assert [path.name for path in place.home.landing.iterdir()] == [NEW], steps[number]


def tenants(place: Installation) -> set[str]:
    """The tenants that something is stored of."""
    return {tenant for tenant, _, _ in stored.accounts(place.home)}


@pytest.mark.deep  # the test before each step has this one
def test_rename_killed_between_landing_zone_and_staging_is_finished_by_its_repeat(
    moved: Installation, nursery: Nursery
) -> None:
    check_rename(moved, nursery, "rename", lambda steps: chosen(steps, "commit"))


@pytest.mark.deep
@pytest.mark.parametrize("then", ["rename", "pull"])
def test_rename_killed_before_any_step_is_finished_by_its_repeat_or_by_a_pull(
    then: str, moved: Installation, pulled: Callable[[str], Undisturbed], nursery: Nursery
) -> None:
    pulled("shopify").set_clock("increment")
    check_rename(moved, nursery, then, lambda steps: range(len(steps)))


@pytest.mark.deep
def test_removal_killed_before_any_step_is_finished_by_its_repeat(moved: Installation, nursery: Nursery) -> None:
    with copied(moved) as place:
        steps, _ = nursery.succeed(place, "remove", SHOP)
    for number in range(len(steps)):
        with copied(moved) as place:
            nursery.killed(place, "remove", SHOP, before=number)
            job = ("remove", SHOP) if tenants(place) else ("pull",)  # a pull removes what was left to remove
            nursery.succeed(place, *job)
            assert tenants(place) <= {NEW}, steps[number]
            assert not place.home.removed.exists(), steps[number]
