"""The published post-processing, written out step by step from its specification (§6 and §7), slowly."""

import numpy as np
from scipy import ndimage
from skimage.filters import threshold_otsu
from skimage.morphology import ball, closing
from skimage.segmentation import watershed


def distance_by_hand(foreground):
    """Distance in voxels of each foreground voxel to the nearest other one; the faces are no background."""
    outside = np.argwhere(~foreground)
    distance = np.zeros(foreground.shape)
    for voxel in np.argwhere(foreground):
        distance[tuple(voxel)] = np.sqrt(((outside - voxel) ** 2).sum(axis=1).min()) if len(outside) else 0
    return distance


def seeds_by_hand(core, min_vox=5):
    """Steps 5 and 6: components through faces, small ones dropped; gaps in the numbers stay."""
    labels, count = ndimage.label(core)
    for number in range(1, count + 1):
        if (labels == number).sum() < min_vox:
            labels[labels == number] = 0
    return labels


def instances_by_hand(profile, interior, contour):
    """Labels after the watershed."""
    if profile == "paper-2022":
        b, c = 255 * interior, 255 * contour
        core, foreground = (b > int(255 * 0.2)) & (c < int(255 * 0.2)), b > int(255 * 0.25)
        landscape = -b
    elif profile == "biapy-cartocell":
        core, foreground = (interior > 0.2) & (contour < 0.2), interior > 0.25
        landscape = -distance_by_hand(foreground)
    else:
        threshold = threshold_otsu(interior)
        core, foreground = (interior > threshold) & (contour < threshold_otsu(contour)), interior > threshold / 2
        landscape = -interior
    if profile == "biapy-3.7":  # §6.4
        return watershed(blurred_by_hand(landscape), seeds_by_hand(core, min_vox=6), mask=foreground)
    return watershed(landscape, seeds_by_hand(core), mask=foreground)


def blurred_by_hand(values):
    """Gaussian of a standard deviation of one voxel over the nearest neighbours only, beyond a face as on it."""
    near, far = 1 / (1 + 2 * np.exp(-0.5)), np.exp(-0.5) / (1 + 2 * np.exp(-0.5))
    for axis in range(3):
        padded = np.pad(values, [(1, 1) if axis == other else (0, 0) for other in range(3)], mode="edge")
        before, at, after = (np.take(padded, np.arange(k, k + values.shape[axis]), axis) for k in range(3))
        values = far * before + near * at + far * after
    return values


def tissue_by_hand(tissue, profile="biapy-3.5"):
    """Steps 1 to 3: Otsu, closing with a ball of radius 5; since 3.7 holes are filled instead (§7.2)."""
    if profile == "biapy-3.7":
        return ndimage.binary_fill_holes(tissue > threshold_otsu(tissue))
    return closing((tissue > threshold_otsu(tissue)).astype(np.uint8), ball(5)) > 0


def shared_by_hand(instances, mask):
    """Steps 4 to 7; step 8, the fault with the first voxel, is left out."""
    shared = instances * mask
    union = shared > 0
    rim = np.argwhere(union & ~ndimage.binary_erosion(union, ball(2), border_value=1))
    for voxel in np.argwhere(mask & (instances == 0)):
        if len(rim):
            shared[tuple(voxel)] = instances[tuple(rim[((rim - voxel) ** 2).sum(axis=1).argmin()])]
    return shared
