import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { linkExpiry } from '../../../electron/downloads/intake/link-expiry.ts';

const seconds = 1_800_000_000;
const iso = '2027-01-15T08:00:00Z';
const base64 = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
const webToken = (claims: unknown): string => `${base64({ alg: 'HS256' })}.${base64(claims)}.c2lnbmF0dXJl`;
const policy = Buffer.from(
  JSON.stringify({ Statement: [{ Resource: '*', Condition: { DateLessThan: { 'AWS:EpochTime': seconds } } }] }),
)
  .toString('base64')
  .replaceAll('+', '-')
  .replaceAll('=', '_')
  .replaceAll('/', '~');

/** All of them end at the same moment. */
const forms: Readonly<Record<string, string>> = {
  'Amazon S3, version 4': '?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Date=20270115T070000Z&X-Amz-Expires=3600&X-Amz-Signature=ab',
  'Amazon S3, version 2': `?AWSAccessKeyId=A&Expires=${seconds}&Signature=x`,
  'Google Cloud Storage':
    '?X-Goog-Algorithm=GOOG4-RSA-SHA256&X-Goog-Date=20270115T060000Z&X-Goog-Expires=7200&X-Goog-Signature=ab',
  'Alibaba OSS, version 4': '?x-oss-date=20270115T075000Z&x-oss-expires=600&x-oss-signature=ab',
  'CloudFront, canned': `?Expires=${seconds}&Signature=x&Key-Pair-Id=K`,
  'CloudFront, with a policy': `?Policy=${policy}&Signature=x&Key-Pair-Id=K`,
  'Azure, to the second': `?sv=2024-11-04&se=${encodeURIComponent(iso)}&sr=b&sp=r&sig=x`,
  'Tencent COS': `?q-sign-algorithm=sha1&q-sign-time=1799990000;${seconds}&q-signature=x`,
  Akamai: `?hdnts=st=1~exp=${seconds}~acl=/*~hmac=abcdef`,
  'nginx secure_link': `?md5=x&expires=${seconds}`,
  'a short name beside a signature': `?st=x&e=${seconds}`,
  'a video site': `?expire=${seconds}&sparams=expire&signature=x`,
  'Bilibili and Baidu': `?deadline=${seconds}&upsig=x`,
  Discord: `?ex=${seconds.toString(16)}&is=6a000000&hm=abc`,
  Meta: `?oh=00_abc&oe=${seconds.toString(16).toUpperCase()}`,
  milliseconds: `?expires=${seconds}000`,
  'a date as HTTP writes it': `?expires=${encodeURIComponent('Fri, 15 Jan 2027 08:00:00 GMT')}`,
  'a JSON web token': `?token=${webToken({ exp: seconds })}`,
};

test.each(Object.entries(forms))('the end of a link of %s is read', (_name, query) => {
  expect(linkExpiry(`https://files.example/a.zip${query}`)).toBe(seconds * 1000);
});

test('a token in the path counts, and of several ends the earliest', () => {
  expect(linkExpiry(`https://files.example/${webToken({ exp: seconds })}/a.zip`)).toBe(seconds * 1000);
  expect(linkExpiry(`https://files.example/a.zip?token=${webToken({ exp: seconds })}&expires=${seconds - 60}`)).toBe(
    (seconds - 60) * 1000,
  );
});

describe('nothing is guessed', () => {
  test.each([
    'https://files.example/a.zip',
    'https://files.example/a.zip?expires=never',
    'https://files.example/a.zip?expires=3600',
    'https://files.example/a.zip?e=1800000000',
    'https://files.example/a.zip?se=2027-01-15T08:00:00Z',
    'https://files.example/a.zip?X-Amz-Date=20270115T070000Z',
    'https://files.example/a.zip?X-Amz-Date=yesterday&X-Amz-Expires=60',
    'https://files.example/a.zip?X-Amz-Date=20270115T070000Z&X-Amz-Expires=-5',
    'https://files.example/a.zip?ex=6b49d200&oe=6b49d200',
    'https://files.example/a.zip?id=1800000000&page=1800000000',
    'https://files.example/a.zip?token=aaaa.bbbb.cccc',
    'https://files.example/v1.2.3/a.zip',
    'no address',
  ])('in %s', (address) => {
    expect(linkExpiry(address)).toBeUndefined();
  });

  test('whatever a link holds, the answer is a time or nothing', () => {
    const names = fc.constantFrom('Expires', 'se', 'sig', 'Policy', 'X-Amz-Date', 'X-Amz-Expires', 'exp', 'token', 'q-sign-time');
    fc.assert(
      fc.property(fc.array(fc.tuple(names, fc.string())), (pairs) => {
        const end = linkExpiry(`https://files.example/a?${new URLSearchParams(pairs)}`);
        expect(end === undefined || Number.isFinite(end)).toBe(true);
      }),
    );
  });
});
