/** How fast it all went in the last minute, in a line as small as a word. */
import { useEffect, useState } from 'react';
import { useApp } from '../../state/use-app.ts';
import { Canvas, type Drawing } from '../../ui/canvas.tsx';
import classes from './shell.module.css';

const sampleMs = 1_000;
const sampleCount = 60;
const sizePx = { width: 96, height: 18 } as const;

/** The last minute of the total speed, the newest last. While nothing moves, nothing is drawn anew. */
function useSpeeds(): readonly number[] {
  const { list } = useApp();
  const [speeds, setSpeeds] = useState<readonly number[]>([]);
  useEffect(() => {
    const sample = () => {
      const { bytesPerSecond } = list.store.getState();
      setSpeeds((known) =>
        bytesPerSecond === 0 && known.every((speed) => speed === 0) ? [] : [...known, bytesPerSecond].slice(-sampleCount),
      );
    };
    const timer = setInterval(sample, sampleMs);
    return () => clearInterval(timer);
  }, [list]);
  return speeds;
}

export function Sparkline() {
  const speeds = useSpeeds();
  return <Canvas {...sizePx} className={classes.sparkline} draw={(drawing) => drawSpeeds(drawing, speeds)} />;
}

function drawSpeeds({ context, width, height, color }: Drawing, speeds: readonly number[]): void {
  const most = Math.max(...speeds, 1);
  const step = width / (sampleCount - 1);
  const left = width - (speeds.length - 1) * step;
  const heightOf = (speed: number) => height - 1.5 - (speed / most) * (height - 3);
  context.strokeStyle = color('line-strong');
  context.beginPath();
  context.moveTo(0, height - 1);
  context.lineTo(width, height - 1);
  context.stroke();
  if (speeds.length < 2) return;
  context.strokeStyle = color('running');
  context.lineWidth = 1.5;
  context.lineJoin = 'round';
  context.beginPath();
  for (const [index, speed] of speeds.entries()) context.lineTo(left + index * step, heightOf(speed));
  context.stroke();
  context.lineTo(width, height - 1);
  context.lineTo(left, height - 1);
  context.globalAlpha = 0.18;
  context.fillStyle = color('running');
  context.fill();
  context.globalAlpha = 1;
}
