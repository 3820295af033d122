/** Rows as Markdown: one table of all cells, and the 3 × 3 square of the first row of each pair. */
import { table } from '../measure.ts';
import type { Cell, Row, Share } from './trial.ts';

export type Result = Row | { readonly cell: Cell; readonly missing: true };

export const modalityNames: Readonly<Record<string, string>> = {
  text: 'text',
  image: 'picture',
  audio: 'sound',
};

export const pairOf = ({ from, to }: Cell): string => `${modalityNames[from]} → ${modalityNames[to]}`;

const notHere = 'not in this model';

/** Every row; columns that no row fills are left out. */
export function wholeTable(results: readonly Result[]): string {
  const columns: [head: string, of: (row: Row) => string][] = [
    ['right', ({ score }) => percent(score)],
    ['95 %', ({ interval }) => interval.map((end) => (100 * end).toFixed(0)).join('–')],
    ['ceiling', ({ ceiling }) => percent(ceiling)],
    ['two steps', ({ twoSteps }) => percent(twoSteps)],
    ['object named', ({ named }) => percent(named)],
    ['word errors', ({ wordErrors }) => ratio(wordErrors)],
    ['of the truth', ({ ceilingWordErrors }) => ratio(ceilingWordErrors)],
    ['speech judge', ({ own }) => percent(own)],
    ['its ceiling', ({ ownCeiling }) => percent(ownCeiling)],
  ];
  const rows = results.filter((result) => 'score' in result);
  const used = columns.filter(([, of]) => rows.some((row) => of(row) !== ''));
  return table(
    ['', 'asked for', 'right means', 'n', ...used.map(([head]) => head), 's'],
    results.map((result) => {
      const { cell } = result;
      const start = [pairOf(cell), cell.title, cell.measure];
      if (!('score' in result)) return [...start, '', notHere, ...used.slice(1).map(() => ''), ''];
      const { score, seconds } = result;
      return [...start, String(score.n), ...used.map(([, of]) => of(result)), seconds.toFixed(1)];
    }),
  );
}

/** Inputs down, outputs across: the score of the first row of each pair, and its interval. */
export function square(results: readonly Result[]): string {
  const names = Object.keys(modalityNames);
  return table(
    ['from ↓ to →', ...names.map((name) => modalityNames[name]!)],
    names.map((from) => [
      modalityNames[from]!,
      ...names.map((to) => {
        const first = results.find(({ cell }) => cell.from === from && cell.to === to);
        if (first === undefined) return '';
        if (!('score' in first)) return notHere;
        const [low, high] = first.interval.map((end) => (100 * end).toFixed(0));
        const ceiling = first.ceiling ? `, ceiling ${percent(first.ceiling)}` : '';
        return `${percent(first.score)} (${low}–${high}${ceiling}): ${first.cell.title}`;
      }),
    ]),
  );
}

export function percent(share: Share | undefined): string {
  return share === undefined ? '' : `${((100 * share.hits) / share.n).toFixed(0)} %`;
}

const ratio = (value: number | undefined): string => (value === undefined ? '' : value.toFixed(2));
