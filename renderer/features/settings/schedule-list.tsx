/** The hours of the week in which downloads run, each with a limit of its own. */
import { Button, Checkbox, Switch, TextInput } from '@mantine/core';
import { useState } from 'react';
import type { Settings, TimeWindow } from '#shared/settings';
import { parseBytes } from '#shared/units';
import { limitText } from '../../format/size.ts';
import { minuteText, parseMinute } from '../../format/time.ts';
import { useTexts } from '../../i18n/use-texts.ts';
import { IconButton } from '../../ui/icon-button.tsx';
import classes from './settings.module.css';

type Schedule = Settings['schedule'];

interface ScheduleListProps {
  readonly label: string;
  readonly schedule: Schedule;
  onChange(schedule: Schedule): void;
}

/** By number as the settings have them, Monday first. */
const everyDay = [
  [1, 'mon'],
  [2, 'tue'],
  [3, 'wed'],
  [4, 'thu'],
  [5, 'fri'],
  [6, 'sat'],
  [0, 'sun'],
] as const;
const night: TimeWindow = {
  weekdays: everyDay.map(([day]) => day),
  startMinute: 23 * 60,
  endMinute: 7 * 60,
  limitBytesPerSecond: 0,
};

export function ScheduleList({ label, schedule, onChange }: ScheduleListProps) {
  const { t } = useTexts();
  const { isOn, windows } = schedule;
  const setWindows = (next: TimeWindow[]) => onChange({ isOn, windows: next });
  return (
    <div className={classes.entries}>
      <Switch aria-label={label} checked={isOn} onChange={(event) => onChange({ isOn: event.currentTarget.checked, windows })} />
      {isOn && windows.length === 0 && <p className={classes.help}>{t('settings.scheduleEmpty')}</p>}
      {windows.map((window, index) => (
        <WindowFields
          // biome-ignore lint/suspicious/noArrayIndexKey: a window is nothing but its place and its values.
          key={index}
          window={window}
          onChange={(next) => setWindows(windows.with(index, next))}
          onRemove={() => setWindows(windows.filter((_, place) => place !== index))}
        />
      ))}
      <Button variant="default" onClick={() => setWindows([...windows, night])}>
        {t('settings.scheduleNew')}
      </Button>
    </div>
  );
}

interface WindowFieldsProps {
  readonly window: TimeWindow;
  onChange(window: TimeWindow): void;
  onRemove(): void;
}

function WindowFields({ window, onChange, onRemove }: WindowFieldsProps) {
  const { t } = useTexts();
  const [start, setStart] = useState(minuteText(window.startMinute));
  const [end, setEnd] = useState(minuteText(window.endMinute));
  const [limit, setLimit] = useState(limitText(window.limitBytesPerSecond));
  const [startMinute, endMinute] = [parseMinute(start), parseMinute(end)];
  const limitBytesPerSecond = limit.trim() === '' ? 0 : parseBytes(limit);
  const isStartWrong = startMinute === undefined || startMinute > 1439;
  const write = () => {
    if (isStartWrong || endMinute === undefined || limitBytesPerSecond === undefined) return;
    onChange({ ...window, startMinute, endMinute, limitBytesPerSecond });
  };
  const toggleDay = (day: number, isOn: boolean) =>
    onChange({ ...window, weekdays: isOn ? [...window.weekdays, day] : window.weekdays.filter((other) => other !== day) });
  const hours = `${start}–${end}`;
  return (
    <fieldset className={classes.entry} aria-label={hours} onBlur={write}>
      <TextInput
        label={t('settings.scheduleFrom')}
        value={start}
        onChange={(event) => setStart(event.currentTarget.value)}
        error={isStartWrong ? t('settings.timeWrong') : undefined}
      />
      <TextInput
        label={t('settings.scheduleTo')}
        value={end}
        onChange={(event) => setEnd(event.currentTarget.value)}
        error={endMinute === undefined ? t('settings.timeWrong') : undefined}
      />
      <TextInput
        label={t('settings.scheduleLimit')}
        value={limit}
        onChange={(event) => setLimit(event.currentTarget.value)}
        error={limitBytesPerSecond === undefined ? t('add.limitWrong') : undefined}
      />
      <span className={classes.entryTools}>
        <IconButton icon="close" size={26} label={t('settings.remove', { name: hours })} onClick={onRemove} />
      </span>
      <fieldset className={classes.days}>
        <legend className="visually-hidden">{t('settings.scheduleDays')}</legend>
        {everyDay.map(([day, name]) => (
          <Checkbox
            key={day}
            label={t(`settings.weekday.${name}`)}
            checked={window.weekdays.includes(day)}
            onChange={(event) => toggleDay(day, event.currentTarget.checked)}
          />
        ))}
      </fieldset>
    </fieldset>
  );
}
