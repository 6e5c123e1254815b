/** What keeps a process alive, counted by kind, so that a test can show that nothing is left behind. */
import assert from 'node:assert/strict';

/** Sockets, servers, timers, files in use and requests to the thread pool; pipes belong to the test runner. */
const watchedKinds = [
  'TCPSocketWrap',
  'TCPServerWrap',
  'TLSWrap',
  'ConnectWrap',
  'Timeout',
  'Immediate',
  'FSReqPromise',
  'FSReqCallback',
  'GetAddrInfoReqWrap',
  'ProcessWrap',
] as const;

export type ResourceKind = (typeof watchedKinds)[number];

type Counts = Partial<Record<ResourceKind, number>>;

function countResources(kinds: readonly ResourceKind[]): Counts {
  const counts: Counts = {};
  for (const name of process.getActiveResourcesInfo()) {
    const kind = kinds.find((each) => each === name);
    if (kind !== undefined) counts[kind] = (counts[kind] ?? 0) + 1;
  }
  return counts;
}

export interface ResourceWatch {
  /** What is there now beyond what was there at the start. */
  extra(): Counts;
  /** Waits up to `withinMs` of real time for the extra to go; @throws naming what stayed. */
  expectNone(withinMs?: number): Promise<void>;
}

/**
 * Starts counting. Take it before the subject is made and after everything that is to outlive it:
 * `const watch = watchResources(['TCPSocketWrap', 'Timeout']); … await watch.expectNone();`
 */
export function watchResources(kinds: readonly ResourceKind[] = watchedKinds): ResourceWatch {
  const before = countResources(kinds);
  const extra = () => {
    const found: Counts = {};
    for (const [kind, count] of Object.entries(countResources(kinds)) as [ResourceKind, number][]) {
      if (count > (before[kind] ?? 0)) found[kind] = count - (before[kind] ?? 0);
    }
    return found;
  };
  return {
    extra,
    async expectNone(withinMs = 1000) {
      const deadline = performance.now() + withinMs;
      // Turns of the event loop, not a timer: a timer of our own would be counted.
      while (Object.keys(extra()).length > 0 && performance.now() < deadline) await new Promise(setImmediate);
      assert.deepEqual(extra(), {}, 'resources left behind');
    },
  };
}
