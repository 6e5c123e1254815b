/** What the page's bundler lets it import besides code: a style sheet's class names. */
declare module '*.module.css' {
  const classes: Readonly<Record<string, string>>;
  export default classes;
}

/** A style sheet, for its effect alone. */
declare module '*.css';
