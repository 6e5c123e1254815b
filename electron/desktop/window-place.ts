/** Where the main window was, remembered between runs; never outside of the screens that are there now. */
import type { Rectangle } from 'electron';
import type { StoreFile } from '#downloads';

export interface Place {
  readonly bounds: Partial<Rectangle> & { readonly width: number; readonly height: number };
  readonly isMaximized: boolean;
}

const first: Place = { bounds: { width: 1180, height: 760 }, isMaximized: false };
const least = { width: 480, height: 360 };
/** Pixels of the window that have to be on a screen, so that it can be taken hold of. */
const grip = 80;

/** `screens`: their usable areas. What does not fit them, or is no place at all, is replaced. */
export function placeOn(stored: unknown, screens: readonly Rectangle[]): Place {
  const { bounds, isMaximized } = (stored ?? {}) as { bounds?: Partial<Rectangle>; isMaximized?: unknown };
  const { x = Number.NaN, y = Number.NaN, width = Number.NaN, height = Number.NaN } = bounds ?? {};
  if (![x, y, width, height].every(Number.isSafeInteger)) return first;
  const sizeOn = (area: Pick<Rectangle, 'width' | 'height'> | undefined) => ({
    width: Math.max(least.width, Math.min(width, area?.width ?? width)),
    height: Math.max(least.height, Math.min(height, area?.height ?? height)),
  });
  // As wide as it will be there, not as it was stored.
  const screen = screens.find(
    (area) =>
      x + sizeOn(area).width >= area.x + grip &&
      x <= area.x + area.width - grip &&
      y >= area.y &&
      y <= area.y + area.height - grip,
  );
  const size = sizeOn(screen);
  return { bounds: screen === undefined ? size : { x, y, ...size }, isMaximized: isMaximized === true };
}

export class WindowPlace {
  readonly #file: StoreFile;

  constructor(file: StoreFile) {
    this.#file = file;
  }

  read(screens: readonly Rectangle[]): Place {
    return placeOn(this.#file.store, screens);
  }

  write(bounds: Rectangle, isMaximized: boolean): void {
    this.#file.store = { bounds, isMaximized };
  }
}
