import { expect, test } from 'vitest';
import { RequestView } from '#shared/orders';
import {
  errorsOf,
  hasErrors,
  mergeFields,
  moveField,
  toDraft,
  toField,
  toRequestView,
} from '../../../renderer/state/request-draft.ts';

const full: RequestView = {
  url: 'https://example.org/a?…',
  method: 'POST',
  headers: [
    ['Accept-Language', 'en'],
    ['X-Key', null],
  ],
  cookies: [{ name: 'sid', value: null }],
  userAgent: 'curl/8',
  referer: 'https://example.org/',
  login: { username: 'eve', password: null },
  body: 'a=1',
  proxy: null,
  insecure: true,
};

test('a request that is read and written again is the same, secrets kept', () => {
  expect(toRequestView(toDraft(full))).toEqual(full);
  expect(toRequestView(toDraft({ url: full.url }))).toEqual({ url: full.url });
});

test('what is written is what the contract takes', () => {
  expect(RequestView.safeParse(toRequestView(toDraft(full))).success).toBe(true);
});

test('rows that nothing was typed into are left out, half typed ones are said', () => {
  const draft = { ...toDraft({ url: full.url }), headers: [toField({ name: '', value: '' }), toField({ name: '', value: 'x' })] };
  expect(toRequestView(draft).headers).toBeUndefined();
  expect([...errorsOf(draft).fields.values()]).toEqual(['nameMissing']);
});

test('a header name with a space, a broken line and a proxy that is none are wrong', () => {
  const base = toDraft({ url: full.url });
  const [bad, broken] = [toField({ name: 'X Y', value: '1' }), toField({ name: 'X', value: 'a\nb' })];
  const errors = errorsOf({ ...base, headers: [bad, broken], proxy: 'localhost' });
  expect(errors.fields.get(bad.key)).toBe('badHeaderName');
  expect(errors.fields.get(broken.key)).toBe('lineBreak');
  expect(errors.proxy).toBe(true);
  expect(hasErrors(errorsOf(base))).toBe(false);
});

test('pasted headers replace those of the same name, whatever its case; cookies have a case', () => {
  const rows = [toField({ name: 'accept', value: 'a' })];
  expect(mergeFields(rows, [{ name: 'Accept', value: 'b' }], true)).toMatchObject([{ name: 'accept', value: 'b' }]);
  expect(mergeFields(rows, [{ name: 'Accept', value: 'b' }], false)).toHaveLength(2);
});

test('a row moves up and down and never out of the table', () => {
  const rows = ['a', 'b', 'c'].map((name) => toField({ name, value: '' }));
  const names = (from: number, way: -1 | 1) =>
    moveField(rows, from, way)
      .map(({ name }) => name)
      .join('');
  expect([names(2, -1), names(0, 1), names(0, -1), names(2, 1)]).toEqual(['acb', 'bac', 'abc', 'abc']);
});
