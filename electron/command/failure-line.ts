/** The one line a failed download gets on stderr: what, why, and what to do. */
import type { Failure } from '#shared/failure';
import { cureOf } from '#shared/failure';
import { printable } from './printable.ts';

export const failureLine = (label: string, failure: Failure): string =>
  `sluice: ${printable(label)}: ${printable(failure.message)}; ${cureOf(failure.code)}`;
