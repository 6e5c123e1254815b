/** The page's icons: strokes on a grid of 24. They say nothing to a screen reader; the button they are on does. */
const strokes = {
  add: 'M12 5v14M5 12h14',
  resume: 'M7 4.500v15l12.500-7.500z',
  pause: 'M7.500 5h2.500v14H7.500zM14 5h2.500v14H14z',
  remove: 'M5 7h14M10 7V4.500h4V7M7 7l.8 12.500h8.400L17 7M10.500 11v5M13.500 11v5',
  more: 'M4.600 12a.9.9 0 1 0 1.800 0 .9.9 0 1 0-1.800 0zM11.100 12a.9.9 0 1 0 1.800 0 .9.9 0 1 0-1.800 0zM17.600 12a.9.9 0 1 0 1.800 0 .9.9 0 1 0-1.800 0z',
  search: 'M10.500 17a6.500 6.500 0 1 0 0-13 6.500 6.500 0 0 0 0 13zM15.500 15.500 20 20',
  close: 'M6 6l12 12M18 6 6 18',
  settings:
    'M4 7h9M17 7h3M4 17h3M11 17h9M15 9.200a2.200 2.200 0 1 0 0-4.400 2.200 2.200 0 0 0 0 4.400zM9 19.200a2.200 2.200 0 1 0 0-4.400 2.200 2.200 0 0 0 0 4.400z',
  keyboard: 'M4 6.500h16v11H4zM7 10h.01M10.300 10h.01M13.700 10h.01M17 10h.01M8 14h8',
  columns: 'M4 5h16v14H4zM10 5v14M15 5v14',
  all: 'M4 6h16M4 12h16M4 18h16',
  queued: 'M12 7v5l3 2M12 20a8 8 0 1 0 0-16 8 8 0 0 0 0 16z',
  running: 'M12 4v11M7 10.500l5 5 5-5M5 20h14',
  waiting: 'M7 4h10M7 20h10M8 4c0 4 8 5 8 8s-8 4-8 8M16 4c0 4-8 5-8 8s8 4 8 8',
  paused: 'M7.500 5h2.500v14H7.500zM14 5h2.500v14H14z',
  failed: 'M12 8v5M12 16.500h.01M12 20.500a8.500 8.500 0 1 0 0-17 8.500 8.500 0 0 0 0 17z',
  done: 'M5 12.500l4.500 4.500L19 7',
  folder:
    'M3.500 7a1.500 1.500 0 0 1 1.500-1.500h4l2 2.500h8A1.500 1.500 0 0 1 20.500 9.500v8A1.500 1.500 0 0 1 19 19H5a1.500 1.500 0 0 1-1.500-1.500z',
  up: 'M6 14.500l6-6 6 6',
  down: 'M6 9.500l6 6 6-6',
  left: 'M14.500 6l-6 6 6 6',
  first: 'M5 5h14M12 20V9.500M7 14l5-5 5 5',
  last: 'M5 19h14M12 4v10.500M7 10l5 5 5-5',
  force: 'M12.500 3.500 5.500 13.500h6l-1 7 7-10h-6z',
  edit: 'M5 19h3.500L19 8.500 15.500 5 5 15.500zM13 7.500l3.500 3.500',
  restart: 'M5 12a7 7 0 1 1 2.200 5.100M5 18v-4.500h4.500',
  hold: 'M7.500 5h2.500v14H7.500zM14 5h2.500v14H14z',
  drop: 'M6 6l12 12M18 6 6 18',
  minus: 'M5 12h14',
  link: 'M10 14a4 4 0 0 0 5.700 0l3-3a4 4 0 0 0-5.700-5.700l-1 1M14 10a4 4 0 0 0-5.700 0l-3 3a4 4 0 0 0 5.700 5.700l1-1',
  copy: 'M9 9h10v10H9zM5 15V5h10',
  eye: 'M2.500 12S6 5.500 12 5.500 21.500 12 21.500 12 18 18.500 12 18.500 2.500 12 2.500 12zM12 14.700a2.700 2.700 0 1 0 0-5.400 2.700 2.700 0 0 0 0 5.400z',
  shield: 'M12 3.500l7 2.500v5.500c0 4.500-3 7.500-7 9-4-1.500-7-4.500-7-9V6zM9 12l2.200 2.200L15.200 10',
  gauge: 'M4 16a8 8 0 1 1 16 0M12 16l4-5',
  warning: 'M12 4.500 21 19.500H3zM12 10v4.500M12 17h.01',
  info: 'M12 11v5.500M12 8h.01M12 20.500a8.500 8.500 0 1 0 0-17 8.500 8.500 0 0 0 0 17z',
  menu: 'M4 7h16M4 12h16M4 17h16',
  video: 'M4 6h16v12H4zM10 9.500v5l4.500-2.500z',
  audio:
    'M9 17.500V6l10-2v11.500M9 17.500a2.500 2.500 0 1 1-5 0 2.500 2.500 0 0 1 5 0zM19 15.500a2.500 2.500 0 1 1-5 0 2.500 2.500 0 0 1 5 0z',
  image: 'M4 5h16v14H4zM4 16l4.500-4.500 4 4 2.500-2.500 5 5M15.500 9.500h.01',
  document: 'M6 3.500h8L18.500 8v12.500H6zM14 3.500V8h4.500M9 12.500h6.500M9 16h6.500',
  archive: 'M4 4.500h16V9H4zM5.500 9v10.500h13V9M10 12.500h4',
  program: 'M4 5h16v14H4zM4 9h16M7.500 13l2 2-2 2M12 17h4',
  disk: 'M12 20.500a8.500 8.500 0 1 0 0-17 8.500 8.500 0 0 0 0 17zM12 14.500a2.500 2.500 0 1 0 0-5 2.500 2.500 0 0 0 0 5z',
  code: 'M8.500 8 4 12l4.500 4M15.500 8l4.500 4-4.500 4',
  other: 'M6 3.500h8L18.500 8v12.500H6zM14 3.500V8h4.500',
} as const;

export type IconName = keyof typeof strokes;

interface IconProps {
  readonly name: IconName;
  readonly size?: number;
}

export function Icon({ name, size = 18 }: IconProps) {
  return (
    <svg
      width={size}
      height={size}
      viewBox="0 0 24 24"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.7"
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
    >
      <path d={strokes[name]} />
    </svg>
  );
}
