/**
 * The work on one picture that a network enlarges: takes patches, sends each enlarged by Lanczos while it waits, and what
 * the network makes of a tile once all that the tile sees is exact. The final picture depends on the latest revision of
 * every patch alone.
 */
import type { Graph, ImageDelta, Rectangle } from '@any-to-any/core';
import type { FlowWork } from '../flow.ts';
import { enlarge, lanczosHalo } from '../lanczos.ts';
import type { UpsamplerOptions } from '../options.ts';
import { readWindow } from '../picture/canvas.ts';
import { checkDelta, checkSize, cutPixels, scaled } from '../picture/delta.ts';
import { type PatchGrid, patchesUnder, patchGrid, rectangleOf } from '../picture/grid.ts';
import { planarOf, rgbaOf } from '../picture/rgba.ts';
import { createSent, type Sent } from '../sent.ts';
import { type Enlarged, enlargeByNetwork } from './network.ts';
import { createPass, type Job, type Pass } from './pass.ts';
import { shared, type TileSizes } from './tiles.ts';

/** Of the patches that come, pixels. */
const side = 16;
/** A delta of more patches goes on as it came: enlarging it here would keep others waiting. */
const mostPatches = 4;
/** Noise that counts as left in exact patches that only Lanczos enlarged, and between two enlargements; in drafts more. */
const left = { lanczos: 2e-3, between: 1e-3 } as const;
/** Tiles that wait for the network before nothing more is pulled. */
const mostTiles = 2;

export class UpsamplerWork implements FlowWork {
  readonly #graph: Graph;
  readonly #options: UpsamplerOptions;
  readonly #sizes: TileSizes;
  readonly #count: number;
  /**
   * Only the first one can break off: where a patch came, it enlarges as far around as tiles see, which is more than the
   * next one's tiles see of it.
   */
  #passes: Pass[] = [];
  #grid: PatchGrid = patchGrid(0, 0, side);
  /** Latest revision that came, by patch. */
  #revisions = new Float64Array();
  #sent: Sent = createSent(0);

  /** `passes`: how often the picture is enlarged, from 1. */
  constructor(graph: Graph, options: UpsamplerOptions, passes: number) {
    this.#graph = graph;
    this.#options = options;
    this.#sizes = sizesOf(options);
    this.#count = passes;
  }

  get isFull(): boolean {
    return this.#passes.reduce((sum, { due }) => sum + due, 0) >= mostTiles;
  }

  /** Throws CONTENT_INVALID. */
  receive(delta: ImageDelta): ImageDelta[] {
    if (this.#passes.length === 0) this.#open(delta);
    const grid = this.#grid;
    checkDelta(delta, grid);
    const { rectangle, revision, sigma } = delta;
    const under = patchesUnder(grid, rectangle);
    const newer = under.filter((index) => revision > this.#revisions[index]!);
    const pixels = planarOf(delta.data);
    const [first] = this.#passes;
    for (const index of newer) {
      const own = rectangleOf(grid, index);
      this.#revisions[index] = revision;
      first!.put(own, cutPixels(pixels, rectangle, own), own.width, sigma === 0);
      first!.canvas.known[index] = 1;
    }
    const noise = sigma === 0 ? left.lanczos : Math.max(sigma, 2 * left.lanczos);
    if (newer.length <= mostPatches) return newer.flatMap((index) => this.#draft(index, noise));
    const next = newer.length === under.length ? this.#sent.next(under, noise) : undefined;
    return next === undefined ? [] : [{ ...delta, revision: next, sigma: noise }];
  }

  end(): void {
    this.#passes[0]?.complete();
  }

  begin(signal: AbortSignal): Promise<() => readonly ImageDelta[]> | undefined {
    for (let pass = this.#passes.length - 1; pass >= 0; pass--) {
      const job = this.#passes[pass]!.take();
      if (job === undefined) continue;
      return enlargeByNetwork(this.#graph, this.#options, job.pixels, signal).then(
        (enlarged) => () => (job.isWanted() ? this.#settle(pass, job, enlarged) : []),
      );
    }
    return undefined;
  }

  #open(delta: ImageDelta): void {
    checkSize(delta);
    const { width, height } = delta;
    this.#grid = patchGrid(width, height, side);
    this.#revisions = new Float64Array(this.#grid.columns * this.#grid.rows).fill(-1);
    this.#sent = createSent(this.#revisions.length);
    this.#passes = Array.from({ length: this.#count }, (_, i) => {
      const times = this.#options.scale ** i;
      return createPass(times * width, times * height, side, this.#sizes);
    });
  }

  /** A patch as large as it will be, by Lanczos. Empty if sharper was sent before. */
  #draft(index: number, sigma: number): ImageDelta[] {
    const revision = this.#sent.next([index], sigma);
    if (revision === undefined) return [];
    const times = this.#options.scale ** this.#count;
    const window = readWindow(this.#passes[0]!.canvas, index, lanczosHalo);
    const rectangle = scaled(rectangleOf(this.#grid, index), times);
    const large = enlarge(window, side, lanczosHalo, times);
    const data = rgbaOf(large, times * side, rectangle.width, rectangle.height);
    return [{ ...this.#sizeOf(times), rectangle, data, revision, sigma }];
  }

  /** Hands what the network made on to the next pass, and sends it. */
  #settle(pass: number, { tile }: Job, { planes, bytes }: Enlarged): ImageDelta[] {
    const { scale } = this.#options;
    const seen = scaled(tile.outer, scale);
    const given = scaled(tile.inner, scale);
    this.#passes[pass + 1]?.put(given, cutPixels(planes.data, seen, given), given.width, true);
    const isLast = pass === this.#count - 1;
    const times = scale ** (pass + 1);
    const known = this.#knownParts(given, times);
    return known.flatMap(({ rectangle, under }) => {
      const revision = this.#sent.next(under, isLast ? 0 : left.between);
      if (revision === undefined) return [];
      const data = cutBytes(bytes, seen, rectangle);
      return [{ ...this.#sizeOf(times), rectangle, data, revision, sigma: isLast ? 0 : left.between }];
    });
  }

  /** A rectangle of the picture `times` as large, whole if all patches under it have come, else by those that have. */
  #knownParts(
    given: Rectangle,
    times: number,
  ): { readonly rectangle: Rectangle; readonly under: number[] }[] {
    const parts = [...this.#revisions.keys()].flatMap((index) => {
      const rectangle = shared(given, scaled(rectangleOf(this.#grid, index), times));
      return rectangle === undefined ? [] : [{ rectangle, index }];
    });
    const known = parts.filter(({ index }) => this.#revisions[index]! >= 0);
    if (known.length === parts.length) return [{ rectangle: given, under: parts.map(({ index }) => index) }];
    return known.map(({ rectangle, index }) => ({ rectangle, under: [index] }));
  }

  #sizeOf(times: number): Pick<ImageDelta, 'modality' | 'width' | 'height'> {
    return { modality: 'image', width: times * this.#grid.width, height: times * this.#grid.height };
  }
}

/** What a tile gives is 64 px, and what it sees around 32, each rounded up to whole windows. */
export function sizesOf({ window, tile, overlap }: UpsamplerOptions): TileSizes {
  const whole = (pixels: number): number => Math.ceil(pixels / window) * window;
  return { tile: tile ?? whole(64), overlap: overlap ?? whole(32) };
}

/** `inner` out of RGBA of `outer`; both rectangles lie in the same picture. */
function cutBytes(bytes: Uint8Array, outer: Rectangle, inner: Rectangle): Uint8Array {
  const found = new Uint8Array(4 * inner.width * inner.height);
  for (let row = 0; row < inner.height; row++) {
    const from = 4 * ((inner.y - outer.y + row) * outer.width + inner.x - outer.x);
    found.set(bytes.subarray(from, from + 4 * inner.width), 4 * row * inner.width);
  }
  return found;
}
