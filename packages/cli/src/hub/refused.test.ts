import { existsSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { usePlace, weights } from './place.test.kit.ts';
import { pull } from './pull.ts';
import { commit, startHub } from './server.test.kit.ts';

const place = usePlace();

describe('a repository without safetensors', () => {
  beforeEach(() => {
    place.hub.files.delete('model.safetensors');
    place.hub.files.delete('consolidated.safetensors');
  });

  test('but a pickle says how to convert it', async () => {
    expect((await place.failure()).message).toMatch(
      /^CHECKPOINT_INVALID .*pytorch_model.bin only, which can run code.*python -c .*from_pretrained\('owner\/tiny'\)/,
    );
    expect(existsSync(place.directory)).toBe(false);
  });

  test('but GGUF says which there are', async () => {
    place.hub.files.set('tiny.Q4_0.gguf', weights);
    expect((await place.failure()).message).toMatch(
      /^CHECKPOINT_INVALID .*choose one with --file.*: tiny.Q4_0.gguf\.$/,
    );
    expect(await place.fetchAll({ files: ['tiny.Q4_0.gguf'] })).toMatchObject({ fetched: weights.length });
  });
});

describe('who may have it', () => {
  const secret = 'hf_secret';

  test('without the token it is not there', async () => {
    place.hub.trouble.token = secret;
    expect((await place.failure()).message).toMatch(
      /^HUB_DENIED {2}owner\/tiny is not there, or needs a token.*HF_TOKEN/,
    );
    const { message } = await place.failure({ env: place.environment({ HF_TOKEN: 'hf_old' }) });
    expect(message).toMatch(/^HUB_DENIED .*the token is not accepted \(status 401\)/);
    expect(message).not.toContain('hf_old');
  });

  test('the token goes to the hub and not to where the files are', async () => {
    place.hub.trouble.token = secret;
    await place.fetchAll({ env: place.environment({ HF_TOKEN: secret }) });
    const of = (at: string) =>
      place.hub.requests.filter((one) => one.at === at).map((one) => one.authorization);
    expect(new Set(of('hub'))).toEqual(new Set([`Bearer ${secret}`]));
    expect(new Set(of('files'))).toEqual(new Set([undefined]));
  });

  test("the token of the hub's own tools is found", async () => {
    place.hub.trouble.token = secret;
    await mkdir(join(place.root, 'home'));
    await writeFile(join(place.root, 'home', 'token'), `${secret}\n`);
    await place.fetchAll();
    expect(await readFile(join(place.directory, '.pull', 'record.json'), 'utf8')).not.toContain(secret);
  });

  test('terms that are not accepted', async () => {
    place.hub.trouble.gated = true;
    const { message } = await place.failure({ env: place.environment({ HF_TOKEN: secret }) });
    expect(message).toMatch(`Accept its terms at ${place.hub.url}/owner/tiny`);
    expect(message).toMatch(/^HUB_DENIED .*status 403/);
  });
});

describe('what is not there', () => {
  test('a repository, a revision', async () => {
    const options = { env: place.environment(), pause: 1 };
    await expect(pull('owner/other', place.directory, options)).rejects.toThrow(
      /^HUB_NOT_FOUND {2}owner\/other is not there/,
    );
    expect((await place.failure({ revision: 'v9' })).message).toMatch(
      /^HUB_NOT_FOUND .*has no such revision/,
    );
    expect(existsSync(place.directory)).toBe(false);
  });

  test('a server that is busy is asked again', async () => {
    place.hub.trouble.statuses = [503, 429, 500];
    await place.fetchAll();
    place.hub.trouble.statuses = new Array(20).fill(503);
    expect((await place.failure()).message).toMatch(/^HUB_UNREACHABLE .*status 503/);
  });

  test('a server', async () => {
    await place.hub.close();
    expect((await place.failure()).message).toMatch(/^HUB_UNREACHABLE .*ECONNREFUSED/);
    place.hub = await startHub({});
  });

  test.each(['', 'a/b/c', '../b', 'a/..', 'a b', 'https://x/y'])('a name such as %j', async (odd) => {
    await expect(pull(odd, place.directory, { env: place.environment() })).rejects.toThrow(
      /^OPTION_INVALID .*owner\/name/,
    );
  });

  test('an endpoint', async () => {
    expect((await place.failure({ env: { HF_ENDPOINT: 'file:///x' } })).message).toMatch(
      /^OPTION_INVALID {2}HF_ENDPOINT/,
    );
  });
});

describe('HF_HUB_OFFLINE', () => {
  const offline = () => place.environment({ HF_HUB_OFFLINE: '1' });

  test('nothing is asked, and what is complete is enough', async () => {
    await place.fetchAll();
    place.hub.requests.length = 0;
    expect(await place.fetchAll({ env: offline() })).toMatchObject({ commit, fetched: 0 });
    expect(await place.fetchAll({ env: offline(), revision: commit })).toMatchObject({ commit });
    expect((await place.failure({ env: offline(), revision: 'v1' })).message).toMatch(
      /does not hold owner\/tiny at v1/,
    );
    await rm(join(place.directory, 'config.json'));
    const { message } = await place.failure({ env: offline() });
    expect(message).toMatch(/^HUB_UNREACHABLE {2}HF_HUB_OFFLINE is set, and config.json is not complete/);
    expect(place.hub.requests).toEqual([]);
  });

  test('where nothing was pulled', async () => {
    expect((await place.failure({ env: offline() })).message).toMatch(
      /^HUB_UNREACHABLE .*does not hold owner\/tiny/,
    );
  });
});

test('two at once: one does the work, the other says so', async () => {
  const results = await Promise.allSettled([place.fetchAll(), place.fetchAll()]);
  const lost = results.flatMap((result) => (result.status === 'rejected' ? [String(result.reason)] : []));
  expect(lost).toEqual([expect.stringMatching(/TARGET_BUSY {2}Process \d+ .* is writing .*tiny/)]);
  expect(await place.isWhole()).toBe(true);
});
