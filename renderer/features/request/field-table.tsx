/** A table of names and values: headers or cookies. */
import { Button, Textarea, TextInput } from '@mantine/core';
import { useState } from 'react';
import { parseCookies } from '#shared/cookies';
import { parseHeaders } from '../../format/fields.ts';
import { useTexts } from '../../i18n/use-texts.ts';
import { type DraftErrors, type FieldError, type FieldRow, mergeFields, moveField, toField } from '../../state/request-draft.ts';
import { IconButton } from '../../ui/icon-button.tsx';
import classes from './request.module.css';

interface FieldTableProps {
  readonly kind: 'headers' | 'cookies';
  readonly rows: readonly FieldRow[];
  readonly errors: DraftErrors['fields'];
  /** Whose Set-Cookie is pasted. */
  readonly host: string;
  onChange(rows: readonly FieldRow[]): void;
}

interface Pasted {
  readonly fields: readonly Omit<FieldRow, 'key'>[];
  /** What could not be taken, and why. */
  readonly leftOut: readonly string[];
}

function parsePasted(kind: FieldTableProps['kind'], text: string, host: string): Pasted {
  if (kind === 'headers') {
    const { headers, rest } = parseHeaders(text);
    return { fields: headers, leftOut: rest };
  }
  const { cookies, skipped } = parseCookies(text, host);
  return { fields: cookies, leftOut: skipped.map(({ line, reason }) => `${line}: ${reason}`) };
}

/** A wrong file may be thousands of lines. */
const mostShown = 5;

export function FieldTable({ kind, rows, errors, host, onChange }: FieldTableProps) {
  const { t } = useTexts();
  const [isPasting, setPasting] = useState(false);
  const [leftOut, setLeftOut] = useState<readonly string[]>([]);
  const isHeaders = kind === 'headers';
  return (
    <section>
      <div className={classes.tableHead}>
        <h3>{t(isHeaders ? 'request.headers' : 'request.cookies')}</h3>
        <Button variant="default" size="compact-xs" onClick={() => setPasting(!isPasting)} aria-expanded={isPasting}>
          {t(isHeaders ? 'request.pasteHeaders' : 'request.pasteCookies')}
        </Button>
        <Button variant="default" size="compact-xs" onClick={() => onChange([...rows, toField({ name: '', value: '' })])}>
          {t(isHeaders ? 'request.newHeader' : 'request.newCookie')}
        </Button>
      </div>
      {isPasting && (
        <PasteField
          kind={kind}
          host={host}
          onTaken={(pasted) => {
            onChange(mergeFields(rows, pasted.fields, isHeaders));
            setLeftOut(pasted.leftOut);
            setPasting(false);
          }}
        />
      )}
      {leftOut.length > 0 && (
        <p className={classes.soft} role="status">
          {t('request.leftOut', { lines: leftOut.slice(0, mostShown).join(' · '), count: leftOut.length })}
        </p>
      )}
      {rows.map((row, index) => (
        <FieldLine key={row.key} {...{ kind, rows, row, index, onChange }} error={errors.get(row.key)} />
      ))}
    </section>
  );
}

interface FieldLineProps extends Pick<FieldTableProps, 'kind' | 'rows' | 'onChange'> {
  readonly row: FieldRow;
  readonly index: number;
  readonly error: FieldError | undefined;
}

function FieldLine({ kind, rows, row, index, error, onChange }: FieldLineProps) {
  const { t } = useTexts();
  const number = index + 1;
  const isHeaders = kind === 'headers';
  const change = (part: Partial<FieldRow>) => onChange(rows.map((one) => (one.key === row.key ? { ...one, ...part } : one)));
  const name = row.name || String(number);
  return (
    <div className={classes.row}>
      <TextInput
        size="xs"
        aria-label={t(isHeaders ? 'request.header' : 'request.cookie', { number })}
        value={row.name}
        onChange={(event) => change({ name: event.currentTarget.value })}
        error={error === undefined ? undefined : t(`request.${error}`)}
        description={row.scope && t('request.cookieGoesTo', { place: `${row.scope.domain}${row.scope.path}` })}
        spellCheck={false}
      />
      <TextInput
        size="xs"
        aria-label={t(isHeaders ? 'request.headerValue' : 'request.cookieValue', { number })}
        value={row.value ?? ''}
        placeholder={row.value === null ? `••• ${t('request.kept')}` : ''}
        onChange={(event) => change({ value: event.currentTarget.value })}
        spellCheck={false}
      />
      <span className={classes.rowTools}>
        {isHeaders && (
          <>
            <IconButton
              icon="up"
              size={26}
              label={t('request.up', { name })}
              isDisabled={index === 0}
              onClick={() => onChange(moveField(rows, index, -1))}
            />
            <IconButton
              icon="down"
              size={26}
              label={t('request.down', { name })}
              isDisabled={index === rows.length - 1}
              onClick={() => onChange(moveField(rows, index, 1))}
            />
          </>
        )}
        <IconButton
          icon="close"
          size={26}
          label={t('request.drop', { name })}
          onClick={() => onChange(rows.filter(({ key }) => key !== row.key))}
        />
      </span>
    </div>
  );
}

interface PasteFieldProps extends Pick<FieldTableProps, 'kind' | 'host'> {
  onTaken(pasted: Pasted): void;
}

function PasteField({ kind, host, onTaken }: PasteFieldProps) {
  const { t } = useTexts();
  const [text, setText] = useState('');
  const [unread, setUnread] = useState<readonly string[]>();
  const take = () => {
    const pasted = parsePasted(kind, text, host);
    if (pasted.fields.length === 0) setUnread(pasted.leftOut.slice(0, mostShown));
    else onTaken(pasted);
  };
  return (
    <div className={classes.paste}>
      <Textarea
        label={t(kind === 'headers' ? 'request.pasteHeaders' : 'request.pasteCookies')}
        description={t(kind === 'headers' ? 'request.pasteHeadersHelp' : 'request.pasteCookiesHelp')}
        value={text}
        onChange={(event) => setText(event.currentTarget.value)}
        error={unread && [t('request.nothingTaken'), ...unread].join(' · ')}
        autosize
        minRows={3}
        maxRows={8}
      />
      <Button onClick={take} disabled={text.trim() === ''}>
        {t('request.take')}
      </Button>
    </div>
  );
}
