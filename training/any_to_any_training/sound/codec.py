"""The sound codec: 16 kHz samples <-> ids, 50 frames a second, causal both ways.

Encoder: log-mel (100 Hz), two frames stacked into one of 50 Hz, causal ConvNeXt blocks, residual quantiser (EnCodec,
Défossez et al. 2022, arXiv 2210.13438). Decoder: code vectors, causal ConvNeXt blocks, two short spectra a frame,
inverse STFT by overlap-add (Vocos, Siuzdak 2023, arXiv 2306.00814, made causal)."""
from dataclasses import asdict, dataclass, replace

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..decoder.config import camel
from .mel import BANDS, HOP, WINDOW, LogMel, fourier_basis, hann

KERNEL = 7
SUBFRAMES = 2  # spectra per codec frame


@dataclass(frozen=True)
class CodecConfig:
    codes: int = 2048
    codebooks: int = 4
    code_width: int = 64
    encoder_width: int = 256
    encoder_blocks: int = 4
    decoder_width: int = 320
    decoder_blocks: int = 6

    def to_json(self) -> dict:
        return {camel(key): value for key, value in asdict(self).items()}


class Block(nn.Module):
    """Causal ConvNeXt: [B, T, width] -> same."""

    def __init__(self, width: int):
        super().__init__()
        self.depthwise = nn.Conv1d(width, width, KERNEL, groups=width)
        self.norm = nn.LayerNorm(width)
        self.up, self.down = nn.Linear(width, 3 * width), nn.Linear(3 * width, width)
        self.scale = nn.Parameter(torch.full((width,), 0.2))

    def forward(self, x: Tensor) -> Tensor:
        h = self.depthwise(F.pad(x.transpose(1, 2), (KERNEL - 1, 0))).transpose(1, 2)
        return x + self.scale * self.down(F.gelu(self.up(self.norm(h))))


class Encoder(nn.Module):
    def __init__(self, c: CodecConfig):
        super().__init__()
        self.mel = LogMel()
        self.enter = nn.Linear(SUBFRAMES * BANDS, c.encoder_width)
        self.blocks = nn.ModuleList(Block(c.encoder_width) for _ in range(c.encoder_blocks))
        self.norm = nn.LayerNorm(c.encoder_width)
        self.leave = nn.Linear(c.encoder_width, c.code_width)

    def forward(self, samples: Tensor) -> Tensor:
        """[B, N] -> [B, N/320, code_width]; the features of a frame are its first sub-frame's bands, then the second's."""
        x = self.mel(samples).transpose(1, 2).unflatten(1, (-1, SUBFRAMES)).flatten(2)
        x = self.enter(x)
        for block in self.blocks:
            x = block(x)
        return self.leave(self.norm(x))


class InverseSpectrum(nn.Module):
    """Spectra -> samples by overlap-add. The stream lags by `WINDOW - HOP` samples: dropped in front, flushed at the end."""

    def __init__(self):
        super().__init__()
        bins = WINDOW // 2 + 1
        weight = torch.full((bins,), 2.0)
        weight[0] = weight[-1] = 1.0
        basis = fourier_basis(WINDOW) * torch.cat([weight, weight])[:, None] / WINDOW
        overlap = (hann(WINDOW) ** 2).view(-1, HOP).sum(0).repeat(WINDOW // HOP).float()  # constant sum of squared windows
        self.register_buffer("basis", (basis / overlap)[:, None])  # [2*bins, 1, WINDOW]

    def forward(self, real: Tensor, imaginary: Tensor) -> Tensor:
        """[B, bins, S] each -> [B, S*HOP + WINDOW - HOP]"""
        return F.conv_transpose1d(torch.cat([real, imaginary], 1), self.basis, stride=HOP)[:, 0]


class Decoder(nn.Module):
    def __init__(self, c: CodecConfig):
        super().__init__()
        self.enter = nn.Linear(c.code_width, c.decoder_width)
        self.blocks = nn.ModuleList(Block(c.decoder_width) for _ in range(c.decoder_blocks))
        self.norm = nn.LayerNorm(c.decoder_width)
        self.leave = nn.Linear(c.decoder_width, SUBFRAMES * (WINDOW + 2))
        self.inverse = InverseSpectrum()

    def forward(self, vectors: Tensor) -> Tensor:
        """[B, T, code_width] -> [B, T*320]"""
        x = self.enter(vectors)
        for block in self.blocks:
            x = block(x)
        spectra = self.leave(self.norm(x)).unflatten(2, (SUBFRAMES, -1)).flatten(1, 2).transpose(1, 2)
        size, phase = spectra.chunk(2, dim=1)
        with torch.autocast("cpu", enabled=False):
            size, phase = size.float().clamp(max=5).exp(), phase.float()
            samples = self.inverse(size * phase.cos(), size * phase.sin())
        return samples[:, WINDOW - HOP :]


class Codebook(nn.Module):
    def __init__(self, codes: int, width: int):
        super().__init__()
        self.register_buffer("weight", torch.randn(codes, width))

    def nearest(self, x: Tensor) -> Tensor:
        """[.., width] -> int64 [..], by Euclidean distance."""
        return (2 * x @ self.weight.T - (self.weight**2).sum(1)).argmax(-1)


class SoundCodec(nn.Module):
    def __init__(self, config: CodecConfig):
        super().__init__()
        self.config = config
        self.encoder, self.decoder = Encoder(config), Decoder(config)
        self.codebooks = nn.ModuleList(Codebook(config.codes, config.code_width) for _ in range(config.codebooks))

    def quantise(self, latents: Tensor, codebooks: int) -> tuple[Tensor, Tensor]:
        """-> ids [B, codebooks, T], vectors [B, T, code_width]"""
        rest, ids = latents, []
        for codebook in self.codebooks[:codebooks]:
            ids.append(codebook.nearest(rest))
            rest = rest - codebook.weight[ids[-1]]
        return torch.stack(ids, 1), latents - rest

    def first_codebook(self) -> "SoundCodec":
        """The codec as the decoder uses it: one id a frame."""
        out = SoundCodec(replace(self.config, codebooks=1))
        out.load_state_dict({name: value for name, value in self.state_dict().items() if not name.startswith("codebooks.") or name.startswith("codebooks.0.")})
        return out

    @torch.no_grad()
    def encode(self, samples: Tensor, codebooks: int) -> Tensor:
        return self.quantise(self.encoder(samples), codebooks)[0]

    @torch.no_grad()
    def decode(self, ids: Tensor) -> Tensor:
        """[B, codebooks, T] -> [B, T*320]"""
        return self.decoder(sum(codebook.weight[own] for codebook, own in zip(self.codebooks, ids.unbind(1))))
