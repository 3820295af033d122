"""Log-mel frames by one causal convolution with a fixed windowed Fourier basis: 100 frames a second at 16 kHz."""
import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

RATE, WINDOW, HOP, BANDS = 16_000, 640, 160, 64


def fourier_basis(window: int) -> Tensor:
    """[2 * (window/2+1), window]: rows of cosines, then of negative sines, both under a periodic Hann window."""
    n = torch.arange(window, dtype=torch.float64)
    angle = 2 * math.pi * torch.arange(window // 2 + 1, dtype=torch.float64)[:, None] * n / window
    return (torch.cat([angle.cos(), -angle.sin()]) * hann(window)).float()


def hann(window: int) -> Tensor:
    return 0.5 - 0.5 * torch.cos(2 * math.pi * torch.arange(window, dtype=torch.float64) / window)


def mel_matrix(bands: int, bins: int, rate: int = RATE) -> Tensor:
    """[bands, bins]: triangles, evenly spaced on the HTK mel scale from 0 Hz to half the rate, each of height 1."""
    edges = 700 * (10 ** (torch.linspace(0, 2595 * math.log10(1 + rate / 2 / 700), bands + 2, dtype=torch.float64) / 2595) - 1)
    bin_hz = torch.linspace(0, rate / 2, bins, dtype=torch.float64)
    rising = (bin_hz - edges[:-2, None]) / (edges[1:-1] - edges[:-2])[:, None]
    falling = (edges[2:, None] - bin_hz) / (edges[2:] - edges[1:-1])[:, None]
    triangles = torch.minimum(rising, falling).clamp(min=0)
    # the lowest bands may be narrower than a bin and catch none: give them their nearest
    empty = triangles.sum(1) == 0
    nearest = (bin_hz[None] - edges[1:-1, None]).abs().argmin(1)
    triangles[empty, nearest[empty]] = 1
    return triangles.float()


class LogMel(nn.Module):
    """samples [B, N] (N a multiple of HOP) -> [B, BANDS, N/HOP]; a frame sees only samples up to its own end."""

    def __init__(self, window: int = WINDOW, hop: int = HOP, bands: int = BANDS):
        super().__init__()
        self.window, self.hop = window, hop
        self.register_buffer("basis", fourier_basis(window)[:, None])
        self.register_buffer("matrix", mel_matrix(bands, window // 2 + 1))

    def forward(self, samples: Tensor) -> Tensor:
        with torch.autocast(samples.device.type, enabled=False):
            spectrum = F.conv1d(F.pad(samples[:, None], (self.window - self.hop, 0)), self.basis, stride=self.hop)
            real, imaginary = spectrum.chunk(2, dim=1)
            magnitude = (real**2 + imaginary**2 + 1e-9).sqrt()
            return ((self.matrix @ magnitude) + 1e-3).log() / 3
