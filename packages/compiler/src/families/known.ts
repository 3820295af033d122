/**
 * Every family the compiler knows. A new one is a line here; who asks goes by its name, its model types or its class names.
 */
import { anyToAny } from './any-to-any/family.ts';
import { blip2 } from './blip-2/family.ts';
import { chameleon } from './chameleon/family.ts';
import { dalle } from './dall-e/family.ts';
import { encodec } from './encodec/family.ts';
import type { Family } from './family.ts';
import { janus } from './janus/family.ts';
import { llama } from './llama/family.ts';
import { mimi } from './mimi/family.ts';
import { mllama } from './mllama/family.ts';
import { swin2sr } from './swin2sr/family.ts';
import { swinir } from './swinir/family.ts';
import { vqgan } from './vqgan/family.ts';

export const families: readonly Family[] = [
  anyToAny,
  llama,
  janus,
  chameleon,
  blip2,
  mllama,
  encodec,
  mimi,
  vqgan,
  dalle,
  swin2sr,
  swinir,
];
