"""The steps of the patch stage over whole pictures, as the adapter takes them, without its stop."""
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from .data import id_windows, to_range, windows
from .model import PatchStage, middle
from .sizes import HALO, SIDE

ATONCE = 256  # patches of one call


class Refined(NamedTuple):
    states: list[Tensor]  # before the first step and after every one
    twofold: Tensor
    fourfold: Tensor


def into(draft: Tensor, state: Tensor) -> Tensor:
    """The draft's window [N, 3, 24, 24] with the patch [N, 3, 16, 16] in its middle."""
    return F.pad(state - middle(draft), (HALO,) * 4) + draft


def step(state: Tensor, sharp: Tensor, sigma: float, following: float) -> Tensor:
    """Euler: as much nearer to the prediction as the noise falls; at 0 the prediction itself."""
    return sharp + following / sigma * (state - sharp)


@torch.no_grad()
def refine(model: PatchStage, draft: Tensor, place: Tensor, ids: Tensor, levels: list[float], steps: int | None = None, remember: bool = True) -> Refined:
    """Through all steps, or the first few; enlarged by the last one alone."""
    states, none, every = [middle(draft)], torch.arange(0), torch.arange(len(draft))
    twofold = fourfold = draft[:0]
    for index, (sigma, following) in list(enumerate(zip(levels, levels[1:])))[:steps]:
        which = every if index == len(levels) - 2 else none
        sharp, twofold, fourfold = model(draft, into(draft, states[-1]), torch.full((len(draft),), sigma), place, ids, which, which, remember)
        states.append(step(states[-1], sharp, sigma, following))
    return Refined(states, twofold, fourfold)


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
def whole(model: PatchStage, exact: np.ndarray, ids: np.ndarray, levels: list[float]) -> Refined:
    """Pictures at every level, and larger."""
    at = grid_of(len(exact), exact.shape[1])
    draft = to_range(windows(exact, at))
    place = torch.tensor([(row, column) for _, row, column in at])
    known = torch.from_numpy(id_windows(ids, at, model.config.codes))
    parts = [refine(model, d, p, k, levels) for d, p, k in zip(draft.split(ATONCE), place.split(ATONCE), known.split(ATONCE))]
    put = lambda each: assemble(torch.cat(each), len(exact))  # noqa: E731
    states = [put(each) for each in zip(*(part.states for part in parts))]
    return Refined(states, put([part.twofold for part in parts]), put([part.fourfold for part in parts]))
