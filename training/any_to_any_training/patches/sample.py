"""The steps of the patch stage over whole pictures, as the adapter takes them, without its stop."""
import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from .data import id_windows, to_range, windows
from .model import HALO, SIDE, PatchStage


def into(draft: Tensor, state: Tensor) -> Tensor:
    """The draft's window [N, 3, 24, 24] with the patch [N, 3, 16, 16] in its middle."""
    return F.pad(state - draft[:, :, HALO:-HALO, HALO:-HALO], (HALO,) * 4) + draft


def step(state: Tensor, sharp: Tensor, sigma: float, following: float) -> Tensor:
    """Euler: as much nearer to the prediction as the noise falls; at 0 the prediction itself."""
    return sharp + following / sigma * (state - sharp)


@torch.no_grad()
def refine(model: PatchStage, draft: Tensor, place: Tensor, ids: Tensor, levels: list[float], steps: int | None = None) -> tuple[list[Tensor], Tensor]:
    """-> the patch before the first and after every step, and its enlargement by the last one."""
    states, large = [draft[:, :, HALO:-HALO, HALO:-HALO]], draft[:, :, :1]
    for sigma, following in list(zip(levels, levels[1:]))[:steps]:
        sharp, large = model(draft, into(draft, states[-1]), torch.full((len(draft),), sigma), place, ids)
        states.append(step(states[-1], sharp, sigma, following))
    return states, large


def grid_of(count: int, size: int) -> list[tuple[int, int, int]]:
    """(picture, row, column) of every patch of `count` pictures of `size` px."""
    side = size // SIDE
    return [(i, row, column) for i in range(count) for row in range(side) for column in range(side)]


def assemble(patches: Tensor, count: int) -> Tensor:
    """Patches [count * rows * rows, 3, p, p] in the order of `grid_of` -> pictures."""
    side = int(round((len(patches) / count) ** 0.5))
    p = patches.shape[-1]
    return patches.view(count, side, side, 3, p, p).permute(0, 3, 1, 4, 2, 5).reshape(count, 3, side * p, side * p)


@torch.no_grad()
def first_stage(model: PatchStage, exact: np.ndarray, ids: np.ndarray, levels: list[float]) -> tuple[list[Tensor], Tensor]:
    """Pictures at every level, and at twice their side."""
    at = grid_of(len(exact), exact.shape[1])
    draft = to_range(windows(exact, at))
    place = torch.tensor([(row, column) for _, row, column in at])
    known = torch.from_numpy(id_windows(ids, at, model.config.codes))
    states, large = refine(model, draft, place, known, levels)
    return [assemble(state, len(exact)) for state in states], assemble(large, len(exact))


def float_windows(pictures: Tensor, at: list[tuple[int, int, int]]) -> Tensor:
    padded = F.pad(pictures, (HALO,) * 4, mode="replicate")
    span = SIDE + 2 * HALO
    return torch.stack([padded[i, :, SIDE * row : SIDE * row + span, SIDE * column : SIDE * column + span] for i, row, column in at])


@torch.no_grad()
def second_stage(model: PatchStage, pictures: Tensor) -> Tensor:
    """Pictures of the first stage -> twice their side: one call at sigma 0."""
    at = grid_of(len(pictures), pictures.shape[-1])
    draft = float_windows(pictures, at)
    place = torch.tensor([(row, column) for _, row, column in at])
    unknown = torch.full((len(at), 4, 4), model.config.codes)
    parts = [model(d, d, torch.zeros(len(d)), p, u)[1] for d, p, u in zip(draft.split(256), place.split(256), unknown.split(256))]
    return assemble(torch.cat(parts), len(pictures))
