"""Noise over 1000 times and the DDIM step between two of them; `bench/diffusion` has the same.

Cosine schedule of 2102.09672 with betas of at most 0.999, DDIM of 2010.02502 without noise, v-prediction of 2202.00512."""
import math

import torch
from torch import Tensor

TIMES = 1000


def signal_shares() -> Tensor:
    """How much of the signal's power is left at every time: [TIMES], falling from nearly 1 to nearly 0."""
    curve = lambda share: math.cos((share + 0.008) / 1.008 * math.pi / 2) ** 2  # noqa: E731
    betas = [min(1 - curve((i + 1) / TIMES) / curve(i / TIMES), 0.999) for i in range(TIMES)]
    return torch.cumprod(1 - torch.tensor(betas, dtype=torch.float64), 0)


def times_of(steps: int) -> list[int]:
    """times_of(4) == [999, 749, 499, 249]: evenly spaced, the noisiest first."""
    return [round(TIMES - i * TIMES / steps) - 1 for i in range(steps)]


def clean_of(noisy: Tensor, v: Tensor, share: float, limit: float) -> Tensor:
    """The clean latents that `v` means, no further out than `limit`."""
    return (share**0.5 * noisy - (1 - share) ** 0.5 * v).clamp(-limit, limit)


def step(noisy: Tensor, clean: Tensor, share: float, following: float) -> Tensor:
    """From `share` of the signal to `following` along the noise that `noisy` holds beside `clean`."""
    noise = (noisy - share**0.5 * clean) / (1 - share) ** 0.5
    return following**0.5 * clean + (1 - following) ** 0.5 * noise
