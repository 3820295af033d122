"""Fast checks of the patch stage:  python -m pytest tests   (or plain  python tests/test_patches.py)"""
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
import torch

from any_to_any_training.patches.data import hide_later, id_windows, patches, to_bytes, to_range, windows
from any_to_any_training.patches.measure import seam_ratio
from any_to_any_training.patches.memory import fill
from any_to_any_training.patches.model import Memory, PatchConfig, PatchStage
from any_to_any_training.patches.sample import assemble, first_stage, float_windows, grid_of, into, second_stage, step
from any_to_any_training.patches.schedule import sigmas

TINY = PatchConfig(codes=16, code_width=4, width=8, hidden=12, blocks=2, condition=6, places=4)


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
    states, large = first_stage(model, exact, ids, [0.5, 0.1, 0.0])
    assert len(states) == 3 and large.shape == (2, 3, 128, 128)
    assert torch.allclose(states[-1], to_range(exact), atol=1e-6)


def test_a_patch_alone_is_the_patch_among_others():
    model, (exact, ids) = random_stage(), pictures(1)
    at = grid_of(1, 64)
    draft, known = to_range(windows(exact, at)), torch.from_numpy(id_windows(ids, at, 16))
    place = torch.tensor([(row, column) for _, row, column in at])
    together = model(draft, draft, torch.full((16,), 0.3), place, known)
    for i in (0, 6, 15):
        alone = model(draft[i : i + 1], draft[i : i + 1], torch.full((1,), 0.3), place[i : i + 1], known[i : i + 1])
        assert all(torch.allclose(a[0], b[i], atol=1e-5) for a, b in zip(alone, together))


def test_a_patch_sees_no_more_than_its_border():
    model, (exact, ids) = random_stage(), pictures(1)
    before = first_stage(model, exact, ids, [0.5, 0.0])[1]
    exact[0, 20:, :] = 0  # 4 px below the first row of patches
    after = first_stage(model, exact, ids, [0.5, 0.0])[1]
    assert torch.allclose(before[:, :, :32], after[:, :, :32], atol=1e-6) and not torch.allclose(before, after)


def test_windows_by_hand():
    picture = np.arange(32 * 32, dtype=np.int64).reshape(1, 32, 32, 1).repeat(3, -1)
    corner = windows(picture, [(0, 0, 0)])[0, :, :, 0]
    assert corner[0, 0] == 0 and corner[4, 4] == 0 and corner[4, 23] == 19 and corner[23, 4] == 19 * 32
    middle = windows(picture, [(0, 0, 0)])
    hide_later(middle)
    assert middle[0, 10, 22, 0] == middle[0, 10, 19, 0] and middle[0, 22, 22, 0] == middle[0, 19, 19, 0] and middle[0, 22, 0, 0] == middle[0, 19, 4, 0]
    ids = np.arange(16).reshape(1, 4, 4)
    assert id_windows(ids, [(0, 0, 1)], 99)[0].tolist() == [[99, 99, 99, 99], [1, 2, 3, 99], [5, 6, 7, 99], [9, 10, 11, 99]]
    assert id_windows(ids, [(0, 1, 0)], 99, later=False)[0].tolist() == [[99, 4, 5, 6], [99, 8, 9, 99], [99, 12, 13, 99], [99, 99, 99, 99]]


def test_patches_put_together_are_the_picture():
    exact, _ = pictures(2)
    whole = to_range(exact)
    assert torch.equal(assemble(patches(exact, grid_of(2, 64), 1), 2), whole)
    assert torch.equal(float_windows(whole, grid_of(2, 64)), to_range(windows(exact, grid_of(2, 64))))
    assert np.array_equal(to_bytes(whole), exact)
    assert second_stage(random_stage(), whole[:1]).shape == (1, 3, 128, 128)


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


def test_what_is_remembered_is_for_its_own_ids_alone():
    torch.manual_seed(0)
    ids = np.unique(np.random.default_rng(2).integers(0, 16, (400, 4)), axis=0)
    wrong = torch.randn(len(ids), 8) @ torch.randn(8, 768) * 0.05
    known, unknown = ids[:300], ids[300:]
    memory = Memory(slots=65521, rows=301, groups=4, depth=2)
    found = fill(memory, known, wrong[:300], np.ones(300))
    assert found["remembered"] >= 298 and found["energy"] > 0.9
    window = lambda own: torch.from_numpy(np.pad(own.reshape(-1, 2, 2), ((0, 0), (1, 1), (1, 1))))  # noqa: E731
    hit, change = memory(window(known))
    assert hit.sum() == found["remembered"]
    left = (change.flatten(1) - wrong[:300])[hit.flatten()].square().sum() / wrong[:300].square().sum()
    assert left < 0.1
    hit, change = memory(window(unknown))
    assert not hit.any() and not change.any()


def test_the_stage_goes_on_from_what_it_remembers():
    model = PatchStage(PatchConfig(**{**TINY.__dict__, "memory": {"slots": 65521, "rows": 3, "groups": 2, "depth": 2}})).eval()
    exact, ids = pictures(1)
    own = ids[0, :2, :2].reshape(1, 4)  # of the first patch
    fill(model.memory, np.concatenate([own, own + 20]), torch.full((2, 768), 0.1), np.ones(2))
    states, _ = first_stage(model, exact, ids, [0.5, 0.1, 0.0])
    change = states[-1] - to_range(exact)
    assert torch.allclose(change[:, :, :16, :16], torch.tensor(0.1), atol=1e-3) and change[:, :, 16:].abs().max() < 1e-6


if __name__ == "__main__":
    for name, check in list(globals().items()):
        if name.startswith("test_"):
            check()
            print(name)
