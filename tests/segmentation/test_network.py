import math
import subprocess
import sys
import threading
import time

import numpy as np
import onnx
import onnxruntime
import pytest

from cartocell_app.errors import UserError
from cartocell_app.progress import CancelledError
from cartocell_app.segmentation import budget, machine, network
from cartocell_app.segmentation.footprint import bytes_per_voxel
from cartocell_app.segmentation.model_card import METADATA_KEY, read_card, write_card
from cartocell_app.segmentation.network import Network
from cartocell_app.segmentation.receptive_field import receptive_field
from cartocell_app.segmentation.runtime import NoMemoryError, Session
from tests.segmentation.onnx_graphs import GraphBuilder, resunet, save


def make(folder, factors, features=(4, 5, 6), **changes):
    """Path of a model with random weights whose card tells its true receptive field."""
    path = save(folder / "model.onnx", resunet(features[: len(factors) + 1], factors))
    field = receptive_field(path)
    write_card(
        path, read_card(path).model_copy(update={"halo_vox": field.halo_vox, "size_divisor": field.divisor} | changes)
    )
    return path


def directly(path, volume):
    """The whole volume at once by ONNX Runtime, lengthened as `Network` says."""
    divisor = read_card(path).size_divisor
    after = [(0, -size % by) for size, by in zip(volume.shape, divisor, strict=True)]
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    maps = session.run(None, {"raw": np.pad(volume, after, mode="edge")[None, None]})[0][0]
    z, y, x = volume.shape
    return maps[:, :z, :y, :x]


def noise(shape, seed=0):
    return np.random.default_rng(seed).random(shape, np.float32)


@pytest.fixture
def room(monkeypatch):
    """Memory limit under which no tile is larger than a share of the volume."""
    monkeypatch.setattr(budget, "FAST", budget.FRUGAL)  # a small whole volume would fit where its half is foreseen

    def bytes_for(net, shape, share):
        part = (1, 4, round(math.prod(shape) * share / 16) * 4)
        return net.forecast_bytes(part) - 12 * math.prod(part)

    return bytes_for


@pytest.fixture
def model(tmp_path):
    return make(tmp_path, [(1, 2, 2), (2, 2, 2)])


@pytest.fixture
def runs(monkeypatch):
    """Shapes that the network ran on."""
    shapes = []
    run = Session.run

    def watched(self, tile, *rest):
        shapes.append(tile.shape)
        return run(self, tile, *rest)

    monkeypatch.setattr(Session, "run", watched)
    return shapes


@pytest.mark.parametrize("shape", [(30, 40, 44), (7, 33, 18), (1, 1, 1), (1, 50, 3), (2, 4, 4)])
def test_whole_volume_equals_a_direct_call(model, shape):
    volume = noise(shape)
    maps = Network.open(model, "cpu", 1).predict(volume)
    assert maps.shape == (3, *shape)
    assert maps.dtype == np.float32
    np.testing.assert_allclose(maps, directly(model, volume), atol=1e-5)


@pytest.mark.parametrize("shape", [(60, 81, 70), (13, 150, 99), (101, 30, 75)])
@pytest.mark.parametrize("factors", [[(1, 2, 2)], [(1, 2, 2), (1, 2, 2)], [(2, 2, 2), (1, 2, 2)]])
def test_tiled_equals_whole(tmp_path, runs, shape, factors, room):
    path = make(tmp_path, factors)
    net = Network.open(path, "cpu", 1)
    volume = noise(shape)
    whole = net.predict(volume)
    assert len(runs) == 1
    tiled = net.predict(volume, max_bytes=room(net, volume.shape, 0.5))
    assert len(runs) > 2, "one for the whole and several tiles"
    np.testing.assert_allclose(tiled, whole, atol=1e-4)
    assert whole.std() > 0.01, "maps without content would equal each other in any case"


def test_too_small_a_halo_would_show(tmp_path, room):
    """So the test above can fail."""
    path = make(tmp_path, [(1, 2, 2), (1, 2, 2)], halo_vox=(1, 1, 1))
    net = Network.open(path, "cpu", 1)
    volume = noise((60, 81, 70))
    tiled = net.predict(volume, max_bytes=room(net, volume.shape, 0.5))
    assert np.abs(tiled - net.predict(volume)).max() > 1e-3


def test_tiles_with_nothing_in_them_cost_little_and_change_nothing(model, runs, room):
    volume = np.zeros((40, 80, 400), np.float32)
    volume[:, :, 300:] = noise((40, 80, 100))
    net = Network.open(model, "cpu", 1)
    whole = net.predict(volume)
    runs.clear()
    maps = net.predict(volume, max_bytes=room(net, volume.shape, 0.25))
    np.testing.assert_allclose(maps, whole, atol=1e-4)
    sizes = [math.prod(shape) for shape in runs]
    assert min(sizes) < max(sizes) / 1.5


def test_maps_come_as_b_c_m_whatever_the_order_in_the_model(model):
    volume = noise((8, 16, 16))
    b, c, m = Network.open(model, "cpu", 1).predict(volume)
    write_card(model, read_card(model).model_copy(update={"channels": ("M", "B", "C")}))
    np.testing.assert_array_equal(Network.open(model, "cpu", 1).predict(volume), [c, m, b])


def test_volume_is_not_changed_and_views_are_fine(model):
    volume = noise((16, 40, 40))[:, ::-1, ::2]
    before = volume.copy()
    net = Network.open(model, "cpu", 1)
    np.testing.assert_allclose(net.predict(volume), directly(model, before), atol=1e-5)
    np.testing.assert_array_equal(volume, before)


def test_progress_counts_voxels_up_to_all(model, room):
    net = Network.open(model, "cpu", 1)
    volume = noise((60, 81, 70))
    seen = []
    net.predict(volume, lambda *report: seen.append(report), max_bytes=room(net, volume.shape, 0.5))
    assert {stage for stage, _, _ in seen} == {"Network"}
    assert {total for _, _, total in seen} == {volume.size}
    done = [done for _, done, _ in seen]
    assert done == sorted(set(done))
    assert (done[0], done[-1]) == (0, volume.size)
    assert len(done) > 2


def test_cancel_between_tiles(model, runs, room):
    net = Network.open(model, "cpu", 1)
    volume = noise((60, 81, 70))
    with pytest.raises(CancelledError):
        net.predict(volume, cancelled=lambda: len(runs) == 1, max_bytes=room(net, volume.shape, 0.5))
    assert len(runs) == 1


def test_cancel_stops_within_a_tile(tmp_path):
    """A tile of some seconds ends soon after the wish to stop."""
    net = Network.open(make(tmp_path, [(1, 2, 2)], (24, 32)), "cpu", 1)
    volume = noise((48, 96, 96))
    wish = threading.Event()
    asked = []

    def cancelled():
        if wish.is_set():
            asked.append(time.perf_counter())
        return wish.is_set()

    timer = threading.Timer(0.3, wish.set)
    timer.start()
    start_s = time.perf_counter()
    with pytest.raises(CancelledError):
        net.predict(volume, cancelled=cancelled)
    stopped_s = time.perf_counter() - asked[0]
    timer.join()
    assert asked[0] - start_s > 0.25
    start_s = time.perf_counter()
    net.predict(volume)
    assert stopped_s < (time.perf_counter() - start_s) / 2


@pytest.fixture
def shallow(tmp_path):
    """A network with a small halo."""
    return make(tmp_path, [(1, 2, 2)])


def forgetful(monkeypatch, largest_voxels):
    """Sessions that run out of memory above a number of voxels; returns what they were asked for."""
    asked = []
    run = Session.run

    def limited(self, tile, *rest):
        asked.append(tile.size)
        if tile.size > largest_voxels:
            raise NoMemoryError("bad_alloc")
        return run(self, tile, *rest)

    monkeypatch.setattr(Session, "run", limited)
    return asked


def test_out_of_memory_halves_the_tiles_and_says_so(shallow, monkeypatch):
    volume = noise((101, 60, 75))
    whole = directly(shallow, volume)
    net = Network.open(shallow, "cpu", 1)
    largest = volume.size // 3
    asked = forgetful(monkeypatch, largest)
    seen = []
    maps = net.predict(volume, lambda *report: seen.append(report[1]))
    np.testing.assert_allclose(maps, whole, atol=1e-4)
    refused = [size for size in asked if size > largest]
    assert len(refused) == 2
    assert refused[1] <= refused[0] / 2
    assert seen[-1] == volume.size
    (note,) = net.notes
    assert "Memory of CPU · 1 thread ran out" in note
    monkeypatch.undo()
    net.predict(noise((8, 8, 8)))
    assert net.notes == []


def test_out_of_memory_late_keeps_what_is_done(shallow, monkeypatch, room):
    """Only what was not settled is cut anew."""
    net = Network.open(shallow, "cpu", 1)
    volume = noise((60, 81, 70))
    whole = net.predict(volume)
    run, asked = Session.run, []

    def limited(self, tile, *rest):
        asked.append(tile.size)
        if len(asked) == 3:
            raise NoMemoryError("CUDA out of memory")
        return run(self, tile, *rest)

    monkeypatch.setattr(Session, "run", limited)
    done = []
    maps = net.predict(volume, lambda *report: done.append(report[1]), max_bytes=room(net, volume.shape, 0.5))
    np.testing.assert_allclose(maps, whole, atol=1e-4)
    assert done == sorted(set(done))
    assert max(asked[3:]) <= asked[2] // 2


def test_hopeless_memory_ends_in_a_sentence(model, monkeypatch):
    net = Network.open(model, "cpu", 1)
    forgetful(monkeypatch, 10)
    with pytest.raises(UserError, match="too little memory for this stack"):
        net.predict(noise((101, 60, 75)))


def test_too_little_memory_is_said_before_running(model, monkeypatch, runs):
    monkeypatch.setattr(machine, "free_memory_bytes", lambda: 90_000_000)
    net = Network.open(model, "cpu", 1)
    with pytest.raises(UserError, match=r"test needs at least 0\.\d GB for it, and 0\.1 GB can be used now") as caught:
        net.predict(noise((101, 60, 75)))
    assert "too little memory" in caught.value.title
    assert runs == []


def test_little_free_memory_makes_tiles(model, monkeypatch, runs, room):
    net = Network.open(model, "cpu", 1)
    volume = noise((101, 60, 75))
    free_bytes = (room(net, volume.shape, 0.5) + volume.size * 12) / network.FREE_SHARE
    monkeypatch.setattr(machine, "free_memory_bytes", lambda: free_bytes)
    maps = net.predict(volume)
    assert len(runs) > 1
    np.testing.assert_allclose(maps, directly(model, volume), atol=1e-4)


def test_more_memory_is_taken_where_tiles_would_cost_much(model, monkeypatch, runs, room):
    """As for a network that sees far: halves of a cyst are hardly smaller than all of it."""
    net = Network.open(model, "cpu", 1)
    volume = noise((101, 60, 75))
    usual = room(net, volume.shape, 0.2)
    monkeypatch.setattr(budget, "USUAL_BYTES", usual)
    maps = net.predict(volume)
    assert len(runs) == 1, "there is enough, and tiles of a fifth cost more than 1.4 times the work"
    runs.clear()
    monkeypatch.setattr(budget, "MOST_BYTES", usual)
    np.testing.assert_allclose(net.predict(volume), maps, atol=1e-4)
    assert len(runs) > 1
    runs.clear()
    monkeypatch.setattr(budget, "MOST_BYTES", 5.5e9)
    monkeypatch.setattr(budget, "GOOD_ENOUGH", 100)
    net.predict(volume)
    assert len(runs) > 1


def test_processes_side_by_side_share_the_memory(model, monkeypatch, runs, room):
    volume = noise((101, 60, 75))
    net = Network.open(model, "cpu", 1)
    free_bytes = 4 * (room(net, volume.shape, 0.5) + volume.size * 12) / network.FREE_SHARE
    monkeypatch.setattr(machine, "free_memory_bytes", lambda: free_bytes)
    maps = net.predict(volume)
    assert len(runs) == 1
    np.testing.assert_allclose(Network.open(model, "cpu", 1, sharers=4).predict(volume), maps, atol=1e-4)
    assert 2 < len(runs) < 10


def test_forecast_grows_with_the_volume_and_with_the_network(tmp_path):
    (tmp_path / "wide").mkdir()
    small = Network.open(make(tmp_path, [(1, 2, 2)]), "cpu", 1)
    wide = Network.open(make(tmp_path / "wide", [(1, 2, 2)], (16, 32)), "cpu", 1)
    shapes = [(1, 1, 1), (10, 20, 20), (20, 20, 20), (110, 130, 130), (110, 130, 131), (100, 2048, 2048)]
    for net in (small, wide):
        forecasts = [net.forecast_bytes(shape) for shape in shapes]
        assert forecasts == sorted(forecasts)
        assert forecasts[-1] > 100 * 2048 * 2048 * 12
    assert wide.forecast_bytes((110, 130, 130)) > 2 * small.forecast_bytes((110, 130, 130))


PEAK = """
import sys, pathlib, numpy as np
from cartocell_app.segmentation.network import Network
def kilobytes(key):
    lines = pathlib.Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(key))
net = Network.open(pathlib.Path(sys.argv[1]), "cpu", 2)
net.predict(np.zeros((1, 4, 4), np.float32))
volume = np.random.default_rng(0).random((48, 64, 64), np.float32)
before, tiles = kilobytes("VmRSS"), []
for _ in range(2):
    net.predict(volume, lambda stage, done, total: tiles.append(done), max_bytes=float(sys.argv[2]))
print((kilobytes("VmHWM") - before) * 1024, len(tiles))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="asks Linux for the greatest memory used")
@pytest.mark.parametrize("mode", [budget.FAST, budget.FRUGAL])
def test_a_volume_that_should_just_fit_does(tmp_path, mode):
    """In a process of its own, so that nothing else counts."""
    path = make(tmp_path, [(1, 2, 2), (1, 2, 2)], (16, 32, 64))
    voxels = 48 * 64 * 64
    limit = mode.base_bytes + mode.factor * bytes_per_voxel(path, (1, 4, 4)) * voxels
    command = [sys.executable, "-c", PEAK, path, str(limit + 1)]
    answer = subprocess.run(command, check=True, capture_output=True, text=True)
    used, reports = map(int, answer.stdout.split())
    assert reports == 4, "the whole volume ran at once, twice"
    assert 0.4 * limit < used < limit + 12 * voxels


@pytest.fixture
def starts(monkeypatch):
    """One entry for each start of a session."""
    seen = []
    start = Session.__init__

    def watched(self, *args, **options):
        seen.append(options["keeps_memory"])
        start(self, *args, **options)

    monkeypatch.setattr(Session, "__init__", watched)
    return seen


def test_memory_is_kept_for_the_next_volume_unless_that_is_larger(model, starts):
    net = Network.open(model, "cpu", 1)
    starts.clear()
    for shape in [(20, 20, 20), (20, 20, 20), (8, 20, 20), (24, 20, 20)]:
        np.testing.assert_allclose(net.predict(noise(shape)), directly(model, noise(shape)), atol=1e-5)
    assert starts == [True, True]


def test_memory_comes_back_where_it_is_scarce(model, starts, monkeypatch):
    net = Network.open(model, "cpu", 1)
    starts.clear()
    monkeypatch.setattr(machine, "free_memory_bytes", lambda: 200e6)
    for _ in range(2):
        net.predict(noise((20, 20, 20)))
    assert starts == [True, True]


def patch_model(folder):
    """Instance norm without weights, then one convolution a channel: the output depends on the patch's mean."""
    g = GraphBuilder(1)
    ones, zeros = g.constant(np.ones(1, np.float32)), g.constant(np.zeros(1, np.float32))
    x = g.node("InstanceNormalization", ["raw", ones, zeros])
    model = g.model(g.node("Sigmoid", [g.conv(x, 1, 3, (1, 1, 1))]))
    return save(folder / "patch.onnx", model, halo_vox=None, patch_vox=(8, 16, 16))


def test_a_network_for_patches_runs_on_patches_only(tmp_path, runs):
    path = patch_model(tmp_path)
    net = Network.open(path, "cpu", 1)
    maps = net.predict(noise((20, 50, 16)))
    assert maps.shape == (3, 20, 50, 16)
    assert set(runs) == {(8, 16, 16)}
    assert (maps > 0).all()
    assert (maps < 1).all()


@pytest.mark.parametrize("channels", [("M", "F", "C"), ("C", "M", "B")])
def test_maps_come_in_our_order_with_whole_cells_in_the_place_of_the_interior(tmp_path, channels):
    path = make(tmp_path, [(1, 2, 2)], channels=channels)
    volume = noise((4, 6, 8))
    maps = dict(zip(channels, directly(path, volume), strict=True))
    expected = np.stack([maps.get("B", maps.get("F")), maps["C"], maps["M"]])
    np.testing.assert_allclose(Network.open(path, "cpu", 1).predict(volume), expected, atol=1e-5)


def test_a_volume_of_one_patch_equals_a_direct_call(tmp_path):
    path = patch_model(tmp_path)
    volume = noise((8, 16, 16))
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    expected = session.run(None, {"raw": volume[None, None]})[0][0]
    np.testing.assert_allclose(Network.open(path, "cpu", 1).predict(volume), expected, atol=1e-5)


def test_patches_that_do_not_fit_into_memory_end_in_a_sentence(tmp_path, monkeypatch):
    net = Network.open(patch_model(tmp_path), "cpu", 1)
    forgetful(monkeypatch, 10)
    with pytest.raises(UserError, match="too little memory"):
        net.predict(noise((8, 16, 16)))


def test_device_and_threads_are_told(model):
    net = Network.open(model, "cpu", 2)
    assert net.device_words == "CPU · 2 threads"
    assert net.provider == "CPUExecutionProvider"
    assert net.card == read_card(model)


def test_a_network_that_gives_other_maps_than_its_card_says_is_refused(tmp_path):
    g = GraphBuilder()
    path = save(tmp_path / "two.onnx", g.model(g.conv("raw", 1, 2, (1, 1, 1)), 2))
    with pytest.raises(UserError, match=r"two\.onnx gave maps of 2 × 4 × 4 × 4"):
        Network.open(path, "cpu", 1).predict(noise((4, 4, 4)))


def test_a_network_that_cannot_run_is_the_users_trouble(tmp_path):
    path = save(tmp_path / "odd.onnx", resunet((2, 3), [(2, 2, 2)]), size_divisor=(1, 1, 1))
    with pytest.raises(UserError, match=r"odd\.onnx does not run on CPU"):
        Network.open(path, "cpu", 1).predict(noise((5, 5, 5)))


def test_a_file_without_a_card_is_refused(tmp_path):
    path = tmp_path / "plain.onnx"
    onnx.save(resunet((2, 3), [(1, 2, 2)]), path)
    with pytest.raises(UserError, match="does not say how it was trained"):
        Network.open(path, "cpu", 1)
    assert METADATA_KEY not in {entry.key for entry in onnx.load(path).metadata_props}
