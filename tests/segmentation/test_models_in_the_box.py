"""The models in the box find the cells of cysts that they learnt nothing like: drawn in another, simpler way."""

import pytest

from cartocell_app.resources import CPU_MODEL, GPU_MODEL
from cartocell_app.segmentation.evaluation import evaluate_pair
from cartocell_app.segmentation.network import Network
from cartocell_app.segmentation.pipeline import segment_stack
from cartocell_app.segmentation.settings import PROFILES
from cartocell_app.stacks.stack import Stack
from tests.segmentation.simple_cysts import SIMPLE, simple_cyst


def score(model, kind):
    picture, labels, voxel_size = simple_cyst(SIMPLE[kind], 3)
    network = Network.open(model, "cpu")
    found = segment_stack(Stack(picture, voxel_size, name=kind), network, PROFILES[network.card.profile])
    return evaluate_pair(labels, found.labels)


@pytest.mark.parametrize("kind", SIMPLE)
def test_the_small_one_finds_the_cells_of_simple_cysts(kind):
    row = score(CPU_MODEL, kind).as_row("")
    assert row["f1_0.5"] >= 0.95
    assert row["pq_0.5"] >= 0.8


def test_so_does_the_one_of_the_published_width():
    assert score(GPU_MODEL, "black and white, no lumen").as_row("")["f1_0.5"] >= 0.95
