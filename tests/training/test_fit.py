"""Training: goes on after a stop, goes on from another network, and says what it cannot start from."""

import json

import pytest
import torch

from cartocell_app.errors import UserError
from cartocell_app.progress import CancelledError
from training import fit
from training.settings import TrainingSettings, training_settings

TINY = TrainingSettings(
    feature_maps=(2, 4), z_pool=(2,), examples=1, validation_examples=1, patch=(16, 16, 16), steps=4, voxel_um=(2, 2, 2)
)


@pytest.fixture
def quick(monkeypatch):
    monkeypatch.setattr(fit, "VALIDATION_PATCHES", 2)
    monkeypatch.setattr(fit, "CHECKPOINT_EVERY", 2)


def weights(path):
    return fit.load_network(path)[0].state_dict()


def same(one, other):
    return all(torch.equal(one[name], other[name]) for name in one)


def test_the_same_seed_gives_the_same_weights_and_another_seed_others(tmp_path, quick):
    one, again = (weights(fit.train(TINY, tmp_path / name, workers=1)) for name in "ab")
    other = weights(fit.train(TINY.model_copy(update={"seed": 5}), tmp_path / "c", workers=1))
    assert same(one, again)
    assert not same(one, other)


def test_a_stopped_training_goes_on_where_it_was(tmp_path, quick):
    calls = []

    def after_three_steps():
        calls.append(1)
        return len(calls) == 3

    with pytest.raises(CancelledError):
        fit.train(TINY, tmp_path, workers=1, cancelled=after_three_steps)
    assert not (tmp_path / "network.pt").exists()
    done = []
    fit.train(TINY, tmp_path, workers=1, progress=lambda stage, at, _: done.append(at) if stage == "Training" else None)
    assert done == [3, 4], "the checkpoint after step 2 was taken up"
    steps = [json.loads(line)["step"] for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert steps == [2, 4]


def test_going_on_from_another_network(tmp_path, quick):
    first = fit.train(TINY, tmp_path / "first", workers=1)
    gentle = TINY.model_copy(update={"learning_rate": 1e-9, "steps": 1})
    second = fit.train(gentle, tmp_path / "second", start_from=first, workers=1)
    kernels = [name for name, value in weights(first).items() if value.ndim == 5]
    for name in kernels:
        torch.testing.assert_close(weights(second)[name], weights(first)[name], atol=1e-5, rtol=0)
    assert fit.load_network(second)[1].earlier == TINY


def test_a_network_of_another_shape_is_refused_before_anything_starts(tmp_path):
    network = fit.ResUNet((2, 2, 2), (2, 2))
    settings = training_settings(feature_maps=(2, 2, 2), z_pool=(2, 2))
    path = fit.save_network(network, settings, tmp_path / "network.pt")
    with pytest.raises(UserError, match=r"another shape \(2/2/2\)"):
        fit.train(TINY, tmp_path / "run", start_from=path)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("content", [b"", b"nothing", b"PK\x03\x04 half"])
def test_what_is_no_network(tmp_path, content):
    path = tmp_path / "network.pt"
    path.write_bytes(content)
    with pytest.raises(UserError, match="is no trained network"):
        fit.load_network(path)


def test_settings_that_cannot_be():
    with pytest.raises(UserError, match="one value fewer"):
        training_settings(feature_maps=(2, 4), z_pool=(2, 2))
    assert training_settings(steps=None) == TrainingSettings()


def test_overlap_of_known_channels():
    targets = torch.zeros(1, 3, 2, 2, 2)
    targets[0, 0, 0], targets[0, 1] = 1, 1
    logits = torch.where(targets > 0, 5.0, -5.0)
    logits[0, 0, 0, 0, 0] = -5  # one of the four voxels of B missed
    iou = fit.intersection_over_union(logits, targets)
    assert iou.tolist() == [0.75, 1.0, 0.0]
    assert fit.segmentation_loss(logits, targets) < fit.segmentation_loss(-logits, targets)
