"""The image tokenizer: convolutional VQ, 8 px a side per id, l2-normalised codes, local decoder.

Names and maths are those of the checkpoint. Pixels are [-1, 1], NCHW; zero padding, no norm, no attention."""
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn


@dataclass(frozen=True)
class TokenizerConfig:
    codes: int = 2048
    code_width: int = 8
    encoder_widths: tuple[int, int] = (64, 160)
    decoder_widths: tuple[int, int] = (192, 96)
    blocks: int = 2


class Residual(nn.Module):
    """x + conv2(gelu(conv1(x))); `local` uses the centre tap of the 3x3 alone, the other taps stay zero."""

    def __init__(self, width: int):
        super().__init__()
        self.conv1 = nn.Conv2d(width, width, 3, padding=1)
        self.conv2 = nn.Conv2d(width, width, 1)

    def forward(self, x: Tensor, local: bool = False) -> Tensor:
        inner = F.conv2d(x, self.conv1.weight[:, :, 1:2, 1:2], self.conv1.bias) if local else self.conv1(x)
        return x + self.conv2(F.gelu(inner))


class Encoder(nn.Module):
    """RGB [B, 3, 8h, 8w] -> unit vectors [B, codeWidth, h, w].

    When `local`, a vector depends on its own 8x8 px alone: the taps that reach over are zero. A sprite then
    has the same ids wherever it stands, which the autoregressive decoder learns far faster."""

    def __init__(self, config: TokenizerConfig):
        super().__init__()
        fine, coarse = config.encoder_widths
        self.stem = nn.Conv2d(3, fine, 4, stride=4)
        self.blocks4 = nn.ModuleList(Residual(fine) for _ in range(config.blocks))
        self.down = nn.Conv2d(fine, coarse, 4, stride=2, padding=1)
        self.blocks8 = nn.ModuleList(Residual(coarse) for _ in range(config.blocks))
        self.out = nn.Conv2d(coarse, config.code_width, 1)

    def forward(self, pixels: Tensor, local: bool = False) -> Tensor:
        return F.normalize(self.features(pixels, local), dim=1)

    def features(self, pixels: Tensor, local: bool = False) -> Tensor:
        """The same, of any length."""
        x = self.stem(pixels)
        for block in self.blocks4:
            x = block(x, local)
        x = F.conv2d(x, self.down.weight[:, :, 1:3, 1:3], self.down.bias, stride=2) if local else self.down(x)
        for block in self.blocks8:
            x = block(x, local)
        return self.out(x).float()

    @torch.no_grad()
    def zero_reaching_taps(self) -> None:
        for block in [*self.blocks4, *self.blocks8]:
            centre = block.conv1.weight[:, :, 1, 1].clone()
            block.conv1.weight.zero_()[:, :, 1, 1] = centre
        inner = self.down.weight[:, :, 1:3, 1:3].clone()
        self.down.weight.zero_()[:, :, 1:3, 1:3] = inner


class Decoder(nn.Module):
    """Code vectors [B, codeWidth, h, w] -> RGB [B, 3, 8h, 8w]; half receptive field 3.5 ids."""

    def __init__(self, config: TokenizerConfig):
        super().__init__()
        coarse, fine = config.decoder_widths
        self.add_module("in", nn.Conv2d(config.code_width, coarse, 1))
        self.blocks8 = nn.ModuleList(Residual(coarse) for _ in range(config.blocks))
        self.up = nn.Conv2d(coarse, 4 * fine, 1)
        self.blocks4 = nn.ModuleList(Residual(fine) for _ in range(config.blocks))
        self.out = nn.Conv2d(fine, 48, 3, padding=1)

    def forward(self, codes: Tensor) -> Tensor:
        x = self.get_submodule("in")(codes)
        for block in self.blocks8:
            x = block(x)
        x = F.pixel_shuffle(self.up(x), 2)
        for block in self.blocks4:
            x = block(x)
        return F.pixel_shuffle(self.out(x), 4)


class Codebook(nn.Module):
    def __init__(self, config: TokenizerConfig):
        super().__init__()
        self.weight = nn.Parameter(F.normalize(torch.randn(config.codes, config.code_width), dim=1), requires_grad=False)

    def nearest(self, vectors: Tensor) -> Tensor:
        """Unit vectors [N, codeWidth] -> ids [N] by cosine."""
        return (vectors @ self.weight.T).argmax(dim=1)


class ImageTokenizer(nn.Module):
    def __init__(self, config: TokenizerConfig):
        super().__init__()
        self.config = config
        self.encoder = Encoder(config)
        self.codebook = Codebook(config)
        self.decoder = Decoder(config)

    def encode(self, pixels: Tensor, local: bool = False) -> Tensor:
        """[B, 3, 8h, 8w] -> ids [B, h, w]; `local` is a shortcut with the same result for a locally trained encoder."""
        vectors = self.encoder(pixels, local)
        batch, width, height, breadth = vectors.shape
        flat = vectors.permute(0, 2, 3, 1).reshape(-1, width)
        return self.codebook.nearest(flat).view(batch, height, breadth)

    def decode(self, ids: Tensor) -> Tensor:
        """ids [B, h, w] -> pixels in about [-1, 1]."""
        return self.decoder(self.codebook.weight[ids].permute(0, 3, 1, 2))
