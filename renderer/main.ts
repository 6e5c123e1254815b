/** The page's start. The connection comes first, so that the server answers while the rest of the page is still being read. */
import { browserTransport } from './bridge/browser.ts';
import { desktopTransport, findDesktopBridge } from './bridge/desktop.ts';
import { createApp } from './state/app.ts';
import { memory } from './ui/memory.ts';

const bridge = findDesktopBridge();
const app = createApp(bridge === undefined ? browserTransport() : desktopTransport(bridge), {
  memory,
  now: () => performance.now(),
});
document.addEventListener('visibilitychange', () => app.setVisible(!document.hidden));
void import('./root.tsx').then(({ show }) => show(app));
