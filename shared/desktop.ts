/** What the desktop and its page say to each other beyond the downloads themselves. */
import * as z from 'zod';

/** Text of a file that holds links; `name` tells which kind it is. */
export const LinkFile = z.object({ name: z.string().max(1024), text: z.string() });

export const NoticeView = z.object({
  level: z.enum(['info', 'warning', 'error']),
  code: z.string(),
  message: z.string(),
});

/** What the page is to do for the desktop: links came in, a menu was used, something has to be said. */
export const Errand = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('add'),
    text: z.string().optional(),
    files: z.array(LinkFile).optional(),
    /** Another program or page sent it: nothing is asked of any server before the person says so. */
    isForeign: z.boolean(),
  }),
  z.object({ type: z.literal('settings') }),
  z.object({ type: z.literal('shortcuts') }),
  z.object({ type: z.literal('notice'), notice: NoticeView }),
]);
export type Errand = z.infer<typeof Errand>;
