"""Training: repeatable, goes on after a stop or a kill, and says what it cannot do."""

import csv

import numpy as np
import pytest
import torch

from cartocell_app.errors import UserError
from cartocell_app.progress import CancelledError
from training import fit, machines
from training.averaging import mean_network
from training.data import Example
from training.losses import segmentation_loss
from training.machines import Machines, precision_of
from training.records import RunFolder, WholeCheckpoints, load_network, save_network
from training.resunet import ResUNet
from training.segmenter import Material, Segmenter
from training.settings import TrainingSettings, training_settings

TINY = TrainingSettings(
    feature_maps=(2, 4), z_pool=(2,), patch=(16, 16, 16), epochs=3, steps_per_epoch=2, dropout=0.2, voxel_um=(2, 2, 2)
)
CPU = Machines("cpu", loaders=0)


@pytest.fixture(scope="module")
def material():
    rng = np.random.default_rng(0)
    examples = []
    for _ in range(3):
        labels = np.zeros((20, 24, 24), np.uint16)
        labels[4:16, 4:12, 4:20], labels[4:16, 12:20, 4:20] = 1, 2
        examples.append(Example((rng.random(labels.shape) + (labels > 0)).astype(np.float16), labels))
    return Material(examples[:2], examples[2:], (2.0, 2.0, 2.0), "two boxes")


def run(settings, material, folder, **options):
    return fit.train(settings, material, RunFolder(folder), machines=options.pop("machines", CPU), **options)


def weights(path):
    return load_network(path).network.state_dict()


def same(one, other):
    return all(torch.equal(one[name], other[name]) for name in one)


def test_the_same_seed_gives_the_same_weights_and_another_seed_others(tmp_path, material):
    one, again = (weights(run(TINY, material, tmp_path / name)) for name in "ab")
    other = weights(run(TINY.model_copy(update={"seed": 5}), material, tmp_path / "c"))
    assert same(one, again)
    assert not same(one, other)


@pytest.mark.parametrize("stop_at", [3, 4, 5])
def test_a_stopped_training_ends_as_if_it_had_not_been(tmp_path, material, stop_at):
    whole = weights(run(TINY, material, tmp_path / "whole"))
    calls = []

    def after_some_steps():
        calls.append(1)
        return len(calls) == stop_at

    with pytest.raises(CancelledError):
        run(TINY, material, tmp_path / "cut", cancelled=after_some_steps)
    assert not (tmp_path / "cut" / "network.pt").exists()
    reports = []
    resumed = run(TINY, material, tmp_path / "cut", report=reports.append)
    assert same(whole, weights(resumed))
    assert reports[0].epoch == (stop_at - 1) // 2 + 1, "finished rounds are not done again"
    history = tmp_path / "cut/results/cartocell_1/charts/cartocell_1_history.csv"
    rows = list(csv.DictReader(history.read_text().splitlines()))
    assert [row["epoch"] for row in rows] == ["1", "2", "3"]


def test_loaders_do_not_change_the_result(tmp_path, material):
    one = weights(run(TINY, material, tmp_path / "a"))
    other = weights(run(TINY, material, tmp_path / "b", machines=Machines("cpu", loaders=2)))
    assert same(one, other)


def test_a_patch_that_becomes_one_slice_thin_gives_the_same_weights_again(tmp_path, material):
    deep = {"feature_maps": (16, 32, 32, 64), "z_pool": (2, 2, 2), "patch": (8, 16, 16), "batch": 2, "dropout": 0.0}
    settings = TINY.model_copy(update=deep)
    first, *others = (weights(run(settings, material, tmp_path / str(number))) for number in range(4))
    assert all(same(first, other) for other in others)


@pytest.mark.parametrize(("thinnest", "precision"), [(1, "32-true"), (3, "32-true"), (4, "bf16-mixed")])
def test_processors_with_bfloat16_use_it_where_it_is_right(monkeypatch, thinnest, precision):
    monkeypatch.setattr(machines, "_processor_flags", lambda: "flags : avx512_bf16")
    assert precision_of("cpu", thinnest) == precision
    monkeypatch.setattr(machines, "_processor_flags", lambda: "flags : avx2")
    assert precision_of("cpu", thinnest) == "32-true"


def test_training_learns(tmp_path, material):
    settings = TINY.model_copy(update={"epochs": 2, "steps_per_epoch": 20, "dropout": 0.0, "learning_rate": 1e-2})
    reports = []
    run(settings, material, tmp_path, report=reports.append)
    first, last = reports
    assert last.loss < 0.8 * first.loss
    assert last.iou["M"] > 0.8


def test_the_best_round_is_kept_and_patience_ends_the_training(tmp_path, material):
    settings = TINY.model_copy(update={"epochs": 30, "patience": 2, "learning_rate": 1e-12, "dropout": 0.0})
    reports = []
    run(settings, material, tmp_path, report=reports.append)
    assert len(reports) < 30


def test_going_on_from_another_network(tmp_path, material):
    first = run(TINY, material, tmp_path / "first")
    gentle = TINY.model_copy(update={"learning_rate": 1e-9, "epochs": 1})
    second = run(gentle, material, tmp_path / "second", start_from=first)
    kernels = [name for name, value in weights(first).items() if value.ndim == 5]
    for name in kernels:
        torch.testing.assert_close(weights(second)[name], weights(first)[name], atol=1e-5, rtol=0)
    assert load_network(second).settings.earlier == TINY


def test_a_share_of_what_was_known_is_kept(tmp_path, material):
    first = run(TINY, material, tmp_path / "first")
    whole = run(TINY.model_copy(update={"seed": 8}), material, tmp_path / "whole", start_from=first)
    keeping = TINY.model_copy(update={"seed": 8, "kept_share": 0.25})
    mean = run(keeping, material, tmp_path / "mean", start_from=first)
    for name, value in weights(mean).items():
        if value.is_floating_point() and "running" not in name:
            torch.testing.assert_close(value, 0.75 * weights(whole)[name] + 0.25 * weights(first)[name])
    alone = run(keeping, material, tmp_path / "alone")
    assert load_network(alone).settings.kept_share == 0.25  # without a start there is nothing to keep


def test_the_norms_of_a_mean_fit_what_it_computes(material):
    known = ResUNet(TINY.feature_maps, TINY.z_pool)
    learnt = {name: value.clone() for name, value in known.state_dict().items()}
    learnt["down.0.block.0.weight"] *= -1  # the mean of both sees nothing but the bias there
    settings = TINY.model_copy(update={"kept_share": 0.5})
    mean = mean_network(learnt, known, settings, material, torch.device("cpu"))
    assert mean["down.0.block.0.weight"].abs().max() == 0
    assert mean["down.0.block.1.running_var"].max() < 1e-6
    torch.testing.assert_close(mean["down.0.block.1.running_mean"], mean["down.0.block.0.bias"])


def test_a_network_of_another_shape_is_refused_before_anything_starts(tmp_path, material):
    settings = training_settings(feature_maps=(2, 2, 2), z_pool=(2, 2))
    network = ResUNet((2, 2, 2), (2, 2))
    path = save_network(network.state_dict(), settings, (1, 1, 1), "nothing", [], tmp_path / "network.pt")
    with pytest.raises(UserError, match=r"another shape \(2/2/2\)"):
        run(TINY, material, tmp_path / "run", start_from=path)
    assert not (tmp_path / "run").exists()


def test_out_of_memory_halves_the_batch_and_says_so(tmp_path, material, monkeypatch):
    step = Segmenter.training_step

    def short_of_memory(self, batch, index):
        if len(batch[0]) > 2:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")
        return step(self, batch, index)

    monkeypatch.setattr(Segmenter, "training_step", short_of_memory)
    said = []
    run(TINY.model_copy(update={"batch": 4, "epochs": 1}), material, tmp_path / "a", say=said.append)
    assert said == ["Memory ran out. Going on with 2 patches a step."]
    monkeypatch.setattr(Segmenter, "training_step", lambda *_: (_ for _ in ()).throw(RuntimeError("out of memory")))
    with pytest.raises(UserError, match="too little memory to train"):
        run(TINY, material, tmp_path / "b")


def test_a_stop_that_takes_the_loaders_first_is_a_stop(tmp_path, material, monkeypatch):
    def without_loader(*_):
        raise RuntimeError("DataLoader worker (pid 7) is killed by signal: Terminated.")

    monkeypatch.setattr(Segmenter, "training_step", without_loader)
    with pytest.raises(CancelledError):
        run(TINY, material, tmp_path, cancelled=lambda: True)
    with pytest.raises(RuntimeError, match="Terminated"):
        run(TINY, material, tmp_path)


def test_divergence_is_said(tmp_path, material, monkeypatch):
    monkeypatch.setattr("training.segmenter.segmentation_loss", lambda logits, *_, **__: logits.mean() * float("nan"))
    with pytest.raises(UserError, match="smaller --learning-rate"):
        run(TINY, material, tmp_path)
    assert not (tmp_path / "network.pt").exists()


def test_no_graphics_card(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(UserError, match="no graphics card"):
        Machines("cuda").accelerator()
    assert Machines("auto").accelerator() == "cpu"


def test_a_kill_while_a_checkpoint_is_written_leaves_the_one_before(tmp_path, material, monkeypatch):
    run(TINY.model_copy(update={"epochs": 1}), material, tmp_path)
    before = (tmp_path / "checkpoints/last.ckpt").read_bytes()

    def killed(content, path):
        path.write_bytes(b"half")
        raise KeyboardInterrupt

    monkeypatch.setattr("training.records.torch.save", killed)
    with pytest.raises(KeyboardInterrupt):
        WholeCheckpoints().save_checkpoint({}, tmp_path / "checkpoints/last.ckpt")
    assert (tmp_path / "checkpoints/last.ckpt").read_bytes() == before


@pytest.mark.parametrize("content", [b"", b"nothing", b"PK\x03\x04 half"])
def test_what_is_no_network(tmp_path, content):
    path = tmp_path / "network.pt"
    path.write_bytes(content)
    with pytest.raises(UserError, match="is no trained network"):
        load_network(path)


def test_settings_that_cannot_be():
    with pytest.raises(UserError, match="one value fewer"):
        training_settings(feature_maps=(2, 4), z_pool=(2, 2))
    with pytest.raises(UserError, match="multiples of 8, 8, 8"):
        training_settings(patch=(20, 20, 20))
    with pytest.raises(UserError, match="no preset"):
        training_settings("fastest")
    assert training_settings(epochs=None) == TrainingSettings()
    paper = training_settings("paper")
    assert (paper.epochs, paper.patience, paper.batch, paper.learning_rate) == (1300, 100, 2, 1e-4)


def test_loss_by_hand():
    logits = torch.zeros(1, 3, 1, 1, 4)
    targets = torch.zeros(1, 3, 1, 1, 4)
    targets[0, 0, 0, 0, 0] = 1
    assert segmentation_loss(logits, targets).item() == pytest.approx(np.log(2))
    logits[0, 0, 0, 0] = torch.tensor([-2.0, -2.0, -2.0, -2.0])
    # One of four voxels is 1: it counts threefold. Softplus(2) for it, softplus(-2) for the three others.
    wrong, right = np.log1p(np.exp(2)), np.log1p(np.exp(-2))
    channel = (3 * wrong + 3 * right) / 6
    expected = (channel + 2 * np.log(2)) / 3
    assert segmentation_loss(logits, targets, rebalance=True).item() == pytest.approx(expected, rel=1e-5)
    good = torch.where(targets > 0, 9.0, -9.0)
    assert segmentation_loss(good, targets, dice_weight=1).item() < 0.01
    assert segmentation_loss(-good, targets, dice_weight=1) > segmentation_loss(-good, targets) + 0.2


def test_a_disk_that_is_full_is_said_and_the_checkpoint_before_stays(tmp_path, monkeypatch):
    WholeCheckpoints().save_checkpoint({"epoch": 1}, tmp_path / "last.ckpt")

    def full(content, path):
        path.write_bytes(b"half of it")
        raise RuntimeError("[enforce fail at inline_container.cc:672] . unexpected pos 704 vs 598")

    monkeypatch.setattr("training.records.torch.save", full)
    with pytest.raises(UserError, match="could not be written") as refusal:
        WholeCheckpoints().save_checkpoint({"epoch": 2}, tmp_path / "last.ckpt")
    assert "disk is full" in refusal.value.body
    assert [path.name for path in tmp_path.iterdir()] == ["last.ckpt"]
    assert WholeCheckpoints().load_checkpoint(tmp_path / "last.ckpt") == {"epoch": 1}
