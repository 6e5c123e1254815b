import { printable } from './printable.ts';

/** The command was not given right: one line that names the argument and what was expected; exit 2, nothing was done. */
export class UsageError extends Error {}

/** A value as it may stand in a message: short, and without anything a terminal would act on. Never for secrets. */
export const quoted = (text: string): string => `"${printable(text.length > 60 ? `${text.slice(0, 59)}…` : text)}"`;
