/** Mistakes of Sluice's own: written down, said once, and no reason to end. */
import { appendFileSync, renameSync, statSync } from 'node:fs';
import { join } from 'node:path';

const largestLogBytes = 1024 * 1024;

/** Addresses lose what may be secret in them: login and query. */
export const withoutSecrets = (text: string): string =>
  text.replaceAll(/(\bhttps?:\/\/)[^\s/@]*@/gi, '$1').replaceAll(/(\bhttps?:\/\/[^\s?#]*)[?#][^\s]*/gi, '$1');

export class Mistakes {
  readonly path: string;
  readonly #said = new Set<string>();
  /** Says a mistake to the person, the first time it happens. */
  onFirst: () => void = () => {};

  constructor(dataFolder: string) {
    this.path = join(dataFolder, 'mistakes.log');
  }

  /** Never throws. */
  readonly take = (error: unknown): void => {
    const text = withoutSecrets(error instanceof Error ? (error.stack ?? error.message) : String(error));
    this.#write(`${new Date().toISOString()} ${text}\n`);
    const [first = ''] = text.split('\n', 1);
    if (this.#said.has(first)) return;
    this.#said.add(first);
    this.onFirst();
  };

  #write(text: string): void {
    try {
      if ((statSync(this.path, { throwIfNoEntry: false })?.size ?? 0) > largestLogBytes)
        renameSync(this.path, `${this.path}.old`);
      appendFileSync(this.path, text, { mode: 0o600 });
    } catch {
      // A disk that takes no log is a trouble that downloads tell of.
    }
  }
}
