/** One setting as the dialog shows and finds it. */
import type { ReactNode } from 'react';
import type { Settings, SettingsChange } from '#shared/settings';
import type { Translate } from '../../i18n/use-texts.ts';

export const sections = [
  'folders',
  'transfer',
  'schedule',
  'network',
  'profiles',
  'appearance',
  'notifications',
  'server',
] as const;
export type Section = (typeof sections)[number];

export interface Entry {
  readonly section: Section;
  readonly label: string;
  readonly help: string;
  /** In words; absent where the help says it. */
  readonly byDefault?: string;
  readonly isWide?: boolean;
  readonly control: ReactNode;
}

/** What the makers of entries are given. */
export interface Making {
  readonly t: Translate;
  readonly settings: Settings;
  /** Where downloads go when no folder is set. */
  readonly directory: string;
  write(change: SettingsChange): void;
}

/** Every word of the search is somewhere in what the setting says of itself. */
export function fits({ label, help }: Entry, search: string): boolean {
  const text = `${label} ${help}`.toLowerCase();
  return search
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word));
}
