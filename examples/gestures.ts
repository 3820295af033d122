/**
 * Synthetic streams of an accelerometer, with the words for what happens in them. Nothing is recorded: each stream is
 * one or two gestures, every one with its own speed, force and length, felt by a sensor that sits askew, is slightly
 * out of tune, and is noisy. The same seed gives the same stream.
 */
import { type MotionContent, motion, rate } from './sensor-plugin.ts';

export interface Stream {
  readonly motion: MotionContent;
  /** What happens in it, in words. */
  readonly text: string;
}

/** g: to the right, away, up. A device at rest on a table feels (0, 0, 1). */
type Force = readonly [x: number, y: number, z: number];

/** A movement from rest to rest. */
interface Gesture {
  readonly text: string;
  readonly seconds: number;
  /** `t` in 0 … seconds. */
  force(t: number): Force;
}

/** Draws; `between(1, 2)` is a number, `one('a', 'b')` one of them. */
interface Draw {
  between(low: number, high: number): number;
  one<T>(...choices: readonly T[]): T;
}

type Kind = (draw: Draw) => Gesture;

const rest: Force = [0, 0, 1];
const wave = (turns: number): number => Math.sin(2 * Math.PI * turns);
/** 0 → 0, then up to 1 and back: 1 → 0. */
const swell = (part: number): number => Math.min(1, 3 * Math.sin(Math.PI * Math.min(1, Math.max(0, part))));
/** A blow and its ringing. */
const blow = (t: number): number => (t < 0 ? 0 : Math.exp(-t / 0.03) * Math.cos(2 * Math.PI * 7 * t));

const shake: Kind = ({ between, one }) => {
  const [pace, frequency] = one(['slow', between(1.6, 2.4)], ['quick', between(4, 6)]);
  const [force, size] = one(['gentle', between(0.35, 0.7)], ['hard', between(1.5, 2.8)]);
  const [way, direction] = one<[string, Force]>(
    ['from side to side', [1, 0, 0]],
    ['back and forth', [0, 1, 0]],
    ['up and down', [0, 0, 1]],
  );
  const seconds = between(1.2, 1.7);
  const phase = between(0, 1);
  return {
    text: `a ${pace}, ${force} shake ${way}`,
    seconds,
    force: (t) => add(rest, direction, size * swell(t / seconds) * wave(frequency * t + phase)),
  };
};

const circle: Kind = ({ between, one }) => {
  const [pace, frequency] = one(['slow', between(0.8, 1.15)], ['quick', between(1.8, 2.6)]);
  const [way, sign] = one(['left', 1], ['right', -1]);
  const [size, phase, seconds] = [
    between(0.4, 1),
    between(0, 1),
    between(1.4, 2) / (frequency > 1.5 ? 1.4 : 1),
  ];
  return {
    text: `a ${pace} circle to the ${way}`,
    seconds,
    force(t) {
      const [now, turn] = [size * swell(t / seconds), frequency * t + phase];
      return [now * wave(turn + 0.25), now * sign * wave(turn), 1];
    },
  };
};

const tap: Kind = ({ between, one }) => {
  const [force, size] = one(['gentle', between(0.5, 0.9)], ['hard', between(2.2, 4.5)]);
  const [times, gap] = one(['tap', undefined], ['double tap', between(0.24, 0.42)]);
  return {
    text: `a ${force} ${times}`,
    seconds: 0.2 + (gap ?? 0),
    force: (t) => [0, 0, 1 - size * (blow(t) + (gap === undefined ? 0 : blow(t - gap)))],
  };
};

const tilt: Kind = ({ between, one }) => {
  const [pace, turning] = one(['slow', between(0.7, 1.1)], ['quick', between(0.12, 0.28)]);
  const [way, x, y] = one<[string, number, number]>(
    ['to the left', -1, 0],
    ['to the right', 1, 0],
    ['forwards', 0, 1],
    ['backwards', 0, -1],
  );
  const [most, held] = [between(0.6, 1.3), between(0.15, 0.4)];
  const seconds = 2 * turning + held;
  return {
    text: `a ${pace} tilt ${way}`,
    seconds,
    force(t) {
      const part = Math.min(1, Math.min(t, seconds - t) / turning);
      const angle = most * (0.5 - 0.5 * Math.cos(Math.PI * part));
      return [x * Math.sin(angle), y * Math.sin(angle), Math.cos(angle)];
    },
  };
};

const drop: Kind = ({ between, one }) => {
  const [height, falling] = one(['short', between(0.16, 0.26)], ['long', between(0.42, 0.6)]);
  const [hit, slide] = [between(3, 6), between(-1, 1)];
  return {
    text: `a ${height} drop`,
    seconds: falling + 0.3,
    force: (t) => (t < falling ? [0, 0, 0] : [slide * blow(t - falling), 0, 1 + hit * blow(t - falling)]),
  };
};

const walk: Kind = ({ between, one }) => {
  const [pace, frequency] = one(['slowly', between(1.3, 1.6)], ['quickly', between(2.2, 2.7)]);
  const [size, sway, phase] = [between(0.25, 0.5), between(0.08, 0.2), between(0, 1)];
  return {
    text: `walking ${pace}`,
    seconds: between(1.6, 2.2),
    force(t) {
      const turn = frequency * t + phase;
      return [sway * wave(turn / 2), 0, 1 + size * (wave(turn) + 0.4 * wave(2 * turn))];
    },
  };
};

const still: Kind = ({ between, one }) => {
  const [way, force] = one<[string, Force]>(
    ['face up', rest],
    ['face down', [0, 0, -1]],
    ['on its edge', [0, 1, 0]],
  );
  return { text: `lying still, ${way}`, seconds: between(1, 2.5), force: () => force };
};

const kinds: readonly Kind[] = [shake, shake, circle, circle, tap, tap, tilt, tilt, drop, walk];

/** The stream of a seed: a device that lies still, one gesture, or one gesture and then another. */
export function makeStream(seed: number): Stream {
  const draw = drawFrom(seed);
  const { between, one } = draw;
  const count = between(0, 1) < 0.06 ? 0 : one(1, 2);
  const gestures = count === 0 ? [still(draw)] : Array.from({ length: count }, () => one(...kinds)(draw));
  const idle = count === 0 ? gestures[0]!.force(0) : rest;
  const pauses = [...gestures, undefined].map(() => between(0.25, 0.6));
  const forces: Force[] = [];
  const wait = (seconds: number): void => {
    for (let i = 0; i < Math.round(seconds * rate); i++) forces.push(idle);
  };
  gestures.forEach((gesture, i) => {
    wait(pauses[i]!);
    // Steps do not fall on the beginning of a gesture.
    for (let t = between(0, 1 / rate); t < gesture.seconds; t += 1 / rate) forces.push(gesture.force(t));
  });
  wait(pauses.at(-1)!);
  return { motion: motion(feel(forces, draw)), text: gestures.map(({ text }) => text).join(', then ') };
}

/** What a real sensor makes of it: turned by up to a sixth of a right angle, off by some percent, noisy. */
function feel(forces: readonly Force[], { between }: Draw): Float32Array {
  const turn = [between(-0.26, 0.26), between(-0.26, 0.26), between(-0.26, 0.26)] as const;
  const gain = between(0.96, 1.04);
  const offsets = [between(-0.04, 0.04), between(-0.04, 0.04), between(-0.04, 0.04)];
  const noise = between(0.01, 0.05);
  // The sum of three even draws is close enough to a normal one; its deviation is 1 where each is of ±1.
  const hiss = (): number => noise * (between(-1, 1) + between(-1, 1) + between(-1, 1));
  return Float32Array.from(
    forces.flatMap((force) =>
      rotate(force, turn).map((value, axis) => gain * value + offsets[axis]! + hiss()),
    ),
  );
}

/** About x, then y, then z; radians. */
function rotate([x, y, z]: Force, [a, b, c]: Force): Force {
  const [y1, z1] = [y * Math.cos(a) - z * Math.sin(a), y * Math.sin(a) + z * Math.cos(a)];
  const [x2, z2] = [x * Math.cos(b) + z1 * Math.sin(b), z1 * Math.cos(b) - x * Math.sin(b)];
  return [x2 * Math.cos(c) - y1 * Math.sin(c), x2 * Math.sin(c) + y1 * Math.cos(c), z2];
}

function add([x, y, z]: Force, [dx, dy, dz]: Force, size: number): Force {
  return [x + size * dx, y + size * dy, z + size * dz];
}

/** SplitMix32: a counter through a mixer, so that neighbouring seeds have nothing in common. */
function drawFrom(seed: number): Draw {
  let state = Math.imul(seed + 1, 0x9e3779b1);
  const next = (): number => {
    state = (state + 0x9e3779b9) | 0;
    let mixed = Math.imul(state ^ (state >>> 16), 0x21f0aaad);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
    return ((mixed ^ (mixed >>> 15)) >>> 0) / 2 ** 32;
  };
  const between = (low: number, high: number): number => low + (high - low) * next();
  return { between, one: (...choices) => choices[Math.floor(next() * choices.length)]! };
}
