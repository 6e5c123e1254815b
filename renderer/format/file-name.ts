/** Whether a name has no character that some system does not allow. The application has the last word, and its own reasons. */
export const isFileName = (name: string): boolean => !/[<>:"/\\|?*\p{Cc}]/u.test(name);
