/**
 * The walls of ARCHITECTURE.md as a test: who may import whom, and the few rules of form that keep files readable.
 */
import { describe, expect, test } from 'vitest';
import {
  files,
  importsOf,
  isTest,
  localTarget,
  packageOf,
  packageSources,
  packages,
  read,
  type Source,
  sources,
} from './source.ts';

/** Room of core → rooms it may import. `index.ts` and `errors.ts` count as rooms of their own. */
const core: Readonly<Record<string, readonly string[]>> = {
  'errors.ts': [],
  contract: [],
  'token-space': ['contract', 'errors.ts'],
  bundle: ['contract', 'errors.ts', 'token-space'],
  runtime: ['contract', 'errors.ts'],
  decoder: ['contract', 'errors.ts', 'token-space', 'bundle', 'runtime'],
  pipeline: ['contract', 'errors.ts', 'token-space', 'bundle', 'decoder'],
  host: ['contract', 'errors.ts', 'token-space', 'bundle', 'runtime', 'decoder', 'pipeline'],
  testing: ['contract', 'errors.ts', 'token-space', 'decoder'],
  wire: ['contract', 'errors.ts'],
  'index.ts': ['contract', 'errors.ts', 'token-space', 'bundle', 'runtime', 'decoder', 'pipeline', 'host'],
};

/** Package → packages of ours it may import when published. */
const walls: Readonly<Record<string, readonly string[] | 'all'>> = {
  '@any-to-any/core': [],
  '@any-to-any/tokenizer-text': ['@any-to-any/core'],
  '@any-to-any/tokenizer-image': ['@any-to-any/core'],
  '@any-to-any/tokenizer-audio': ['@any-to-any/core'],
  '@any-to-any/adapter-denoise': ['@any-to-any/core'],
  '@any-to-any/compiler': ['@any-to-any/core'],
  '@any-to-any/model-emoji': [],
  '@any-to-any/client': ['@any-to-any/core'],
  '@any-to-any/studio': ['@any-to-any/core', '@any-to-any/client'],
  '@any-to-any/cli': 'all',
};

/** Foreign package → the only folder that may name it. */
const rooms: Readonly<Record<string, string>> = {
  'onnxruntime-node': 'packages/core/src/runtime/',
  'onnxruntime-common': 'packages/core/src/runtime/',
  koffi: 'packages/core/src/runtime/',
  tsyringe: 'packages/core/src/host/',
  'reflect-metadata': 'packages/core/src/host/',
  'fluent-ffmpeg': 'packages/tokenizer-audio/src/files/ffmpeg/',
};

const published = packageSources();
const ours = published.filter(({ path }) => path.startsWith('packages/core/src/'));
const roomOf = (path: string): string => path.split('/')[3]!;

/** `path → specifier` of every import that `wrong` finds fault with. */
function offences(among: readonly Source[], wrong: (specifier: string, path: string) => boolean): string[] {
  return among.flatMap(({ path, text }) =>
    importsOf(text)
      .filter((specifier) => wrong(specifier, path))
      .map((specifier) => `${path} → ${specifier}`),
  );
}

test('the reader of imports sees every form', () => {
  const text = `import a from 'a';\nimport {\n  b,\n} from "b";\nimport 'c';\nexport { d } from './d.ts';
    export type { e } from 'e';\nconst f = await import('f');\n// import g from 'g';\nimport type { h } from 'h/i';`;
  expect(importsOf(text).sort()).toEqual(['./d.ts', 'a', 'b', 'c', 'e', 'f', 'h/i']);
});

describe('between packages', () => {
  test('every package has its wall', () => {
    expect(
      packages()
        .map(({ manifest }) => manifest.name)
        .sort(),
    ).toEqual(Object.keys(walls).sort());
  });

  test.each(packages())(
    '$manifest.name imports only what it may, and declares it',
    ({ directory, manifest }) => {
      const own = published.filter(({ path }) => path.startsWith(`${directory}/src/`));
      const allowed = walls[manifest.name]!;
      const declared = {
        ...manifest.dependencies,
        ...manifest.peerDependencies,
        ...manifest.optionalDependencies,
      };
      expect(
        offences(own, (specifier) => {
          const name = packageOf(specifier);
          if (specifier.startsWith('.') || specifier.startsWith('node:')) return false;
          if (name.startsWith('@any-to-any/') && allowed !== 'all' && !allowed.includes(name)) return true;
          return !(name in declared);
        }),
      ).toEqual([]);
      const ofOurs = Object.keys(declared).filter((name) => name.startsWith('@any-to-any/'));
      expect(allowed === 'all' ? [] : ofOurs.filter((name) => !allowed.includes(name))).toEqual([]);
    },
  );

  test('no relative import leaves its package', () => {
    const inside = (path: string): string => path.split('/').slice(0, 3).join('/');
    expect(
      offences(sources(/^packages\/[^/]+\/src\/.*\.ts$/), (specifier, path) => {
        const target = localTarget(path, specifier);
        return target !== undefined && inside(target) !== inside(path);
      }),
    ).toEqual([]);
  });

  test('plugins use the testing kit only in tests', () => {
    expect(offences(published, (specifier) => specifier === '@any-to-any/core/testing')).toEqual([]);
  });
});

describe('inside core', () => {
  test('every room has its wall', () => {
    expect([...new Set(ours.map(({ path }) => roomOf(path)))].sort()).toEqual(Object.keys(core).sort());
  });

  test.each(Object.keys(core))('%s imports only the rooms before it', (room) => {
    const own = ours.filter(({ path }) => roomOf(path) === room);
    expect(
      offences(own, (specifier, path) => {
        const target = localTarget(path, specifier);
        return target !== undefined && roomOf(target) !== room && !core[room]!.includes(roomOf(target));
      }),
    ).toEqual([]);
  });

  test.each(Object.entries(rooms))('%s is named only in %s', (name, room) => {
    const outside = published.filter(({ path }) => !path.startsWith(room));
    expect(offences(outside, (specifier) => packageOf(specifier) === name)).toEqual([]);
    const dynamic = outside.filter(({ text }) => text.includes(`('${name}`));
    expect(dynamic.map(({ path }) => path)).toEqual([]);
  });

  test('the contract is types only', () => {
    const code = ours.filter(({ path }) => roomOf(path) === 'contract');
    const running = /^\s*(export\s+)?(const|let|function|class|enum)\b/m;
    expect(code.filter(({ text }) => running.test(text)).map(({ path }) => path)).toEqual([]);
    expect(code.length).toBeGreaterThan(5);
  });
});

describe('form', () => {
  const all = sources(/^(packages\/[^/]+\/src|test|examples|bench|scripts)\/.*\.(ts|mjs)$/);

  test('files have at most 250 lines, tests 300', () => {
    const most = (path: string): number => (isTest(path) ? 300 : 250);
    expect(
      all.filter(({ path, text }) => text.split('\n').length > most(path) + 1).map(({ path }) => path),
    ).toEqual([]);
  });

  test('no room is called utils, helpers, common, shared or types', () => {
    const vague = /(^|\/)(utils?|helpers?|common|shared|types)(\/|\.ts$)/;
    expect(files(/^packages\/[^/]+\/src\//).filter((path) => vague.test(path))).toEqual([]);
  });

  test('names are kebab-case', () => {
    const odd = (path: string): boolean =>
      !/^[a-z0-9-]+(\.(test|kit))*\.(ts|mjs)$/.test(path.split('/').at(-1)!);
    expect(all.filter(({ path }) => odd(path)).map(({ path }) => path)).toEqual([]);
  });

  test('nothing is exported wholesale or by default', () => {
    const wholesale = /^export (\*|default)/m;
    expect(published.filter(({ text }) => wholesale.test(text)).map(({ path }) => path)).toEqual([]);
  });

  test('relative imports name their file', () => {
    const bare = offences(
      all,
      (specifier) => specifier.startsWith('.') && !/\.(ts|mjs|json)$/.test(specifier),
    );
    expect(bare).toEqual([]);
  });

  test('every published file begins with what it is', () => {
    const silent = published.filter(
      ({ path, text }) => !path.endsWith('/index.ts') && !/^(#!.*\n)?\/\*\*/.test(text),
    );
    expect(silent.map(({ path }) => path)).toEqual([]);
  });

  test('no test is left out in silence', () => {
    const tests = sources(/\.test\.ts$/).filter(({ path }) => isTest(path));
    const silent = /\b(describe|it|test)\.(only|skip|todo)\(/;
    expect(tests.filter(({ text }) => silent.test(text)).map(({ path }) => path)).toEqual([]);
    expect(read('vitest.config.ts')).toContain('packages/*/src/**/*.test.ts');
  });
});
