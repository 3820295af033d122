"""What the codec is trained on: log-mel at three resolutions and log magnitudes of the STFT. No discriminator."""
import torch
from torch import Tensor, nn

from .mel import mel_matrix

SIZES = ((256, 40), (640, 80), (1280, 80))  # window (hop is a quarter), mel bands


class SpectralLoss(nn.Module):
    def __init__(self):
        super().__init__()
        for size, bands in SIZES:
            self.register_buffer(f"window_{size}", torch.hann_window(size))
            self.register_buffer(f"mel_{size}", mel_matrix(bands, size // 2 + 1))

    def magnitude(self, samples: Tensor, size: int) -> Tensor:
        spectrum = torch.stft(samples, size, size // 4, window=getattr(self, f"window_{size}"), return_complex=True)
        return (spectrum.real**2 + spectrum.imag**2 + 1e-7).sqrt()

    def forward(self, heard: Tensor, truth: Tensor) -> tuple[Tensor, float]:
        """[B, N] each -> loss, mean log-mel distance (natural log)"""
        total, distance = torch.zeros(()), 0.0
        for size, _ in SIZES:
            a, b = self.magnitude(heard, size), self.magnitude(truth, size)
            mel = getattr(self, f"mel_{size}")
            mel_term = ((mel @ a + 1e-3).log() - (mel @ b + 1e-3).log()).abs().mean()
            spectrum_term = ((a + 1e-2).log() - (b + 1e-2).log()).abs().mean()
            convergence = (a - b).norm() / b.norm()
            total = total + mel_term + 0.5 * spectrum_term + 0.3 * convergence
            distance += mel_term.item() / len(SIZES)
        return total, distance
