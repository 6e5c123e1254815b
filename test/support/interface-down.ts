/**
 * F90, run in a network of its own (`unshare --net`): a download whose only interface goes down in the middle and comes
 * back. Prints one line of JSON: what was waited for, and how it ended.
 */
import { execFileSync } from 'node:child_process';
import { content } from './content.ts';
import { MiB, startRig } from './fetching.ts';

/** Down with its address, as when a cable is pulled: else the system would still know a way. */
function setLoopback(state: 'up' | 'down'): void {
  if (state === 'down') execFileSync('ip', ['address', 'flush', 'dev', 'lo']);
  execFileSync('ip', ['link', 'set', 'lo', state]);
  if (state === 'up') execFileSync('ip', ['address', 'replace', '127.0.0.1/8', 'dev', 'lo']);
}

setLoopback('up');
await using rig = await startRig({ content: content(90, 16 * MiB), bytesPerSecond: MiB });
const run = rig.download({ connections: 4, retries: 0 });
const end = run.end();
await rig.origin.until(() => rig.origin.bytesSent >= 4 * MiB);
setLoopback('down');
// As the system tells of it: what is open now leads nowhere.
rig.engine.wake();
const downAt = rig.clock.now();
await run.until(({ download: { state } }) => state.type === 'waiting' && state.for === 'network');
const noticedMs = rig.clock.now() - downAt;
await new Promise<void>((resolve) => void rig.clock.setTimer(resolve, 60_000));
const waited = { for: run.download.state.type === 'waiting' ? run.download.state.for : '', code: run.code };
setLoopback('up');
rig.engine.wake();
const upAt = rig.clock.now();
await run.until(({ download: { state } }) => state.type === 'active' || state.type === 'failed');
const resumedMs = rig.clock.now() - upAt;
await end;
await rig.expectDone(run);
process.stdout.write(`${JSON.stringify({ noticedMs, waited, resumedMs, restarts: run.restarts })}\n`);
