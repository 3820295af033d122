"""The two judges as ONNX files with weights of few bits, for a program without Python."""
import math
from io import BytesIO
from pathlib import Path
from unittest import mock

import numpy as np
import onnx
import onnxruntime
import torch
import torch.nn.functional as F
from onnx import helper, numpy_helper
from torch import Tensor, nn

from ..data import text_bpe
from ..sound.clips import Clips
from ..sound.encoder import SoundEncoder
from ..sound.mel import LogMel
from ..sound.warm_encoder import load_speller, spell, stack, words_of
from .judge import Classifier

LEAST = 2048  # values of a weight that is worth packing
BLOCK = 32  # neighbours that share a scale, of 4 bits


def pack(model: onnx.ModelProto, bits: int) -> onnx.ModelProto:
    """Large weights become whole numbers of 8 bits with a scale by row of their first dimension; with bits = 4, matrices
    become whole numbers of 4 bits with a scale by block of neighbours."""
    nodes = []
    for weight in list(model.graph.initializer):
        value = numpy_helper.to_array(weight)
        if value.dtype != np.float32 or value.ndim < 2 or value.size < LEAST:
            continue
        model.graph.initializer.remove(weight)
        packed, scale = f"{weight.name}.packed", f"{weight.name}.scale"
        if bits == 4 and value.ndim == 2 and value.shape[1] % BLOCK == 0:
            blocks = value.reshape(len(value), -1, BLOCK)
            scales = np.maximum(np.abs(blocks).max(-1), 1e-8).astype(np.float32) / 7
            whole = np.clip(np.rint(blocks / scales[..., None]), -7, 7).astype(np.int8).reshape(value.shape)
            pairs = whole.reshape(-1, 2) & 15
            tensor = helper.make_tensor(packed, onnx.TensorProto.INT4, value.shape, (pairs[:, 0] | pairs[:, 1] << 4).astype(np.uint8).tobytes(), raw=True)
            attributes = {"axis": 1, "block_size": BLOCK}
        else:
            scales = np.maximum(np.abs(value.reshape(len(value), -1)).max(1), 1e-8).astype(np.float32) / 127
            tensor = numpy_helper.from_array(np.rint(value / scales.reshape(-1, *[1] * (value.ndim - 1))).astype(np.int8), packed)
            attributes = {"axis": 0}
        model.graph.initializer.extend([tensor, numpy_helper.from_array(scales, scale)])
        nodes.append(helper.make_node("DequantizeLinear", [packed, scale], [weight.name], **attributes))
    kept = list(model.graph.node)
    del model.graph.node[:]
    model.graph.node.extend([*nodes, *kept])
    if bits == 4:
        model.opset_import[0].version, model.ir_version = 21, 10
    onnx.checker.check_model(model)
    return model


def written_out(x: Tensor, shape: tuple, weight: Tensor | None = None, eps: float | None = None) -> Tensor:
    """F.rms_norm in operations that the exporter has."""
    x = x * torch.rsqrt((x * x).sum(-1, keepdim=True) / x.shape[-1] + (torch.finfo(x.dtype).eps if eps is None else eps))
    return x if weight is None else x * weight


def export(module: nn.Module, example: Tensor, path: Path, taken: str, given: list[str], free: dict, bits: int) -> None:
    file = BytesIO()
    with mock.patch.object(F, "rms_norm", written_out):
        torch.onnx.export(module.eval(), (example,), file, input_names=[taken], output_names=given, dynamic_axes=free, opset_version=17, dynamo=False, do_constant_folding=False)
    path.write_bytes(pack(onnx.load_from_string(file.getvalue()), bits).SerializeToString())


def write_picture_judge(model: Classifier, path: Path) -> None:
    """crops [N, 3, 32, 32] in -1..1 -> concept [N, concepts], style [N, styles]"""
    export(model, torch.zeros(2, 3, 32, 32), path, "crops", ["concept", "style"], {"crops": {0: "n"}, "concept": {0: "n"}, "style": {0: "n"}}, bits=8)


class ComputedMel(LogMel):
    """The same; the Fourier basis is computed when the file is opened instead of stored in it."""

    def forward(self, samples: Tensor) -> Tensor:
        n = torch.ones_like(samples[0, : self.window], dtype=torch.int64).cumsum(0) - 1  # of the input, or the exporter stores the basis
        # products stay whole numbers until the turn is taken off, so that 32-bit angles are exact enough
        angle = (n[: self.window // 2 + 1, None] * n % self.window).float() * (2 * math.pi / self.window)
        hann = 0.5 - 0.5 * (n.float() * (2 * math.pi / self.window)).cos()
        basis = torch.cat([angle.cos(), -angle.sin()]) * hann
        hops = F.pad(samples, (self.window - self.hop, 0)).unflatten(1, (-1, self.hop))
        each = self.window // self.hop
        frames = torch.cat([hops[:, i : i + 1 - each or None] for i in range(each)], 2)
        spectrum = (frames @ basis.T).transpose(1, 2)
        real, imaginary = spectrum.chunk(2, dim=1)
        return (self.matrix @ (real**2 + imaginary**2 + 1e-9).sqrt() + 1e-3).log() / 3


class Speller(nn.Module):
    """samples [1, N], N a multiple of 1280 -> scores [N/1280, classes], the last class is the blank"""

    def __init__(self, encoder: SoundEncoder, head: nn.Linear, kept: list[int]):
        super().__init__()
        encoder.mel.__class__ = ComputedMel
        self.encoder, self.head = encoder, nn.Linear(head.in_features, len(kept))
        self.head.weight.data, self.head.bias.data = head.weight.data[kept], head.bias.data[kept]

    def forward(self, samples: Tensor) -> Tensor:
        x = self.encoder(samples)[0]
        return self.head(F.rms_norm(x, x.shape[-1:]))


def write_speech_judge(run: Path, clips: Clips, encoding, path: Path, heard: list[np.ndarray]) -> tuple[list[int], list[str]]:
    """-> ids of the words of every class but the blank; what the file spells in the clips."""
    encoder, head = load_speller(run)
    entries = {words_of(e): None for e in clips.select(split="train")}
    kept = sorted({i for words in entries for i in encoding.encode(words)})
    model = Speller(encoder, head, [*kept, text_bpe.SIZE])
    with torch.no_grad():
        full = [encoding.decode([kept[i] for i in spell(model(stack([clip]))[None])[0]]) for clip in heard]
    export(model, torch.zeros(1, 12_800), path, "samples", ["scores"], {"samples": {1: "n"}, "scores": {0: "t"}}, bits=4)
    session = onnxruntime.InferenceSession(path.read_bytes(), providers=["CPUExecutionProvider"])
    packed = []
    for clip in heard:
        scores = session.run(None, {"samples": stack([clip]).numpy()})[0]
        packed.append(encoding.decode([kept[i] for i in spell(torch.from_numpy(scores)[None])[0]]))
    same = sum(a == b for a, b in zip(full, packed))
    print(f"speech judge: {len(kept)} classes, 4 bits hear {same} of {len(heard)} clips as full precision does")
    return kept, packed
