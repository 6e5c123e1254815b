/** A folder that goes away with the test. */
import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface TempDirectory extends AsyncDisposable {
  /** Absolute and free of symbolic links, so that it compares equal to what the code under test resolves. */
  readonly path: string;
  file(...names: string[]): string;
}

/** `await using directory = await tempDirectory()`. */
export async function tempDirectory(): Promise<TempDirectory> {
  const path = await realpath(await mkdtemp(join(tmpdir(), 'sluice-test-')));
  return {
    path,
    file: (...names) => join(path, ...names),
    [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true, maxRetries: 3 }),
  };
}
