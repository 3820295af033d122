"""The two judges as ONNX files of 8-bit weights (matrices of rows with a scale each), for a program without Python."""
import base64
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
from ..sound.encoder import SoundEncoder, SoundEncoderConfig
from ..sound.mel import LogMel
from ..sound.warm_encoder import spell, stack, words_of
from .judge import Classifier

LEAST = 2048  # values of a weight that is worth packing


def pack(model: onnx.ModelProto) -> onnx.ModelProto:
    """Large weights become whole numbers of 8 bits, scaled by row of their first dimension (last, if of MatMul)."""
    last = {node.input[1] for node in model.graph.node if node.op_type == "MatMul"}
    last |= {node.input[1] for node in model.graph.node if node.op_type == "Gemm" and not any(a.name == "transB" and a.i for a in node.attribute)}
    nodes = []
    for weight in list(model.graph.initializer):
        value = numpy_helper.to_array(weight)
        if value.dtype != np.float32 or value.ndim < 2 or value.size < LEAST:
            continue
        axis = value.ndim - 1 if weight.name in last else 0
        others = tuple(i for i in range(value.ndim) if i != axis)
        scale = np.maximum(np.abs(value).max(others), 1e-8).astype(np.float32) / 127
        shape = [-1 if i == axis else 1 for i in range(value.ndim)]
        packed = np.rint(value / scale.reshape(shape)).astype(np.int8)
        model.graph.initializer.remove(weight)
        model.graph.initializer.extend([numpy_helper.from_array(packed, f"{weight.name}.packed"), numpy_helper.from_array(scale, f"{weight.name}.scale")])
        nodes.append(helper.make_node("DequantizeLinear", [f"{weight.name}.packed", f"{weight.name}.scale"], [weight.name], axis=axis))
    kept = list(model.graph.node)
    del model.graph.node[:]
    model.graph.node.extend([*nodes, *kept])
    onnx.checker.check_model(model)
    return model


def written_out(x: Tensor, shape: tuple, weight: Tensor | None = None, eps: float | None = None) -> Tensor:
    """F.rms_norm in operations that the exporter has."""
    x = x * torch.rsqrt((x * x).mean(-1, keepdim=True) + (torch.finfo(x.dtype).eps if eps is None else eps))
    return x if weight is None else x * weight


def export(module: nn.Module, example: Tensor, path: Path, taken: str, given: list[str], free: dict) -> None:
    file = BytesIO()
    with mock.patch.object(F, "rms_norm", written_out):
        torch.onnx.export(module.eval(), (example,), file, input_names=[taken], output_names=given, dynamic_axes=free, opset_version=17, dynamo=False, do_constant_folding=False)
    path.write_bytes(pack(onnx.load_from_string(file.getvalue())).SerializeToString())


def write_picture_judge(model: Classifier, path: Path) -> None:
    """crops [N, 3, 32, 32] in -1..1 -> concept [N, concepts], style [N, styles]"""
    export(model, torch.zeros(2, 3, 32, 32), path, "crops", ["concept", "style"], {"crops": {0: "n"}, "concept": {0: "n"}, "style": {0: "n"}})


class ComputedMel(LogMel):
    """The same; the Fourier basis is computed when the file is opened instead of stored in it."""

    def forward(self, samples: Tensor) -> Tensor:
        n = torch.arange(self.window)
        # products stay whole numbers until the turn is taken off, so that 32-bit angles are exact enough
        angle = (torch.arange(self.window // 2 + 1)[:, None] * n % self.window).float() * (2 * math.pi / self.window)
        hann = 0.5 - 0.5 * (n.float() * (2 * math.pi / self.window)).cos()
        basis = torch.cat([angle.cos(), -angle.sin()]) * hann
        spectrum = F.conv1d(F.pad(samples[:, None], (self.window - self.hop, 0)), basis[:, None], stride=self.hop)
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


def write_speech_judge(run: Path, clips: Clips, encoding, path: Path, heard: list[np.ndarray]) -> tuple[list[str], list[dict]]:
    """-> base64 of the spelling of every class but the blank; what the file hears in the clips (and full precision, printed)."""
    state = torch.load(run / "sound-encoder.pt")
    encoder, head = SoundEncoder(SoundEncoderConfig()), nn.Linear(256, text_bpe.SIZE + 1)
    encoder.load_state_dict(state["encoder"]), head.load_state_dict(state["head"])
    entries = {words_of(e): None for e in clips.select(split="train")}
    kept = sorted({i for words in entries for i in encoding.encode(words)})
    model = Speller(encoder.eval(), head, [*kept, text_bpe.SIZE])
    with torch.no_grad():
        full = [encoding.decode([kept[i] for i in spell(model(stack([clip]))[None])[0]]) for clip in heard]
    export(model, torch.zeros(1, 12_800), path, "samples", ["scores"], {"samples": {1: "n"}, "scores": {0: "t"}})
    session = onnxruntime.InferenceSession(path.read_bytes(), providers=["CPUExecutionProvider"])
    packed = []
    for clip in heard:
        scores = session.run(None, {"samples": stack([clip]).numpy()})[0]
        packed.append(encoding.decode([kept[i] for i in spell(torch.from_numpy(scores)[None])[0]]))
    same = sum(a == b for a, b in zip(full, packed))
    print(f"speech judge: {len(kept)} classes, 8 bits hear {same} of {len(heard)} clips as full precision does")
    return [base64.b64encode(encoding.decode_single_token_bytes(i)).decode() for i in kept], packed
