/** A download's progress as it is: 64 cells of the file, each as full as what is on disk. */
import type { Counters, RowState } from '#shared/rows';
import { cellRuns, decodeCells } from '../../format/cells.ts';
import { Canvas, type Drawing } from '../../ui/canvas.tsx';

const cellCount = 64;

const colorOf = (state: RowState): string =>
  state === 'done'
    ? 'done'
    : state === 'failed'
      ? 'failed'
      : state === 'waiting'
        ? 'waiting'
        : state === 'running'
          ? 'running'
          : 'paused';

interface ProgressBarProps {
  readonly state: RowState;
  readonly counters: Counters;
  readonly width: number;
  readonly height: number;
}

export function ProgressBar({ state, counters, width, height }: ProgressBarProps) {
  return <Canvas width={width} height={height} draw={(drawing) => drawBar(drawing, state, counters)} />;
}

function drawBar({ context, width, height, color }: Drawing, state: RowState, [, doneBytes, , , , cells]: Counters): void {
  context.save();
  context.beginPath();
  context.roundRect(0, 0, width, height, height / 2);
  context.clip();
  context.fillStyle = color('track');
  context.fillRect(0, 0, width, height);
  context.fillStyle = color(colorOf(state));
  if (state === 'done') context.fillRect(0, 0, width, height);
  else if (cells !== '') drawCells(context, decodeCells(cells), width, height);
  else if (doneBytes > 0) drawStripes(context, width, height);
  context.restore();
}

function drawCells(context: CanvasRenderingContext2D, cells: Uint8Array, width: number, height: number): void {
  for (const [from, to, fill] of cellRuns(cells)) {
    // A cell that has but a little is still to be seen.
    context.globalAlpha = 0.3 + fill * 0.7;
    const start = (from / cellCount) * width;
    context.fillRect(start, 0, (to / cellCount) * width - start, height);
  }
}

/** Something is there, but of how much nobody knows. */
function drawStripes(context: CanvasRenderingContext2D, width: number, height: number): void {
  context.globalAlpha = 0.55;
  for (let left = -height; left < width; left += 12) {
    context.beginPath();
    context.moveTo(left, height);
    context.lineTo(left + height, 0);
    context.lineTo(left + height + 5, 0);
    context.lineTo(left + 5, height);
    context.fill();
  }
}
