/** English: the texts every other language has to have too. */
import { add } from './add.ts';
import { details } from './details.ts';
import { failures } from './failures.ts';
import { list } from './list.ts';
import { page } from './page.ts';
import { request } from './request.ts';
import { settings } from './settings.ts';

export const en = { add, details, failures, list, page, request, settings } as const;
