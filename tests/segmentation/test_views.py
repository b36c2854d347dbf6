"""One stack seen once or twice: which sizes, the mean of the maps, and who decides."""

import numpy as np
import pytest

from cartocell_app.progress import never, silent
from cartocell_app.segmentation.network import Network
from cartocell_app.segmentation.normalisation import normalise
from cartocell_app.segmentation.pipeline import segment_stack
from cartocell_app.segmentation.settings import PROFILES
from cartocell_app.segmentation.stopwatch import Stopwatch
from cartocell_app.segmentation.views import View, mean_maps, views_of
from cartocell_app.stacks.resampling import resample_maps, resample_raw
from cartocell_app.stacks.stack import Stack
from cartocell_app.stacks.voxel_size import VoxelSize
from tests.segmentation.onnx_graphs import GraphBuilder, save

SHAPE, VOXEL_SIZE = (12, 20, 16), VoxelSize(1.0, 0.5, 0.5, source="test")


@pytest.fixture
def raw():
    return np.random.default_rng(1).integers(0, 255, SHAPE, np.uint8)


def network(folder, **changes):
    """Sees three voxels each way, and not the same to the left as to the right."""
    g = GraphBuilder(3)
    model = g.model(g.node("Sigmoid", [g.conv("raw", 1, 3, (3, 3, 3))]))
    return Network.open(save(folder / "m.onnx", model, halo_vox=(1, 1, 1), **changes), "cpu", 1)


@pytest.fixture
def seen(monkeypatch):
    """Size of each picture that a network was given."""
    shapes = []
    predict = Network.predict

    def watched(self, volume, *rest):
        shapes.append(volume.shape)
        return predict(self, volume, *rest)

    monkeypatch.setattr(Network, "predict", watched)
    return shapes


@pytest.mark.parametrize(
    ("second_um", "views", "sizes"),
    [
        (None, "as the model says", [(12, 10, 8)]),
        (None, 2, [(12, 10, 8), (12, 10, 8)]),
        ((0.5, 0.5, 0.5), "as the model says", [(12, 10, 8), (24, 20, 16)]),
        ((0.5, 0.5, 0.5), 1, [(12, 10, 8)]),
        ((0.5, 0.5, 0.5), 2, [(12, 10, 8), (24, 20, 16)]),
    ],
)
def test_the_model_says_how_often_it_looks_unless_the_user_does(tmp_path, raw, seen, second_um, views, sizes):
    net = network(tmp_path, voxel_size_um=(1, 1, 1), second_view_um=second_um)
    settings = PROFILES["default"].model_copy(update={"views": views})
    segment_stack(Stack(raw, VOXEL_SIZE, "stack"), net, settings)
    assert seen == sizes


def test_published_ways_look_once(tmp_path, raw, seen):
    net = network(tmp_path, voxel_size_um=(1, 1, 1), second_view_um=(0.5, 0.5, 0.5))
    published = [name for name in PROFILES if name != "default"]
    for name in published:
        segment_stack(Stack(raw, VOXEL_SIZE, "stack"), net, PROFILES[name])
    assert seen == [(12, 10, 8)] * len(published)


def test_a_model_of_unknown_voxel_size_looks_twice_at_the_stack_s_own(tmp_path):
    card = network(tmp_path, voxel_size_um=None).card
    assert views_of(card, 2, SHAPE, VOXEL_SIZE, None) == (View(SHAPE), View(SHAPE, is_turned=True))


def test_cells_of_another_width_are_seen_so_in_both_views(tmp_path):
    card = network(tmp_path, voxel_size_um=(1, 1, 1), second_view_um=(0.5, 0.5, 0.5), cell_width_um=10.0).card
    views = views_of(card, "as the model says", SHAPE, VOXEL_SIZE, 5.0)
    assert [view.shape for view in views] == [(24, 20, 16), (48, 40, 32)]


def test_maps_are_the_mean_of_what_is_seen_upright_and_turned(tmp_path, raw):
    net = network(tmp_path)
    fine = (18, 30, 24)
    upright = normalise(resample_raw(raw, SHAPE), net.card.normalisation)
    larger = normalise(resample_raw(raw, fine), net.card.normalisation)
    first = resample_maps(net.predict(upright), fine)
    second = net.predict(np.ascontiguousarray(larger[::-1, ::-1, ::-1]))[:, ::-1, ::-1, ::-1]
    assert np.abs(first - second).max() > 0.01
    watch = Stopwatch()
    maps, notes = mean_maps(raw, [View(SHAPE), View(fine, is_turned=True)], fine, net, watch, silent, never)
    np.testing.assert_allclose(maps, (first + second) / 2, atol=1e-5)
    assert notes == []
    assert set(watch.seconds) == {"prepare", "network", "cells"}


def test_progress_goes_through_both_views(tmp_path, raw):
    reports = []
    views = [View(SHAPE), View((24, 40, 32), is_turned=True)]
    mean_maps(raw, views, SHAPE, network(tmp_path), Stopwatch(), lambda *report: reports.append(report), never)
    done = [done / total for stage, done, total in reports if stage == "Network"]
    assert done == sorted(done)
    assert done[0] == 0
    assert done[-1] == 1
    assert 1 / 9 in done


def test_what_the_network_notes_is_said_once(tmp_path, raw, monkeypatch):
    predict = Network.predict

    def noting(self, *arguments):
        maps = predict(self, *arguments)
        self.notes.append("It was slow.")
        return maps

    monkeypatch.setattr(Network, "predict", noting)
    settings = PROFILES["default"].model_copy(update={"views": 2})
    found = segment_stack(Stack(raw, VOXEL_SIZE, "stack"), network(tmp_path), settings)
    assert found.notes.count("It was slow.") == 1
