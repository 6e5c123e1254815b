import { expect, test } from 'vitest';
import type { Reply } from '#shared/contract';
import { defaultSettings } from '#shared/settings';
import { createClient } from '../../../renderer/bridge/client.ts';
import { createSettings } from '../../../renderer/state/settings.ts';

function rig(reply: () => Promise<Reply>) {
  const settings = createSettings(createClient(reply));
  settings.receive(defaultSettings);
  return settings;
}

test('a change is seen at once, and put back where it is refused', async () => {
  const settings = rig(() => Promise.resolve({ ok: false, code: 'BAD_INPUT', message: 'no' }));
  const written = settings.write({ retries: 3 });
  expect(settings.store.getState().settings?.retries).toBe(3);
  await expect(written).rejects.toThrow('no');
  expect(settings.store.getState().settings?.retries).toBe(defaultSettings.retries);
});

test('an answer does not undo what was pushed after it was asked for', async () => {
  const settings = rig(() => Promise.resolve({ ok: true, value: { ...defaultSettings, retries: 3 } }));
  const written = settings.write({ retries: 3 });
  settings.receive({ ...defaultSettings, retries: 9 });
  await written;
  expect(settings.store.getState().settings?.retries).toBe(9);
});
