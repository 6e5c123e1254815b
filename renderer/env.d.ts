/** What the page's bundler lets it import besides code: a style sheet, for its effect alone. */
declare module '*.css';
