/** Says in one line what a script will do once it is built; a script that did nothing and exited 0 would be a lie. */
const sentences = {
  start: 'The window is not built yet: use `node out/sluice.cjs get <url>`.',
  serve: 'The headless server is not built yet: use `node out/sluice.cjs get <url>`.',
  package: 'Packages of the desktop app are not built yet: `npm run build` makes the command line, out/sluice.cjs.',
};

const name = process.argv[2] ?? '';
console.error(name in sentences ? sentences[/** @type {keyof typeof sentences} */ (name)] : `There is no script named ${name}.`);
process.exitCode = 1;
