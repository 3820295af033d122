/**
 * A sound of the answer: its waveform grows and it plays as it comes; afterwards it can be heard again and saved.
 */
import { Player, peaks, SoundBuilder, toWav } from '@any-to-any/client';
import type { Event, SoundDelta } from '@any-to-any/core';
import type { SegmentView } from './answer.ts';
import { element, icon, icons } from './dom.ts';
import { saveFile } from './files.ts';
import { label, live, say } from './language.ts';

/** Pixels of a bar of the waveform with its gap. */
const bar = 3;

/** What fills the height of the waveform at least; a quiet sound is drawn taller, silence is not. */
const quietest = 0.05;

export function createSoundView(): SegmentView {
  const sound = new SoundBuilder();
  const wave = element('canvas', { class: 'wave', role: 'img' });
  label(wave, 'sound');
  const time = live(element('span', { class: 'quiet' }), () =>
    say('seconds', { seconds: sound.seconds.toFixed(1) }),
  );
  const button = element('button', { type: 'button', class: 'icon-button', onclick: toggle });
  const save = element(
    'button',
    { type: 'button', class: 'icon-button', onclick: saveWav },
    icon(icons.save),
  );
  label(save, 'save');
  const root = element('section', { class: 'segment sound-segment' }, button, wave, time, save);
  let player: Player | undefined;
  /** Playing as it comes: every delta is handed on. Browsers play nothing before somebody has touched the page. */
  let following = navigator.userActivation.hasBeenActive;
  let asked = false;
  show(false);

  function show(playing: boolean): void {
    button.replaceChildren(icon(playing ? icons.stop : icons.play));
    label(button, playing ? 'pause' : 'play');
    root.dataset['playing'] = String(playing);
  }

  function start(samples: Float32Array): Player {
    const own = player ?? new Player({ rate: sound.rate });
    if (!player) {
      player = own;
      show(true);
    }
    own.play(samples);
    ask();
    return own;
  }

  async function end(own: Player | undefined): Promise<void> {
    if (!own || own !== player) return;
    player = undefined;
    show(false);
    ask();
    await own.stop();
  }

  async function toggle(): Promise<void> {
    following = false;
    if (player) return end(player);
    if (sound.samples.length === 0) return;
    const own = start(sound.samples);
    await own.finished();
    await end(own);
  }

  function saveWav(): void {
    saveFile(toWav(sound), `${say('sound')}.wav`);
  }

  function ask(): void {
    if (!asked) requestAnimationFrame(draw);
    asked = true;
  }

  function draw(): void {
    asked = false;
    const ratio = devicePixelRatio;
    const { clientWidth, clientHeight } = wave;
    Object.assign(wave, { width: clientWidth * ratio, height: clientHeight * ratio });
    const context = wave.getContext('2d');
    if (!context || clientWidth === 0) return;
    context.scale(ratio, ratio);
    const style = getComputedStyle(root);
    const bars = Math.floor(clientWidth / bar);
    const heard = player ? (player.position / Math.max(1e-9, sound.seconds)) * bars : bars;
    const heights = peaks(sound.samples, bars);
    const loudest = heights.reduce((most, peak) => Math.max(most, peak), quietest);
    for (const [index, peak] of heights.entries()) {
      const tall = Math.max(1.5, (peak / loudest) * clientHeight * 0.92);
      context.fillStyle = style.getPropertyValue(index < heard ? '--accent' : '--line-strong');
      context.fillRect(index * bar, (clientHeight - tall) / 2, bar - 1, tall);
    }
    if (player) ask();
  }

  return {
    root,
    get empty() {
      return sound.samples.length === 0;
    },
    take(event: Event) {
      if (event.type === 'segment-end') {
        const own = player;
        if (following) void own?.finished().then(() => end(own));
        following = false;
      }
      if (event.type !== 'segment-delta') return;
      const delta = event.delta as SoundDelta; // the segment's modality says so
      sound.add(delta);
      root.dataset['samples'] = String(sound.samples.length);
      time.textContent = say('seconds', { seconds: sound.seconds.toFixed(1) });
      if (following) start(delta.samples);
      ask();
    },
    summary: () => [],
    close: () => void end(player),
  };
}
