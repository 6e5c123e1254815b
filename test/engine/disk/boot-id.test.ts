import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { readBootId } from '../../../electron/engine/disk/boot-id.ts';
import { nodeFileIo } from '../../../electron/engine/disk/file-io.ts';

test.runIf(process.platform === 'linux')('it is the one the kernel tells, the same at each reading', async () => {
  const told = (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim();
  expect(await readBootId(nodeFileIo)).toBe(told);
  expect(await readBootId(nodeFileIo)).toBe(told);
});

test('it is undefined where the system has none or something else is there', async () => {
  const missing = () => nodeFileIo.open('/proc/none/such', 'read');
  expect(await readBootId({ ...nodeFileIo, open: missing })).toBeUndefined();
  expect(await readBootId({ ...nodeFileIo, open: (_path, mode) => nodeFileIo.open('/proc/self/status', mode) })).toBeUndefined();
});
