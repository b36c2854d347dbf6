"""What a network is shown: repeatable, turned as one, and true."""

import hashlib
from itertools import product

import numpy as np
import pytest

from cartocell_app.segmentation.targets import bcm_from_labels
from cartocell_app.stacks.voxel_size import VoxelSize
from training.data import MIX, NORMALISATION, SMALLEST_FRAME_UM, Example, PatchDataset, synthetic_example
from training.synthetic import PRESETS


def blocks(shape, side=6, seed=0):
    """Labels of cubes that no turn or flip leaves as they are, with sheets of 0 between them."""
    index = np.indices(shape)
    cube = index // side
    counts = [-(-size // side) for size in shape]
    numbers = np.random.default_rng(seed).permutation(np.prod(counts)) + 1
    labels = numbers[np.ravel_multi_index(cube, counts)]
    return np.where((index % side == 0).any(axis=0), 0, labels).astype(np.uint16)


def telling(labels):
    """An example whose picture is its labels."""
    return Example(labels.astype(np.float16), labels)


def labels_seen(picture, most):
    """The `most` labels that a picture of `telling` still tells, as ranks; None where blur or noise hides them."""
    values, ranks = np.unique(picture.numpy()[0], return_inverse=True)
    return None if len(values) > most else ranks.reshape(picture.shape[1:])


def items_seen(dataset):
    """Labels and targets of each item whose labels can still be told."""
    most = len(np.unique(dataset.examples[0].labels))
    pairs = (
        (labels_seen(picture, most), targets.numpy())
        for picture, targets in map(dataset.__getitem__, range(len(dataset)))
    )
    found = [(labels, targets) for labels, targets in pairs if labels is not None]
    assert len(found) > 0.3 * len(dataset)
    return found


def all_turns(volume):
    """The 16 ways to flip and turn a volume that keep the optical axis."""
    for flip_z, flip_y, turns in product((False, True), (False, True), range(4)):
        turned = volume[::-1] if flip_z else volume
        turned = turned[:, ::-1] if flip_y else turned
        yield np.rot90(turned, turns, (1, 2))


@pytest.fixture(scope="module")
def specimen():
    return synthetic_example(3, (1.4, 1.4, 1.4))


def test_a_specimen_is_repeatable_and_has_truth_of_its_shape(specimen):
    again = synthetic_example(3, (1.4, 1.4, 1.4))
    assert np.array_equal(specimen.raw, again.raw)
    assert np.array_equal(specimen.labels, again.labels)
    assert not np.array_equal(specimen.raw, synthetic_example(4, (1.4, 1.4, 1.4)).raw)
    assert specimen.raw.shape == specimen.labels.shape
    assert specimen.raw.dtype == np.float16
    assert specimen.labels.max() >= 6
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


def test_the_mix_is_of_presets_that_exist():
    assert sum(share for _, share in MIX) == pytest.approx(1)
    assert {name for name, _ in MIX} <= set(PRESETS)


def test_an_item_depends_on_its_number_and_the_seed_alone():
    examples = [telling(blocks((20, 30, 34), seed=seed)) for seed in range(3)]
    forwards, backwards = (PatchDataset(examples, (16, 16, 16), 8, seed=5) for _ in range(2))
    items = {index: forwards[index] for index in range(8)}
    for index in reversed(range(8)):
        for one, again in zip(items[index], backwards[index], strict=True):
            assert np.array_equal(one.numpy(), again.numpy())
    other = PatchDataset(examples, (16, 16, 16), 8, seed=6)
    assert not any(np.array_equal(items[index][0].numpy(), other[index][0].numpy()) for index in range(8))
    assert len({items[index][0].numpy().tobytes() for index in range(8)}) == 8
    assert len(forwards) == 8


def test_stored_examples_are_never_changed(specimen):
    def digest():
        return hashlib.sha256(specimen.raw.tobytes() + specimen.labels.tobytes()).digest()

    before = digest()
    dataset = PatchDataset([specimen], (24, 32, 32), 40, seed=1)
    for picture, targets in (dataset[index] for index in range(40)):
        picture += 100
        targets += 100
    assert digest() == before


def test_items_are_float32_pictures_with_their_targets(specimen):
    picture, targets = PatchDataset([specimen], (16, 24, 20), 1, seed=1)[0]
    assert (picture.shape, targets.shape) == ((1, 16, 24, 20), (3, 16, 24, 20))
    assert str(picture.dtype) == str(targets.dtype) == "torch.float32"
    assert set(np.unique(targets.numpy())) <= {0.0, 1.0}
    assert np.isfinite(picture.numpy()).all()


@pytest.mark.parametrize("patch", [(16, 16, 16), (12, 18, 16)])
def test_targets_are_those_of_the_labels_in_the_picture(patch):
    dataset = PatchDataset([telling(blocks((24, 30, 34)))], patch, 60, seed=2)
    for labels, targets in items_seen(dataset):
        assert np.array_equal(targets, bcm_from_labels(labels))


def test_a_patch_of_the_whole_example_comes_in_all_16_turns_and_no_other():
    labels = blocks((14, 16, 16))
    turns = {np.ascontiguousarray(np.unique(turned, return_inverse=True)[1].reshape(labels.shape)).tobytes(): 0
             for turned in all_turns(labels)}  # fmt: skip
    assert len(turns) == 16
    for seen, _ in items_seen(PatchDataset([telling(labels)], (14, 16, 16), 250, seed=3)):
        turns[np.ascontiguousarray(seen).tobytes()] += 1
    assert len(turns) == 16
    assert min(turns.values()) > 0


def test_a_patch_that_is_not_square_is_flipped_only():
    labels = blocks((14, 16, 20))
    flips = {np.unique(labels[::z, ::y, ::x], return_inverse=True)[1].reshape(labels.shape).tobytes()
             for z, y, x in product((1, -1), repeat=3)}  # fmt: skip
    seen = {labels.tobytes() for labels, _ in items_seen(PatchDataset([telling(labels)], (14, 16, 20), 120, seed=3))}
    assert seen == flips


def test_patches_lie_around_tissue():
    labels = np.zeros((30, 60, 60), np.uint16)
    labels[10:16, 20:26, 30:36] = 1
    dataset = PatchDataset([telling(labels)], (8, 8, 8), 60, seed=4)
    with_tissue = np.mean([bool(targets[2].any()) for _, targets in (dataset[index] for index in range(60))])
    assert 0.6 < with_tissue < 1


def test_examples_smaller_than_the_patch_are_mirrored_at_the_far_end():
    labels = blocks((10, 12, 16))
    padded = np.pad(labels, ((0, 6), (0, 4), (0, 0)), "symmetric")
    expected = {
        np.unique(turned, return_inverse=True)[1].reshape(turned.shape).tobytes() for turned in all_turns(padded)
    }
    for seen, targets in items_seen(PatchDataset([telling(labels)], (16, 16, 16), 40, seed=5)):
        assert seen.tobytes() in expected
        assert targets.shape == (3, 16, 16, 16)


def test_an_example_without_any_cell_can_be_shown():
    empty = Example(np.zeros((20, 20, 20), np.float16), np.zeros((20, 20, 20), np.uint16))
    picture, targets = PatchDataset([empty], (16, 16, 16), 1, seed=0)[0]
    assert np.isfinite(picture.numpy()).all()
    assert not targets.any()


def test_light_and_contrast_vary_from_item_to_item():
    dataset = PatchDataset([telling(blocks((16, 16, 16)) % 2)], (16, 16, 16), 60, seed=6)
    pictures = [dataset[index][0].numpy() for index in range(60)]
    spans = [np.ptp(np.percentile(picture, (5, 95))) for picture in pictures]
    assert max(spans) > 1.5 * min(spans)
    noisy = [len(np.unique(picture)) > 1000 for picture in pictures]
    assert 5 < sum(noisy) < 50


def test_the_voxel_size_of_a_specimen_is_the_one_asked_for():
    # The same specimen on two grids covers the same tissue.
    fine, coarse = (synthetic_example(7, (step, step, step)) for step in (1.2, 2.0))
    volumes_um3 = [
        (example.labels > 0).sum() * VoxelSize(step, step, step, "given").volume_um3
        for example, step in ((fine, 1.2), (coarse, 2.0))
    ]
    assert volumes_um3[0] == pytest.approx(volumes_um3[1], rel=0.05)
    assert int(fine.labels.max()) == pytest.approx(int(coarse.labels.max()), abs=2)
