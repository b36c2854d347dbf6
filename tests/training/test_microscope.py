"""Each law of the image formation, measured on signals where it can be seen alone."""

from dataclasses import replace

import numpy as np
import pytest

from cartocell_app.stacks.voxel_size import VoxelSize
from training.microscope import (
    OPTICS_RANGES,
    STAIN_RANGES,
    Optics,
    Stain,
    add_debris,
    blurred,
    depth_profile,
    draw_from,
    photographed,
    smooth_noise,
    stained,
)

VOXEL = VoxelSize(0.5, 0.25, 0.25, "synthetic")

PLAIN = Optics(
    psf_xy_um=0.4,
    psf_z_um=1.2,
    depth_blur=0.0,
    attenuation_length_um=1e9,
    from_below=0.0,
    photons=100.0,
    read_noise=0.0,
    background=0.0,
    offset_grey=0.0,
    membrane_grey=100.0,
)
"""No depth effects, no background, and one grey value a photon."""

EVEN = Stain(
    apical=1, basal=1, thickness_um=0.2, texture=0, texture_um=2, gaps=0, cytoplasm=0, bright_cells=0, debris=0
)


def seen(signal, seed=0, dtype=np.uint8, **optics):
    return photographed(signal, replace(PLAIN, **optics), VOXEL, dtype, np.random.default_rng(seed))


def constant(shape=(40, 60, 60), value=1.0):
    return np.full(shape, value, np.float32)


def test_photon_noise_has_the_variance_of_its_mean():
    grey = seen(constant()).astype(float)
    assert grey.mean() == pytest.approx(100, rel=0.005)
    assert grey.var() == pytest.approx(100 + 1 / 12, rel=0.02)  # a twelfth from rounding to whole grey values


def test_read_noise_adds_its_variance():
    grey = seen(constant(), read_noise=8.0).astype(float)
    assert grey.mean() == pytest.approx(100, rel=0.005)
    assert grey.var() == pytest.approx(100 + 64 + 1 / 12, rel=0.02)


def test_fewer_photons_are_noisier_at_the_same_brightness():
    grey = seen(constant(), photons=25.0).astype(float)
    assert grey.mean() == pytest.approx(100, rel=0.005)
    assert grey.var() == pytest.approx(25 * 4**2, rel=0.02)


@pytest.mark.parametrize(("from_below", "brightest"), [(0.2, 0), (0.8, -1)])
def test_light_falls_off_exponentially_with_depth(from_below, brightest):
    # 200 planes of 0.5 µm are 100 µm, two attenuation lengths.
    planes = seen(
        constant((200, 60, 60)), dtype=np.uint16, attenuation_length_um=50.0, photons=1e4, from_below=from_below
    ).mean(axis=(1, 2))
    depth_um = np.arange(200) * 0.5
    slope, _ = np.polyfit(depth_um, np.log(planes), 1)
    assert abs(slope) == pytest.approx(1 / 50, rel=0.01)
    assert planes.max() == planes[brightest]
    assert planes.min() / planes.max() == pytest.approx(np.exp(-2), rel=0.02)


def test_background_is_light_and_the_offset_is_not():
    grey = seen(constant(value=0.0), background=0.1, offset_grey=20.0).astype(float)
    assert grey.mean() == pytest.approx(20 + 0.1 * 100, rel=0.01)
    assert grey.var() == pytest.approx(10, rel=0.03)


def test_bright_light_saturates_at_255_and_darkness_ends_at_0():
    assert (seen(constant(value=10.0)) == 255).all()
    dark = seen(constant(value=0.0), read_noise=5.0)
    assert dark.dtype == np.uint8
    assert (dark == 0).mean() == pytest.approx(0.54, abs=0.02)  # half of the noise, and what rounds to 0


def test_16_bit_is_the_same_picture_over_12_bits():
    signal = constant() * np.linspace(0, 4, 60, dtype=np.float32)
    eight, sixteen = seen(signal), seen(signal, dtype=np.uint16)
    assert sixteen.dtype == np.uint16
    assert sixteen.max() == 4095
    unsaturated = eight < 255
    assert np.abs(sixteen[unsaturated] / 16 - eight[unsaturated]).max() <= 0.5


def test_the_blur_of_a_point_is_the_psf():
    point = np.zeros((41, 41, 41), np.float32)
    point[20, 20, 20] = 1
    spot = blurred(point, PLAIN, VOXEL)
    assert spot.sum() == pytest.approx(1, rel=1e-4)
    for axis, sigma_um, step_um in ((0, 1.2, 0.5), (1, 0.4, 0.25), (2, 0.4, 0.25)):
        profile = np.moveaxis(spot, axis, 0)[:, 20, 20]
        # exp(−d² / 2σ²) at two voxels from the centre.
        measured_um = np.sqrt((2 * step_um) ** 2 / (2 * np.log(profile[20] / profile[22])))
        assert measured_um == pytest.approx(sigma_um, rel=0.01)


@pytest.mark.parametrize(("from_below", "sharp_plane", "wide_plane"), [(0.0, 8, 112), (1.0, 112, 8)])
def test_the_blur_widens_with_depth(from_below, sharp_plane, wide_plane):
    lines = np.zeros((121, 41, 3), np.float32)
    lines[:, 20] = 1
    image = blurred(lines, replace(PLAIN, depth_blur=1.0, from_below=from_below), VOXEL)
    y_um = (np.arange(41) - 20) * 0.25

    def width_um(plane):
        profile = image[plane, :, 1]
        return np.sqrt((profile * y_um**2).sum() / profile.sum())

    # The wide blur comes on top of the sharp one: variances add up, and the share of it grows with depth.
    share = 8 / 120
    assert width_um(sharp_plane) == pytest.approx(0.4 * np.sqrt(1 + share), rel=0.03)
    assert width_um(wide_plane) == pytest.approx(0.4 * np.sqrt(2 - share), rel=0.03)


def test_depth_is_counted_from_the_objective():
    assert depth_profile(5, PLAIN).tolist() == [0, 0.25, 0.5, 0.75, 1]
    assert depth_profile(5, replace(PLAIN, from_below=1.0)).tolist() == [1, 0.75, 0.5, 0.25, 0]


@pytest.mark.parametrize("ranges", [OPTICS_RANGES, STAIN_RANGES], ids=["optics", "stain"])
def test_draws_stay_within_their_ranges_and_fill_them(ranges):
    rng = np.random.default_rng(0)
    draws = [draw_from(ranges, rng) for _ in range(400)]
    assert [set(draw) for draw in draws] == [set(ranges)] * 400
    for name, (low, high) in ranges.items():
        values = np.array([draw[name] for draw in draws])
        assert low <= values.min() < values.max() <= high
        middle = np.sqrt(low * high) if 0 < low < high / 10 else (low + high) / 2
        assert (values < middle).mean() == pytest.approx(0.5, abs=0.1)


def test_the_ranges_are_those_of_what_they_describe():
    assert Optics(**draw_from(OPTICS_RANGES, np.random.default_rng(0)))
    assert Stain(**draw_from(STAIN_RANGES, np.random.default_rng(0)))


@pytest.mark.parametrize("grain_um", [1.0, 4.0])
def test_smooth_noise_varies_over_its_grain(grain_um):
    noise = smooth_noise((40, 80, 80), grain_um, VOXEL, np.random.default_rng(0))
    assert noise.shape == (40, 80, 80)
    assert float(noise.mean()) == pytest.approx(0, abs=1e-3)
    assert float(noise.std()) == pytest.approx(1, abs=1e-3)

    def likeness(distance_um):
        shift = round(distance_um / 0.25)
        return float((noise[:, :, shift:] * noise[:, :, :-shift]).mean())

    assert likeness(0.25 * grain_um) > 0.75
    assert abs(likeness(2.5 * grain_um)) < 0.3


def test_texture_changes_the_stain_but_not_its_mean():
    signal = constant((60, 80, 80), 2.0)
    textured = stained(signal, replace(EVEN, texture=0.4, texture_um=1.0), VOXEL, np.random.default_rng(1))
    assert float(np.log(textured).std()) == pytest.approx(0.4, rel=0.02)
    assert float(textured.mean()) == pytest.approx(2.0, rel=0.03)
    assert (signal == 2).all()


def test_an_even_stain_stays_as_it_is():
    signal = np.random.default_rng(0).random((8, 9, 10), np.float32)
    assert stained(signal, EVEN, VOXEL, np.random.default_rng(1)) == pytest.approx(signal)


def test_gaps_take_their_share_of_the_membrane():
    kept = stained(constant((60, 80, 80)), replace(EVEN, gaps=0.08), VOXEL, np.random.default_rng(2))
    assert (kept < 0.5).mean() == pytest.approx(0.08, abs=0.03)
    assert kept.min() == pytest.approx(0.1)
    assert (kept == 1).mean() > 0.8


def test_debris_lies_only_where_it_may_and_as_often_as_asked():
    allowed = np.zeros((60, 100, 100), np.bool_)
    allowed[:, :50] = True
    signal = constant(allowed.shape, 0.5)
    add_debris(signal, allowed, replace(EVEN, debris=40.0), VOXEL, np.random.default_rng(3))
    assert (signal[~allowed] == 0.5).all()
    assert (signal[allowed] >= 0.5).all()
    # 40 a 10⁴ µm³ in 9375 µm³ are about 38 blobs; each lifts some µm³ by more than a tenth.
    lifted_um3 = (signal > 0.6).sum() * VOXEL.volume_um3
    assert 300 < lifted_um3 < 6000
    clean = constant(allowed.shape, 0.5)
    add_debris(clean, allowed, EVEN, VOXEL, np.random.default_rng(3))
    add_debris(clean, np.zeros_like(allowed), replace(EVEN, debris=40.0), VOXEL, np.random.default_rng(3))
    assert (clean == 0.5).all()
