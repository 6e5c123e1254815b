/** Reads the parameters of a method by their places, counted from 0 behind the token. @throws RpcError in aria2's words. */
import { RpcError } from './rpc-error.ts';

/** Options as a client sends them: numbers as strings, a list where an option may be given several times. */
export type RpcOptions = Readonly<Record<string, string | readonly string[]>>;

const gidForm = /^[0-9a-f]{1,16}$/i;

export class Params {
  readonly #values: readonly unknown[];

  constructor(values: readonly unknown[]) {
    this.#values = values;
  }

  has(at: number): boolean {
    return this.#values[at] !== undefined;
  }

  string(at: number): string {
    return this.#typed(at, (value) => typeof value === 'string') as string;
  }

  integer(at: number): number {
    return this.#typed(at, Number.isSafeInteger) as number;
  }

  strings(at: number): readonly string[] {
    return this.#typed(at, areStrings) as readonly string[];
  }

  gid(at: number): string {
    const text = this.string(at);
    if (!gidForm.test(text)) throw new RpcError(`Invalid GID ${text.slice(0, 100)}`);
    return text.toLowerCase().padStart(16, '0');
  }

  /** Empty where none are given. */
  options(at: number): RpcOptions {
    if (!this.has(at)) return {};
    return this.#typed(at, isOptions) as RpcOptions;
  }

  #typed(at: number, isRight: (value: unknown) => boolean): unknown {
    const value = this.#values[at];
    if (value === undefined) throw new RpcError(`The parameter at ${at} is required but missing.`);
    if (!isRight(value)) throw new RpcError(`The parameter at ${at} has wrong type.`);
    return value;
  }
}

const areStrings = (value: unknown): boolean => Array.isArray(value) && value.every((one) => typeof one === 'string');

function isOptions(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  return Object.values(value).every((one) => typeof one === 'string' || areStrings(one));
}
