"""What the grown modality can do, on what it was not trained with, and what the frozen model makes of it that nobody
taught: each a share with its 95 % interval (Wilson 1927)."""
import shutil
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from random import Random

import numpy as np
import torch
from torch import Tensor, nn

from ..data.compose import Atlas, compose, to_tensor_range
from ..data.concepts import CONCEPTS
from ..data.scene import Scene
from ..decoder.layout import Layout, image_ids
from ..decoder.model import Decoder
from ..decoder.sample import GREEDY, Choice, draw_images, line
from ..decoder.sequence import Example, Part, heard_part, picture_part
from ..evaluate.score import wilson
from ..grow.batch import marks_of, rows_of
from ..sound.encoder import STRIDE
from ..sound.voices import DEFAULT, VOICES, Spoken, speak
from ..tokenizer.model import ImageTokenizer
from .ids import decode, sketched
from .tasks import DRAWER, SEEN, UNSEEN, Drawings, asked, description, held_out, naming, request, seen
from .trace import filled

SIDE = 64  # of the raster in which drawings are compared
ALL = range(len(CONCEPTS))


def prefix(decoder: Decoder, encoders: nn.ModuleDict, prompts: list[Example], modality: int) -> tuple[Tensor, Layout]:
    """Prompts of one layout, and the mark that opens what is asked for."""
    rows = rows_of(prompts, decoder.port_config)
    opening = decoder.embed(torch.tensor([[marks_of(decoder.port_config, modality)[0]]] * len(prompts)))
    return torch.cat((rows.embed(decoder, encoders)[:, :-1], opening), 1), tuple(part.segment for part in prompts[0])


@torch.no_grad()
def answers(decoder: Decoder, encoders: nn.ModuleDict, prompts: list[Example], modality: int, limit: int) -> list[list[int]]:
    """Greedy ids of one segment after each prompt."""
    alike = defaultdict(list)
    for index, prompt in enumerate(prompts):
        alike[tuple(part.segment for part in prompt)].append(index)
    out: list[list[int]] = [[] for _ in prompts]
    for indices in alike.values():
        x, before = prefix(decoder, encoders, [prompts[index] for index in indices], modality)
        for index, ids in zip(indices, line(decoder, x, before, modality, limit, GREEDY)):
            out[index] = ids
    return out


def heard(spoken: Spoken) -> Part:
    samples = spoken.samples.astype(np.float32) / 32768
    return heard_part(np.pad(samples, (0, -len(samples) % STRIDE)), STRIDE)


def as_table(measured: dict[str, dict]) -> str:
    """Rows of markdown, as docs/grow-a-modality.md has them."""
    rows = ["| what | right | share, 95 % interval | overlap |", "| --- | ---: | ---: | ---: |"]
    for what, it in measured.items():
        overlap = f"{it['overlap']:.2f}" if "overlap" in it else ""
        rows.append(f"| {what} | {it['right']} of {it['of']} | {100 * it['share']:.0f} % ({100 * it['low']:.0f} to {100 * it['high']:.0f}) | {overlap} |")
    return "\n".join(rows) + "\n"


class Measures:
    def __init__(self, decoder: Decoder, encoders: nn.ModuleDict, drawings: Drawings, atlas: Atlas):
        self.decoder, self.encoders, self.drawings, self.atlas = decoder, encoders, drawings, atlas
        self.shapes = {small: np.stack([filled(drawings.truth(concept, small), SIDE) for concept in ALL]) for small in (False, True)}
        self.out: dict[str, dict] = {}

    def note(self, what: str, right: list[bool], **more: float) -> None:
        low, high = wilson(sum(right), len(right))
        self.out[what] = {"right": sum(right), "of": len(right), "share": round(sum(right) / len(right), 3), "low": round(low, 3), "high": round(high, 3), **more}
        print(f"{what}: {sum(right)} of {len(right)}, {sum(right) / len(right):.1%} ({low:.1%} to {high:.1%})", *(f"{name} {value}" for name, value in more.items()), flush=True)

    def drawn(self, what: str, concepts: list[int], prompt: Callable[[int], Example], small: bool = False) -> None:
        """Right: of all 142 drawings the one that was asked for overlaps most with what was drawn."""
        found = answers(self.decoder, self.encoders, [prompt(concept) for concept in concepts], self.drawings.modality, 96)
        right, overlaps = [], []
        for concept, ids in zip(concepts, found):
            shape = filled(decode(ids), SIDE)
            each = (shape & self.shapes[small]).sum((1, 2)) / np.maximum(1, (shape | self.shapes[small]).sum((1, 2)))
            right.append(bool(each.argmax() == concept and each[concept] > 0))
            overlaps.append(each[concept])
        self.note(what, right, overlap=round(float(np.mean(overlaps)), 3))

    def named(self, what: str, items: list[tuple[int, Example]], language: str) -> None:
        """Right: the whole sentence, word for word."""
        found = answers(self.decoder, self.encoders, [prompt[:-1] for _, prompt in items], 1, 40)
        said = [self.drawings.encoding.decode(ids) for ids in found]
        self.note(what, [words == description(concept, language) for words, (concept, _) in zip(said, items)])

    def trained(self) -> None:
        random, drawings = Random(7), self.drawings
        of = {reason: [concept for concept in ALL if held_out(concept) == reason] for reason in ("small", "draw in Korean", "name in Korean")}
        asking = lambda language, small=False: lambda concept: (asked(drawings, request(concept, small, language, random)),)  # noqa: E731
        self.drawn("words to strokes, English", list(ALL), asking("en"))
        self.drawn("words to strokes, Korean, names trained in it", [concept for concept in ALL if held_out(concept) != "draw in Korean"], asking("ko"))
        self.drawn("words to strokes, Korean, names trained in English alone", of["draw in Korean"], asking("ko"))
        self.drawn("words to strokes, small, names never trained small", 2 * of["small"], asking("en", True), small=True)

        def items(artist: str, concepts, language: str, hand: float) -> list[tuple[int, Example]]:
            return [(concept, naming(drawings, concept, sketched(drawings.traced[artist][concept], random, hand), language, random)) for concept in concepts]

        known = [item for artist in SEEN for item in items(artist, ALL, "en", 1)]
        self.named("strokes to words, known artists, other hands", known, "en")
        self.named("strokes to words, an artist never seen", items(UNSEEN, ALL, "en", 0), "en")
        self.named("strokes to words, Korean, names trained in English alone", [item for artist in SEEN for item in items(artist, of["name in Korean"], "ko", 1)], "ko")

    def untaught(self, tokenizer: ImageTokenizer) -> None:
        """Between strokes and pictures, and strokes and sound, there was no training at all."""
        picture = lambda concept: (picture_part(to_tensor_range(compose(Scene("single", (concept,), DRAWER, "white"), self.atlas))),)  # noqa: E731
        self.drawn("picture to strokes, never trained", list(ALL), picture)
        self.pictured(tokenizer)
        for language, words in (("en", "English"), ("ko", "Korean")):
            voice = VOICES[DEFAULT[language]]
            if shutil.which(voice.command[0]) is None:
                print(f"{words} speech to strokes: not measured, there is no {voice.command[0]}")
                continue
            self.drawn(f"{words} speech to strokes, never trained", list(ALL), lambda concept: (heard(speak(description(concept, language), voice)),))

    def sheet(self, path: Path, concepts: range = range(0, len(CONCEPTS), 6), across: int = 8, size: int = 96) -> None:
        """What the model draws for every sixth name, as SVG; none is chosen."""
        names = [request(concept, False, "en", Random(0)) for concept in concepts]
        found = answers(self.decoder, self.encoders, [(asked(self.drawings, words),) for words in names], self.drawings.modality, 96)
        cells = []
        for at, (words, ids) in enumerate(zip(names, found)):
            path_of = "".join("M" + "L".join(f"{x * size:.4g} {y * size:.4g}" for x, y in line) for line in decode(ids))
            cells.append(f'<g transform="translate({at % across * (size + 12) + 6} {at // across * (size + 26) + 6})"><path d="{path_of}"/>'
                         f'<text x="{size / 2:g}" y="{size + 12}">{words}</text></g>')
        width, height = across * (size + 12), -(-len(cells) // across) * (size + 26) + 6
        style = "path{fill:none;stroke:#222;stroke-width:1.5;stroke-linejoin:round}text{font:10px sans-serif;text-anchor:middle;fill:#222}"
        path.write_text(f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}"><style>{style}</style>'
                        f'<rect width="100%" height="100%" fill="white"/>{"".join(cells)}</svg>\n', encoding="utf-8")

    @torch.no_grad()
    def pictured(self, tokenizer: ImageTokenizer) -> None:
        """Right: of all 142 pictures on white, in any style, the most alike in its ids is of what the strokes show."""
        scenes = [(concept, Scene("single", (concept,), style, "white")) for style in (*SEEN, UNSEEN) for concept in ALL]
        pixels = np.stack([compose(scene, self.atlas) for _, scene in scenes])
        known = torch.cat([tokenizer.encode(torch.from_numpy(to_tensor_range(part)), local=True) for part in np.array_split(pixels, 8)])
        prompts = [(seen(self.drawings, sketched(self.drawings.traced[DRAWER][concept], Random(concept))),) for concept in ALL]
        x, before = prefix(self.decoder, self.encoders, prompts, 2)
        made = draw_images(self.decoder, [x], [(*before, image_ids(*known.shape[1:]))], Choice(0.3, 50, 1), torch.Generator().manual_seed(1))
        alike = (made[:, None] == known[None]).flatten(2).sum(-1)
        right = [scenes[index][0] == concept for concept, index in enumerate(alike.argmax(1).tolist())]
        self.note("strokes to picture, never trained", right, cells=round(float(alike.amax(1).float().mean()), 1))
