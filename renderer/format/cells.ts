/** The 64 cells of a download's progress, out of their base64. */

const decoded = new Map<string, Uint8Array>();
const mostKept = 512;

/** How much of each equal part of the file is there, 0 to 255; empty while the size is unknown. */
export function decodeCells(text: string): Uint8Array {
  const known = decoded.get(text);
  if (known !== undefined) return known;
  const cells = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  // Idle rows ask for the same text again and again; running ones make a new one each time.
  if (decoded.size >= mostKept) decoded.clear();
  decoded.set(text, cells);
  return cells;
}

/** Runs of cells that are equally full, as [from, to) of all and how full, 0 to 1: few rectangles instead of 64. */
export function cellRuns(cells: Uint8Array): [from: number, to: number, fill: number][] {
  const runs: [number, number, number][] = [];
  for (let index = 0; index < cells.length; index++) {
    const fill = (cells[index] ?? 0) / 255;
    const last = runs.at(-1);
    if (last !== undefined && last[2] === fill) last[1] = index + 1;
    else runs.push([index, index + 1, fill]);
  }
  return runs.filter(([, , fill]) => fill > 0);
}
