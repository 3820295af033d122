export { plugins } from './plugins.ts';
export { run } from './program.ts';
export type { Interruption, Output, Surroundings } from './surroundings.ts';
