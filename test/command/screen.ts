/** As much of a terminal as a display needs: rows and columns, wrapping, scrolling, and the sequences of node:readline. */

// biome-ignore lint/suspicious/noControlCharactersInRegex: a terminal's commands begin with one.
const sequence = /^\u001b\[(\?)?(\d*)([A-Za-z])/;

export class Screen {
  readonly #columns: number;
  readonly #rows: number;
  readonly #scrolledOff: string[] = [];
  #cells: string[][] = [[]];
  #x = 0;
  #y = 0;
  readonly #waiting = new Set<() => void>();

  constructor(columns: number, rows: number) {
    this.#columns = columns;
    this.#rows = rows;
  }

  /** All there is, scrolled off or not, without the empty lines at the end. */
  lines(): string[] {
    const all = [...this.#scrolledOff, ...this.#cells.map((cells) => cells.join('').trimEnd())];
    while (all.at(-1) === '') all.pop();
    return all;
  }

  async until(condition: (lines: string[]) => boolean): Promise<void> {
    while (!condition(this.lines())) {
      await new Promise<void>((resolve) => {
        this.#waiting.add(resolve);
      });
    }
  }

  write(text: string): void {
    let rest = text;
    while (rest !== '') {
      const match = sequence.exec(rest);
      if (match) this.#obey(match[2] ?? '', match[3] ?? '');
      else this.#put(rest.charAt(0));
      rest = rest.slice(match?.[0].length ?? 1);
    }
    for (const wake of this.#waiting) wake();
    this.#waiting.clear();
  }

  #put(character: string): void {
    if (character === '\n') {
      this.#x = 0;
      this.#down();
      return;
    }
    if (this.#x === this.#columns) this.#put('\n');
    const cells = this.#line();
    while (cells.length < this.#x) cells.push(' ');
    cells[this.#x] = character;
    this.#x += 1;
  }

  #obey(parameter: string, command: string): void {
    const count = parameter === '' ? 1 : Number(parameter);
    if (command === 'A') this.#y = Math.max(0, this.#y - count);
    else if (command === 'G') this.#x = count - 1;
    else if (command === 'K') this.#clearLine(parameter);
    else if (command === 'J') {
      this.#line().splice(this.#x);
      this.#cells.splice(this.#y + 1);
    } else throw new Error(`the screen does not know the sequence ${parameter}${command}`);
  }

  #clearLine(parameter: string): void {
    if (parameter === '2') this.#line().splice(0);
    else this.#line().splice(this.#x);
  }

  #down(): void {
    this.#y += 1;
    if (this.#y < this.#rows) return;
    this.#scrolledOff.push((this.#cells.shift() ?? []).join('').trimEnd());
    this.#y -= 1;
  }

  #line(): string[] {
    while (this.#cells.length <= this.#y) this.#cells.push([]);
    return this.#cells[this.#y] ?? [];
  }
}
