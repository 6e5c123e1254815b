/**
 * Draws the icons of all systems from build/icons/*.svg: PNG by a real browser, ICO and ICNS around the PNGs. What it makes is kept
 * by git, so that packaging needs no browser. `npx node build/make-icons.mjs`
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { chromium } from '@playwright/test';

const folder = fileURLToPath(new URL('icons/', import.meta.url));
const sizes = [16, 24, 32, 48, 64, 128, 256, 512, 1024];

/** @typedef {{ size: number, png: Buffer }} Picture */

/**
 * ICO: a directory of whole PNGs, as Windows reads them since Vista. A side of 256 is written as 0.
 * @param {Picture[]} pictures
 */
export function ico(pictures) {
  const head = Buffer.alloc(6 + 16 * pictures.length);
  head.writeUInt16LE(1, 2);
  head.writeUInt16LE(pictures.length, 4);
  let offset = head.length;
  for (const [index, { size, png }] of pictures.entries()) {
    const at = 6 + 16 * index;
    head.writeUInt8(size % 256, at);
    head.writeUInt8(size % 256, at + 1);
    head.writeUInt16LE(1, at + 4);
    head.writeUInt16LE(32, at + 6);
    head.writeUInt32LE(png.length, at + 8);
    head.writeUInt32LE(offset, at + 12);
    offset += png.length;
  }
  return Buffer.concat([head, ...pictures.map(({ png }) => png)]);
}

/** Apple's names for the sizes that may be PNG; the same side twice is for a plain and for a fine screen. */
const icnsTypes = { ic11: 32, ic12: 64, ic07: 128, ic13: 256, ic08: 256, ic14: 512, ic09: 512, ic10: 1024 };

/**
 * ICNS: type, length and PNG, one after the other.
 * @param {Picture[]} pictures
 */
export function icns(pictures) {
  const blocks = Object.entries(icnsTypes).flatMap(([type, side]) => {
    const png = pictures.find(({ size }) => size === side)?.png;
    if (png === undefined) return [];
    const head = Buffer.alloc(8);
    head.write(type, 0, 'latin1');
    head.writeUInt32BE(png.length + 8, 4);
    return [head, png];
  });
  const length = Buffer.alloc(4);
  length.writeUInt32BE(8 + blocks.reduce((sum, block) => sum + block.length, 0));
  return Buffer.concat([Buffer.from('icns', 'latin1'), length, ...blocks]);
}

async function main() {
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM_PATH ?? '/usr/bin/chromium',
    args: ['--no-sandbox'],
  });
  const page = await browser.newPage();
  /**
   * @param {string} name
   * @param {number} size
   */
  const draw = async (name, size) => {
    const svg = await readFile(`${folder}${name}.svg`, 'utf8');
    await page.setViewportSize({ width: size, height: size });
    await page.setContent(`<style>*{margin:0}svg{display:block;width:${size}px;height:${size}px}</style>${svg}`);
    return page.screenshot({ omitBackground: true });
  };
  await mkdir(`${folder}png`, { recursive: true });
  /** @type {Picture[]} */
  const pictures = [];
  for (const size of sizes) {
    // Small ones are drawn with fewer, thicker lines.
    const png = await draw(size <= 32 ? 'tray' : 'app', size);
    pictures.push({ size, png });
    await writeFile(`${folder}png/${size}x${size}.png`, png);
  }
  await writeFile(`${folder}icon.ico`, ico(pictures.filter(({ size }) => size <= 256)));
  await writeFile(`${folder}icon.icns`, icns(pictures));
  for (const [name, file, size] of /** @type {const} */ ([
    ['tray', 'tray', 24],
    ['tray', 'tray@2x', 48],
    ['tray-template', 'trayTemplate', 18],
    ['tray-template', 'trayTemplate@2x', 36],
  ])) {
    await writeFile(`${folder}${file}.png`, await draw(name, size));
  }
  await browser.close();
}

await main();
