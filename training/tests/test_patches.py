"""Fast checks of the patch stage:  python -m pytest tests   (or plain  python tests/test_patches.py)"""
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
import torch

from any_to_any_training.patches.data import hide_later, id_windows, patches, to_bytes, to_range, windows
from any_to_any_training.patches.lanczos import enlarged, softening, spread
from any_to_any_training.patches.measure import lanczos, seam_ratio
from any_to_any_training.patches.memory import Art, Named, cut, premultiplied, put, quantise, recolouring, resolve
from any_to_any_training.patches.model import PatchConfig, PatchStage
from any_to_any_training.patches.recall import IDS_OF_CORNER, Memory, fades
from any_to_any_training.patches.sample import assemble, grid_of, into, step, whole
from any_to_any_training.patches.schedule import sigmas

TINY = PatchConfig(codes=16, width=8, hidden=12, blocks=2, condition=6, places=4)
SIZES = {"buckets": 61, "corners": 26, "cells": 37, "groups": 4, "depth": 2, "treatments": 1, "colours": 2}
NONE = torch.arange(0)


def random_stage() -> PatchStage:
    torch.manual_seed(0)
    model = PatchStage(TINY).eval()
    with torch.no_grad():
        for value in model.parameters():
            value.add_(0.1 * torch.randn_like(value))
    return model


def pictures(count: int) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(1)
    return random.integers(0, 256, (count, 64, 64, 3), np.uint8), random.integers(0, 16, (count, 8, 8))


def test_schedules_by_hand():
    assert np.allclose(sigmas({"kind": "log-linear", "from": 0.5, "to": 0.005, "steps": 3}), [0.5, 0.05, 0.005, 0])
    assert np.allclose(sigmas({"kind": "karras", "from": 0.64, "to": 0.04, "steps": 3, "rho": 2}), [0.64, 0.25, 0.04, 0])
    assert sigmas({"kind": "log-linear", "from": 0.4, "to": 0.1, "steps": 1}) == [0.4, 0.0]


def test_a_new_stage_changes_nothing():
    model, (exact, ids) = PatchStage(TINY).eval(), pictures(2)
    states, twofold, fourfold = whole(model, exact, ids, [0.5, 0.1, 0.0])
    assert len(states) == 3 and twofold.shape == (2, 3, 128, 128) and fourfold.shape == (2, 3, 256, 256)
    assert torch.allclose(states[-1], to_range(exact), atol=1e-6)


def test_a_patch_alone_is_the_patch_among_others():
    model, (exact, ids) = random_stage(), pictures(1)
    at = grid_of(1, 64)
    draft, known = to_range(windows(exact, at)), torch.from_numpy(id_windows(ids, at, 16))
    place, all_of = torch.tensor([(row, column) for _, row, column in at]), torch.arange(16)
    together = model(draft, draft, torch.full((16,), 0.3), place, known, all_of, all_of)
    for i in (0, 6, 15):
        one = slice(i, i + 1)
        alone = model(draft[one], draft[one], torch.full((1,), 0.3), place[one], known[one], all_of[:1], all_of[:1])
        assert all(torch.allclose(a[0], b[i], atol=1e-5) for a, b in zip(alone, together))


def test_only_what_is_asked_for_is_enlarged():
    model, (exact, ids) = random_stage(), pictures(1)
    at = grid_of(1, 64)
    draft, known = to_range(windows(exact, at)), torch.from_numpy(id_windows(ids, at, 16))
    place, sigma, every = torch.zeros(16, 2).long(), torch.full((16,), 0.3), torch.arange(16)
    _, twofold, fourfold = model(draft, draft, sigma, place, known, torch.tensor([7, 2]), NONE)
    assert twofold.shape == (2, 3, 32, 32) and fourfold.shape == (0, 3, 64, 64)
    assert torch.allclose(twofold[0], model(draft, draft, sigma, place, known, every, NONE)[1][7], atol=1e-5)


def test_a_patch_sees_no_more_than_its_border():
    model, (exact, ids) = random_stage(), pictures(1)
    before = whole(model, exact, ids, [0.5, 0.0]).twofold
    exact[0, 20:, :] = 0  # 4 px below the first row of patches
    after = whole(model, exact, ids, [0.5, 0.0]).twofold
    assert torch.allclose(before[:, :, :32], after[:, :, :32], atol=1e-6) and not torch.allclose(before, after)


def test_windows_by_hand():
    picture = np.arange(32 * 32, dtype=np.int64).reshape(1, 32, 32, 1).repeat(3, -1)
    corner = windows(picture, [(0, 0, 0)])[0, :, :, 0]
    assert corner[0, 0] == 0 and corner[4, 4] == 0 and corner[4, 23] == 19 and corner[23, 4] == 19 * 32
    middle = windows(picture, [(0, 0, 0)])
    hide_later(middle)
    assert middle[0, 10, 22, 0] == middle[0, 10, 19, 0] and middle[0, 22, 22, 0] == middle[0, 19, 19, 0] and middle[0, 22, 0, 0] == middle[0, 19, 4, 0]
    ids = np.arange(16).reshape(1, 4, 4)
    none = [99] * 6
    right = id_windows(ids, [(0, 0, 1)], 99)[0].tolist()
    assert right == [none, none, [0, 1, 2, 3, 99, 99], [4, 5, 6, 7, 99, 99], [8, 9, 10, 11, 99, 99], [12, 13, 14, 15, 99, 99]]
    early = id_windows(ids, [(0, 1, 0)], 99, later=False)[0].tolist()
    assert early == [[99, 99, 0, 1, 2, 3], [99, 99, 4, 5, 6, 7], [99, 99, 8, 9, 99, 99], [99, 99, 12, 13, 99, 99], none, none]


def test_patches_put_together_are_the_picture():
    exact, _ = pictures(2)
    whole = to_range(exact)
    assert torch.equal(assemble(patches(exact, grid_of(2, 64), 1), 2), whole)
    assert np.array_equal(to_bytes(whole), exact)


def test_a_step_by_hand():
    state, sharp = torch.tensor([1.0, -1.0]), torch.tensor([0.0, -0.5])
    assert torch.allclose(step(state, sharp, 0.5, 0.25), torch.tensor([0.5, -0.75]))
    assert torch.equal(step(state, sharp, 0.5, 0.0), sharp)
    draft = torch.zeros(1, 3, 24, 24)
    inside = into(draft, torch.ones(1, 3, 16, 16))
    assert inside.sum() == 3 * 256 and inside[0, 0, 4, 4] == 1 and inside[0, 0, 3, 4] == 0


def test_seam_ratio_by_hand():
    flat = torch.zeros(1, 1, 4, 4)
    flat[..., 2:] = 1  # one step of 1 across the border of 2 px patches, none inside; rows do not change
    # columns: 4 across of 4, 0 inside of 8; rows: 0 of 4, 0 of 8
    assert seam_ratio(flat, 2) > 1e6
    ramp = torch.arange(8.0).repeat(8, 1)[None, None]
    assert abs(seam_ratio(ramp, 4) - 1) < 1e-6


def test_enlarging_is_pillows():
    exact = pictures(1)[0] // 2 + 64  # so that Pillow cuts nothing off between its two directions
    padded = torch.nn.functional.pad(to_range(exact), (3,) * 4, mode="replicate")
    for times in (2, 4):
        inner = slice(4 * times, -4 * times)  # Pillow leaves out what is beyond the picture
        mine, theirs = spread(padded, times)[..., inner, inner], lanczos(exact, times)[..., inner, inner]
        assert (mine.clamp(-1, 1) - theirs).abs().max() < 2.5 / 127.5  # it rounds between them


def test_softening_by_hand():
    ramp = torch.zeros(1, 3, 24, 24)
    ramp[..., 12:] = 1  # a step where two ids meet
    soft = softening() @ ramp @ softening()
    assert soft[0, 0, 5, 10:14].tolist() == [0, 0.125, 0.875, 1] and torch.equal(softening().sum(1), torch.ones(24))
    assert torch.allclose(enlarged(torch.full((1, 3, 24, 24), 0.3), 2), torch.tensor(0.3), atol=1e-6)


def remembering(ids: torch.Tensor) -> PatchStage:
    """A stage that knows all corners of ids [6, 6]: cells 1 to 36 of random art, row by row."""
    torch.manual_seed(3)
    model = PatchStage(PatchConfig(**{**TINY.__dict__, "codes": 40, "memory": SIZES})).eval()
    memory, grid = model.memory, torch.arange(1, 37).view(6, 6)
    with torch.no_grad():
        for corner, four in enumerate(grid.flatten()[IDS_OF_CORNER], 1):
            memory.corners[corner] = four.float()
        memory.bytes.copy_(torch.randint(0, 256, memory.bytes.shape))
        memory.tints.copy_(torch.eye(3, 4).expand_as(memory.tints))
    values = (1 + np.arange(25)) * 2
    assert put(memory, ids.flatten()[IDS_OF_CORNER].numpy(), values) == 25
    return model


def run(model: PatchStage, ids: torch.Tensor) -> tuple[torch.Tensor, ...]:
    draft, one = torch.full((1, 3, 24, 24), 0.25), torch.zeros(1).long()
    return model(draft, draft, torch.tensor([0.5]), torch.zeros(1, 2).long(), ids[None], one, one)


@torch.no_grad()
def test_what_is_known_stands_in_place_of_what_was_drawn():
    ids = torch.randperm(36).view(6, 6)
    model = remembering(ids)
    memory, own = model.memory, torch.tensor([[15, 16, 21, 22]])  # the cells of the patch
    sharp, twofold, fourfold = run(model, ids)
    assert torch.allclose(sharp, memory.paint(own, own * 0, memory.small, 8), atol=1e-5)
    assert torch.allclose(twofold, memory.paint(own, own * 0, memory.large, 16), atol=1e-5)
    near = torch.tensor([[6 * row + column + 1 for row in range(1, 5) for column in range(1, 5)]])
    wide = memory.paint(near, near * 0, memory.large, 16)
    assert torch.allclose(fourfold, spread(wide[..., 13:-13, 13:-13], 2), atol=1e-5)


@torch.no_grad()
def test_what_is_not_known_stays_as_drawn_and_no_border_shows():
    ids = torch.randperm(36).view(6, 6)
    model = remembering(ids)
    sharp = run(model, ids)[0]
    unknown = ids.clone()
    unknown[:, 3] = 39  # the right cells of the patch are others, so of its corners those on the left alone are known
    half = run(model, unknown)[0]
    assert torch.allclose(half[..., 0], sharp[..., 0], atol=1e-5) and (half[..., 8:] - 0.25).abs().max() < 1e-6
    drift = (half[..., :8] - 0.25).abs().mean((0, 1, 2))
    assert drift[7] < 0.5 * drift[:4].mean()  # it fades towards what is not known
    other = run(model, torch.full((6, 6), 38))
    assert all((part - 0.25).abs().max() < 1e-6 for part in other)


@torch.no_grad()
def test_corners_that_disagree_are_not_believed():
    ids = torch.randperm(36).view(6, 6)
    model = remembering(ids)
    model.memory.corners[13] = torch.tensor([15.0, 16.0, 21.0, 4.0])  # the middle of the patch tells of another cell at its right bottom
    believed = model.recall(ids[None]).believed[0]
    assert believed.tolist() == [[1, 1, 1, 0], [1, 1, 0, 1], [1, 0, 1, 1], [0, 1, 1, 1]]


def test_fades_are_one_together():
    assert torch.allclose(fades(8).sum(0), torch.ones(64)) and fades(2)[0].tolist() == [0.5625, 0.1875, 0.1875, 0.0625]


def art_of(cells: np.ndarray) -> Art:
    return Art({1: cells, 2: cells.repeat(2, 1).repeat(2, 2)}, {}, [np.eye(3, 4, dtype=np.float32)], [(0, 0)])


def test_ids_that_stand_for_several_things_are_not_remembered():
    cells = np.zeros((3, 8, 8, 4), np.float32)
    cells[1], cells[2] = (0.5, 0.5, 0.5, 1), (-0.5, 0.5, 0.5, 1)
    ids = np.array([[1, 2, 3, 4], [1, 2, 3, 4], [5, 6, 7, 8], [5, 6, 7, 8]])
    named = Named(ids, np.array([[0, 1, 1, 0], [0, 1, 1, 0], [0, 1, 1, 0], [0, 2, 2, 0]]), np.zeros(4, np.int64), np.zeros(4, np.int64))
    found, often = resolve(named, art_of(cells))
    assert found.ids.tolist() == [[1, 2, 3, 4]] and often.tolist() == [2]


def test_a_style_that_recolours_another_is_told_from_one_that_does_not():
    plain = np.random.default_rng(4).integers(0, 256, (5, 8, 8, 4), np.uint8)
    pale = plain.copy()
    pale[..., :3] = np.rint(0.5 * plain[..., :3] + 100)
    matrix = recolouring(plain, pale)
    assert np.allclose(premultiplied(plain) @ matrix.T, premultiplied(pale)[..., :3], atol=0.01)
    assert recolouring(plain, plain[::-1]) is None


def test_quantised_art_is_near_and_nothing_stays_nothing():
    random = np.random.default_rng(5)
    cells = np.tile(random.normal(0, 0.3, (60, 1, 1, 4)), (1, 8, 8, 1)).astype(np.float32)
    cells[0] = 0
    memory = Memory(buckets=3, corners=2, cells=60, groups=4, depth=1, treatments=1, colours=1)
    assert quantise(memory, art_of(cells))["wrong2"] < 60
    with torch.no_grad():
        memory.tints.copy_(torch.eye(3, 4)[None])
    empty = memory.paint(torch.zeros(1, 1).long(), torch.zeros(1, 1).long(), memory.large, 16)
    assert empty.abs().max() == 0
    assert cut(np.arange(256 * 4).reshape(16, 16, 4), 8)[1, 0, 0].tolist() == [32, 33, 34, 35]


if __name__ == "__main__":
    for name, check in list(globals().items()):
        if name.startswith("test_"):
            check()
            print(name)
