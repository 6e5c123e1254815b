/** Answers calls, whatever transport brought them: checks the name and the input, runs the handler, makes every error a reply. */

import { CallError } from '#shared/call-failures';
import { type CallName, calls, type Received, type Reply, type Result } from '#shared/contract';
import { checked } from './checked.ts';

/** Who calls: one window, one socket, one command. `Feed` knows the watchers by it. */
export interface Caller {
  readonly id: string;
}

export type Handlers = {
  readonly [K in CallName]: (input: Received<K>, caller: Caller) => Result<K> | Promise<Result<K>>;
};

export type Answer = (name: string, input: unknown, caller: Caller) => Promise<Reply>;

interface Ports {
  /** A failure with a code of its own; undefined for what is a mistake of ours. */
  toFailure(error: unknown): { readonly code: string; readonly message: string } | undefined;
  /** A mistake of ours: for the log, not for the caller. */
  onMistake(name: string, error: unknown): void;
}

/** @returns a function that never throws. */
export function createAnswer(handlers: Handlers, { toFailure, onMistake }: Ports): Answer {
  return async (name, input, caller) => {
    if (!Object.hasOwn(calls, name))
      return { ok: false, code: 'UNKNOWN_CALL', message: `there is no call ${JSON.stringify(name.slice(0, 100))}` };
    const call = name as CallName;
    const parsed = await checked(calls[call].input, input);
    if (!parsed.success) {
      const [issue] = parsed.error.issues;
      const place = issue && issue.path.length > 0 ? `${issue.path.join('.')}: ` : '';
      return { ok: false, code: 'BAD_INPUT', message: `${place}${issue?.message ?? 'is not what was expected'}` };
    }
    const handler = handlers[call] as (input: unknown, caller: Caller) => unknown;
    try {
      return { ok: true, value: await handler(parsed.data, caller) };
    } catch (error) {
      if (error instanceof CallError) return { ok: false, code: error.code, message: error.message };
      const failure = toFailure(error);
      if (failure !== undefined) return { ok: false, ...failure };
      onMistake(call, error);
      return { ok: false, code: 'INTERNAL', message: `${call} went wrong inside Sluice` };
    }
  };
}
