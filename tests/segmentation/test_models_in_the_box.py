"""The models in the box find the cells of cysts that they learnt nothing like: drawn in another, simpler way."""

import numpy as np
import pytest

from cartocell_app.resources import CPU_MODEL, GPU_MODEL, MODELS
from cartocell_app.segmentation.evaluation import evaluate_pair
from cartocell_app.segmentation.model_card import read_card
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


def test_in_half_precision_it_gives_the_same():
    half = MODELS / "m2-fp16.onnx"
    unlike = {"created", "training", "training_command", "name"}
    cards = [read_card(path).model_dump(exclude=unlike) for path in (GPU_MODEL, half)]
    assert cards[0] == cards[1]
    assert half.stat().st_size < 0.6 * GPU_MODEL.stat().st_size
    picture = simple_cyst(SIMPLE["black and white, no lumen"], 3)[0][20:44, 20:60, 20:60]
    whole, less = (Network.open(path, "cpu").predict(picture.astype(np.float32) / 255) for path in (GPU_MODEL, half))
    assert np.abs(whole - less).max() < 5e-3


@pytest.mark.parametrize("kind", ["noise", "black and white, no lumen"])
def test_so_does_the_one_of_the_published_width(kind):
    assert score(GPU_MODEL, kind).as_row("")["f1_0.5"] >= 0.95
