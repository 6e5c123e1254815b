/** An answer that is a failure, in aria2's words where it has some. `code` 1 is aria2's for everything that a method refuses. */
export class RpcError extends Error {
  readonly code: number;

  constructor(message: string, code = 1) {
    super(message);
    this.name = 'RpcError';
    this.code = code;
  }
}

export const parseError = new RpcError('Parse error.', -32_700);
export const invalidRequest = new RpcError('Invalid Request.', -32_600);
export const invalidParams = new RpcError('Invalid params.', -32_602);
export const unauthorized = new RpcError('Unauthorized');

/** HTTP says it too, as aria2 does. */
export function statusOf({ code }: Pick<RpcError, 'code'>): 400 | 500 {
  return code === parseError.code || code === invalidParams.code ? 500 : 400;
}
