"""How much memory a network is given: no more than helps, and as its tiles then are."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cartocell_app.resources import CPU_MODEL, GPU_MODEL, MODELS
from cartocell_app.segmentation import budget
from cartocell_app.segmentation.budget import FAST, FRUGAL, OUTPUT_BYTES, Budget
from cartocell_app.segmentation.devices import Device
from cartocell_app.segmentation.model_card import read_card
from cartocell_app.segmentation.network import Network
from cartocell_app.segmentation.tiling import plan_tiles

GB = 10**9
BUDGETS = {path.stem: Budget.of(path, read_card(path)) for path in (CPU_MODEL, GPU_MODEL)}
SIZES = st.tuples(*(st.integers(1, 320) for _ in range(3)))


@settings(max_examples=60, deadline=None)
@given(SIZES, st.integers(6, 64), st.sampled_from(sorted(BUDGETS)))
def test_what_is_given_is_enough_and_within_bounds(shape, free_gb, model):
    its = BUDGETS[model]
    given_bytes = its.given_bytes(shape, free_gb * GB)
    assert its.least_bytes(its.smallest_voxels(shape)) <= given_bytes
    assert given_bytes <= max(budget.MOST_BYTES, its.least_bytes(its.smallest_voxels(shape)))
    assert given_bytes + math.prod(shape) * OUTPUT_BYTES <= free_gb * GB


@settings(max_examples=40, deadline=None)
@given(SIZES, st.sampled_from(sorted(BUDGETS)))
def test_the_work_is_that_of_the_tiles(shape, model):
    its = BUDGETS[model]
    room = max(its.room_voxels(its.given_bytes(shape), mode) for mode in (FAST, FRUGAL))
    tiles = plan_tiles(shape, its.card.halo_vox, its.card.size_divisor, room)
    assert its.work_voxels(shape) == sum(math.prod(tile.shape) for tile in tiles)


def test_a_usual_cyst_gets_the_usual_memory_and_a_large_one_more_where_that_helps():
    fast, wide = BUDGETS["m2-fast"], BUDGETS["m2"]
    assert fast.given_bytes((105, 118, 120)) == budget.USUAL_BYTES == wide.given_bytes((105, 118, 120))
    # It sees 51 voxels each way: eight tiles would be five times the work.
    large = (177, 155, 171)
    assert fast.given_bytes(large) > 1.5 * budget.USUAL_BYTES
    assert fast.work_voxels(large) < 1.3 * math.prod(large)
    assert fast.work_voxels(large, 2 * GB) > 3 * math.prod(large)


@pytest.mark.parametrize("model", sorted(BUDGETS))
def test_with_little_memory_the_frugal_way_is_taken(model):
    its, voxels = BUDGETS[model], 120**3
    assert its.mode_for(voxels, 20 * GB) == FAST
    assert its.mode_for(voxels, 0.9 * its.needed_bytes(voxels, FAST)) == FRUGAL


def test_a_model_that_runs_on_patches_needs_the_memory_of_one():
    card = read_card(CPU_MODEL).model_copy(update={"halo_vox": None, "patch_vox": (64, 80, 80)})
    its = Budget(card, 448.0)
    assert its.padded_voxels((500, 600, 700)) == its.smallest_voxels((500, 600, 700)) == 64 * 80 * 80
    assert its.work_voxels((50, 60, 70)) == 50 * 60 * 70
    assert its.given_bytes((50, 60, 70)) == budget.USUAL_BYTES


@pytest.mark.parametrize("name", ["m2", "m2-fp16", "m2-fast"])
def test_no_map_of_a_tile_for_a_card_has_more_numbers_than_its_kernels_can_count(name):
    path = MODELS / f"{name}.onnx"
    its, widest = Budget.of(path, read_card(path)), {"m2": 120, "m2-fp16": 120, "m2-fast": 48}[name]
    assert 0.3 < widest * its.countable_voxels / 2**31 <= 1


def test_processes_share_the_memory_of_a_card():
    def largest_tile(sharers: int) -> float:
        card = Device("cuda", "a card", "CPUExecutionProvider", memory_bytes=10 * GB)
        network = Network(CPU_MODEL, read_card(CPU_MODEL), card, sharers)
        return network._choose_mode((500, 500, 500), network._limit_bytes((500, 500, 500), None))

    assert largest_tile(4) < 0.3 * largest_tile(1)
