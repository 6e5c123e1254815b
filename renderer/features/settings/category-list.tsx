/** The categories: what belongs to each, and its folder. */
import { Button, TextInput } from '@mantine/core';
import { type FocusEvent, useEffect, useRef, useState } from 'react';
import type { Category } from '#shared/settings';
import { useTexts } from '../../i18n/use-texts.ts';
import { IconButton } from '../../ui/icon-button.tsx';
import { useFolderDialog } from '../shell/choose-folder.tsx';
import { shownLimits } from './defaults.ts';
import { words } from './network-entries.tsx';
import classes from './settings.module.css';

interface CategoryListProps {
  readonly categories: readonly Category[];
  onChange(categories: Category[]): void;
}

/** What is being typed is kept here until it is left: a name that is half written must not be saved, nor what would be refused. */
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
    if (next.some(({ name, patterns }) => name.trim() === '' || areTooMuch(patterns))) return;
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

const areTooMuch = (patterns: readonly string[]): boolean =>
  patterns.length > shownLimits.patterns || patterns.some(({ length }) => length > shownLimits.patternCharacters);

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
  const folderDialog = useFolderDialog();
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
        rightSection={folderDialog?.(category.directory ?? '', (directory) => onChange({ ...category, directory }))}
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
        parse={endings}
        onChange={(extensions) => onChange({ ...category, extensions })}
      />
      <WordsInput
        label={t('settings.categoryHosts')}
        value={category.hosts}
        parse={hostNames}
        onChange={(hosts) => onChange({ ...category, hosts })}
      />
      <WordsInput
        label={t('settings.categoryPatterns')}
        value={category.patterns}
        parse={spaced}
        error={areTooMuch(category.patterns) && t('settings.categoryPatternsWrong', shownLimits)}
        onChange={(patterns) => onChange({ ...category, patterns })}
      />
    </>
  );
}

const endings = (text: string): string[] => words(text.toLowerCase()).map((word) => word.replace(/^\./, ''));
const hostNames = (text: string): string[] => words(text.toLowerCase());
/** A comma may be part of an address. */
const spaced = (text: string): string[] => text.split(/\s+/).filter(Boolean);

interface WordsInputProps {
  readonly label: string;
  readonly value: readonly string[];
  readonly error?: string | false;
  parse(text: string): string[];
  onChange(value: string[]): void;
}

/** Words between spaces, as they are typed for as long as they mean the value: the space that ends one stays while the next comes. */
function WordsInput({ label, value, error, parse, onChange }: WordsInputProps) {
  const [text, setText] = useState('');
  const isTyped = parse(text).join(' ') === value.join(' ');
  return (
    <TextInput
      label={label}
      value={isTyped ? text : value.join(' ')}
      error={error}
      spellCheck={false}
      onChange={({ currentTarget }) => {
        setText(currentTarget.value);
        onChange(parse(currentTarget.value));
      }}
    />
  );
}
