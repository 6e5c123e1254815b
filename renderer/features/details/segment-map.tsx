/** The whole file as a field of small squares, from its first byte to its last. */
import type { Detail, DownloadRow } from '#shared/rows';
import { useTexts } from '../../i18n/use-texts.ts';
import { Canvas, type Drawing } from '../../ui/canvas.tsx';
import { useSize } from '../../ui/use-size.ts';
import classes from './details.module.css';

const stepPx = 12;
const squarePx = 10;
const rowCount = 6;

/** How much of each of `count` equal parts is there, 0 to 1. */
export function fillOf(done: readonly (readonly [number, number])[], size: number, count: number): Float64Array {
  const fill = new Float64Array(count);
  const part = size / count;
  for (const [start, end] of done) {
    for (let index = Math.floor(start / part); index < count && index * part < end; index++) {
      const overlap = Math.min(end, (index + 1) * part) - Math.max(start, index * part);
      fill[index] = (fill[index] ?? 0) + Math.max(0, overlap) / part;
    }
  }
  return fill;
}

interface SegmentMapProps {
  readonly row: DownloadRow;
  readonly detail: Detail;
  readonly percent: number;
}

export function SegmentMap({ row, detail, percent }: SegmentMapProps) {
  const { t } = useTexts();
  const { ref, width } = useSize<HTMLDivElement>();
  const columns = Math.max(1, Math.floor((width + stepPx - squarePx) / stepPx));
  const { size } = row;
  return (
    <div ref={ref} className={classes.map}>
      {size !== undefined && size > 0 && (
        <Canvas
          width={columns * stepPx}
          height={rowCount * stepPx}
          label={t('details.segments.map', { percent })}
          draw={(drawing) => drawMap(drawing, detail, size, columns)}
        />
      )}
    </div>
  );
}

function drawMap({ context, color }: Drawing, { done, segments }: Detail, size: number, columns: number): void {
  const count = columns * rowCount;
  const fill = fillOf(done, size, count);
  const active = new Set(
    segments
      .filter(({ state }) => state === 'streaming' || state === 'throttled')
      .map(({ cursor }) => Math.floor((cursor / size) * count)),
  );
  const [track, running, fetching] = [color('track'), color('running'), color('flow')];
  for (let index = 0; index < count; index++) {
    const left = (index % columns) * stepPx;
    const top = Math.floor(index / columns) * stepPx;
    const full = fill[index] ?? 0;
    context.globalAlpha = 1;
    context.fillStyle = active.has(index) ? fetching : track;
    square(context, left, top);
    if (full <= 0 || active.has(index)) continue;
    context.globalAlpha = 0.3 + full * 0.7;
    context.fillStyle = running;
    square(context, left, top);
  }
  context.globalAlpha = 1;
}

function square(context: CanvasRenderingContext2D, left: number, top: number): void {
  context.beginPath();
  context.roundRect(left, top, squarePx, squarePx, 2.5);
  context.fill();
}
