"""Pictures of a slice while a network learns."""

import numpy as np
import pytest
import torch
from PIL import Image

from training.data import Example
from training.resunet import ResUNet
from training.seeing import GAP, LARGEST_SIDE, write_slice


def example(shape):
    rng = np.random.default_rng(0)
    return Example(rng.random(shape).astype(np.float16), np.ones(shape, np.uint16))


@pytest.mark.parametrize(
    ("shape", "size"), [((20, 23, 30), (23, 30)), ((40, 200, 31), (LARGEST_SIDE, 31)), ((3, 8, 8), (8, 8))]
)
def test_raw_and_three_maps_stand_side_by_side_and_the_network_stays_as_it_was(tmp_path, shape, size):
    network = ResUNet((2, 3, 4), (2, 2), "batch").train()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    write_slice(tmp_path / "slices" / "round-0001.png", network, example(shape), (16, 16, 16))

    picture = np.asarray(Image.open(tmp_path / "slices" / "round-0001.png"))
    height, width = size
    assert picture.shape == (height, 4 * width + 3 * GAP)
    assert picture[:, :width].max() == 255
    assert network.training
    assert all(torch.equal(before[name], value) for name, value in network.state_dict().items())
    assert [path.name for path in (tmp_path / "slices").iterdir()] == ["round-0001.png"]
