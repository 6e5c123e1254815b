/** F119-F121 for the checkpoint alone: whatever becomes of its file, it never claims what was not there. */
import { readFile, writeFile } from 'node:fs/promises';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Interval } from '#shared/download';
import { Checkpoint } from '../../../electron/engine/disk/checkpoint.ts';
import {
  type CheckpointIdentity,
  claimsAfterRestart,
  slotBytes,
  urlHash,
} from '../../../electron/engine/disk/checkpoint-format.ts';
import { type FileIo, nodeFileIo } from '../../../electron/engine/disk/file-io.ts';
import { add, difference, union } from '../../../electron/engine/intervals.ts';
import { tempDirectory } from '../../support/temp.ts';

const size = 1_000_000;
const sectorBytes = 512;
const part = { dev: 1n, ino: 2n, size, isFile: true };
const identity: CheckpointIdentity = { urlHash: urlHash('http://example.test/f'), size, dev: 1n, ino: 2n, bootId: 'boot' };

type Step =
  | { readonly type: 'receive'; readonly start: number; readonly length: number; readonly stride: number }
  | { readonly type: 'soft' | 'hard' | 'settle' | 'turn' };

/** Bytes arrive scattered: claims of many intervals fill several sectors, so that tearing has something to tear. */
const receive = fc
  .tuple(fc.nat(size / 2), fc.integer({ min: 1, max: 200 }), fc.integer({ min: 201, max: 5000 }))
  .map(([start, length, stride]): Step => ({ type: 'receive', start, length, stride }));
const steps = fc.array(
  fc.oneof(receive, fc.constantFrom<Step>({ type: 'soft' }, { type: 'hard' }, { type: 'settle' }, { type: 'turn' })),
  {
    minLength: 1,
    maxLength: 25,
    size: 'max',
  },
);

/** Remembers what of the checkpoint file a power cut must leave and what it may. */
class Platters {
  /** As of the last sync that returned. */
  durable: Buffer = Buffer.alloc(2 * slotBytes);
  /** The file after each write since then. */
  readonly since: Buffer[] = [];

  readonly io: FileIo = {
    ...nodeFileIo,
    open: async (path, mode) => {
      const file = await nodeFileIo.open(path, mode);
      return {
        writev: (buffers, position) => {
          const next = Buffer.from(this.since.at(-1) ?? this.durable);
          Buffer.concat(buffers).copy(next, position);
          this.since.push(next);
          return file.writev(buffers, position);
        },
        datasync: async () => {
          const count = this.since.length;
          await file.datasync();
          this.durable = this.since.splice(0, count).at(-1) ?? this.durable;
        },
        read: (buffer, position) => file.read(buffer, position),
        truncate: (length) => file.truncate(length),
        identity: () => file.identity(),
        setModified: (wallMs) => file.setModified(wallMs),
        close: () => file.close(),
      };
    },
  };

  /** Each sector is, on its own, as of some moment since the last sync. */
  afterPowerCut(choices: readonly number[]): Buffer {
    const states = [this.durable, ...this.since];
    const image = Buffer.alloc(2 * slotBytes);
    for (let at = 0, index = 0; at < image.length; at += sectorBytes, index += 1) {
      const state = states[(choices[index % choices.length] ?? 0) % states.length] as Buffer;
      state.copy(image, at, at, at + sectorBytes);
    }
    return image;
  }
}

/** One download's life: bytes arrive, checkpoints are written, some of them all at once. */
class Run {
  readonly platters = new Platters();
  /** Bytes whose write has returned, and those of them that a returned sync covers. */
  readonly written: Interval[] = [];
  synced: readonly Interval[] = [];
  /** The claims of the last checkpoint that returned. */
  softReturned: readonly Interval[] = [];
  hardReturned: readonly Interval[] = [];
  readonly #pending: Promise<void>[] = [];

  async play(path: string, script: readonly Step[]): Promise<Checkpoint> {
    const checkpoint = await Checkpoint.create(this.platters.io, path, identity);
    for (const step of script) {
      if (step.type === 'receive') this.#receive(step);
      if (step.type === 'soft') this.#pending.push(this.#soft(checkpoint));
      if (step.type === 'hard') this.#pending.push(this.#hard(checkpoint));
      if (step.type === 'turn') await new Promise(setImmediate);
      if (step.type === 'settle') await this.settle();
    }
    return checkpoint;
  }

  async settle(): Promise<void> {
    await Promise.all(this.#pending);
  }

  #receive({ start, length, stride }: Step & { type: 'receive' }): void {
    for (let count = 0; count < 8; count += 1) add(this.written, start + count * stride, start + count * stride + length);
  }

  async #soft(checkpoint: Checkpoint): Promise<void> {
    const given = [...this.written];
    await checkpoint.writeSoft(given);
    this.softReturned = union(this.softReturned, given);
  }

  async #hard(checkpoint: Checkpoint): Promise<void> {
    const given = [...this.written];
    await checkpoint.writeHard(given, async () => {
      const covered = [...this.written];
      await new Promise(setImmediate);
      this.synced = covered;
    });
    this.hardReturned = given;
  }
}

async function claimsAt(path: string, bootId: string | undefined): Promise<Interval[]> {
  const loaded = await Checkpoint.load(nodeFileIo, path);
  return loaded.type === 'loaded' ? (claimsAfterRestart(loaded.record, bootId, part) ?? []) : [];
}

const expectWithin = (inner: readonly Interval[], outer: readonly Interval[]) => expect(difference(inner, outer)).toEqual([]);

test('F120: after a power cut at any moment the claims are synced bytes, and all that a hard checkpoint promised', async () => {
  await using directory = await tempDirectory();
  let count = 0;
  let torn = 0;
  await fc.assert(
    fc.asyncProperty(steps, fc.array(fc.nat(20), { minLength: 16, maxLength: 16 }), async (script, choices) => {
      const path = directory.file(`f${count++}.ckpt`);
      const run = new Run();
      const checkpoint = await run.play(path, script);
      const image = run.platters.afterPowerCut(choices);
      const { synced, hardReturned } = run;
      if (![run.platters.durable, ...run.platters.since].some((state) => state.equals(image))) torn += 1;
      await run.settle();
      await checkpoint.close();
      await writeFile(path, image);
      const claims = await claimsAt(path, 'next boot');
      expectWithin(claims, synced);
      expectWithin(hardReturned, claims);
    }),
    { numRuns: 300 },
  );
  expect(torn).toBeGreaterThan(0);
});

test('F119: after a kill the claims are written bytes, and all that a returned checkpoint promised', async () => {
  await using directory = await tempDirectory();
  let count = 0;
  await fc.assert(
    fc.asyncProperty(steps, async (script) => {
      const path = directory.file(`f${count++}.ckpt`);
      const run = new Run();
      const checkpoint = await run.play(path, script);
      await run.settle();
      const claims = await claimsAt(path, 'boot');
      expectWithin(claims, run.written);
      expectWithin(union(run.softReturned, run.hardReturned), claims);
      await checkpoint.close();
    }),
    { numRuns: 100 },
  );
});

type Damage =
  | { readonly type: 'flip'; readonly bits: readonly number[] }
  | { readonly type: 'cut'; readonly length: number }
  | { readonly type: 'garbage'; readonly bytes: Uint8Array }
  | { readonly type: 'torn'; readonly sector: number; readonly version: number };

const damage = fc.oneof(
  fc.array(fc.nat(2 * slotBytes * 8 - 1), { minLength: 1, maxLength: 20 }).map((bits): Damage => ({ type: 'flip', bits })),
  fc.nat(2 * slotBytes).map((length): Damage => ({ type: 'cut', length })),
  fc.uint8Array({ maxLength: 3 * slotBytes }).map((bytes): Damage => ({ type: 'garbage', bytes })),
  fc.tuple(fc.nat(15), fc.nat(20)).map(([sector, version]): Damage => ({ type: 'torn', sector, version })),
);

function damaged(given: Buffer, versions: readonly Buffer[], what: Damage): Buffer {
  const bytes = Buffer.from(given);
  if (what.type === 'garbage') return Buffer.from(what.bytes);
  if (what.type === 'cut') return bytes.subarray(0, what.length);
  if (what.type === 'flip') for (const bit of what.bits) bytes[bit >>> 3] = (bytes[bit >>> 3] ?? 0) ^ (1 << (bit & 7));
  if (what.type === 'torn') {
    const at = what.sector * sectorBytes;
    (versions[what.version % versions.length] as Buffer).copy(bytes, at, at, at + sectorBytes);
  }
  return bytes;
}

test('F121: a damaged checkpoint never throws and yields only claims that were written once', async () => {
  await using directory = await tempDirectory();
  const path = directory.file('f.ckpt');
  const checkpoint = await Checkpoint.create(nodeFileIo, path, identity);
  const records: unknown[] = [];
  const versions: Buffer[] = [];
  const note = async () => {
    const loaded = await Checkpoint.load(nodeFileIo, path);
    if (loaded.type === 'refused') throw new Error('an undamaged checkpoint is refused');
    records.push(loaded.record);
    versions.push(await readFile(path));
  };
  await note();
  for (let index = 1; index <= 8; index += 1) {
    // Claims of many intervals fill several sectors, so that tearing has something to tear.
    const claims = Array.from({ length: 40 }, (_, each) => ({ start: each * 1000, end: each * 1000 + index * 10 }));
    if (index % 3 === 0) await checkpoint.writeHard(claims, () => Promise.resolve());
    else await checkpoint.writeSoft(claims);
    await note();
  }
  await checkpoint.close();
  const refused = { count: 0 };
  await fc.assert(
    fc.asyncProperty(fc.array(damage, { minLength: 1, maxLength: 4 }), async (damages) => {
      await writeFile(
        path,
        damages.reduce((bytes, each) => damaged(bytes, versions, each), versions.at(-1) as Buffer),
      );
      const loaded = await Checkpoint.load(nodeFileIo, path);
      if (loaded.type === 'refused') refused.count += 1;
      else expect(records).toContainEqual(loaded.record);
    }),
    { numRuns: 1000 },
  );
  expect(refused.count).toBeGreaterThan(0);
});
