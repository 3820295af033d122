/**
 * The one error of this room: a file that is not what safetensors, or its family, promises.
 */
import { AnyToAnyError, type ErrorDetails } from '@any-to-any/core';

/** `CHECKPOINT_INVALID` with the file (and tensor) it is about; the message carries expected and found. */
export function checkpointInvalid(file: string, problem: string, details: ErrorDetails = {}): AnyToAnyError {
  return new AnyToAnyError('CHECKPOINT_INVALID', `${file}: ${problem}`, {
    stage: 'compile',
    file,
    ...details,
  });
}
