/**
 * Undoes the content codings of an answer (RFC 9110 section 8.4) as it arrives. A decoded body has no length but its own
 * end, so it is always one stream; a decoder that is not satisfied says that the answer was cut. Bounded: what unpacks to
 * far more than any real file is an attack on the disk.
 */
import type { Transform } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate, createZstdDecompress } from 'node:zlib';
import { DownloadError } from '#engine/errors';
import { TransportError } from './trouble.ts';

/** RFC 9110 section 8.4.1, and RFC 7932, RFC 8878. */
const makers: Readonly<Record<string, () => Transform>> = {
  gzip: createGunzip,
  'x-gzip': createGunzip,
  deflate: createInflate,
  br: createBrotliDecompress,
  zstd: createZstdDecompress,
};

/** Text packs ten to one, a log a hundred to one. */
const MAX_EXPANSION = 250;
/** A small answer of zeros does no harm. */
const FREE_BYTES = 64 * 1024 * 1024;

export const canDecode = (codings: readonly string[]): boolean =>
  codings.length > 0 && codings.length <= 2 && codings.every((coding) => Object.hasOwn(makers, coding));

export interface DecoderListener {
  onBytes(bytes: Buffer): void;
  /** All was decoded, and each decoder found its proper end. */
  onEnd(): void;
  /** Instead of onEnd; once. */
  onError(error: DownloadError): void;
  /** It takes bytes again after `write` said it had enough. */
  onRoom(): void;
}

export class BodyDecoder {
  readonly #first: Transform;
  readonly #last: Transform;
  #received = 0;
  #decoded = 0;
  #isOver = false;

  /** `codings` in the order they were applied, as the header names them; see `canDecode`. */
  constructor(codings: readonly string[], listener: DecoderListener) {
    const stages = codings.toReversed().map((coding) => {
      const make = makers[coding];
      if (make === undefined) throw new Error(`cannot decode ${coding}`);
      return make();
    });
    const [first] = stages;
    const last = stages.at(-1);
    if (first === undefined || last === undefined) throw new Error('nothing to decode');
    this.#first = first;
    this.#last = last;
    const fail = (error: DownloadError): void => {
      if (this.#isOver) return;
      this.close();
      listener.onError(error);
    };
    for (const [index, stage] of stages.entries()) {
      stage.on('error', (error) => {
        const message = `the ${codings.join(', ')} coding of the answer is broken (${error.message})`;
        fail(new TransportError('undecodable', 'E_PROTOCOL', message, error));
      });
      const next = stages[index + 1];
      if (next) stage.pipe(next);
    }
    first.on('drain', () => {
      if (!this.#isOver) listener.onRoom();
    });
    last.on('data', (bytes: Buffer) => {
      if (this.#isOver) return;
      this.#decoded += bytes.length;
      if (this.#decoded > FREE_BYTES && this.#decoded > MAX_EXPANSION * this.#received) {
        const message = `the answer unpacks to more than ${MAX_EXPANSION} times its size: it is not taken for a file`;
        fail(new DownloadError('E_PROTOCOL', message));
        return;
      }
      listener.onBytes(bytes);
    });
    last.on('end', () => {
      if (this.#isOver) return;
      this.#isOver = true;
      listener.onEnd();
    });
  }

  /** False when no more should be written until `onRoom`. */
  write(bytes: Buffer): boolean {
    this.#received += bytes.length;
    // It is decoded later, and `bytes` are not ours to keep.
    return this.#isOver || this.#first.write(Buffer.from(bytes));
  }

  /** Nothing more comes. */
  end(): void {
    if (!this.#isOver) this.#first.end();
  }

  pause(): void {
    this.#last.pause();
  }

  resume(): void {
    this.#last.resume();
  }

  /** Drops what is not decoded yet; nothing is told any more. */
  close(): void {
    this.#isOver = true;
    this.#first.destroy();
    this.#last.destroy();
  }
}
