"""The recipe as one command, the settings it reads, and where the trainers compute."""
import json
import re
import sys
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from any_to_any_training import all as recipe
from any_to_any_training import settings
from any_to_any_training.decoder.config import DecoderConfig, PortConfig
from any_to_any_training.decoder.image_encoder import ImageEncoder, ImageEncoderConfig
from any_to_any_training.decoder.layout import buckets, modalities, text
from any_to_any_training.decoder.loss import inputs
from any_to_any_training.decoder.model import Decoder
from any_to_any_training.decoder.sequence import collate, heard_part, picture_part, sound_part, text_part
from any_to_any_training.decoder.sound_tasks import sound_tasks
from any_to_any_training.decoder.tasks import picture_tasks
from any_to_any_training.evaluate.prompts import Prompt
from any_to_any_training.sound.disturb import another_throat
from any_to_any_training.sound.encoder import STRIDE, SoundEncoder, SoundEncoderConfig
from any_to_any_training.sound.voices import VOICES
from any_to_any_training.tokenizer.model import ImageTokenizer, TokenizerConfig
from any_to_any_training.tokenizer.quantise import CodebookTrainer
from any_to_any_training.tokenizer.train import forward

HOME = Path(__file__).resolve().parents[1]
README = (HOME / "README.md").read_text(encoding="utf-8")
CONFIGS = {name: settings.read(HOME / "configs" / f"{name}.json") for name in ("small", "tiny", "full")}
PORTS = PortConfig(text=24, image=20, audio=12)


def test_the_readme_lists_every_stage_in_order():
    listed = README[README.index("```sh") :]
    named = [match[0] for stage in recipe.STAGES if (match := re.match(r"python -m [\w.]+|python evaluate\.py|node sprites/build\.mjs|npm install|npm run any-to-any -- compile", stage.command.replace(" -s", "")))]
    assert len(named) == len(recipe.STAGES)
    at = 0
    for command in named:
        assert command in listed[at:], command
        at += listed[at:].index(command) + 1


def test_the_configurations_have_the_same_settings():
    def shape(value):
        return {key: shape(own) for key, own in value.items()} if isinstance(value, dict) else None

    shapes = [shape(config) for config in CONFIGS.values()]
    for config in shapes:
        for optional in ("mix", "guide", "guideRate"):
            config["decoder"]["train"].pop(optional, None)
        config["decoder"].pop("guideScales", None)
    assert shapes[0] == shapes[1] == shapes[2]


def test_the_tiny_configuration_knows_every_task_and_voice():
    mix = CONFIGS["tiny"]["decoder"]["train"]["mix"]
    assert set(mix) == {*picture_tasks(None), *sound_tasks(None, None)} and sum(mix.values()) == pytest.approx(1)
    assert {VOICES[name].wording for name in CONFIGS["tiny"]["decoder"]["train"]["voices"]} == {"a woman's voice", "a man's voice"}


def test_the_budgets_of_the_tiny_configuration_leave_room_in_half_an_hour():
    assert sum(stage.budget(CONFIGS["tiny"]) for stage in recipe.STAGES) <= 20


@pytest.fixture
def tracked(monkeypatch, tmp_path):
    """A recipe of two stages that note that they ran; the second fails while `fail` is there."""
    note = "import sys, pathlib; n, out = sys.argv[1:]; assert n != 'b' or not pathlib.Path(out, 'fail').exists(); open(f'{out}/ran', 'a').write(n); open(f'{out}/{n}', 'w')"
    (tmp_path / "note.py").write_text(note)
    (tmp_path / "config.json").write_text(json.dumps({"decoder": {"pictures": 64}}))
    stages = tuple(recipe.Stage(name, f"{{run}}/{name}", f"python {tmp_path}/note.py {name} {{run}}") for name in "ab")
    monkeypatch.setattr(recipe, "STAGES", stages)
    monkeypatch.setattr(recipe, "PROGRAMS", ())
    monkeypatch.setattr(sys, "argv", ["all", "--config", str(tmp_path / "config.json"), "--run", str(tmp_path)])
    return tmp_path


def test_a_recipe_that_failed_goes_on_and_skips_what_is_there(tracked, capsys):
    (tracked / "fail").touch()
    with pytest.raises(SystemExit, match="ended with 1"):
        recipe.main()
    (tracked / "fail").unlink()
    recipe.main()
    recipe.main()
    assert (tracked / "ran").read_text() == "ab"
    assert set(json.loads((tracked / "stages.json").read_text())["a"]) == {"wall", "cpu"}
    assert capsys.readouterr().out.count("together") == 2
    (tracked / "a").unlink()
    recipe.main()
    assert (tracked / "ran").read_text() == "aba"


def test_sprites_are_as_large_as_the_pictures_of_the_configuration():
    made = {stage.name: stage.command for stage in recipe.STAGES}
    said = {name: [recipe.filled(made[what], HOME / "configs" / f"{name}.json", Path("run")).split()[-1] for what in ("sprites", "large sprites")] for name in ("small", "full")}
    assert said == {"small": ["1", "2,4"], "full": ["2", "4,8"]}


def test_what_is_not_installed_is_said_before_anything_runs(tracked, monkeypatch):
    monkeypatch.setattr(recipe, "PROGRAMS", ("no-such-program",))
    with pytest.raises(SystemExit, match="Not installed: no-such-program"):
        recipe.main()
    assert not (tracked / "ran").exists()


def test_a_trainer_takes_no_more_threads_than_there_are(monkeypatch):
    taken = []
    monkeypatch.setattr(torch, "get_num_threads", lambda: 1)
    monkeypatch.setattr(torch, "set_num_threads", taken.append)
    assert settings.begin({"threads": 2, "seed": 1}) == torch.device("cuda" if torch.cuda.is_available() else "cpu")
    assert taken == [1]


# There need not be a GPU: PyTorch's "meta" device computes shapes only, and refuses to mix with tensors elsewhere.


def test_a_batch_and_the_decoder_compute_where_the_decoder_is(monkeypatch):
    monkeypatch.setattr(torch, "autocast", lambda *_, **__: nullcontext())  # which knows no meta device
    shape = dict(width=32, layers=1, heads=2, kv_heads=2, head_width=16, feed_forward=32)
    examples = [(picture_part(np.zeros((64, 64, 3), np.uint8)), heard_part(np.zeros(2 * STRIDE, np.float32), STRIDE), text_part([1, 2], 0.1),
                 sound_part(np.array([4, 5]), 1.0, np.array([2, 3])))] * 2
    batch = collate(examples, PORTS, 0.0, 0.0, np.random.default_rng(0)).to("meta")
    assert {part.device.type for part in (batch.ids, *batch.phones, *(part for parts in batch.asked.values() for part in parts))} == {"meta"}
    encoders = torch.nn.ModuleDict({"image": ImageEncoder(ImageEncoderConfig(out=32)), "audio": SoundEncoder(SoundEncoderConfig(out=32))}).to("meta")
    for flag in (True, False):
        decoder = Decoder(DecoderConfig(**shape, buckets=flag), PORTS).to("meta")
        x = inputs(decoder, encoders, batch, lambda mel: another_throat(mel, np.random.default_rng(1)))
        hidden, _ = decoder(x, modalities(batch.layout), torch.arange(x.shape[1]), buckets(batch.layout, PORTS))
        assert hidden.device.type == "meta" and hidden.shape == (2, batch.ids.shape[1], 32)


def test_the_tokenizer_computes_where_its_weights_are():
    model = ImageTokenizer(TokenizerConfig(codes=16, encoder_widths=(8, 8), decoder_widths=(8, 8), blocks=1)).to("meta")
    for quantised in (False, True):
        output, vectors, ids, _ = forward(model, torch.zeros(2, 3, 64, 64, device="meta"), quantised)
        assert output.device.type == vectors.device.type == "meta" and (ids is None or ids.device.type == "meta")
    book = CodebookTrainer(model.codebook)
    assert book.counts.device.type == book.sums.device.type == "meta"


def test_a_prompt_without_words_is_one():
    """What guidance compares with."""
    decoder = Decoder(DecoderConfig(width=32, layers=1, heads=2, kv_heads=2, head_width=16, feed_forward=32), PORTS)
    prefix, layout = Prompt.begin(SimpleNamespace(decoder=decoder), 1).words([[]]).ask(2)
    assert prefix.shape == (1, 4, 32) and layout == (text(0),)
