/** The two streams of the process. Writing never throws: a closed pipe or a lost terminal must not end a download. */

import type { WriteStream } from 'node:tty';
import { styleText } from 'node:util';

/** A stream of the process: what only a terminal has is absent when it goes to a file or pipe. */
export type OutputStream = NodeJS.WritableStream & Partial<Pick<WriteStream, 'isTTY' | 'rows' | 'hasColors'>>;

/** Where the live display puts a line that is to stay; it draws itself again below. */
export type LineSink = (text: string) => void;

type Style = 'red' | 'green' | 'yellow' | 'bold' | 'dim';

export class Output {
  readonly stdout: OutputStream;
  readonly #stderr: OutputStream;
  #isColored = true;
  readonly #closed = new Set<OutputStream>();
  #above: LineSink | undefined;

  constructor(stdout: OutputStream, stderr: OutputStream) {
    this.stdout = stdout;
    this.#stderr = stderr;
    for (const stream of [stdout, stderr]) stream.on('error', () => this.#closed.add(stream));
  }

  /** Whether rows can be drawn over: a terminal that understands the cursor. */
  get canRedraw(): boolean {
    return this.stdout.isTTY === true && process.env.TERM !== 'dumb';
  }

  /** One line on stdout. */
  line(text: string): void {
    if (this.#above) this.#above(text);
    else this.#write(this.stdout, text);
  }

  /** One line on stderr, in place of the live display where both are the same screen. */
  errorLine(text: string): void {
    if (this.#above && this.#stderr.isTTY) this.#above(text);
    else this.#write(this.#stderr, text);
  }

  /** Puts a live display between the lines and the screen, until it is given undefined. */
  drawBelow(above: LineSink | undefined): void {
    this.#above = above;
  }

  /** `--no-color`. */
  dropColors(): void {
    this.#isColored = false;
  }

  /** Marks up a text for stdout; plain where colors are off. `NO_COLOR` and `TERM` are read by `hasColors`. */
  paint(style: Style, text: string): string {
    const isColored = this.#isColored && this.stdout.isTTY && this.stdout.hasColors?.();
    return isColored ? styleText(style, text, { validateStream: false }) : text;
  }

  /** Resolves once everything written has left the process. */
  async flush(): Promise<void> {
    const streams = [this.stdout, this.#stderr].filter((stream) => !this.#closed.has(stream));
    await Promise.all(streams.map((stream) => new Promise<void>((resolve) => stream.write('', () => resolve()))));
  }

  #write(stream: OutputStream, text: string): void {
    if (!this.#closed.has(stream)) stream.write(`${text}\n`);
  }
}
