/**
 * A process may have only so many files and connections open at once. When that many are, one file more is not refused: it is
 * opened as soon as something else was closed, be it a connection that is through with its lease.
 */
import type { Clock } from '#engine/clock';
import { errnoOf } from './disk-errors.ts';
import type { FileIo } from './file-io.ts';

const FIRST_WAIT_MS = 50;
const LONGEST_WAIT_MS = 1000;
/** Whoever holds them all for so long will not let go of any. */
const PATIENCE_MS = 60_000;

/** `io`, whose operations that open something wait up to a minute for a free place (EMFILE of the process, ENFILE of the system). */
export function patientIo(io: FileIo, clock: Clock): FileIo {
  const patiently = async <T>(open: () => Promise<T>): Promise<T> => {
    const until = clock.now() + PATIENCE_MS;
    for (let waitMs = FIRST_WAIT_MS; ; waitMs = Math.min(2 * waitMs, LONGEST_WAIT_MS)) {
      try {
        return await open();
      } catch (error) {
        const errno = errnoOf(error);
        if ((errno !== 'EMFILE' && errno !== 'ENFILE') || clock.now() >= until) throw error;
      }
      await new Promise<void>((resolve) => void clock.setTimer(resolve, waitMs));
    }
  };
  return {
    open: (path, mode) => patiently(() => io.open(path, mode)),
    link: (existing, path) => io.link(existing, path),
    rename: (from, to) => io.rename(from, to),
    unlink: (path) => io.unlink(path),
    identity: (path) => io.identity(path),
    list: (path) => patiently(() => io.list(path)),
    space: (path) => io.space(path),
    syncDirectory: (path) => patiently(() => io.syncDirectory(path)),
  };
}
