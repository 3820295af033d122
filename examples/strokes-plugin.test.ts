import { AnyToAnyError, type Port } from '@any-to-any/core';
import { drain, encoderSuite, expectCode, iterate, tokenizerSuite } from '@any-to-any/core/testing';
import { describe, expect, test } from 'vitest';
import { type Line, type StrokesContent, strokes, toIds, toSvg } from './strokes.ts';
import { evenPoints, openStrokesEncoder } from './strokes-encoder.ts';
import { strokesTokenizer } from './strokes-plugin.ts';

const house: Line[] = [
  [
    [0.1, 0.5],
    [0.5, 0.1],
    [0.9, 0.5],
    [0.9, 0.95],
    [0.1, 0.95],
    [0.1, 0.5],
  ],
  [
    [0.4, 0.95],
    [0.4, 0.6],
    [0.6, 0.6],
    [0.4, 0.95],
  ],
];
const samples = [strokes(house), strokes([[[1, 1]], [[0, 0]]])];
const invalid: unknown[] = [
  strokes([]),
  strokes([[]]),
  strokes([[[0, 1.01]]]),
  strokes([[[0, Number.NaN]]]),
  strokes([Array.from({ length: 257 }, () => [0, 0] as const)]),
  { modality: 'strokes' },
  { modality: 'strokes', lines: [[['a', 'b']]] },
];

/** Half a cell. */
const near = (a: number, b: number): boolean => Math.abs(a - b) <= 0.5 / 32 + 1e-9;
const sameLine = (a: Line, b: Line): boolean =>
  a.length === b.length && a.every(([x, y], i) => near(x, b[i]![0]) && near(y, b[i]![1]));

describe('the strokes tokenizer', () => {
  const suite = tokenizerSuite({
    create: async () => strokesTokenizer(),
    samples,
    invalid: invalid as StrokesContent[], // what callers without types hand in
    same(original, decoded) {
      const [a, b] = [(original as StrokesContent).lines, (decoded as StrokesContent).lines]; // the suite knows any content
      return a.length === b.length && a.every((line, i) => sameLine(line, b[i]!));
    },
  });
  for (const { name, run } of suite) test(name, run);

  test('by hand: row by row, a lift between lines, a cell once', () => {
    expect(
      toIds([
        [
          [0, 0],
          [0.03, 0.03],
          [0, 0.9],
        ],
        [[1, 1]],
      ]),
    ).toEqual([0, 896, 1024, 1023]);
  });

  test('streams point by point: a delta goes on with the last line, or begins another', async () => {
    const { decode, join, shape } = strokesTokenizer();
    const deltas = await drain(decode(iterate([0, 1, 1024, 1024, 33, 1024]), { shape: shape() }));
    const [half, next] = [0.5 / 32, 1.5 / 32];
    expect(deltas.map(({ content }) => content.lines)).toEqual([
      [[[half, half]]],
      [[[next, half]]],
      [[], [[next, next]]],
    ]);
    expect(join(deltas).lines).toEqual([
      [
        [half, half],
        [next, half],
      ],
      [[next, next]],
    ]);
  });

  test('refuses a shape', () => {
    const shape = { kind: 'grid', rows: 1, columns: 2 } as const;
    expect(() => strokesTokenizer().shape(shape)).toThrow(AnyToAnyError);
  });
});

const width = 8;
const sizes = [
  [14, 96],
  [96, 256],
  [256, 160],
  [160, 16 * width],
] as const;
/** Weights by formula, so that the same can be made elsewhere: 2 sin(i²) / √inputs, of the biases cos(i) / 10. */
const file = new Uint8Array(
  Float32Array.from(
    sizes.flatMap(([inputs, outputs]) => [
      ...Array.from({ length: inputs * outputs }, (_, i) => (2 * Math.sin(i * i)) / Math.sqrt(inputs)),
      ...Array.from({ length: outputs }, (_, i) => Math.cos(i) / 10),
    ]),
  ).buffer,
);
const port = (options: Port['options'] = { width, weights: 'w.bin' }, bytes = file): Port => ({
  options,
  files: { read: async () => bytes, graph: () => Promise.reject(new Error('strokes have no graph')) },
});

describe('the strokes encoder', () => {
  const subject = { create: () => openStrokesEncoder(port()), samples, invalid: invalid as StrokesContent[] }; // as above
  for (const { name, run } of encoderSuite(subject)) test(name, run);

  test('by hand: points at even distances, a lifted pen is no way', () => {
    const flat = evenPoints([
      [
        [0.25, 0.5],
        [0.5, 0.5],
      ],
    ]);
    expect([flat[0], flat[1], flat[2], flat[126], flat[127]]).toEqual([-63 / 64, 0, -61 / 64, 63 / 64, 0]);
    const lifted = evenPoints([
      [
        [0, 0],
        [0.5, 0],
      ],
      [
        [0, 1],
        [0.5, 1],
      ],
    ]);
    expect([...lifted.subarray(62, 66)]).toEqual([
      expect.closeTo(0.5 - 1 / 64),
      -1,
      expect.closeTo(-0.5 + 1 / 64),
      1,
    ]);
    expect(evenPoints([[[0.3, 0.7]]])).toEqual(new Float32Array(128));
  });

  test('agrees with the trainer', async () => {
    const { embeddings, count } = await (await openStrokesEncoder(port())).encode(strokes(house));
    expect(count).toBe(16);
    // encoder = StrokesEncoder(8), its layers filled by the formula above; encoder(even(decode(encode(house))))[0]
    const expected: number[] = [
      3.641214, -4.114208, 2.114436, -1.530919, -6.893211, 4.273057, 1.827783, -0.019102,
    ];
    expected.forEach((value, i) => {
      expect(embeddings[i]).toBeCloseTo(value, 5);
    });
  });

  test('does not see where and how large, only what', async () => {
    const encoder = await openStrokesEncoder(port());
    const square: Line = [
      [4.5, 4.5],
      [20.5, 4.5],
      [20.5, 20.5],
    ].map(([x, y]) => [x! / 32, y! / 32] as const);
    const half: Line = square.map(
      ([x, y]) => [(x * 32 - 4.5) / 64 + 0.5 / 32, (y * 32 - 4.5) / 64 + 0.5 / 32] as const,
    );
    expect((await encoder.encode(strokes([half]))).embeddings).toEqual(
      (await encoder.encode(strokes([square]))).embeddings,
    );
  });

  test('refuses options and weights of another model', async () => {
    await expectCode(() => openStrokesEncoder(port({})), 'OPTION_INVALID');
    await expectCode(() => openStrokesEncoder(port({ width, weights: 'w.bin', deep: 1 })), 'OPTION_UNKNOWN');
    await expectCode(() => openStrokesEncoder(port({ width: 9, weights: 'w.bin' })), 'BUNDLE_INVALID');
  });
});

test('a drawing as SVG', () => {
  const drawing = strokes([
    [
      [0, 0.5],
      [1, 1],
    ],
    [[0.25, 0]],
  ]);
  expect(toSvg(drawing, 64)).toContain('width="64" height="64"');
  expect(toSvg(drawing)).toContain('d="M0 0.5L1 1M0.25 0"');
});
