/** The controls of the settings. What is typed is written when it is left or Enter is pressed, all else at once. */
import { NativeSelect, NumberInput, Switch, Textarea, TextInput } from '@mantine/core';
import { type KeyboardEvent, useEffect, useState } from 'react';
import { useFolderDialog } from '../shell/choose-folder.tsx';

interface Labelled {
  readonly label: string;
}

interface TextSettingProps extends Labelled {
  readonly value: string;
  readonly placeholder?: string;
  readonly isLong?: boolean;
  /** It is the path of a folder. */
  readonly isFolder?: boolean;
  /** What is wrong with it; nothing is written while something is. */
  check?(text: string): string | undefined;
  onWrite(text: string): void;
}

export function TextSetting({
  label,
  value,
  placeholder = '',
  isLong = false,
  isFolder = false,
  check,
  onWrite,
}: TextSettingProps) {
  const folderDialog = useFolderDialog();
  const [text, setText] = useState(value);
  useEffect(() => setText(value), [value]);
  const error = check?.(text);
  const write = () => {
    if (text !== value && error === undefined) onWrite(text);
  };
  const common = {
    'aria-label': label,
    value: text,
    placeholder,
    error,
    spellCheck: false,
    onBlur: write,
    onChange: (event: { currentTarget: { value: string } }) => setText(event.currentTarget.value),
  };
  if (isLong) return <Textarea {...common} autosize minRows={2} maxRows={6} />;
  const section = isFolder ? folderDialog?.(value, onWrite) : undefined;
  return <TextInput {...common} rightSection={section} onKeyDown={(event: KeyboardEvent) => event.key === 'Enter' && write()} />;
}

interface NumberSettingProps extends Labelled {
  readonly value: number;
  readonly min: number;
  readonly max: number;
  onWrite(value: number): void;
}

export function NumberSetting({ label, value, min, max, onWrite }: NumberSettingProps) {
  const [typed, setTyped] = useState<string | number>(value);
  useEffect(() => setTyped(value), [value]);
  // Not before: on the way to 8123 the port would be 8, 81 and 812.
  const write = () => {
    const next = typed === '' ? value : Math.min(Math.max(Number(typed), min), max);
    setTyped(next);
    if (next !== value) onWrite(next);
  };
  return (
    <NumberInput
      aria-label={label}
      value={typed}
      min={min}
      max={max}
      clampBehavior="none"
      allowDecimal={false}
      onChange={setTyped}
      onBlur={write}
      onKeyDown={(event) => event.key === 'Enter' && write()}
    />
  );
}

interface SwitchSettingProps extends Labelled {
  readonly value: boolean;
  onWrite(value: boolean): void;
}

export const SwitchSetting = ({ label, value, onWrite }: SwitchSettingProps) => (
  <Switch aria-label={label} checked={value} onChange={(event) => onWrite(event.currentTarget.checked)} />
);

interface SelectSettingProps<T extends string> extends Labelled {
  readonly value: T;
  readonly choices: readonly (readonly [value: T, label: string])[];
  onWrite(value: T): void;
}

export const SelectSetting = <T extends string>({ label, value, choices, onWrite }: SelectSettingProps<T>) => (
  <NativeSelect
    aria-label={label}
    value={value}
    data={choices.map(([choice, text]) => ({ value: choice, label: text }))}
    onChange={(event) => onWrite(event.currentTarget.value as T)}
  />
);
