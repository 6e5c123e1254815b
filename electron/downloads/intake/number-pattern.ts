/** Addresses with a number that counts: `file[001-100].zip`, `disc-[a-d].iso`. */

export type Expanded =
  | { readonly ok: true; readonly addresses: readonly string[] }
  /** A sentence with the pattern that cannot be counted. */
  | { readonly ok: false; readonly message: string };

const pattern = /\[(\d{1,9})-(\d{1,9})(?::(\d{1,6}))?\]|\[([a-z])-([a-z])\]|\[([A-Z])-([A-Z])\]/;

/** Leading zeros of the first number give the width. Several patterns multiply, up to `most` addresses in all. */
export function expandNumbers(address: string, most: number): Expanded {
  const match = pattern.exec(address);
  if (match === null) return { ok: true, addresses: [address] };
  const [whole, first, last, step] = match;
  const values = first === undefined ? lettersOf(match) : numbersOf(first, last ?? '', Number(step ?? 1), most);
  if (values === undefined) return { ok: false, message: `${whole} in the address counts to nothing, or to more than ${most}` };
  const before = address.slice(0, match.index);
  const rest = expandNumbers(address.slice(match.index + whole.length), most);
  if (!rest.ok) return rest;
  if (values.length * rest.addresses.length > most) {
    return { ok: false, message: `${whole} and the patterns behind it make more than ${most} addresses` };
  }
  return { ok: true, addresses: values.flatMap((value) => rest.addresses.map((end) => before + value + end)) };
}

function numbersOf(first: string, last: string, step: number, most: number): string[] | undefined {
  const from = Number(first);
  const to = Number(last);
  const count = Math.floor((to - from) / step) + 1;
  if (!(step >= 1) || !(count >= 1) || count > most) return undefined;
  return Array.from({ length: count }, (_, index) => String(from + index * step).padStart(first.length, '0'));
}

function lettersOf(match: RegExpExecArray): string[] | undefined {
  const from = (match[4] ?? match[6] ?? '').charCodeAt(0);
  const to = (match[5] ?? match[7] ?? '').charCodeAt(0);
  if (to < from) return undefined;
  return Array.from({ length: to - from + 1 }, (_, index) => String.fromCharCode(from + index));
}
