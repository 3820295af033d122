import { expect, it, vi } from 'vitest';
import { AnyToAnyError } from '../errors.ts';
import { Handle, type Scope } from './handle.ts';

const closed = expect.toSatisfy((error: unknown) => AnyToAnyError.is(error, 'RUNTIME_CLOSED'));

it('releases once, when the owner has disposed it and the last holder let go', () => {
  const release = vi.fn();
  const scope: Scope = new Set();
  const handle = new Handle('thing', 7, release, scope);
  const [first, second] = [handle.hold(), handle.hold()];
  expect([handle.value, handle.open, scope.size]).toEqual([7, true, 1]);
  first();
  first(); // a second time does nothing
  handle.dispose();
  handle.dispose();
  expect([handle.open, scope.size]).toEqual([false, 0]);
  expect(release).not.toHaveBeenCalled();
  second();
  expect(release).toHaveBeenCalledExactlyOnceWith(7);
});

it('cannot be used or held after its owner disposed it', () => {
  const handle = new Handle('thing', 7, () => {});
  handle.dispose();
  expect(() => handle.value).toThrow(closed);
  expect(() => handle.hold()).toThrow(/The thing was used after it was closed/);
});
