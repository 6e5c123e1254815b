import type { FileIo } from './file-io.ts';

const path = '/proc/sys/kernel/random/boot_id';

/**
 * Names this run of the kernel, on Linux. While it is the same, everything a process wrote is still in the kernel's memory
 * or on the disk, even if that process was killed. Undefined on other systems, where it cannot be proven: there only hard
 * (synced) claims count after a restart, soft ones are ignored.
 */
export async function readBootId(io: FileIo): Promise<string | undefined> {
  try {
    const file = await io.open(path, 'read');
    try {
      const buffer = Buffer.alloc(64);
      const text = buffer.toString('latin1', 0, await file.read(buffer, 0)).trim();
      return /^[0-9a-f-]{36}$/.test(text) ? text : undefined;
    } finally {
      await file.close();
    }
  } catch {
    // No such file is the normal case outside Linux; hidden by a sandbox, it comes to the same.
    return undefined;
  }
}
