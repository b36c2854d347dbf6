"""What a network is shown: repeatable, varied as one, and true."""

import hashlib
from itertools import product

import numpy as np
import pytest

from cartocell_app.segmentation.targets import bcm_from_labels
from cartocell_app.stacks.voxel_size import VoxelSize
from training.data import (
    Example,
    GridDataset,
    PatchDataset,
    patches_that_cover,
    synthetic_example,
)
from training.settings import NORMALISATION, Augmentation
from training.varied import SMALLEST_FRAME_UM


def blocks(shape, side=6, seed=0):
    """Labels of cubes that no turn or flip leaves as they are, with sheets of 0 between them."""
    index = np.indices(shape)
    cube = index // side
    counts = [-(-size // side) for size in shape]
    numbers = np.random.default_rng(seed).permutation(np.prod(counts)) + 1
    labels = numbers[np.ravel_multi_index(cube, counts)]
    return np.where((index % side == 0).any(axis=0), 0, labels).astype(np.uint16)


NOTHING = Augmentation(
    flip=0, rotate=0, elastic=0, brightness=0, contrast=0, noise=0, blur=0, attenuation=0, anisotropy=0
)
FLIPS = NOTHING.model_copy(update={"flip": 0.5})
SPACE = NOTHING.model_copy(update={"flip": 0.5, "rotate": 0.7, "elastic": 0.7})
LIGHT = Augmentation(flip=0, rotate=0, elastic=0)


def telling(labels):
    """An example whose picture is its labels."""
    return Example(labels.astype(np.float16), labels)


def items(dataset):
    return [dataset[index] for index in range(len(dataset))]


def ranks(volume):
    """Numbers in place of values: patches of a few cells are then as alike as their cells."""
    return np.unique(volume, return_inverse=True)[1].reshape(volume.shape)


@pytest.fixture(scope="module")
def specimen():
    return synthetic_example(7, (1.4, 1.4, 1.4))


def test_a_specimen_is_repeatable_and_has_truth_of_its_shape(specimen):
    again = synthetic_example(7, (1.4, 1.4, 1.4))
    assert np.array_equal(specimen.raw, again.raw)
    assert np.array_equal(specimen.labels, again.labels)
    assert not np.array_equal(specimen.raw, synthetic_example(4, (1.4, 1.4, 1.4)).raw)
    assert specimen.raw.shape == specimen.labels.shape
    assert specimen.raw.dtype == np.float16
    assert specimen.labels.max() >= 3
    assert (np.array(specimen.raw.shape) * 1.4 >= SMALLEST_FRAME_UM - 1.4).all()


def test_a_specimen_is_on_the_scale_of_the_pipeline(specimen):
    assert NORMALISATION.clip is not None
    assert NORMALISATION.clip[0] - 1e-3 <= specimen.raw.min() < specimen.raw.max() <= NORMALISATION.clip[1] + 1e-3
    low, high = np.percentile(specimen.raw, (NORMALISATION.low_percent, NORMALISATION.high_percent))
    assert (low, high) == pytest.approx((0, 1), abs=0.01)


def test_the_picture_lies_on_the_labels(specimen):
    contour = bcm_from_labels(specimen.labels)[1].astype(bool)
    tissue = specimen.labels > 0
    assert specimen.raw[contour & tissue].mean() > specimen.raw[~contour & ~tissue].mean() + 0.1
    off_by_two = np.roll(contour, 2, axis=(0, 1, 2))
    assert specimen.raw[contour].mean() > specimen.raw[off_by_two].mean() + 0.03


@pytest.mark.parametrize("augmentation", [Augmentation(), FLIPS])
def test_an_item_depends_on_its_number_the_epoch_and_the_seed_alone(augmentation):
    examples = [telling(blocks((20, 30, 30), seed=seed)) for seed in (1, 2)]
    forwards, backwards = (PatchDataset(examples, (16, 16, 16), 8, 5, augmentation) for _ in range(2))
    seen = {index: forwards[index] for index in range(8)}
    for index in reversed(range(8)):
        for one, again in zip(seen[index], backwards[index], strict=True):
            assert np.array_equal(one.numpy(), again.numpy())
    for other in (PatchDataset(examples, (16, 16, 16), 8, 6, augmentation),
                  PatchDataset(examples, (16, 16, 16), 8, 5, augmentation, epoch=1)):  # fmt: skip
        assert not any(np.array_equal(seen[index][0].numpy(), other[index][0].numpy()) for index in range(8))
    assert len({picture.numpy().tobytes() for picture, _ in seen.values()}) == 8


def test_there_are_as_many_items_as_asked_for():
    dataset = PatchDataset([telling(blocks((20, 30, 30)))], (16, 16, 16), 3, 5, FLIPS)
    assert len(dataset) == len(list(dataset)) == 3


def test_stored_examples_are_never_changed(specimen):
    def digest():
        return hashlib.sha256(specimen.raw.tobytes() + specimen.labels.tobytes()).digest()

    before = digest()
    for picture, targets in items(PatchDataset([specimen], (24, 32, 32), 40, 1, Augmentation())):
        picture += 100
        targets += 100
    for picture, targets in items(GridDataset([specimen], (24, 32, 32))):
        picture += 100
        targets += 100
    assert digest() == before


def test_items_are_float32_pictures_with_their_targets(specimen):
    for dataset in (
        PatchDataset([specimen], (16, 24, 20), 1, 1, Augmentation()),
        GridDataset([specimen], (16, 24, 20)),
    ):
        picture, targets = dataset[0]
        assert (tuple(picture.shape), tuple(targets.shape)) == ((1, 16, 24, 20), (3, 16, 24, 20))
        assert str(picture.dtype) == str(targets.dtype) == "torch.float32"
        assert set(np.unique(targets.numpy())) <= {0.0, 1.0}
        assert np.isfinite(picture.numpy()).all()


@pytest.mark.parametrize("patch", [(16, 16, 16), (12, 18, 16)])
def test_targets_are_those_of_the_labels_in_the_picture(patch):
    for picture, targets in items(PatchDataset([telling(blocks((24, 30, 34)))], patch, 30, 2, FLIPS)):
        assert np.array_equal(targets.numpy(), bcm_from_labels(ranks(picture.numpy()[0])))


def test_bending_and_turning_take_picture_and_labels_alike():
    """A picture that tells inside from outside stays on the mask M, whatever happens to the space."""
    labels = np.zeros((32, 64, 64), np.uint16)
    labels[8:24, 20:50, 14:40] = 1
    dataset = PatchDataset([telling(labels)], (24, 40, 40), 40, 3, SPACE)
    bent = 0
    for picture, targets in items(dataset):
        tissue = targets[2].numpy() > 0
        assert ((picture[0].numpy() > 0.5) != tissue).mean() < 0.012
        bent += not np.isin(picture.numpy(), (0, 1)).all()
    assert bent > 25


def test_contours_stay_one_voxel_on_each_side_after_bending():
    labels = np.zeros((32, 64, 64), np.uint16)
    labels[8:24, 20:50, 14:32], labels[8:24, 20:50, 32:50] = 1, 2
    for _, targets in items(PatchDataset([telling(labels)], (24, 40, 40), 20, 3, SPACE)):
        b, c, m = targets.numpy() > 0
        assert not (b & c).any()
        assert (b <= m).all()
        assert np.array_equal(b, m & ~c)


def test_flips_are_all_eight_and_no_other():
    labels = blocks((14, 16, 20))
    flips = {ranks(labels[::z, ::y, ::x]).tobytes() for z, y, x in product((1, -1), repeat=3)}
    seen = {
        ranks(picture.numpy()[0]).tobytes()
        for picture, _ in items(PatchDataset([telling(labels)], (14, 16, 20), 120, 3, FLIPS))
    }
    assert seen == flips


def test_light_changes_the_picture_and_nothing_else():
    labels = (blocks((16, 16, 16)) % 2).astype(np.uint16)
    pairs = items(PatchDataset([telling(labels)], (16, 16, 16), 40, 6, LIGHT))
    assert len({targets.numpy().tobytes() for _, targets in pairs}) == 1
    pictures = [picture.numpy() for picture, _ in pairs]
    spans = [np.ptp(np.percentile(picture, (5, 95))) for picture in pictures]
    assert max(spans) > 1.5 * min(spans)
    noisy = [len(np.unique(picture)) > 1000 for picture in pictures]
    assert 5 < sum(noisy) < 38


def test_patches_lie_around_tissue():
    labels = np.zeros((30, 60, 60), np.uint16)
    labels[10:16, 20:26, 30:36] = 1
    dataset = PatchDataset([telling(labels)], (8, 8, 8), 60, 4, FLIPS)
    assert 0.6 < np.mean([bool(targets[2].any()) for _, targets in items(dataset)]) < 1


def test_examples_smaller_than_the_patch_are_mirrored_at_the_far_end():
    labels = blocks((10, 12, 16))
    padded = np.pad(labels, ((0, 6), (0, 4), (0, 0)), "symmetric")
    ((picture, targets),) = items(GridDataset([telling(labels)], (16, 16, 16)))
    assert np.array_equal(picture.numpy()[0], padded)
    assert np.array_equal(targets.numpy(), bcm_from_labels(padded))
    picture, _ = PatchDataset([telling(labels)], (16, 16, 16), 1, 5, NOTHING)[0]
    assert np.array_equal(picture.numpy()[0], padded)


@pytest.mark.parametrize(("shape", "count"), [((16, 16, 16), 1), ((17, 32, 16), 4), ((8, 40, 16), 3)])
def test_the_grid_covers_all_of_an_example(shape, count):
    labels = blocks(shape)
    grid = GridDataset([telling(labels)], (16, 16, 16))
    assert len(grid) == patches_that_cover([telling(labels)], (16, 16, 16)) == count
    assert set(np.unique(np.concatenate([picture.numpy().ravel() for picture, _ in items(grid)]))) == set(
        np.unique(labels)
    )


def test_contours_at_the_faces_of_a_patch_are_those_of_the_whole():
    labels = np.ones((16, 16, 32), np.uint16)
    labels[:, :, 16:] = 2
    first, second = items(GridDataset([telling(labels)], (16, 16, 16)))
    assert first[1][1, :, :, -1].all()
    assert second[1][1, :, :, 0].all()


def test_an_example_without_any_cell_can_be_shown():
    empty = Example(np.zeros((20, 20, 20), np.float16), np.zeros((20, 20, 20), np.uint16))
    picture, targets = PatchDataset([empty], (16, 16, 16), 1, 0, Augmentation())[0]
    assert np.isfinite(picture.numpy()).all()
    assert not targets.any()


def test_the_voxel_size_of_a_specimen_is_the_one_asked_for():
    # The same specimen on two grids covers the same tissue.
    fine, coarse = (synthetic_example(7, (step, step, step)) for step in (1.2, 2.0))
    volumes_um3 = [
        (example.labels > 0).sum() * VoxelSize(step, step, step, "given").volume_um3
        for example, step in ((fine, 1.2), (coarse, 2.0))
    ]
    assert volumes_um3[0] == pytest.approx(volumes_um3[1], rel=0.05)
    assert int(fine.labels.max()) == pytest.approx(int(coarse.labels.max()), abs=2)
