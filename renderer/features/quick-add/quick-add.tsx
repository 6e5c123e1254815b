/** Links in, downloads out, as the settings say. What needs a decision goes to the main window's add dialog. */
import { Button, Textarea } from '@mantine/core';
import { type DragEvent, type FormEvent, useState } from 'react';
import type { RequestDraft } from '#shared/orders';
import type { Call } from '../../bridge/client.ts';
import { useTexts } from '../../i18n/use-texts.ts';
import { toRefusal } from '../../state/app.ts';
import { readFiles } from '../../ui/files.ts';
import classes from './quick-add.module.css';

interface Props {
  readonly call: Call;
  onDone(): void;
}

export function QuickAdd({ call, onDone }: Props) {
  const { t } = useTexts();
  const [text, setText] = useState('');
  const [problem, setProblem] = useState<string>();
  const [isSending, setSending] = useState(false);

  const act = async (work: () => Promise<string | undefined>) => {
    setSending(true);
    try {
      const refused = await work();
      setProblem(refused);
      if (refused === undefined) onDone();
    } catch (error) {
      setProblem(toRefusal(error).message);
    } finally {
      setSending(false);
    }
  };
  const send = (event: FormEvent) => {
    event.preventDefault();
    void act(async () => {
      const { requests } = await call('text.parse', { text });
      if (requests.length === 0) return t('add.nothingFound');
      await addAll(call, requests);
      return undefined;
    });
  };
  const more = () =>
    void act(async () => {
      await call('desktop.add', { text });
      return undefined;
    });
  const drop = async (event: DragEvent) => {
    event.preventDefault();
    const { dataTransfer } = event;
    const dropped = dataTransfer.getData('text/uri-list') || dataTransfer.getData('text/plain');
    const files = await readFiles([...dataTransfer.files]);
    const parsed = await Promise.all(files.map((file) => call('text.parse', file)));
    const links = parsed.flatMap(({ requests }) => requests.map(({ url }) => url));
    setText((before) => [before.trim(), dropped.trim(), ...links].filter((line) => line !== '').join('\n'));
  };

  return (
    <form
      className={classes.form}
      onSubmit={send}
      onDragOver={(event) => event.preventDefault()}
      onDrop={(event) => void drop(event)}
    >
      <Textarea
        className={classes.links}
        label={t('add.quickLinks')}
        value={text}
        onChange={(event) => setText(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) event.currentTarget.form?.requestSubmit();
          if (event.key === 'Escape') onDone();
        }}
        error={problem}
        rows={5}
        spellCheck={false}
        autoFocus
      />
      <div className={classes.foot}>
        <Button variant="default" onClick={more}>
          {t('add.quickOptions')}
        </Button>
        <Button type="submit" disabled={text.trim() === ''} loading={isSending}>
          {t('add.download')}
        </Button>
      </div>
    </form>
  );
}

/** Those that are there already or were refused are shown where one can decide about them. */
async function addAll(call: Call, requests: readonly RequestDraft[]): Promise<void> {
  const { results } = await call('downloads.add', { orders: requests.map((request) => ({ request })) });
  const rest = requests.filter((_, index) => results[index]?.type !== 'added');
  if (rest.length > 0) await call('desktop.add', { text: rest.map(({ url }) => url).join('\n') });
}
