import 'reflect-metadata';
import { container as root } from 'tsyringe';
import { describe, expect, it } from 'vitest';
import type { Plugin, Registry } from '../contract/plugin.ts';
import type { Tokenizer } from '../contract/tokenizer.ts';
import { fakeTokenizer } from '../testing/fakes.ts';
import { type Registered, registerPlugins } from './registry.ts';
import { tokenizerToken } from './tokens.ts';

const port = {
  options: {},
  files: { read: async () => new Uint8Array(), graph: async () => Promise.reject() },
};
const plugin = (name: string, register: (registry: Registry) => void): Plugin => ({
  name,
  contract: 1,
  register,
});
const letters = (modality: string) => (registry: Registry) =>
  registry.tokenizer(modality, () => fakeTokenizer(modality) as Tokenizer);

function register(plugins: readonly Plugin[]): { registered: Registered; container: typeof root } {
  const container = root.createChildContainer() as typeof root;
  return { registered: registerPlugins(container, plugins, () => port), container };
}

describe('registering plugins', () => {
  it('keeps who registered what, per pipeline', async () => {
    const { registered, container } = register([plugin('a', letters('text')), plugin('b', letters('image'))]);
    expect([...registered.owners]).toEqual([
      ['tokenizer:text', 'a'],
      ['tokenizer:image', 'b'],
    ]);
    expect((await container.resolve(tokenizerToken('image'))).modality).toBe('image');
    expect(root.isRegistered(tokenizerToken('image'))).toBe(false);
  });

  it('calls a factory once, when it is needed', async () => {
    let calls = 0;
    const counting = plugin('a', (registry) =>
      registry.tokenizer('text', () => {
        calls++;
        return fakeTokenizer() as Tokenizer;
      }),
    );
    const { container } = register([counting]);
    expect(calls).toBe(0);
    const [first, second] = [
      await container.resolve(tokenizerToken('text')),
      await container.resolve(tokenizerToken('text')),
    ];
    expect(calls).toBe(1);
    expect(first).toBe(second);
  });

  it('refuses another contract, the same twice, two of a kind and what is no plugin', () => {
    const a = plugin('a', letters('text'));
    expect(() => register([{ ...a, contract: 2 } as never])).toThrow(/PLUGIN_CONTRACT.*contract 2/);
    expect(() => register([a, a])).toThrow(/PLUGIN_DUPLICATE.*a is given twice/);
    expect(() => register([a, plugin('b', letters('text'))])).toThrow(
      /PLUGIN_DUPLICATE.*a and b both register tokenizer:text/,
    );
    expect(() => register([{} as never])).toThrow(/PLUGIN_INVALID/);
    expect(() => register([undefined as never])).toThrow(/PLUGIN_INVALID/);
  });

  it('refuses to register after set-up', () => {
    let late: Registry | undefined;
    register([
      plugin('a', (registry) => {
        late = registry;
      }),
    ]);
    expect(() => letters('text')(late!)).toThrow(/PLUGIN_INVALID.*after set-up/);
  });
});
