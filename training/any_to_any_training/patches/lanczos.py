"""Enlarging by Lanczos' windowed sinc with three lobes (Duchon 1979), as a convolution with one kernel a phase."""
from functools import cache

import torch
import torch.nn.functional as F
from torch import Tensor

from .sizes import FACTOR, HALO, WINDOW

LOBES = 3
REACH = LOBES  # pixels around that are seen
SOFT = 1 / 8  # what a pixel at the border of an id takes from the one beyond it


@cache
def kernels(times: int) -> Tensor:
    """[times times, 1, 7, 7]: the weights of the pixels around, for every pixel a pixel becomes; each sums to 1."""
    offset = (torch.arange(times) + 0.5) / times - 0.5
    away = offset[:, None] - torch.arange(-REACH, REACH + 1)
    weight = torch.sinc(away) * torch.sinc(away / LOBES) * (away.abs() < LOBES)
    weight = weight / weight.sum(1, keepdim=True)
    return torch.einsum("ay,bx->abyx", weight, weight).reshape(times**2, 1, 2 * REACH + 1, 2 * REACH + 1)


def spread(pixels: Tensor, times: int) -> Tensor:
    """[N, 3, H, W] -> [N, 3, times (H - 6), times (W - 6)]"""
    count, channels, height, width = pixels.shape
    found = F.pixel_shuffle(F.conv2d(pixels.reshape(-1, 1, height, width), kernels(times)), times)
    return found.view(count, channels, *found.shape[2:])


@cache
def softening() -> Tensor:
    """[24, 24]: what a window's rows, or columns, become where ids meet, since the drawing of one does not meet the next's."""
    matrix = torch.eye(WINDOW)
    for border in range(HALO, WINDOW, FACTOR):
        matrix[border - 1 : border + 1, border - 1 : border + 1] = torch.tensor([[1 - SOFT, SOFT], [SOFT, 1 - SOFT]])
    return matrix


def enlarged(window: Tensor, times: int) -> Tensor:
    """The patch in the middle of a window, `times` as large."""
    edge = HALO - REACH
    soft = softening() @ window @ softening()
    return spread(soft[:, :, edge:-edge, edge:-edge], times)
