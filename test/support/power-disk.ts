/**
 * A disk in memory that can lose its power. What a file holds for certain is what was written before its last sync began; of
 * what was written since, each 512-byte sector of each write is there or not, each on its own. Of the names made, linked,
 * renamed and removed in a folder since that was synced, the first few are there (a journal keeps their order). What is
 * removed while open lives on, as on a real disk.
 *
 *     const disk = new PowerDisk();
 *     disk.cutAfter(17, random);        // at the 17th operation from now on
 *     … run what is to be tested over it …
 *     const after = disk.afterCut;      // the disk as it is found when the power is back
 */
import { dirname } from 'node:path';
import type { FileIdentity, FileIo, OpenFile, OpenMode } from '../../electron/engine/disk/file-io.ts';

const sectorBytes = 512;

interface Write {
  readonly position: number;
  readonly bytes: Buffer;
}

/** A new length, among the writes. */
interface Resize {
  readonly size: number;
}

/** A file, whatever names it has. */
class Node {
  readonly ino: bigint;
  live: Buffer;
  durable: Buffer;
  /** Since the last sync began. */
  since: (Write | Resize)[] = [];

  constructor(ino: bigint, bytes: Buffer = Buffer.alloc(0)) {
    this.ino = ino;
    this.live = bytes;
    this.durable = Buffer.from(bytes);
  }

  apply(change: Write | Resize): void {
    this.live = applied(this.live, change);
    this.since.push(change);
  }

  /** What is found of it after the power was cut. */
  cut(random: () => number): Buffer {
    let bytes: Buffer = Buffer.from(this.durable);
    for (const change of this.since) {
      if ('size' in change) {
        if (random() < 0.5) bytes = applied(bytes, change);
        continue;
      }
      const { position } = change;
      for (let at = 0; at < change.bytes.length; ) {
        const end = Math.min(change.bytes.length, at + sectorBytes - ((position + at) % sectorBytes));
        if (random() < 0.5) bytes = applied(bytes, { position: position + at, bytes: change.bytes.subarray(at, end) });
        at = end;
      }
    }
    return bytes;
  }
}

function applied(bytes: Buffer, change: Write | Resize): Buffer {
  const size = 'size' in change ? change.size : Math.max(bytes.length, change.position + change.bytes.length);
  let next = bytes;
  if (size < bytes.length) next = bytes.subarray(0, size);
  if (size > bytes.length) next = Buffer.concat([bytes, Buffer.alloc(size - bytes.length)]);
  if ('bytes' in change) change.bytes.copy(next, change.position);
  return next;
}

type NameChange = { readonly path: string; readonly node: Node | undefined };

const missing = (path: string): Error => Object.assign(new Error(`ENOENT: ${path}`), { code: 'ENOENT' });

export class PowerDisk implements FileIo {
  /** Operations so far. */
  operations = 0;
  /** The disk when the power is back; undefined while it was not cut. */
  afterCut: PowerDisk | undefined;
  readonly #names = new Map<string, Node>();
  readonly #durableNames = new Map<string, Node>();
  /** Since their folder was synced. */
  #nameChanges: NameChange[][] = [];
  #lastIno = 100n;
  #cutAt = Number.POSITIVE_INFINITY;
  #random: () => number = Math.random;

  /** Cuts the power when the operation of this number from now on begins. */
  cutAfter(operations: number, random: () => number): void {
    this.#cutAt = this.operations + operations;
    this.#random = random;
  }

  /** What a reader finds at `path`; undefined where there is nothing. */
  bytesAt(path: string): Buffer | undefined {
    return this.#names.get(path)?.live;
  }

  async open(path: string, mode: OpenMode): Promise<OpenFile> {
    await this.#turn();
    let node = this.#names.get(path);
    if (mode === 'create') {
      if (node) throw Object.assign(new Error(`EEXIST: ${path}`), { code: 'EEXIST' });
      this.#lastIno += 1n;
      node = new Node(this.#lastIno);
      this.#rename([{ path, node }]);
    }
    if (node === undefined) throw missing(path);
    return this.#handle(node);
  }

  async link(existing: string, path: string): Promise<void> {
    await this.#turn();
    if (this.#names.has(path)) throw Object.assign(new Error(`EEXIST: ${path}`), { code: 'EEXIST' });
    this.#rename([{ path, node: this.#at(existing) }]);
  }

  async rename(from: string, to: string): Promise<void> {
    await this.#turn();
    const node = this.#at(from);
    this.#rename([
      { path: to, node },
      { path: from, node: undefined },
    ]);
  }

  async unlink(path: string): Promise<void> {
    await this.#turn();
    this.#at(path);
    this.#rename([{ path, node: undefined }]);
  }

  async identity(path: string): Promise<FileIdentity | undefined> {
    await this.#turn();
    const node = this.#names.get(path);
    return node && identityOf(node);
  }

  async list(path: string): Promise<string[]> {
    await this.#turn();
    return [...this.#names.keys()].filter((name) => dirname(name) === path).map((name) => name.slice(path.length + 1));
  }

  async space(): Promise<{ free: number; total: number; type: number }> {
    await this.#turn();
    return { free: 2 ** 40, total: 2 ** 40, type: 0 };
  }

  async syncDirectory(): Promise<void> {
    const changes = this.#nameChanges;
    this.#nameChanges = [];
    await this.#turn();
    if (this.afterCut) return;
    for (const change of changes.flat()) apply(this.#durableNames, change);
  }

  /** An operation begins: the power may go now; it takes a turn of the event loop. */
  async #turn(): Promise<void> {
    this.operations += 1;
    if (this.operations >= this.#cutAt && this.afterCut === undefined) this.afterCut = this.#cut();
    await new Promise(setImmediate);
  }

  #cut(): PowerDisk {
    const random = this.#random;
    const found = new PowerDisk();
    found.#lastIno = this.#lastIno;
    const names = new Map(this.#durableNames);
    const kept = Math.floor(random() * (this.#nameChanges.length + 1));
    for (const change of this.#nameChanges.slice(0, kept).flat()) apply(names, change);
    const nodes = new Map<Node, Node>();
    for (const [path, node] of names) {
      const there = nodes.get(node) ?? new Node(node.ino, node.cut(random));
      nodes.set(node, there);
      found.#names.set(path, there);
      found.#durableNames.set(path, there);
    }
    return found;
  }

  #at(path: string): Node {
    const node = this.#names.get(path);
    if (node === undefined) throw missing(path);
    return node;
  }

  #rename(changes: NameChange[]): void {
    for (const change of changes) apply(this.#names, change);
    this.#nameChanges.push(changes);
  }

  #handle(node: Node): OpenFile {
    return {
      writev: async (buffers, position) => {
        const bytes = Buffer.concat(buffers as Uint8Array[]);
        node.apply({ position, bytes });
        await this.#turn();
        return bytes.length;
      },
      read: async (buffer, position) => {
        await this.#turn();
        return node.live.copy(buffer, 0, position);
      },
      datasync: async () => {
        const { live } = node;
        const count = node.since.length;
        const durable = Buffer.from(live);
        await this.#turn();
        if (this.afterCut) return;
        // What was written while it ran is in no sync yet.
        node.durable = durable;
        node.since = node.since.slice(count);
      },
      truncate: async (size) => {
        node.apply({ size });
        await this.#turn();
      },
      identity: async () => {
        await this.#turn();
        return identityOf(node);
      },
      setModified: () => this.#turn(),
      close: () => this.#turn(),
    };
  }
}

const identityOf = ({ ino, live }: Node): FileIdentity => ({ dev: 1n, ino, size: live.length, mtimeMs: 0, isFile: true });

function apply(names: Map<string, Node>, { path, node }: NameChange): void {
  if (node) names.set(path, node);
  else names.delete(path);
}
