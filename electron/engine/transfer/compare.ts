/**
 * Whether a server still has the file of which we hold bytes: a few of its bytes are asked for again and compared with the
 * disk. Validators only raise suspicion; bytes decide.
 */

import type { PartFile } from '#engine/disk/part-file';
import { DownloadError } from '#engine/errors';
import type { RequestSource } from '#engine/network/request';
import { TransportError } from '#engine/network/trouble';
import type { Interval } from '#shared/download';
import { type Answer, type Identity, judge, type Verdict } from './accept.ts';
import type { Mishap } from './recovery.ts';
import type { Slot } from './slot.ts';

const WINDOW_BYTES = 16 * 1024;

/**
 * The windows to compare before trusting bytes of an earlier run: the beginning, somewhere in the middle, and the last
 * bytes before the first hole, where a file that was appended to or cut would differ.
 */
export function windowsOf(done: readonly Interval[], random: () => number): Interval[] {
  const first = done[0];
  if (first === undefined) return [];
  const middle = done[Math.floor(random() * done.length)] as Interval;
  const room = Math.max(0, middle.end - middle.start - WINDOW_BYTES);
  const offset = middle.start + Math.floor(random() * room);
  const windows = [head(first), head({ start: offset, end: middle.end }), tail(first)];
  return windows.filter((window, index) => windows.findIndex(({ start }) => start === window.start) === index);
}

/** The window nearest to `position`: the edge of the segment that is in doubt. */
export function windowNear(done: readonly Interval[], position: number): Interval | undefined {
  const before = done.findLast(({ end }) => end <= position);
  if (before) return tail(before);
  const after = done[0];
  return after && head(after);
}

const head = ({ start, end }: Interval): Interval => ({ start, end: Math.min(end, start + WINDOW_BYTES) });
const tail = ({ start, end }: Interval): Interval => ({ start: Math.max(start, end - WINDOW_BYTES), end });

export type Comparison = { readonly url: URL } & (
  | /** The bytes are equal; `told` is what the server at `url` says of the file. */
  { readonly type: 'equal'; readonly told: Identity }
  | { readonly type: 'mishap'; readonly mishap: Mishap }
);

/** Another ETag is what the bytes are to settle; all else has to agree already. */
function judgeButForTag(window: Interval, known: Identity, answer: Answer): Verdict {
  const verdict = judge({ range: window, identity: known }, answer);
  if (verdict.type !== 'refused' || verdict.as !== 'suspect') return verdict;
  const { etag: _etag, ...identity } = known;
  return judge({ range: window, identity }, answer);
}

/** Asks `from` for `window` over `slot` and compares it with the part. */
export async function compareWindow(
  slot: Slot,
  from: URL,
  source: RequestSource,
  part: PartFile,
  known: Identity,
  window: Interval,
): Promise<Comparison> {
  const bytes: Buffer[] = [];
  let told: Identity | undefined;
  let mishap: Mishap | undefined;
  let skip = 0;
  let left = window.end - window.start;
  let url = from;
  const outcome = await slot.ask({
    source,
    from,
    range: window,
    isFresh: false,
    onAnswer: (answer, answered) => {
      url = answered;
      const verdict = judgeButForTag(window, known, answer);
      if (verdict.type === 'part' && verdict.end === window.end) {
        told = verdict.identity;
        skip = verdict.skip;
        return Promise.resolve({ codings: [] });
      }
      mishap = {
        type: 'refused',
        as: verdict.type === 'refused' ? verdict.as : verdict.type === 'whole' ? 'no-range' : 'wrong-range',
        error:
          verdict.type === 'refused'
            ? verdict.error
            : new DownloadError('E_NO_RANGE_RESUME', 'the server no longer serves parts of the file'),
        answer,
      };
      return Promise.resolve('refuse');
    },
    onBytes: (chunk) => {
      const wanted = chunk.subarray(Math.min(skip, chunk.length)).subarray(0, left);
      skip = Math.max(0, skip - chunk.length);
      left -= wanted.length;
      bytes.push(Buffer.from(wanted));
      return left > 0 ? 'more' : 'last';
    },
  });
  if (mishap) return { type: 'mishap', mishap, url };
  if (outcome.type === 'trouble')
    return { type: 'mishap', mishap: { type: 'transport', error: outcome.error, hadAnswer: outcome.hadAnswer }, url };
  if (left > 0 || told === undefined) {
    const error = new TransportError('cut', 'E_NETWORK', 'the server cut a comparison short');
    return { type: 'mishap', mishap: { type: 'transport', error, hadAnswer: true }, url };
  }
  const held = Buffer.alloc(window.end - window.start);
  const count = await part.read(held, window.start);
  if (count === held.length && held.equals(Buffer.concat(bytes))) return { type: 'equal', told, url };
  const error = new DownloadError(
    'E_REMOTE_CHANGED',
    `the file changed on the server (bytes ${window.start}-${window.end - 1} differ)`,
  );
  return { type: 'mishap', mishap: { type: 'refused', as: 'changed', error, answer: { status: 206, headers: {} } }, url };
}
