/**
 * Set-up of plugins: checks each one, lets it register its factories in the pipeline's container, then freezes.
 * The folder `host` is the only one that names tsyringe.
 */
import { type DependencyContainer, instanceCachingFactory } from 'tsyringe';
import type { Factory, Plugin, Port, Registry } from '../contract/plugin.ts';
import { AnyToAnyError } from '../errors.ts';
import { adapterToken, encoderToken, engineToken, processorToken, tokenizerToken } from './tokens.ts';

/** The version of the contract this release speaks. */
export const contractVersion = 1;

/** The part of the bundle that a plugin's factory gets. */
export type PortOf = (
  plugin: string,
  kind: 'tokenizer' | 'encoder' | 'adapter' | 'engine',
  modality: string,
) => Port;

export interface Registered {
  /** `tokenizer:text` → the plugin that registered it. */
  readonly owners: ReadonlyMap<string, string>;
  readonly plugins: ReadonlySet<string>;
}

/** Throws PLUGIN_INVALID, PLUGIN_CONTRACT, PLUGIN_DUPLICATE. */
export function registerPlugins(
  container: DependencyContainer,
  plugins: readonly Plugin[],
  portOf: PortOf,
): Registered {
  const owners = new Map<string, string>();
  const names = new Set<string>();
  for (const plugin of plugins) {
    checkPlugin(plugin);
    if (names.has(plugin.name)) {
      throw new AnyToAnyError('PLUGIN_DUPLICATE', `Plugin ${plugin.name} is given twice. Give it once.`, {
        plugin: plugin.name,
      });
    }
    names.add(plugin.name);
    const { registry, freeze } = createRegistry(container, plugin.name, owners, portOf);
    plugin.register(registry);
    freeze();
  }
  return { owners, plugins: names };
}

function checkPlugin(plugin: Plugin): void {
  const { name, contract, register } = (plugin ?? {}) as Partial<Plugin>;
  if (typeof name !== 'string' || name === '' || typeof register !== 'function') {
    throw new AnyToAnyError('PLUGIN_INVALID', 'A plugin is an object with name, contract and register().');
  }
  if (contract !== contractVersion) {
    throw new AnyToAnyError(
      'PLUGIN_CONTRACT',
      `${name} was written for contract ${contract}, this release speaks ${contractVersion}. ` +
        'Use versions of the plugin and of @any-to-any/core that match.',
      { plugin: name },
    );
  }
}

function createRegistry(
  container: DependencyContainer,
  plugin: string,
  owners: Map<string, string>,
  portOf: PortOf,
): { registry: Registry; freeze: () => void } {
  let frozen = false;
  const claim = (what: string): void => {
    if (frozen) {
      throw new AnyToAnyError(
        'PLUGIN_INVALID',
        `${plugin} registers ${what} after set-up. Do it inside register().`,
        {
          plugin,
        },
      );
    }
    const owner = owners.get(what);
    if (owner) {
      throw new AnyToAnyError(
        'PLUGIN_DUPLICATE',
        `${owner} and ${plugin} both register ${what}. Use one of them.`,
        {
          plugin,
        },
      );
    }
    owners.set(what, plugin);
  };
  /** A factory runs at most once; a failure is kept, so that everyone sees the same error. */
  const once = <T>(factory: Factory<T>, port: () => Port) =>
    instanceCachingFactory<Promise<T>>(async () => factory(port()));
  const registry: Registry = {
    tokenizer(modality, factory) {
      claim(`tokenizer:${modality}`);
      const useFactory = once(factory, () => portOf(plugin, 'tokenizer', modality));
      container.register(tokenizerToken(modality), { useFactory });
    },
    encoder(modality, factory) {
      claim(`encoder:${modality}`);
      const useFactory = once(factory, () => portOf(plugin, 'encoder', modality));
      container.register(encoderToken(modality), { useFactory });
    },
    adapter(modality, factory) {
      claim(`adapter:${modality}:${plugin}`);
      const useFactory = once(factory, () => portOf(plugin, 'adapter', modality));
      container.register(adapterToken(modality, plugin), { useFactory });
    },
    processor(processor) {
      claim(`processor:${processor.name}`);
      container.register(processorToken, { useValue: processor });
    },
    engine(factory) {
      claim('engine');
      container.register(engineToken, { useFactory: once(factory, () => portOf(plugin, 'engine', '')) });
    },
  };
  return {
    registry,
    freeze() {
      frozen = true;
    },
  };
}
