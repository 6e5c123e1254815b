import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DownloadError } from '../../../electron/engine/errors.ts';
import { TransportError, type TroubleKind } from '../../../electron/engine/network/trouble.ts';
import type { Answer, Refusal } from '../../../electron/engine/transfer/accept.ts';
import { backOffMs, type Circumstances, type Mishap, remedyFor } from '../../../electron/engine/transfer/recovery.ts';

/** The first request of a download: nothing is known of the server. */
const first: Circumstances = {
  isExtra: false,
  isOneMore: false,
  hasDelivered: false,
  hasLogin: false,
  hasClaims: false,
  isResolved: false,
  isFresh: true,
  hasProvenRange: false,
  isProvenConnection: false,
  mayAskPlain: false,
  failures: 0,
  isElsewhere: false,
  hasRestarted: false,
  wallNow: Date.parse('2026-01-01T00:00:00Z'),
};
/** The only connection, after it has worked. */
const alone: Circumstances = { ...first, hasDelivered: true, hasClaims: true, isFresh: false };
/** One connection more, while others stream. */
const extra: Circumstances = { ...alone, isExtra: true, hasProvenRange: true };
/** As `extra`, at the address a redirect had led to. */
const resolved: Circumstances = { ...extra, isResolved: true };
/** The first request of a later run. */
const resume: Circumstances = { ...first, hasClaims: true };

const transport = (kind: TroubleKind, hadAnswer = false): Mishap => ({
  type: 'transport',
  error: new TransportError(kind, 'E_NETWORK', 'what happened'),
  hadAnswer,
});

const refusal = (as: Refusal, code: DownloadError['code'] = 'E_PROTOCOL'): Mishap => ({
  type: 'refused',
  as,
  error: new DownloadError(code, 'what happened'),
  answer: { status: 206, headers: {} },
});

const status = (code: number, headers: Answer['headers'] = {}): Mishap => ({
  type: 'refused',
  as: 'status',
  error: new DownloadError(`E_HTTP_${code}`, `the server answered ${code}`),
  answer: { status: code, headers },
});

type Row = [name: string, mishap: Mishap, around: Circumstances, remedy: object];

const counted = { type: 'back-off', isCounted: true };
const uncounted = { type: 'back-off', isCounted: false };

function check(rows: Row[]): void {
  test.each(rows)('%s', (_name, mishap, around, expected) => {
    expect(remedyFor(mishap, around)).toMatchObject(expected);
  });
}

describe('trouble with the connection', () => {
  check([
    ['the keep-alive race is repeated at once, uncounted', transport('stale'), alone, { type: 'again' }],
    ['what we ended ourselves too', transport('aborted'), alone, { type: 'again' }],
    ['a bad certificate is final', transport('certificate'), extra, { type: 'fail' }],
    ['our own network is waited for', transport('network'), alone, { type: 'network' }],
    ['our own network is waited for at the start too', transport('network'), first, { type: 'network' }],
    ['an unknown name is tried again', transport('dns'), first, { ...counted, waitMs: 5000 }],
    ['an unknown name is tried a third time', transport('dns'), { ...first, failures: 1 }, { ...counted, waitMs: 5000 }],
    ['an unknown name is final then', transport('dns'), { ...first, failures: 2 }, { type: 'fail' }],
    ['a name that was known is waited for', transport('dns'), { ...alone, failures: 9 }, { type: 'network' }],
    ['what is not HTTP is tried once more', transport('garbled'), first, counted],
    ['what is not HTTP is final then', transport('garbled'), { ...first, failures: 1 }, { type: 'fail' }],
    ['a refused first connection is tried again', transport('unreachable'), first, counted],
    ['a cut is tried again', transport('cut', true), alone, counted],
    ['silence is tried again', transport('silent', true), alone, counted],
    ['a cut of one among many after it had answered is counted', transport('cut', true), extra, counted],
    [
      'a connection that had served is no extra one when it breaks',
      transport('cut'),
      { ...extra, isProvenConnection: true },
      counted,
    ],
    [
      'where another download has all the host serves, one more is too many',
      transport('cut'),
      { ...first, isOneMore: true },
      { type: 'cap' },
    ],
    ['a proxy that never worked is tried again', transport('proxy'), first, counted],
    ['a proxy that worked is part of our own network', transport('proxy'), alone, { type: 'network' }],
    ['where the proxy will not lead is out of reach', transport('barred'), first, { type: 'fail' }],
    ['unless it already leads there', transport('barred'), extra, { type: 'cap' }],
    ...(['unreachable', 'cut', 'silent'] as const).map(
      (kind): Row => [
        `${kind} without an answer: one connection more than the host takes`,
        transport(kind),
        extra,
        // Silence took so long that nobody asks once more to make sure.
        { type: 'cap', isGuess: kind !== 'silent' },
      ],
    ),
  ]);

  test('what is no trouble of the transport is final', () => {
    const error = new DownloadError('E_FS_IO', 'the disk broke');
    expect(remedyFor({ type: 'transport', error, hadAnswer: true }, alone)).toEqual({ type: 'fail', error });
  });
});

describe('an answer that cannot be used', () => {
  check([
    ['a wrong range is asked again at once', refusal('wrong-range'), alone, { ...uncounted, waitMs: 0 }],
    ['a wrong range on an extra connection too', refusal('wrong-range'), extra, { ...uncounted, waitMs: 0 }],
    ['a second wrong range ends ranges', refusal('wrong-range'), { ...extra, failures: 1 }, { type: 'no-range' }],
    ['no ranges are no ranges', refusal('no-range'), extra, { type: 'no-range' }],
    ['another tag is settled by bytes', refusal('suspect', 'E_REMOTE_CHANGED'), extra, { type: 'compare' }],
    ['another file is another file', refusal('changed', 'E_REMOTE_CHANGED'), extra, { type: 'changed' }],
    ['against HTTP at the first request is final', refusal('protocol'), first, { type: 'fail' }],
    [
      'a page at the first request is final',
      refusal('web-page', 'E_NOT_FILE'),
      first,
      { type: 'fail', error: { code: 'E_NOT_FILE' } },
    ],
    ['a page on an extra connection is a refusal of it', refusal('web-page', 'E_NOT_FILE'), extra, { type: 'cap' }],
    [
      'a page on resume needs a new link',
      refusal('web-page', 'E_NOT_FILE'),
      resume,
      { type: 'new-link', error: { code: 'E_NOT_FILE' } },
    ],
    [
      'a page from a link that had worked means that it expired',
      refusal('web-page', 'E_NOT_FILE'),
      alone,
      { type: 'new-link', error: { code: 'E_LINK_EXPIRED' } },
    ],
  ]);
});

describe('a busy host', () => {
  const retryAfter = { 'retry-after': '7' };
  check([
    ...[429, 503].flatMap((code): Row[] => [
      [`${code} on the only connection: all wait for the host`, status(code), alone, { type: 'host' }],
      [`${code} on the only connection: as long as it says`, status(code, retryAfter), alone, { type: 'host', waitMs: 7000 }],
      [`${code} on the first request: all wait for the host`, status(code, retryAfter), first, { type: 'host', waitMs: 7000 }],
      [`${code} on an extra connection caps the host`, status(code), extra, { type: 'cap' }],
      [`${code} while another download is served caps the host`, status(code), { ...first, isOneMore: true }, { type: 'cap' }],
      [`${code} on an extra connection with a wait`, status(code, retryAfter), extra, { type: 'cap', waitMs: 7000 }],
    ]),
    ...[408, 425, 500, 502, 504, 520, 521, 522, 523, 524].map((code): Row => [`${code} passes`, status(code), alone, counted]),
    [
      '500 with a wait: all wait as long as it asks',
      status(500, retryAfter),
      alone,
      { type: 'host', waitMs: 7000, isCounted: true },
    ],
  ]);

  test('a wait that cannot be meant is ours to choose', () => {
    for (const value of ['-1', 'soon', '1000000000000', '0']) {
      expect(remedyFor(status(503, { 'retry-after': value }), alone)).toEqual({ type: 'host', isCounted: true });
    }
  });
});

describe('a refused link', () => {
  check([
    ['404 at the first request is final', status(404), first, { type: 'fail', error: { code: 'E_HTTP_404' } }],
    ['403 at the first request is final', status(403), first, { type: 'fail', error: { code: 'E_HTTP_403' } }],
    ['410 at the first request is final', status(410), first, { type: 'fail', error: { code: 'E_HTTP_410' } }],
    ['401 at the first request wants a login', status(401), first, { type: 'fail', error: { code: 'E_AUTH' } }],
    ['401 on resume wants a login', status(401), resume, { type: 'fail', error: { code: 'E_AUTH' } }],
    [
      '401 of a link that worked means that it expired',
      status(401),
      alone,
      { type: 'new-link', error: { code: 'E_LINK_EXPIRED' } },
    ],
    ...[403, 404, 410].flatMap((code): Row[] => [
      [`${code} on resume needs a new link`, status(code), resume, { type: 'new-link', error: { code: 'E_LINK_EXPIRED' } }],
      [
        `${code} of a link that worked needs a new one`,
        status(code),
        alone,
        { type: 'new-link', error: { code: 'E_LINK_EXPIRED' } },
      ],
      [
        `${code} where a redirect had led: the original is asked again`,
        status(code),
        { ...alone, isResolved: true },
        { type: 'resolve' },
      ],
      [`${code} where a redirect had led, on an extra connection: the same`, status(code), resolved, { type: 'resolve' }],
      [
        `${code} where a redirect leads now needs a new link`,
        status(code),
        { ...alone, isResolved: true, isFresh: true },
        { type: 'new-link', error: { code: 'E_LINK_EXPIRED' } },
      ],
    ]),
    ...[401, 403].map((code): Row => [`${code} on an extra connection caps the host`, status(code), extra, { type: 'cap' }]),
    ['403 freshly resolved on an extra connection caps the host', status(403), { ...resolved, isFresh: true }, { type: 'cap' }],
    ...[404, 410].flatMap((code): Row[] => [
      [`${code} of one node is tried again after a second`, status(code), extra, { ...uncounted, waitMs: 1000 }],
      [`${code} of one node is tried again after three`, status(code), { ...extra, failures: 1 }, { ...uncounted, waitMs: 3000 }],
      [`${code} of one node caps the host then`, status(code), { ...extra, failures: 2 }, { type: 'cap', isFragile: false }],
      [
        `${code} of every second request is tried once`,
        status(code),
        { ...extra, hasProvenRange: false },
        { ...uncounted, waitMs: 1000 },
      ],
      [
        `${code} of every second request shows a link that lives once`,
        status(code),
        { ...extra, hasProvenRange: false, failures: 1 },
        { type: 'cap', isFragile: true },
      ],
    ]),
  ]);

  test('a login is asked for by its realm, in plain characters', () => {
    const messageFor = (challenge: string) => {
      const remedy = remedyFor(status(401, { 'www-authenticate': challenge }), first);
      return remedy.type === 'fail' ? remedy.error.message : '';
    };
    expect(messageFor('Basic realm="Members"')).toBe('the server wants a login for "Members"');
    expect(messageFor('Digest qop="auth", realm="A\u0007B"')).toBe('the server wants a login for "AB"');
    expect(messageFor('Negotiate')).toBe('the server wants a login');
  });
});

describe('other statuses', () => {
  check([
    ['400 is final at the start', status(400), first, { type: 'fail', error: { code: 'E_HTTP_400' } }],
    ['451 is final', status(451), alone, { type: 'fail', error: { code: 'E_HTTP_451' } }],
    ['418 on an extra connection is a refusal of it', status(418), extra, { type: 'cap' }],
    ['400 of a range alone may mean the range', status(400), { ...resume, mayAskPlain: true }, { type: 'ask-plain' }],
    ['403 of a range alone may mean the range', status(403), { ...resume, mayAskPlain: true }, { type: 'ask-plain' }],
    ['407 is the proxy asking for a login', status(407), extra, { type: 'fail', error: { code: 'E_PROXY_AUTH' } }],
    ['400 of a range on an extra connection ends ranges', status(400), { ...extra, mayAskPlain: true }, { type: 'no-range' }],
  ]);
});

test('whatever happens there is one remedy, and no failure on the first attempt of an extra connection but for good cause', () => {
  const kinds = [
    'stale',
    'unreachable',
    'network',
    'proxy',
    'barred',
    'dns',
    'certificate',
    'cut',
    'silent',
    'garbled',
    'aborted',
  ] as const;
  const refusals = ['wrong-range', 'no-range', 'changed', 'suspect', 'web-page', 'protocol'] as const;
  const mishap = fc.oneof(
    fc.tuple(fc.constantFrom(...kinds), fc.boolean()).map(([kind, hadAnswer]) => transport(kind, hadAnswer)),
    fc.constantFrom(...refusals).map((as) => refusal(as)),
    fc.integer({ min: 300, max: 599 }).map((code) => status(code)),
  );
  const around = fc.record(
    Object.fromEntries(
      Object.entries(first).map(([name, value]) => [
        name,
        typeof value === 'boolean' ? fc.boolean() : fc.integer({ min: 0, max: 20 }),
      ]),
    ),
  ) as unknown as fc.Arbitrary<Circumstances>;
  fc.assert(
    fc.property(mishap, around, (what, how) => {
      expect(remedyFor(what, how).type).toMatch(/^[a-z-]+$/);
      const remedy = remedyFor(what, { ...how, isExtra: true, failures: 0 });
      const isGoodCause =
        what.error.code === 'E_HTTP_407' || (what.error instanceof TransportError && what.error.kind === 'certificate');
      expect(remedy.type === 'fail' && !isGoodCause).toBe(false);
    }),
  );
});

describe('the usual back-off', () => {
  test('doubles from the first wait up to a minute, give or take a fifth', () => {
    const nominal = [0, 1, 2, 3, 4, 5, 6, 7, 100].map((failures) => backOffMs(failures, 1000, () => 0.5));
    expect(nominal).toEqual([1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000, 60_000]);
    expect(backOffMs(2, 1000, () => 0)).toBe(3200);
    expect(backOffMs(2, 1000, () => 1)).toBeCloseTo(4800);
  });

  test('of a first wait above a minute stays there', () => {
    expect(backOffMs(0, 300_000, () => 0.5)).toBe(300_000);
    expect(backOffMs(5, 300_000, () => 0.5)).toBe(300_000);
  });

  test('of no first wait is none', () => {
    expect(backOffMs(5, 0, () => 0.5)).toBe(0);
  });
});
