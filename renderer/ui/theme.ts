/** Mantine's side of the page's look: sizes and habits of its components. Colours are in tokens.css and mantine.css. */
import {
  type ActionIconProps,
  type ButtonProps,
  type CheckboxProps,
  createTheme,
  type MenuProps,
  type ModalProps,
  type SegmentedControlProps,
  type SwitchProps,
  type TabsProps,
  type TextareaProps,
  type TextInputProps,
  type TooltipProps,
} from '@mantine/core';

/** By name alone: importing a component to say how it looks would put it into what is loaded at the start. */
const habit = <P>(defaultProps: Partial<P>) => ({ defaultProps });

/** The help is below the field, so that fields side by side are at one height whatever is said of them. */
const field = habit<TextInputProps>({ size: 'sm', inputWrapperOrder: ['label', 'input', 'error', 'description'] });

export const theme = createTheme({
  respectReducedMotion: true,
  cursorType: 'pointer',
  components: {
    ActionIcon: habit<ActionIconProps>({ variant: 'subtle', color: 'gray', size: 30 }),
    Button: habit<ButtonProps>({ size: 'xs' }),
    Checkbox: habit<CheckboxProps>({ size: 'xs' }),
    // Its placeholder for the first focus would be a child that a menu may not have.
    Menu: habit<MenuProps>({ shadow: 'none', transitionProps: { duration: 80 }, withInitialFocusPlaceholder: false }),
    // Locking the page's scroll would put a <style> element into it; the page itself never scrolls.
    Modal: habit<ModalProps>({ lockScroll: false, centered: true, radius: 'lg', transitionProps: { duration: 120 } }),
    NativeSelect: field,
    NumberInput: field,
    PasswordInput: field,
    SegmentedControl: habit<SegmentedControlProps>({ size: 'xs' }),
    Switch: habit<SwitchProps>({ size: 'sm' }),
    Tabs: habit<TabsProps>({ keepMounted: false }),
    Textarea: habit<TextareaProps>({ size: 'sm' }),
    TextInput: field,
    Tooltip: habit<TooltipProps>({ openDelay: 450, transitionProps: { duration: 80 } }),
  },
});
