/** How fast it came, over time. */
import { useComputedColorScheme } from '@mantine/core';
import { useEffect, useRef } from 'react';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import type { Detail } from '#shared/rows';
import { sizeText, speedText, unknown } from '../../format/size.ts';
import { clockText, type Language } from '../../format/time.ts';
import { useTexts } from '../../i18n/use-texts.ts';
import { useDetails } from '../../state/use-app.ts';
import { useSize } from '../../ui/use-size.ts';
import classes from './details.module.css';

type Speeds = Detail['speeds'];

export function SpeedTab() {
  const { t } = useTexts();
  const detail = useDetails((state) => state.detail);
  const speeds = detail?.speeds ?? [];
  if (detail === undefined || speeds.length < 2) return <p className={classes.soft}>{t('details.speed.none')}</p>;
  const values = speeds.map(([, bytesPerSecond]) => bytesPerSecond);
  const average = values.reduce((sum, value) => sum + value, 0) / values.length;
  const figures = [
    ['now', speedText(values.at(-1) ?? 0) || unknown],
    ['average', speedText(average) || unknown],
    ['peak', speedText(values.reduce((most, value) => Math.max(most, value), 0)) || unknown],
    ['received', sizeText(detail.receivedBytes)],
    ['resumed', sizeText(detail.resumedBytes)],
  ] as const;
  return (
    <div className={classes.speed}>
      <dl className={classes.figures}>
        {figures.map(([name, text]) => (
          <div key={name}>
            <dt>{t(`details.speed.${name}`)}</dt>
            <dd>{text}</dd>
          </div>
        ))}
      </dl>
      <Chart speeds={speeds} label={t('details.speed.chart')} />
    </div>
  );
}

/** Round in powers of 1024: 1, 2, 4 … KiB to TiB. */
const steps = Array.from({ length: 32 }, (_, power) => 1024 * 2 ** power);

const token = (name: string): string => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

function options(width: number, height: number, language: Language): uPlot.Options {
  const axis = {
    stroke: token('text-soft'),
    grid: { stroke: token('line'), width: 1 },
    ticks: { show: false },
    font: `11px ${token('font')}`,
  };
  const running = token('running');
  return {
    width,
    height,
    padding: [8, 14, 0, 0],
    cursor: { y: false, points: { size: 7 } },
    scales: { y: { range: (_chart, _min, max) => [0, Math.max(max * 1.1, 1024)] } },
    axes: [
      { ...axis, space: 90, size: 30, values: (_chart, splits) => splits.map((at) => clockText(at * 1000, language)) },
      { ...axis, size: 76, incrs: steps, values: (_chart, splits) => splits.map((value) => speedText(value) || '0') },
    ],
    series: [
      {},
      { stroke: running, width: 1.75, fill: `color-mix(in srgb, ${running} 16%, transparent)`, points: { show: false } },
    ],
  };
}

const columnsOf = (speeds: Speeds): uPlot.AlignedData => [speeds.map(([at]) => at / 1000), speeds.map(([, value]) => value)];

function Chart({ speeds, label }: { readonly speeds: Speeds; readonly label: string }) {
  const { language } = useTexts();
  const { ref, width, height } = useSize<HTMLDivElement>();
  const chart = useRef<uPlot | undefined>(undefined);
  const scheme = useComputedColorScheme('light');
  const newest = useRef(speeds);
  newest.current = speeds;
  // biome-ignore lint/correctness/useExhaustiveDependencies: another scheme has other colours.
  useEffect(() => {
    if (ref.current === null || width === 0 || height === 0) return;
    const made = new uPlot(options(width, height, language), columnsOf(newest.current), ref.current);
    chart.current = made;
    return () => {
      chart.current = undefined;
      made.destroy();
    };
  }, [ref, width, height, scheme, language]);
  useEffect(() => chart.current?.setData(columnsOf(speeds)), [speeds]);
  return <div ref={ref} className={classes.chart} role="img" aria-label={label} />;
}
