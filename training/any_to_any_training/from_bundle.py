"""Weights of a compiled bundle back into a run folder, to go on training from what is shipped.

    python -m any_to_any_training.from_bundle ../packages/model-emoji/bundle --run run
Writes RUN/text.tiktoken, RUN/tokenizer/state.pt, RUN/encoder.pt, RUN/codec/state.pt, RUN/sound-encoder.pt (without the
speller's head) and RUN/start.pt (the decoder). int8 matrices come back rounded to 127 levels per 32 weights (int4: to 7),
others to 16-bit floats, which a few steps of training smooth out."""
import argparse
import json
import shutil
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from torch import Tensor, nn

from .sound.codec import CodecConfig, SoundCodec
from .sound.encoder import SoundEncoder, SoundEncoderConfig
from .tokenizer.model import TokenizerConfig

BLOCK = 32  # weights that share a scale
FUSED = {"qkv": ("q", "k", "v"), "gate-up": ("gate", "up")}


def tensors(path: Path) -> dict[str, np.ndarray]:
    """Initialisers of a graph by name; `X.values` and `X.scales` (MatMulNBits, blocks of 32) become X.weight."""
    graph = onnx.load(str(path)).graph
    found = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    found = {name: value.astype(np.float32) if value.dtype == np.float16 else value for name, value in found.items()}
    for name in [name for name in found if name.endswith(".values")]:
        values, scales = found.pop(name), found.pop(name.replace(".values", ".scales"))
        matrix = whole(values) * scales.reshape(values.shape[:2])[..., None]
        found[name.replace(".values", ".weight")] = matrix.reshape(len(values), -1)
    return {name.removesuffix(".half"): value for name, value in found.items()}


def whole(values: np.ndarray) -> np.ndarray:
    """Bytes of blocks [rows, blocks, bytes] -> [rows, blocks, 32]: of 8 bits about 128, or of 4, the lower one first, about 8."""
    if values.shape[-1] == BLOCK:
        return values.astype(np.float32) - 128
    return np.stack([values & 15, values >> 4], -1).reshape(*values.shape[:2], BLOCK).astype(np.float32) - 8


def split_fused(found: dict[str, np.ndarray], heads: tuple[int, ...]) -> dict[str, np.ndarray]:
    out = {}
    for name, value in found.items():
        for fused, parts in FUSED.items():
            if f".{fused}.weight" in name:
                sizes = heads if fused == "qkv" else (len(value) // 2,) * 2
                pieces = np.split(value, np.cumsum(sizes)[:-1])
                out.update({name.replace(fused, part): piece for part, piece in zip(parts, pieces)})
                break
        else:
            out[name] = value
    return out


def table(bundle: Path, description: dict, width: int) -> np.ndarray:
    kind = {"float16": np.float16, "float32": np.float32}[description["type"]]
    return np.fromfile(bundle / description["file"], kind).astype(np.float32).reshape(-1, width)


def decoder_state(bundle: Path, manifest: dict) -> dict[str, Tensor]:
    shape = manifest["decoder"]
    query, key = shape["heads"] * shape["headWidth"], shape["kvHeads"] * shape["headWidth"]
    state = split_fused(tensors(bundle / shape["graph"]), (query, key, key))
    for name, port in manifest["ports"].items():
        state[f"ports.{name}.embedding"] = table(bundle, port["table"], shape["width"])
        if "guide" in port:
            state[f"ports.{name}.guide.weight"] = table(bundle, port["guide"], shape["width"])
        state[f"ports.{name}.head.weight"] = tensors(bundle / port["head"]["graph"])["head.weight"]
    kept = {name: value for name, value in state.items() if not name.startswith(("rotary.", "integers."))}
    kept = {name: value[:, 0] if name.endswith((".direction", ".gate")) else value for name, value in kept.items()}
    return {name: torch.from_numpy(np.array(value)) for name, value in kept.items()}


def tokenizer_state(bundle: Path, options: dict) -> dict:
    found = tensors(bundle / options["encode"]) | tensors(bundle / options["decode"])
    state = {name: torch.from_numpy(np.array(value)) for name, value in found.items() if not name.startswith("integers.")}
    width = state["codebook.weight"].shape[1]
    widths = lambda half, a, b: (len(state[f"{half}.{a}.conv1.bias"]), len(state[f"{half}.{b}.conv1.bias"]))  # noqa: E731
    config = {"codes": len(state["codebook.weight"]), "code_width": width, "blocks": 2,
              "encoder_widths": widths("encoder", "blocks4.0", "blocks8.0"), "decoder_widths": widths("decoder", "blocks8.0", "blocks4.0")}
    assert TokenizerConfig(**config)
    return {"model": state, "average": state, "config": config}


def codec_state(bundle: Path, options: dict) -> dict:
    found = tensors(bundle / options["encode"]["graph"]) | tensors(bundle / options["decode"]["graph"])
    own = {name: torch.from_numpy(np.array(value)) for name, value in found.items() if name.startswith(("encoder.", "decoder.")) and ".mel." not in name}
    books = torch.from_numpy(np.array(found["codebooks"])).view(options["codebooks"], options["size"], -1)
    own |= {f"codebooks.{index}.weight": book for index, book in enumerate(books)}
    blocks = {half: len({name.split(".")[2] for name in own if name.startswith(f"{half}.blocks.")}) for half in ("encoder", "decoder")}
    config = {"codes": options["size"], "codebooks": options["codebooks"], "code_width": books.shape[-1], "encoder_width": len(own["encoder.norm.weight"]),
              "encoder_blocks": blocks["encoder"], "decoder_width": len(own["decoder.norm.weight"]), "decoder_blocks": blocks["decoder"]}
    return {"average": complete(SoundCodec(CodecConfig(**config)), own), "config": config}


def sound_encoder_state(path: Path, width: int) -> dict[str, Tensor]:
    own = {name: torch.from_numpy(np.array(value)) for name, value in tensors(path).items() if not name.startswith(("integers.", "basis.", "mel."))}
    blocks = {level: len({name.split(".")[1] for name in own if name.startswith(f"{level}_blocks.")}) for level in ("fine", "coarse")}
    config = SoundEncoderConfig(len(own["enter.bias"]), blocks["fine"], len(own["norm.bias"]), blocks["coarse"], width)
    return complete(SoundEncoder(config), own)


def complete(model: nn.Module, weights: dict[str, Tensor]) -> dict[str, Tensor]:
    """The model's state with these weights; constants that a graph computes (Fourier bases, mel bands) are its own."""
    missing, unknown = model.load_state_dict(weights, strict=False)
    learnt = [name for name in missing if name in dict(model.named_parameters())]
    if learnt or unknown:
        raise ValueError(f"the bundle lacks {learnt}, the model {unknown}")
    return model.state_dict()


def encoder_state(path: Path) -> dict[str, Tensor]:
    return {name: torch.from_numpy(np.array(value)) for name, value in tensors(path).items() if not name.startswith(("integers.", "number"))}


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("bundle", type=Path)
    arguments.add_argument("--run", type=Path, default=Path("run"))
    options = arguments.parse_args()
    manifest = json.loads((options.bundle / "manifest.json").read_text())
    ports = manifest["ports"]
    (options.run / "tokenizer").mkdir(parents=True, exist_ok=True)
    shutil.copy(options.bundle / ports["text"]["tokenizer"]["options"]["file"], options.run / "text.tiktoken")
    torch.save(tokenizer_state(options.bundle, ports["image"]["tokenizer"]["options"]), options.run / "tokenizer/state.pt")
    torch.save(encoder_state(options.bundle / ports["image"]["encoder"]["options"]["graph"]), options.run / "encoder.pt")
    if "audio" in ports:
        (options.run / "codec").mkdir(exist_ok=True)
        torch.save(codec_state(options.bundle, ports["audio"]["tokenizer"]["options"]), options.run / "codec/state.pt")
        listener = sound_encoder_state(options.bundle / ports["audio"]["encoder"]["options"]["graph"], manifest["decoder"]["width"])
        torch.save({"encoder": listener}, options.run / "sound-encoder.pt")
    torch.save(decoder_state(options.bundle, manifest), options.run / "start.pt")


if __name__ == "__main__":
    main()
