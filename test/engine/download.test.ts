import { expect, test } from 'vitest';
import { content } from '../support/content.ts';
import { MiB, startRig } from '../support/fetching.ts';

test('a file comes down over eight connections and equals the source', async () => {
  await using rig = await startRig({ content: content(1, 64 * MiB), bytesPerSecond: 2 * MiB });
  const run = rig.download({ connections: 8 });
  await run.end();
  await rig.expectDone(run);
  expect(rig.origin.maxStreams).toBe(8);
});

test('what is paused goes on where it stopped, in a new process too', async () => {
  await using rig = await startRig({ content: content(2, 64 * MiB), bytesPerSecond: 2 * MiB });
  const first = rig.download();
  first.download.start();
  await rig.origin.until(() => rig.origin.bytesSent > 20 * MiB);
  await first.download.pause();
  expect(first.download.state.type).toBe('paused');
  const kept = first.download.progress().doneBytes;
  expect(kept).toBeGreaterThan(15 * MiB);
  await rig.restartEngine();
  const second = rig.download();
  await second.end();
  await rig.expectDone(second);
  expect(second.download.progress().resumedBytes).toBe(kept);
});
