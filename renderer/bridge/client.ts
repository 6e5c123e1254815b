/** The page's way to the application: calls with types, over whatever transport `send` is. */
import { CallError } from '#shared/call-failures';
import type { CallName, Result, Send, Sent } from '#shared/contract';

export type Call = <K extends CallName>(
  name: K,
  ...input: undefined extends Sent<K> ? [Sent<K>?] : [Sent<K>]
) => Promise<Result<K>>;

/** @throws CallError from the call it makes: the application's refusal, by code. */
export function createClient(send: Send): Call {
  return async (name, ...[input]) => {
    const reply = await send(name, input);
    if (!reply.ok) throw new CallError(reply.code, reply.message);
    return reply.value as Result<typeof name>;
  };
}
