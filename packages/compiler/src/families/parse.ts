/**
 * JSON of a checkpoint as checked data. What is not as the schema says is CHECKPOINT_INVALID, with the field.
 */
import { readFile } from 'node:fs/promises';
import type { z } from 'zod';
import { checkpointInvalid } from '../safetensors/invalid.ts';

export function parseChecked<T>(path: string, schema: z.ZodType<T>, value: unknown): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw checkpointInvalid(path, `${issue?.path.join('.') || 'the whole'}: ${issue?.message}.`, {
    cause: parsed.error,
  });
}

/** An optional file: without it, what the schema makes of `{}`. */
export async function readChecked<T>(path: string, schema: z.ZodType<T>): Promise<T> {
  const text = await readFile(path, 'utf8').catch(() => '{}'); // the file is optional
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw checkpointInvalid(path, 'expected JSON, found something else.', { cause });
  }
  return parseChecked(path, schema, value);
}
