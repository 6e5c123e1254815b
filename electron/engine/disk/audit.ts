/**
 * Checks what an earlier run left, in the background: every extent is read again and compared with the sum of what had been
 * received. The disk has a lot to give, so one read at a time, and the loop is free in between.
 */
import { crc32 } from 'node:zlib';
import type { Interval } from '#shared/download';
import type { PartFile } from './part-file.ts';
import type { Extent } from './sums.ts';

export interface AuditPorts {
  readonly part: Pick<PartFile, 'read'>;
  onRead(bytes: number): void;
  /** The bytes are not what was received: claimed no more, and to be fetched again. */
  onDamage(range: Interval): Promise<void>;
}

const stepBytes = 1024 * 1024;

/** Resolves when all of `extents` were looked at. @throws DownloadError of the disk, or the signal's reason. */
export async function audit(extents: readonly Extent[], ports: AuditPorts, signal: AbortSignal): Promise<void> {
  const buffer = Buffer.allocUnsafe(stepBytes);
  for (const { start, end, crc } of extents) {
    let found = 0;
    let position = start;
    while (position < end) {
      signal.throwIfAborted();
      const step = buffer.subarray(0, end - position);
      const count = await ports.part.read(step, position);
      ports.onRead(count);
      found = crc32(step.subarray(0, count), found);
      if (count < step.length) break;
      position += count;
    }
    if (position < end || found !== crc) await ports.onDamage({ start, end });
  }
}
