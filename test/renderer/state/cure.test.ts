import { expect, test } from 'vitest';
import type { DownloadRow } from '#shared/rows';
import { cureFor, curesFor, fewerConnections } from '../../../renderer/state/cure.ts';
import { rowOf } from '../rows.ts';

const failed = (code: string, part: Partial<DownloadRow> = {}) =>
  cureFor(rowOf(1, { state: 'failed', failure: { code, message: '' }, ...part }));

test('each cause has the cure that helps', () => {
  expect(
    ['E_AUTH', 'E_HTTP_404', 'E_HTTP_503', 'E_FS_FULL', 'E_HASH', 'E_TIMEOUT', 'E_HTTP_418'].map((code) => failed(code)),
  ).toEqual([...['logIn', 'newLink', 'fewer', 'space', 'fresh', 'retry', 'retry']]);
});

test('with one connection fewer are no cure', () => {
  expect(failed('E_HOST_BUSY', { connections: 1 })).toBe('retry');
  expect([8, 3, 1].map(fewerConnections)).toEqual([4, 1, 1]);
});

test('a waiting download offers what ends its wait, a running one nothing', () => {
  expect(cureFor(rowOf(1, { state: 'waiting', waitingFor: 'url' }))).toBe('newLink');
  expect(cureFor(rowOf(1, { state: 'waiting', waitingFor: 'retry' }))).toBe('retry');
  expect(cureFor(rowOf(1, { state: 'waiting', waitingFor: 'network' }))).toBeUndefined();
  expect(cureFor(rowOf(1, { state: 'running' }))).toBeUndefined();
});

test('a row offers two things at most: the edit that a server refuses is undone first, and a dead link may be a wrong request', () => {
  const cures = (part: Partial<DownloadRow>) => curesFor(rowOf(1, part));
  const expired = { code: 'E_LINK_EXPIRED', message: '' };
  expect(cures({ state: 'waiting', waitingFor: 'url', failure: expired })).toEqual(['newLink', 'request']);
  expect(cures({ state: 'failed', failure: { code: 'E_NOT_FILE', message: '' } })).toEqual(['newLink', 'request']);
  expect(cures({ state: 'waiting', waitingFor: 'url', failure: expired, canUndoEdit: true })).toEqual(['undo', 'newLink']);
  expect(cures({ state: 'failed', failure: { code: 'E_TIMEOUT', message: '' }, canUndoEdit: true })).toEqual(['undo']);
  expect(cures({ state: 'running', canUndoEdit: true })).toEqual([]);
  const editRefused = { code: 'E_HTTP_403', message: '' };
  expect(cures({ state: 'running', canUndoEdit: true, editRefused })).toEqual(['undo', 'request']);
});
