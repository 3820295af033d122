import 'reflect-metadata';
import { container as root } from 'tsyringe';
import { describe, expect, it } from 'vitest';
import type { PortDescription } from '../bundle/manifest.ts';
import type { Bundle } from '../bundle/open.ts';
import type { Adapter } from '../contract/adapter.ts';
import type { Plugin } from '../contract/plugin.ts';
import { expectCode } from '../testing/case.ts';
import { checkPlugins, createPorts } from './ports.ts';
import { registerPlugins } from './registry.ts';

const adapter = (name: string): Adapter => ({ name, modality: 'image', adapt: (deltas) => deltas });
const plugin = (name: string, modality = 'image'): Plugin => ({
  name,
  contract: 1,
  register: (registry) =>
    registry.adapter(modality, (port) => adapter(`${name} ${JSON.stringify(port.options)}`)),
});

/** Ports of a bundle whose pictures are refined by these. Nothing else of the bundle is looked at. */
function portsOf(plugins: readonly Plugin[], adapters?: PortDescription['adapters']) {
  const bundle = { manifest: { ports: { image: { adapters } } } } as unknown as Bundle;
  const container = root.createChildContainer();
  const files = {
    read: async () => new Uint8Array(),
    graph: () => Promise.reject(new TypeError('not asked for')),
  };
  const registered = registerPlugins(container, plugins, (name, kind) => {
    expect(kind).toBe('adapter');
    return { options: adapters?.find((use) => use.plugin === name)?.options ?? {}, files };
  });
  return { ports: createPorts(container, bundle, registered), check: () => checkPlugins(bundle, registered) };
}

const names = async (ports: ReturnType<typeof portsOf>['ports'], modality = 'image') =>
  (await ports.adapters(modality)).map(({ name }) => name);

describe('the adapters of a modality', () => {
  it('are those the bundle names, in its order and with its options, then those of the app', async () => {
    const uses = [
      { plugin: 'c', options: { scale: 2 } },
      { plugin: 'a', options: {} },
    ];
    const { ports } = portsOf([plugin('a'), plugin('b'), plugin('c'), plugin('d', 'audio')], uses);
    expect(await names(ports)).toEqual(['c {"scale":2}', 'a {}', 'b {}']);
    expect(await names(ports, 'audio')).toEqual(['d {}']);
    expect(await names(ports, 'text')).toEqual([]);
  });

  it('are none where nobody has any', async () => {
    expect(await names(portsOf([]).ports)).toEqual([]);
  });

  it('have to be there if the bundle names them', async () => {
    const { check } = portsOf([plugin('a')], [{ plugin: 'sharper', options: {} }]);
    await expectCode(check, 'PLUGIN_MISSING');
    expect(check).toThrow(/adapter:image:sharper from sharper.*Install sharper/);
  });
});
