/**
 * F120 for the whole part: record, sums, bytes and last steps together on a disk that loses its power. Bytes come in any order, records
 * are written when the clock says so, the power goes at any operation: whatever is claimed or finished afterwards is true.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Interval } from '#shared/download';
import type { FileIo } from '../../electron/engine/disk/file-io.ts';
import { LeftParts } from '../../electron/engine/disk/left-parts.ts';
import { NameRegistry } from '../../electron/engine/disk/names-taken.ts';
import { Room } from '../../electron/engine/disk/room.ts';
import { type PartPorts, StoredPart } from '../../electron/engine/disk/stored-part.ts';
import { add } from '../../electron/engine/intervals.ts';
import { checkEngineOptions } from '../../electron/engine/options.ts';
import { content } from '../support/content.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { PowerDisk } from '../support/power-disk.ts';

const KiB = 1024;
const size = 1100 * KiB;
const blockBytes = 50 * KiB;
const directory = '/folder';
const url = new URL('http://example.test/file.bin');
const target = { directory, ifExists: 'rename' } as const;
const source = content(120, size);

type Step =
  | { readonly type: 'write'; readonly block: number }
  | { readonly type: 'wait'; readonly ms: number }
  | { readonly type: 'turn' | 'sync' | 'restart' };

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.nat(size / blockBytes - 1).map((block): Step => ({ type: 'write', block })) },
  { weight: 3, arbitrary: fc.integer({ min: 100, max: 12_000 }).map((ms): Step => ({ type: 'wait', ms })) },
  { weight: 2, arbitrary: fc.constantFrom<Step>({ type: 'turn' }, { type: 'sync' }) },
  { weight: 1, arbitrary: fc.constant<Step>({ type: 'restart' }) },
);

function portsFor(io: FileIo, clock: ManualClock, bootId: string): PartPorts {
  return {
    io,
    clock,
    options: checkEngineOptions({ softCheckpointBytes: 128 * KiB, hardCheckpointBytes: 1024 * KiB, firstCheckpointMs: 0 }),
    names: new NameRegistry(),
    left: new LeftParts(io, clock),
    room: new Room(io),
    bootId,
    onError: (error) => {
      throw error;
    },
    note: () => {},
  };
}

/** What the writer does to the disk in its own way. */
type Through = (disk: PowerDisk) => FileIo;

/** A writer that leaves out the syncs of files whose name ends so. */
const withoutSyncOf =
  (suffix: string): Through =>
  (disk) => ({
    open: async (path, mode) => {
      const file = await disk.open(path, mode);
      return path.endsWith(suffix) ? { ...file, datasync: async () => {} } : file;
    },
    link: (existing, path) => disk.link(existing, path),
    rename: (from, to) => disk.rename(from, to),
    unlink: (path) => disk.unlink(path),
    identity: (path) => disk.identity(path),
    list: (path) => disk.list(path),
    space: () => disk.space(),
    syncDirectory: () => disk.syncDirectory(),
  });

/** What a download does to its part, as far as the disk can tell. */
class Writing {
  readonly #disk: PowerDisk;
  readonly #io: FileIo;
  readonly #clock: ManualClock;
  #done: Interval[] = [];

  constructor(disk: PowerDisk, clock: ManualClock, through: Through) {
    this.#disk = disk;
    this.#io = through(disk);
    this.#clock = clock;
  }

  async play(script: readonly Step[], isFinished: boolean): Promise<void> {
    let stored = await this.#begin();
    for (const each of script) {
      if (this.#disk.afterCut) break;
      if (each.type === 'write') await this.#write(stored, each.block);
      if (each.type === 'turn') await new Promise(setImmediate);
      if (each.type === 'sync') await stored.sync();
      if (each.type === 'wait') {
        this.#clock.advance(each.ms);
        stored.tick();
      }
      if (each.type === 'restart') {
        await stored.sync();
        await stored.close(this.#done.length > 0);
        stored = await this.#begin();
      }
    }
    if (!isFinished || this.#disk.afterCut) {
      await stored.close(true);
      return;
    }
    for (let block = 0; block * blockBytes < size; block += 1) await this.#write(stored, block);
    await stored.seal();
    await stored.finish(undefined, async () => {});
  }

  async #begin(): Promise<StoredPart> {
    const ports = portsFor(this.#io, this.#clock, 'first boot');
    const left = await StoredPart.find(ports, target, url);
    if (left?.type === 'placed') throw new Error('finished before it was');
    this.#done = [...(left?.found.claims ?? [])];
    const stored =
      left?.stored ?? (await StoredPart.create(ports, target, 'file.bin', url, { size, etag: '"v1"', isWebPage: false }));
    stored.keep(() => this.#done);
    return stored;
  }

  async #write(stored: StoredPart, block: number): Promise<void> {
    const start = block * blockBytes;
    const end = Math.min(size, start + blockBytes);
    await stored.write([...source.slices(start, end)], start);
    add(this.#done, start, end);
    stored.noteWritten(end - start);
  }
}

/** @throws where something is claimed or finished that is not there when the power is back. */
async function cutPower(through: Through): Promise<{ claims: number; finished: number; nothing: number }> {
  const seen = { claims: 0, finished: 0, nothing: 0 };
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 1, maxLength: 40, size: 'max' }),
      fc.boolean(),
      fc.double({ min: 0, max: 0.999, noNaN: true }),
      fc.integer(),
      async (script, isFinished, share, seed) => {
        let state = seed;
        const random = (): number => {
          state = (Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x9e3779b9) | 0;
          return ((state ^ (state >>> 13)) >>> 0) / 2 ** 32;
        };
        // Once without a cut, to know how many operations there are; the last ones are the last steps.
        const whole = new PowerDisk();
        await new Writing(whole, new ManualClock(), through).play(script, isFinished);
        const disk = new PowerDisk();
        const cutAt = isFinished ? whole.operations - Math.floor(25 * share) : 1 + Math.floor(whole.operations * share);
        disk.cutAfter(Math.max(1, cutAt), random);
        const clock = new ManualClock();
        await new Writing(disk, clock, through).play(script, isFinished);
        const found = disk.afterCut;
        if (found === undefined) return;
        const final = found.bytesAt(`${directory}/file.bin`);
        if (final) {
          seen.finished += 1;
          expect(final.length).toBe(size);
          expect(source.matches(final, 0)).toBe(true);
        }
        const left = await StoredPart.find(portsFor(found, clock, 'second boot'), target, url);
        if (left?.type !== 'part') {
          seen.nothing += 1;
          return;
        }
        const part = found.bytesAt(`${directory}/file.bin.part`);
        for (const { start, end } of left.found.claims) {
          seen.claims += 1;
          expect(source.firstDifference(part?.subarray(start, end) ?? Buffer.alloc(0), start)).toBeUndefined();
          expect(part?.length).toBeGreaterThanOrEqual(end);
        }
        await left.stored.close(true);
      },
    ),
    { numRuns: 300, endOnFailure: true },
  );
  return seen;
}

test('F120: after a power cut at any operation every claim is true, and a final name has the whole file', async () => {
  const seen = await cutPower((disk) => disk);
  expect(Math.min(seen.claims, seen.finished, seen.nothing), JSON.stringify(seen)).toBeGreaterThan(10);
}, 120_000);

// Else the test above would prove nothing.
test('F120: a writer that claims bytes without syncing them is found out by it', async () => {
  await expect(cutPower(withoutSyncOf('.part'))).rejects.toThrow('Property failed');
}, 120_000);
