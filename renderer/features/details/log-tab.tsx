/** What happened, in plain words, and every exchange with a server as it went over the wire. */
import { Button, SegmentedControl } from '@mantine/core';
import { useEffect, useState } from 'react';
import type { Result } from '#shared/contract';
import type { DownloadId } from '#shared/rows';
import { sizeText } from '../../format/size.ts';
import { clockText } from '../../format/time.ts';
import { logText } from '../../i18n/failure-text.ts';
import { useTexts } from '../../i18n/use-texts.ts';
import { useApp, useDetails } from '../../state/use-app.ts';
import { saveText } from '../../ui/files.ts';
import classes from './details.module.css';

type Exchanges = Result<'transcript.read'>['exchanges'];

export function LogTab({ id }: { readonly id: DownloadId }) {
  const { t } = useTexts();
  const [shown, setShown] = useState<'events' | 'exchanges'>('events');
  return (
    <>
      <div className={classes.logHead}>
        <SegmentedControl
          aria-label={t('details.tab.log')}
          value={shown}
          onChange={(value) => setShown(value as typeof shown)}
          data={[
            { value: 'events', label: t('details.log.events') },
            { value: 'exchanges', label: t('details.log.exchanges') },
          ]}
        />
      </div>
      {shown === 'events' ? <Events /> : <ExchangeList id={id} />}
    </>
  );
}

function Events() {
  const { t, language } = useTexts();
  const detail = useDetails((state) => state.detail);
  const log = detail?.log ?? [];
  if (log.length === 0) return <p className={classes.soft}>{t('details.log.none')}</p>;
  return (
    <ol className={classes.log}>
      {log.map((line, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: lines are only ever added at the end.
        <li key={(detail?.logFrom ?? 0) + index}>
          <time dateTime={new Date(line.at).toISOString()}>{clockText(line.at, language)}</time>
          <span className={classes.dot} data-level={line.level} role="img" aria-label={t(`details.log.${line.level}`)} />
          <span>{logText(t, line)}</span>
        </li>
      ))}
    </ol>
  );
}

function ExchangeList({ id }: { readonly id: DownloadId }) {
  const app = useApp();
  const { t } = useTexts();
  const [exchanges, setExchanges] = useState<Exchanges>([]);
  const read = () => app.attempt(async () => setExchanges((await app.call('transcript.read', { id })).exchanges));
  const save = () => app.attempt(async () => saveText('transcript.txt', (await app.call('transcript.export', { id })).text));
  // biome-ignore lint/correctness/useExhaustiveDependencies: read once when it is shown.
  useEffect(() => void read(), [id]);
  return (
    <>
      <div className={classes.logHead}>
        <Button variant="default" onClick={() => void read()}>
          {t('details.log.refresh')}
        </Button>
        <Button variant="default" onClick={() => void save()} disabled={exchanges.length === 0}>
          {t('details.log.save')}
        </Button>
      </div>
      {exchanges.length === 0 && <p className={classes.soft}>{t('details.log.noExchanges')}</p>}
      {exchanges.map((exchange) => (
        <ExchangeCard key={`${exchange.at} ${exchange.request}`} exchange={exchange} />
      ))}
    </>
  );
}

const linesOf = (headers: readonly (readonly [string, string])[]): string =>
  headers.map(([name, value]) => `${name}: ${value}`).join('\n');

function ExchangeCard({ exchange }: { readonly exchange: Exchanges[number] }) {
  const { t, language } = useTexts();
  const { at, request, status, headersMs, bytes, failure } = exchange;
  const facts = [
    clockText(at, language),
    status ?? failure?.code,
    headersMs === undefined ? undefined : t('details.log.took', { ms: Math.round(headersMs) }),
    t('details.log.received', { size: sizeText(bytes) }),
  ];
  return (
    <details className={classes.exchange}>
      <summary>
        <span className={classes.mono}>{request}</span>
        <div className={classes.soft}>{facts.filter((fact) => fact !== undefined).join(' · ')}</div>
      </summary>
      <pre>{linesOf(exchange.requestHeaders)}</pre>
      {status !== undefined && <pre>{linesOf(exchange.responseHeaders)}</pre>}
      {failure !== undefined && <p>{failure.message}</p>}
    </details>
  );
}
