"""Fields of hollow shells of outlined cells at known places."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pytest
from scipy import ndimage

from cartocell_app.errors import UserError
from cartocell_app.stacks.boxes import crop
from cartocell_app.stacks.cysts import CystBox, CystFinderSettings, find_cysts
from cartocell_app.stacks.stack import Stack
from cartocell_app.stacks.voxel_size import VoxelSize

VOXEL = VoxelSize(1.2, 0.8, 0.8, "test")
STEP_UM = np.array(VOXEL.zyx_um)
SHAPE = (60, 200, 220)  # 72 × 160 × 176 µm


@dataclass(frozen=True)
class Shell:
    """A cyst: centre (z, y, x) and outer radius in µm; its cells are 9 µm tall."""

    centre_um: tuple[float, float, float]
    radius_um: float

    def body(self) -> np.ndarray:
        inside = np.zeros(SHAPE, bool)
        box, distance, _ = self._around()
        inside[box] = distance <= self.radius_um
        return inside

    def outlines(self, rng: np.random.Generator) -> np.ndarray:
        """Brightness 1 on membranes 1 µm thick, 0.05 in the cells."""
        box, distance, direction = self._around()
        cell = (distance >= self.radius_um - 10) & (distance <= self.radius_um)
        middles = rng.normal(size=(int(self.radius_um**2 / 12), 3))
        middles /= np.linalg.norm(middles, axis=1, keepdims=True)
        likeness = np.partition((direction[cell] @ middles.T).astype(np.float32), (-2, -1), axis=1)
        lateral = np.zeros(distance.shape, bool)
        lateral[cell] = likeness[:, -1] - likeness[:, -2] < 0.7 / self.radius_um
        surfaces = np.minimum(np.abs(distance - self.radius_um), np.abs(distance - self.radius_um + 9)) < 0.7
        signal = np.zeros(SHAPE)
        signal[box] = np.where(surfaces | lateral, 1.0, 0.05 * cell)
        return signal

    def _around(self) -> tuple[tuple[slice, ...], np.ndarray, np.ndarray]:
        """Box around the shell, and of its voxels the distance from the centre and the direction."""
        start = np.maximum((np.array(self.centre_um) - self.radius_um - 2) / STEP_UM, 0).astype(int)
        stop = np.minimum((np.array(self.centre_um) + self.radius_um + 2) / STEP_UM + 1, SHAPE).astype(int)
        box = tuple(slice(*ends) for ends in zip(start, stop, strict=True))
        offset = np.moveaxis(np.mgrid[box], 0, -1)
        offset = (offset + 0.5) * STEP_UM - self.centre_um
        distance = np.linalg.norm(offset, axis=-1)
        return box, distance, offset / np.maximum(distance, 1e-6)[..., None]


APART = (
    Shell((36, 30, 30), 20),
    Shell((30, 35, 85), 24),
    Shell((40, 40, 140), 26),
    Shell((34, 110, 40), 28),
    Shell((36, 120, 95), 16),
    Shell((36, 115, 140), 22),
)
TOUCHING = (Shell((36, 50, 50), 26), Shell((36, 50, 101), 26), Shell((36, 90, 75), 20))
CUT = (Shell((36, 60, 4), 30), Shell((70, 60, 90), 22), Shell((36, 150, 140), 24), Shell((2, 60, 150), 22))


def photographed(signal: np.ndarray, rng: np.random.Generator, *, attenuation_um: float = 1e9) -> np.ndarray:
    """uint8 picture: blur, attenuation with depth, background, and noise of 25 photons from a membrane."""
    light = ndimage.gaussian_filter(signal, [0.9, 0.4, 0.4]) + 0.05
    light *= np.exp(-np.arange(len(light)) * VOXEL.z_um / attenuation_um)[:, None, None]
    return np.clip(rng.poisson(25 * light) * 5 + rng.normal(10, 2, light.shape), 0, 255).astype(np.uint8)


def field_of(shells: tuple[Shell, ...], *, attenuation_um: float = 1e9, debris: int = 40) -> Stack:
    rng = np.random.default_rng(len(shells))
    signal = np.max([shell.outlines(rng) for shell in shells], axis=0)
    specks = np.zeros(SHAPE)
    specks[tuple(rng.integers(0, n, debris) for n in SHAPE)] = 60
    signal += ndimage.gaussian_filter(specks, 1.2 / STEP_UM)
    return Stack(photographed(signal, rng, attenuation_um=attenuation_um), VOXEL, "field")


def owners(boxes: list[CystBox], shells: tuple[Shell, ...]) -> list[int]:
    """Index of the shell nearest to each box's centre."""
    return [int(np.argmin([np.linalg.norm(np.subtract(b.centre_um, s.centre_um)) for s in shells])) for b in boxes]


def check_every_shell_is_found_once(boxes: list[CystBox], shells: tuple[Shell, ...]) -> None:
    assert sorted(owners(boxes, shells)) == list(range(len(shells)))
    for box, owner in zip(boxes, owners(boxes, shells), strict=True):
        assert shells[owner].body()[box.slices].sum() == shells[owner].body().sum()
        for other in set(range(len(shells))) - {owner}:
            assert shells[other].body()[box.slices].mean() < 0.25


@pytest.fixture(scope="module")
def apart() -> Stack:
    return field_of(APART)


def test_all_cysts_and_nothing_else(apart: Stack):
    boxes = find_cysts(apart)
    check_every_shell_is_found_once(boxes, APART)
    assert [box.number for box in boxes] == [1, 2, 3, 4, 5, 6]
    assert [box.start_vox for box in boxes] == sorted(box.start_vox for box in boxes)
    for box, owner in zip(boxes, owners(boxes, APART), strict=True):
        shell = APART[owner]
        np.testing.assert_allclose(box.centre_um, shell.centre_um, atol=1.5)
        assert box.diameter_um == pytest.approx(2 * shell.radius_um, rel=0.12)
        assert not box.touches_border
        # the margin of 6 µm, and no more than 6 µm beyond it
        room_um = np.abs(np.array([box.start_vox, box.stop_vox]) * STEP_UM - shell.centre_um) - shell.radius_um
        at_frame = np.array([box.start_vox, np.array(SHAPE) - box.stop_vox]) == 0
        assert ((room_um > 4) | at_frame).all()
        assert (room_um < 12).all()


def test_deep_cysts_are_found_where_light_fails():
    boxes = find_cysts(field_of(APART, attenuation_um=40))  # the last slice has a sixth of the first one's light
    check_every_shell_is_found_once(boxes, APART)


def check_field_is_found(light: np.ndarray, photons: float) -> None:
    raw = np.random.default_rng(0).poisson(photons * light).astype(np.uint16)
    boxes = find_cysts(Stack(raw, VOXEL, "field"))
    assert sorted(owners(boxes, APART)) == list(range(len(APART)))
    assert max(box.stop_vox[0] for box in boxes) <= SHAPE[0] + 5


def light_of_apart() -> np.ndarray:
    rng = np.random.default_rng(0)
    signal = np.max([shell.outlines(rng) for shell in APART], axis=0)
    return ndimage.gaussian_filter(signal, [0.9, 0.4, 0.4])


def test_one_photon_from_a_membrane_and_empty_slices_beneath():
    light = np.pad(light_of_apart(), ((0, 80), (0, 0), (0, 0)))
    check_field_is_found(light + 0.5, photons=1)


def test_haze_beneath_cysts_is_no_cyst():
    light = light_of_apart()
    haze = 0.2 * ndimage.gaussian_filter(light[-25:].mean(axis=0), 8 / STEP_UM[1:])
    fading = np.exp(-np.arange(60) * VOXEL.z_um / 30)[:, None, None]
    check_field_is_found(np.concatenate([light, haze * fading]) + 0.05, photons=25)


def test_touching_cysts_are_told_apart():
    boxes = find_cysts(field_of(TOUCHING))
    check_every_shell_is_found_once(boxes, TOUCHING)


def test_a_round_cyst_is_never_split():
    stack = field_of((Shell((36, 80, 80), 30),))
    assert len(find_cysts(stack, CystFinderSettings(neck=0.95))) == 1


def test_cysts_cut_by_the_frame_are_marked_or_left_out():
    stack = field_of(CUT)
    boxes = find_cysts(stack)
    check_every_shell_is_found_once(boxes, CUT)
    assert all(box.touches_border for box in boxes)
    for box, owner in zip(boxes, owners(boxes, CUT), strict=True):
        visible_um3 = CUT[owner].body().sum() * VOXEL.volume_um3  # with the lumen that the frame cuts open
        assert box.diameter_um == pytest.approx((6 / np.pi * visible_um3) ** (1 / 3), rel=0.12)


def test_a_lumen_that_the_frame_cuts_open_counts_as_inside():
    opened = (Shell((36, 80, 8), 34), Shell((36, 80, 130), 34))
    boxes = find_cysts(field_of(opened))
    check_every_shell_is_found_once(boxes, opened)
    assert [box.touches_border for box in boxes if owners([box], opened) == [0]] == [True]


def test_cysts_cut_by_the_frame_can_be_left_out():
    inner = field_of((*CUT[:2], Shell((36, 110, 140), 24)))
    kept = find_cysts(inner, CystFinderSettings(keep_cut=False))
    assert owners(kept, (Shell((36, 110, 140), 24),)) == [0]
    assert (kept[0].number, kept[0].touches_border) == (1, False)


def test_sizes_and_margin_are_obeyed(apart: Stack):
    assert len(find_cysts(apart, CystFinderSettings(smallest_diameter_um=38))) == 5
    assert len(find_cysts(apart, CystFinderSettings(largest_diameter_um=38))) == 1
    tight = find_cysts(apart, CystFinderSettings(margin_um=0))
    wide = find_cysts(apart, CystFinderSettings(margin_um=4.8))
    for inner, outer in zip(tight, wide, strict=True):
        grown = np.subtract(inner.start_vox, outer.start_vox)
        assert (grown == np.minimum([4, 6, 6], inner.start_vox)).all()


@pytest.mark.parametrize("dtype", [np.uint16, np.float32])
def test_grey_values_have_no_unit(apart: Stack, dtype: type):
    stack = Stack((apart.data.astype(np.float64) * 100 + 300).astype(dtype), VOXEL, "field")
    assert find_cysts(stack) == find_cysts(apart)


def test_the_voxel_size_decides(apart: Stack):
    boxes = find_cysts(replace(apart, voxel_size=VoxelSize(0.12, 0.08, 0.08, "test")))
    assert boxes == []  # shells of 5 µm are no cysts


def flat(grey: float) -> np.ndarray:
    return np.full(SHAPE, grey, np.uint16)


def photons(mean: float | np.ndarray) -> np.ndarray:
    return np.random.default_rng(0).poisson(mean, SHAPE).astype(np.uint8)


def smooth_noise() -> np.ndarray:
    return ndimage.gaussian_filter(np.random.default_rng(0).normal(100, 20, SHAPE), 2).astype(np.float32)


def debris_only() -> np.ndarray:
    rng = np.random.default_rng(0)
    return photographed(ndimage.gaussian_filter((rng.random(SHAPE) < 1e-5) * 60.0, 1.2 / STEP_UM), rng)


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(lambda: flat(0), id="no light"),
        pytest.param(lambda: flat(17), id="constant"),
        pytest.param(lambda: photons(20), id="noise"),
        pytest.param(lambda: photons(0.05), id="few photons"),
        pytest.param(lambda: photons(np.linspace(28, 52, SHAPE[2])), id="uneven light"),
        pytest.param(smooth_noise, id="smooth noise"),
        pytest.param(debris_only, id="debris"),
        pytest.param(lambda: photons(20)[:1], id="one slice"),
        pytest.param(lambda: np.ones((1, 1, 1), np.uint8), id="one voxel"),
    ],
)
def test_nothing_is_found_where_there_are_no_cysts(make: Callable[[], np.ndarray]):
    assert find_cysts(Stack(make(), VOXEL, "field")) == []


def test_without_voxel_size_the_user_is_asked():
    with pytest.raises(UserError, match="voxel size of field is not known"):
        find_cysts(Stack(np.zeros(SHAPE, np.uint8), None, "field"))


def test_a_crop_is_a_stack_of_its_own(apart: Stack):
    box = find_cysts(apart)[1]
    cyst = crop(apart, box)
    np.testing.assert_array_equal(cyst.data, apart.data[box.slices])
    assert not np.shares_memory(cyst.data, apart.data)
    assert (cyst.name, cyst.voxel_size) == ("field_cyst02", VOXEL)
    z, y, x = box.start_vox
    assert cyst.notes[-1] == f"Cut out of field from voxel z {z}, y {y}, x {x} on, counted from 0."


def test_settings_refuse_what_they_do_not_know():
    with pytest.raises(ValueError, match="margin"):
        CystFinderSettings(margin=3)  # type: ignore[call-arg]
