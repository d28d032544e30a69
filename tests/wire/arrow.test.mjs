// Frames of spillway.v1.arrow, written by build/dev/tests/wire_arrow_test, read by two Arrow
// libraries: each must find what the JSON of the same series says.
import * as flechette from '@uwdata/flechette';
import * as apache from 'apache-arrow';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
const PROGRAM = path.resolve(ROOT, process.env.SW_TESTS ?? 'build/dev/tests', 'wire_arrow_test');
const PAGES_FROM = 1000;
// Numbers of Arrow's Schema.fbs, the same in both libraries.
const [INT, FLOAT, DATE, TIMESTAMP, LIST] = [2, 3, 8, 10, 12];

let folder;
let numbers = [];

before(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'spillway-frames-'));
    execFileSync(PROGRAM, { env: { ...process.env, SW_FRAMES: folder }, stdio: 'pipe' });
    numbers = readdirSync(folder).filter((name) => name.endsWith('.arrow'))
        .map((name) => Number.parseInt(name, 10)).sort((a, b) => a - b);
});

after(() => rmSync(folder, { recursive: true, force: true }));

function splitFrame(bytes) {
    const length = bytes.readUInt32LE(0);
    const start = (4 + length + 7) & ~7;
    return [JSON.parse(bytes.subarray(4, 4 + length).toString('utf8')), new Uint8Array(bytes.subarray(start))];
}

/** A value as JSON has it (PROTOCOL section 1). */
function asJson(typeId, value) {
    if (value === null || value === undefined) {
        return null;
    }
    switch (typeId) {
    case INT: {
        const number = Number(value);
        return Math.abs(number) <= 2 ** 53 && BigInt(number) === BigInt(value) ? number : String(value);
    }
    case FLOAT:
        return Number.isFinite(value) ? value : null;
    case DATE:
        return new Date(Number(value)).toISOString().slice(0, 10);
    case TIMESTAMP: {
        const text = new Date(Number(value)).toISOString();
        return text.endsWith('.000Z') ? `${text.slice(0, -5)}Z` : text;
    }
    default:
        return value;
    }
}

/** [{name, typeId, itemId, at(row)}] of a stream, whatever the library. */
function columnsOf(library, stream) {
    const table = library === flechette
        ? flechette.tableFromIPC(stream, { useBigInt: true })
        : apache.tableFromIPC(stream);
    const fields = table.schema.fields.map((field, i) => {
        const column = table.getChildAt(i);
        const isList = field.type.typeId === LIST;
        return {
            name: field.name,
            isList,
            typeId: isList ? field.type.children[0].type.typeId : field.type.typeId,
            at: (row) => (library === flechette ? column.at(row) : column.get(row)),
        };
    });
    return [table.numRows, fields];
}

function cell(field, row) {
    const value = field.at(row);
    return field.isList ? Array.from(value, (item) => asJson(field.typeId, item)) : asJson(field.typeId, value);
}

function panelOf(fields, row) {
    const panel = {};
    for (const field of fields) {
        const dot = field.name.indexOf('.');
        if (dot < 0) {
            panel[field.name] = cell(field, row);
        } else {
            (panel[field.name.slice(0, dot)] ??= {})[field.name.slice(dot + 1)] = cell(field, row);
        }
    }
    return panel;
}

function seriesOf(library, header, stream) {
    const [rows, fields] = columnsOf(library, stream);
    const panels = Array.from({ length: rows }, (_, row) => panelOf(fields, row));
    return header.facet ? { facet: header.facet, panels } : panels[0];
}

function read(number) {
    const [header, stream] = splitFrame(readFileSync(path.join(folder, `${number}.arrow`)));
    const json = JSON.parse(readFileSync(path.join(folder, `${number}.json`), 'utf8'));
    return { header, stream, json };
}

for (const [name, library] of [['flechette', flechette], ['apache-arrow', apache]]) {
    test(`${name} reads every series as its JSON says`, () => {
        const series = numbers.filter((number) => number < PAGES_FROM);
        assert.ok(series.length > 300);
        for (const number of series) {
            const { header, stream, json } = read(number);
            assert.deepEqual(seriesOf(library, header, stream), json, `series ${number}`);
        }
    });

    test(`${name} reads every page as its JSON says`, () => {
        const pages = numbers.filter((number) => number >= PAGES_FROM);
        assert.ok(pages.length >= 40);
        for (const number of pages) {
            const { header, stream, json } = read(number);
            const [rows, [ids, ...columns]] = columnsOf(library, stream);
            const all = Array.from({ length: rows }, (_, row) => row);
            assert.equal(header.offset, json.offset);
            assert.equal(ids.name, json.columns.includes('row_ids') ? '_row_ids' : 'row_ids');
            assert.deepEqual(all.map((row) => cell(ids, row)), json.row_ids);
            assert.deepEqual(columns.map((column) => column.name), json.columns);
            assert.deepEqual(columns.map((column) => all.map((row) => cell(column, row))), json.data, `page ${number}`);
        }
    });
}
