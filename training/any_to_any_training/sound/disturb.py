"""What makes training speech sound as if others, elsewhere, had said it: applied to samples, or to log-mel bands."""
import math

import numpy as np
import torch
from torch import Tensor

from .mel import BANDS, RATE


def disturb(samples: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Another speed and pitch (up to 16 %), loudness, a pause before and noise."""
    speed = np.exp(random.uniform(-0.15, 0.15))
    at = np.arange(0, len(samples) - 1, speed)
    out = np.interp(at, np.arange(len(samples)), samples).astype(np.float32)
    out = np.pad(out, (int(random.integers(0, 3000)) if random.random() < 0.5 else 0, 0)) * np.exp(random.normal() * 0.4)
    if random.random() < 0.4:
        out = out + random.normal(size=len(out)).astype(np.float32) * 10 ** random.uniform(-4, -2.3)
    return out.astype(np.float32)


def another_throat(mel: Tensor, random: np.random.Generator) -> Tensor:
    """Log-mel [B, BANDS, T] as of a longer or shorter vocal tract (frequencies times 0.84 to 1.19; Jaitly and Hinton
    2013) and through another microphone (a smooth curve over the bands, up to some 6 dB), the same for the batch."""
    top = 2595 * math.log10(1 + RATE / 2 / 700)
    hertz = 700 * (10 ** (np.arange(BANDS) / (BANDS - 1) * top / 2595) - 1) * np.exp(random.uniform(-0.17, 0.17))
    at = np.clip(2595 * np.log10(1 + hertz / 700) / top * (BANDS - 1), 0, BANDS - 1)
    below = np.minimum(at.astype(int), BANDS - 2)
    share = torch.from_numpy(at - below).float().to(mel.device)[:, None]
    warped = mel[:, below] * (1 - share) + mel[:, below + 1] * share
    band = np.linspace(0, math.pi, BANDS)
    curve = sum(random.normal() * 0.07 * np.cos(order * band) for order in (1, 2, 3))
    return warped + torch.from_numpy(curve).float().to(mel.device)[:, None]


def hide(mel: Tensor, random: np.random.Generator) -> Tensor:
    """Some bands and some frames set to silence (Park et al. 2019, arXiv 1904.08779)."""
    band, frame = int(random.integers(50)), int(random.integers(max(1, mel.shape[-1] - 12)))
    mel = mel.clone()
    mel[:, band : band + int(random.integers(8))] = -2.3
    mel[:, :, frame : frame + int(random.integers(8))] = -2.3
    return mel
