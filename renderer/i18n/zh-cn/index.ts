/** 简体中文。 */
import type { Texts } from '../texts.ts';
import { add } from './add.ts';
import { details } from './details.ts';
import { failures } from './failures.ts';
import { list } from './list.ts';
import { page } from './page.ts';
import { request } from './request.ts';
import { settings } from './settings.ts';

export const zhCn: Texts = { add, details, failures, list, page, request, settings };
