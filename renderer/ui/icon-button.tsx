/** A button that is an icon; its name is its tooltip too. */
import { ActionIcon, Tooltip } from '@mantine/core';
import { Icon, type IconName } from './icon.tsx';

interface IconButtonProps {
  readonly icon: IconName;
  readonly label: string;
  readonly onClick: () => void;
  readonly isDisabled?: boolean;
  readonly size?: number;
  readonly isPressed?: boolean;
}

export function IconButton({ icon, label, onClick, isDisabled = false, size = 30, isPressed }: IconButtonProps) {
  return (
    <Tooltip label={label}>
      <ActionIcon aria-label={label} onClick={onClick} disabled={isDisabled} size={size} aria-pressed={isPressed}>
        <Icon name={icon} size={Math.round(size * 0.58)} />
      </ActionIcon>
    </Tooltip>
  );
}
