import i18next from 'i18next';
import { beforeAll, expect, test } from 'vitest';
import type { LogLine } from '#shared/rows';
import { logText } from '../../../renderer/i18n/failure-text.ts';
import { startLanguages } from '../../../renderer/i18n/start.ts';

beforeAll(() => startLanguages('zh-CN'));

const said = (line: Pick<LogLine, 'code' | 'message' | 'values'>) => logText(i18next.t, line);

test('a line of the log that carries values is in the page language, its failure in words too', () => {
  const cause = { code: 'E_HTTP_503', message: 'the server answered 503' };
  expect(said({ code: 'host-capped', message: 'a.example takes 2 …', values: { host: 'a.example', most: 2, cause } })).toBe(
    'a.example 同时最多接受 2 个连接：服务器拒绝提供文件（503）',
  );
  expect(said({ code: 'claims-dropped', message: '9 bytes …', values: { part: 'a.part', bytes: 9 } })).toBe(
    'a.part 中有 9 字节被截断或失去校验，将重新下载',
  );
});

test('what a server has put into a value stays as it is', () => {
  const url = 'https://a.example/$t(page.label)/{{url}}<b>';
  expect(said({ code: 'new-link', message: '', values: { url } })).toBe(`链接现为 ${url}`);
});

test('a line without the values that its text needs, or without a text, is as the application wrote it', () => {
  expect(said({ code: 'host-capped', message: 'a.example takes 2 connections' })).toBe('a.example takes 2 connections');
  expect(said({ code: 'part-set-aside', message: 'kept as a', values: {} })).toBe('kept as a');
});
