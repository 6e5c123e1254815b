/** A canvas that is as sharp as the screen and knows the page's colours. */
import { useComputedColorScheme } from '@mantine/core';
import { useLayoutEffect, useRef } from 'react';

export interface Drawing {
  readonly context: CanvasRenderingContext2D;
  /** In pixels of the page, not of the screen. */
  readonly width: number;
  readonly height: number;
  /** A colour of tokens.css, by name. */
  color(name: string): string;
}

let palette: { scheme: string; colors: Map<string, string> } | undefined;

/** Computed styles are slow to ask for, and fifty canvases ask ten times a second. */
function colorsOf(scheme: string): Map<string, string> {
  if (palette?.scheme !== scheme) palette = { scheme, colors: new Map() };
  return palette.colors;
}

function lookUp(colors: Map<string, string>, name: string): string {
  const known = colors.get(name);
  if (known !== undefined) return known;
  const value = getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
  colors.set(name, value);
  return value;
}

interface CanvasProps {
  readonly width: number;
  readonly height: number;
  readonly className?: string | undefined;
  readonly label?: string;
  /** Called again whenever the component is drawn. */
  readonly draw: (drawing: Drawing) => void;
}

export function Canvas({ width, height, className, label, draw }: CanvasProps) {
  const ref = useRef<HTMLCanvasElement>(null);
  const scheme = useComputedColorScheme('light');
  useLayoutEffect(() => {
    const canvas = ref.current;
    const context = canvas?.getContext('2d');
    if (!canvas || !context || width <= 0) return;
    const scale = window.devicePixelRatio || 1;
    const [wide, high] = [Math.round(width * scale), Math.round(height * scale)];
    if (canvas.width !== wide) canvas.width = wide;
    if (canvas.height !== high) canvas.height = high;
    context.setTransform(scale, 0, 0, scale, 0, 0);
    context.clearRect(0, 0, width, height);
    const colors = colorsOf(scheme);
    draw({ context, width, height, color: (name) => lookUp(colors, name) });
  });
  const size = { width: `${width}px`, height: `${height}px` };
  // biome-ignore lint/a11y/noAriaHiddenOnFocusable: a canvas without tabindex takes no focus.
  if (label === undefined) return <canvas ref={ref} className={className} style={size} aria-hidden="true" />;
  return <canvas ref={ref} className={className} style={size} role="img" aria-label={label} />;
}
