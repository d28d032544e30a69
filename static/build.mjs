/**
 * Bundles the npm libraries that the page uses into static/vendor/: one ES module each, with their
 * style sheets and licence texts, and manifest.json that says which version each file is.
 * Usage: node static/build.mjs
 */
import { createHash } from 'node:crypto';
import { cp, mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const here = dirname(fileURLToPath(import.meta.url));
const vendor = join(here, 'vendor');
const modules = join(here, '..', 'node_modules');
const require = createRequire(import.meta.url);

/** name of the output file: package, what the page takes from it, style sheets to copy */
const LIBRARIES = [
    { file: 'uplot', from: 'uplot', source: "export { default } from 'uplot';", css: ['dist/uPlot.min.css'] },
    { file: 'contour', from: 'd3-contour', source: "export { contours } from 'd3-contour';" },
    {
        file: 'slickgrid',
        from: 'slickgrid',
        source: "export { SlickGrid, SlickRowSelectionModel } from 'slickgrid';",
        css: ['dist/styles/css/slick.grid.css'],
    },
    { file: 'flechette', from: '@uwdata/flechette', source: "export * from '@uwdata/flechette';" },
    {
        file: 'tus',
        from: 'tus-js-client',
        source: "export { Upload, canStoreURLs, defaultOptions, isSupported } from 'tus-js-client';",
    },
];

/** @returns {Promise<string[]>} the packages whose code an esbuild metafile saw */
function packagesIn(metafile) {
    const names = new Set();
    for (const input of Object.keys(metafile.inputs)) {
        const match = /(?:^|\/)node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(input);
        if (match) {
            names.add(match[1]);
        }
    }
    return [...names].sort();
}

async function licenceOf(name) {
    const folder = join(modules, name);
    const about = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'));
    const file = (await readdir(folder)).find((entry) => /^licen[cs]e/i.test(entry));
    const text = file ? await readFile(join(folder, file), 'utf8') : `Licence: ${about.license}\n`;
    return { name, version: about.version, licence: about.license, text };
}

async function bundle({ file, from, source, css = [] }) {
    const result = await build({
        stdin: { contents: source, resolveDir: here, sourcefile: `${file}.entry.js` },
        bundle: true,
        format: 'esm',
        platform: 'browser',
        target: 'es2022',
        minify: true,
        legalComments: 'none',
        metafile: true,
        outfile: join(vendor, `${file}.js`),
        absWorkingDir: join(here, '..'),
        logLevel: 'warning',
    });
    const files = [`${file}.js`];
    for (const sheet of css) {
        const name = `${file}.css`;
        await cp(require.resolve(join(modules, from, sheet)), join(vendor, name));
        files.push(name);
    }
    const licences = await Promise.all(packagesIn(result.metafile).map(licenceOf));
    const text = licences.map((l) => `${l.name} ${l.version} (${l.licence})\n\n${l.text.trim()}\n`).join(`\n${'-'.repeat(72)}\n\n`);
    await writeFile(join(vendor, `${file}.LICENSE.txt`), text);
    return {
        library: from,
        packages: Object.fromEntries(licences.map((l) => [l.name, l.version])),
        files: Object.fromEntries(await Promise.all(files.map(async (name) => [name, await digest(name)]))),
        licence: `${file}.LICENSE.txt`,
    };
}

async function digest(name) {
    return `sha256-${createHash('sha256').update(await readFile(join(vendor, name))).digest('base64')}`;
}

await rm(vendor, { recursive: true, force: true });
await mkdir(vendor, { recursive: true });
const manifest = await Promise.all(LIBRARIES.map(bundle));
await writeFile(join(vendor, 'manifest.json'), `${JSON.stringify(manifest, null, 4)}\n`);
for (const entry of manifest) {
    console.log(`${entry.library} ${entry.packages[entry.library]}: ${Object.keys(entry.files).join(', ')}`);
}
