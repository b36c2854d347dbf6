"""Model files say nothing of the computer that made them, and give what was trained, or that shifted as asked."""

import numpy as np
import onnxruntime
import pytest

from cartocell_app.resources import CPU_MODEL
from cartocell_app.segmentation.card_words import card_as_markdown
from cartocell_app.segmentation.footprint import bytes_per_voxel
from cartocell_app.segmentation.model_card import read_card
from training.export import export, write_onnx
from training.records import save_network
from training.resunet import ResUNet
from training.settings import training_settings


def test_an_exported_model_names_no_file_of_this_computer(tmp_path):
    path = tmp_path / "small.onnx"
    write_onnx(ResUNet((2, 4), (2,)), path)
    assert b".py" not in path.read_bytes()


def test_nor_does_the_model_in_the_box():
    assert b".py" not in CPU_MODEL.read_bytes()


@pytest.fixture
def made(tmp_path):
    """Weights of an untrained network."""
    network = ResUNet((8, 16), (2,), norm="batch")
    settings = training_settings(feature_maps=(8, 16), z_pool=(2,), norm="batch")
    return save_network(network.state_dict(), settings, (1, 1, 1), "nothing", [], tmp_path / "network.pt")


def test_what_counts_as_tissue_can_be_shifted(tmp_path, made):
    plain, shifted = (
        maps(tmp_path / f"{name}.onnx", export(made, tmp_path / f"{name}.onnx", name=name, version="1", **asked))
        for name, asked in (("plain", {}), ("shifted", {"tissue_above": 0.3}))
    )
    np.testing.assert_allclose(shifted[:2], plain[:2], atol=1e-6)
    odds = plain[2] / (1 - plain[2]) * 0.7 / 0.3
    np.testing.assert_allclose(shifted[2], odds / (1 + odds), atol=1e-5)
    assert "Tissue is what it gave more than 0.3." in read_card(tmp_path / "shifted.onnx").training


def test_a_model_in_half_precision_gives_the_same_for_half_the_memory(tmp_path, made):
    whole, half = tmp_path / "whole.onnx", tmp_path / "half.onnx"
    cards = [export(made, path, name="n", version="1", half=path == half, cell_width_um=9) for path in (whole, half)]
    differences = np.abs(maps(half, cards[1]) - maps(whole, cards[0]))
    assert 0 < differences.max() < 5e-3
    assert (cards[1].halo_vox, cards[1].size_divisor) == (cards[0].halo_vox, cards[0].size_divisor)
    assert half.stat().st_size < 0.8 * whole.stat().st_size
    needs = [bytes_per_voxel(path, cards[0].size_divisor) for path in (whole, half)]
    assert needs[1] < 0.6 * needs[0]
    assert "half precision" in cards[1].training
    assert cards[1].cell_width_um == 9


def test_a_model_can_be_told_to_look_twice(made, tmp_path, cartocell):
    words = ("export", made, "-o", tmp_path / "m.onnx", "--name", "m", "--second-view")
    assert cartocell(*words, 0.9, 0.8, 0.8).code == 0
    card = read_card(tmp_path / "m.onnx")
    assert (card.voxel_size_um, card.second_view_um) == ((1, 1, 1), (0.9, 0.8, 0.8))
    assert "| Second view | at 0.9 × 0.8 × 0.8 µm, turned over; the mean counts |" in card_as_markdown(card)
    answer = cartocell(*words, 0, 1, 1)
    assert answer.code == 2
    assert "--second-view 0.0 1.0 1.0 cannot be right" in answer.err


def maps(path, card):
    picture = np.random.default_rng(1).random((1, 1, 8, 8, 8), np.float32)
    assert card == read_card(path)
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    return session.run(None, {"picture": picture})[0][0]
