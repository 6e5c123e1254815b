/** The categories: what belongs to each, and its folder. */
import { Button, TextInput } from '@mantine/core';
import { type FocusEvent, useEffect, useRef, useState } from 'react';
import type { Category } from '#shared/settings';
import { useTexts } from '../../i18n/use-texts.ts';
import { IconButton } from '../../ui/icon-button.tsx';
import { words } from './network-entries.tsx';
import classes from './settings.module.css';

interface CategoryListProps {
  readonly categories: readonly Category[];
  onChange(categories: Category[]): void;
}

/** What is being typed is kept here until it is left: a name that is half written must not be saved. */
export function CategoryList({ categories, onChange }: CategoryListProps) {
  const { t } = useTexts();
  const [drafts, setDrafts] = useState<readonly Category[]>(categories);
  // What comes back of our own is older than what is being typed by then.
  const ours = useRef(new Set<string>());
  useEffect(() => {
    if (!ours.current.has(JSON.stringify(categories))) setDrafts(categories);
  }, [categories]);
  const save = (next: readonly Category[]) => {
    setDrafts(next);
    if (next.some(({ name }) => name.trim() === '')) return;
    ours.current.add(JSON.stringify(next));
    onChange([...next]);
  };
  const saveWhenLeft = ({ currentTarget, relatedTarget }: FocusEvent) => {
    if (!currentTarget.contains(relatedTarget)) save(drafts);
  };
  const blank = { name: '', extensions: [], hosts: [], patterns: [] };
  return (
    <div className={`${classes.entries} ${classes.table}`}>
      {drafts.map((category, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a category's name changes while it is typed.
        <fieldset key={index} className={classes.entry} aria-label={category.name} onBlur={saveWhenLeft}>
          <CategoryFields category={category} onChange={(next) => setDrafts(drafts.with(index, next))} />
          <span className={classes.entryTools}>
            <IconButton
              icon="up"
              size={26}
              label={t('settings.categoryUp', { name: category.name })}
              isDisabled={index === 0}
              onClick={() => save(swap(drafts, index - 1))}
            />
            <IconButton
              icon="down"
              size={26}
              label={t('settings.categoryDown', { name: category.name })}
              isDisabled={index === drafts.length - 1}
              onClick={() => save(swap(drafts, index))}
            />
            <IconButton
              icon="close"
              size={26}
              label={t('settings.remove', { name: category.name })}
              onClick={() => save(drafts.filter((_, place) => place !== index))}
            />
          </span>
        </fieldset>
      ))}
      <Button variant="default" onClick={() => setDrafts([...drafts, blank])}>
        {t('settings.categoryNew')}
      </Button>
    </div>
  );
}

function swap(categories: readonly Category[], first: number): Category[] {
  const [before, after] = [categories[first], categories[first + 1]];
  if (before === undefined || after === undefined) return [...categories];
  return categories.with(first, after).with(first + 1, before);
}

interface CategoryFieldsProps {
  readonly category: Category;
  onChange(category: Category): void;
}

function CategoryFields({ category, onChange }: CategoryFieldsProps) {
  const { t } = useTexts();
  const { directory: _folder, ...inDefault } = category;
  const { fileName: _name, ...asNamed } = category;
  return (
    <>
      <TextInput
        label={t('settings.categoryName')}
        value={category.name}
        onChange={(event) => onChange({ ...category, name: event.currentTarget.value })}
      />
      <TextInput
        label={t('settings.categoryFolder')}
        value={category.directory ?? ''}
        onChange={({ currentTarget: { value } }) => onChange(value === '' ? inDefault : { ...category, directory: value })}
      />
      <TextInput
        label={t('settings.categoryFileName')}
        placeholder="{name}"
        value={category.fileName ?? ''}
        spellCheck={false}
        onChange={({ currentTarget: { value } }) => onChange(value === '' ? asNamed : { ...category, fileName: value })}
      />
      <WordsInput
        label={t('settings.categoryExtensions')}
        value={category.extensions}
        onChange={(extensions) => onChange({ ...category, extensions })}
      />
      <WordsInput
        label={t('settings.categoryHosts')}
        value={category.hosts}
        onChange={(hosts) => onChange({ ...category, hosts })}
      />
    </>
  );
}

interface WordsInputProps {
  readonly label: string;
  readonly value: readonly string[];
  onChange(value: string[]): void;
}

/** Words between spaces. The space that ends one is kept while the next is typed. */
function WordsInput({ label, value, onChange }: WordsInputProps) {
  const [text, setText] = useState(value.join(' '));
  return (
    <TextInput
      label={label}
      value={text}
      spellCheck={false}
      onChange={(event) => {
        setText(event.currentTarget.value);
        onChange(words(event.currentTarget.value.toLowerCase().replaceAll(/(^|\s)\./g, '$1')));
      }}
    />
  );
}
