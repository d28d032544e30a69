// schema/ against itself and against the source: every schema compiles, every example fits, every
// code, method and limit is the one that the server has.
import Ajv from 'ajv/dist/2020.js';
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
const read = (file) => readFileSync(path.join(ROOT, file), 'utf8');

function load(folder) {
    return readdirSync(path.join(ROOT, 'schema', folder)).sort()
        .map((file) => ({ file: `schema/${folder}/${file}`, name: file.replace(/\.json$/, ''), schema: JSON.parse(read(`schema/${folder}/${file}`)) }));
}

const types = load('types');
const methods = load('methods');
const notifications = load('notifications');
const errors = JSON.parse(read('schema/errors.json'));
const codes = new Set(errors.errors.map((error) => error.code));

const ajv = new Ajv({ strict: true, strictRequired: false, strictTypes: false, allowUnionTypes: true, allErrors: true });
for (const { schema } of types) {
    ajv.addSchema(schema);
}

const compiled = new Map();
function check(schema, value, what) {
    if (!compiled.has(schema)) {
        compiled.set(schema, ajv.compile(schema));
    }
    const validate = compiled.get(schema);
    assert.ok(validate(value), `${what}: ${ajv.errorsText(validate.errors)}\n${JSON.stringify(value)}`);
}

function refuses(schema, value, what) {
    assert.throws(() => check(schema, value, what), assert.AssertionError, `${what} is accepted: ${JSON.stringify(value)}`);
}

const method = (name) => methods.find(({ schema }) => schema.method === name).schema;
const type = (name) => types.find((entry) => entry.name === name).schema;

test('every type has the id of its file and compiles', () => {
    for (const { name, schema } of types) {
        assert.equal(schema.$id, `urn:spillway:types:${name}`);
        assert.ok(schema.title && schema.description, name);
        assert.ok(ajv.getSchema(schema.$id), name);
    }
});

test('every type is used', () => {
    const text = [...types, ...methods, ...notifications].map(({ schema }) => JSON.stringify(schema)).join('\n');
    for (const { schema } of types) {
        assert.ok(text.includes(`"$ref":"${schema.$id}"`), `${schema.$id} is used nowhere`);
    }
});

test('every method and notification says what it is and has examples', () => {
    for (const { file, name, schema } of methods) {
        assert.ok(schema.method === name || schema.method === `$/${name}`, file);
        assert.ok(schema.title && schema.description && schema.examples.length > 0, file);
        assert.ok(schema.examples.some((example) => 'result' in example), `${file} shows a result`);
    }
    for (const { file, name, schema } of notifications) {
        assert.equal(schema.notification, name);
        assert.ok(schema.title && schema.description && schema.examples.length > 0, file);
        assert.match(schema.from, /^(server|client)$/);
    }
});

test('every example fits its schema', () => {
    for (const { file, schema } of methods) {
        for (const example of schema.examples) {
            check(schema.request, example.request, `${file}: request`);
            if ('result' in example) {
                check(schema.result, example.result, `${file}: result`);
            } else {
                check(type('error'), example.error, `${file}: error`);
                const listed = [...errors.common, ...schema.errors.map((error) => error.code)];
                assert.ok(listed.includes(example.error.code), `${file}: ${example.error.code} is not listed`);
            }
        }
    }
    for (const { file, schema } of notifications) {
        for (const example of schema.examples) {
            check(schema.params, example.params, file);
        }
    }
});

test('every kind of output has an example of its definition and of its data', () => {
    const kinds = [...type('kind').enum].sort();
    const defined = new Set(method('output.define').examples.map((example) => example.request.kind));
    const shown = new Set(notifications.find(({ name }) => name === 'output.value').schema.examples.map((example) => example.params.kind));
    assert.deepEqual([...defined].sort(), kinds);
    assert.deepEqual([...shown].sort(), kinds);
});

test('the error codes are those of the source', () => {
    const source = [...read('src/base/status.inc').matchAll(/^SW_STATUS\(\w+, (-?\d+), (\d+), "(\w+)"\)/gm)]
        .map(([, code, http, name]) => ({ code: Number(code), http: Number(http), name }))
        .filter(({ code, name }) => code !== 0 && name !== 'no_memory' && name !== 'damaged');
    assert.deepEqual(errors.errors.map(({ code, http, name }) => ({ code, http, name })), source);
    for (const { file, schema } of methods) {
        for (const { code, when } of schema.errors) {
            assert.ok(codes.has(code) && when, `${file}: ${code}`);
        }
    }
    assert.ok(errors.common.every((code) => codes.has(code)));
});

test('the methods are those of the server', () => {
    const served = [...read('src/session/dispatch.c').matchAll(/^ {4}\{"([^"]+)", sw_method_/gm)].map(([, name]) => name);
    const fromClient = notifications.filter(({ schema }) => schema.from === 'client').map(({ name }) => name);
    assert.deepEqual([...methods.map(({ schema }) => schema.method), ...fromClient].sort(), served.sort());
});

test('the limits in schemas are those of the source', () => {
    const source = read('src/base/limits.h');
    const limit = (name) => Number(new RegExp(`#define SW_${name}\\s+(\\d+)u`).exec(source)[1]);
    const numbers = (schema) => JSON.stringify(schema);
    assert.equal(method('table.page').request.properties.limit.maximum, limit('PAGE_ROWS_MAX'));
    assert.equal(method('select.define').request.properties.clauses.maxItems, limit('CLAUSES_MAX'));
    assert.equal(type('expression').maxLength, limit('EXPR_BYTES_MAX'));
    assert.ok(numbers(type('define-histogram').properties.bins).includes(`"maximum":${limit('BINS_MAX')}}`));
    assert.ok(numbers(type('define-line').properties.points).includes(`"maximum":${limit('BINS_MAX')}}`));
    assert.ok(numbers(type('define-scatter').properties.points).includes(`"maximum":${limit('POINTS_MAX')}}`));
    assert.ok(numbers(type('define-groupby').properties.limit).includes(`"maximum":${limit('GROUPS_SENT_MAX')}}`));
    assert.ok(numbers(type('output-definition').properties.facet).includes(`"maximum":${limit('FACETS_MAX')}}`));
    assert.ok(type('name').pattern.endsWith(`{1,${limit('NAME_BYTES_MAX')}}$`));
});

test('wrong requests are refused', () => {
    const define = method('output.define').request;
    const good = { output: 'o', kind: 'histogram', table: 't', x: 'c', bins: 10 };
    check(define, good, 'a good definition');
    check(define, { ...good, bins: '$bins', x: '$column' }, 'parameters from inputs');
    check(define, { ...good, facet: { column: 'c', limit: 3 } }, 'a facet');
    for (const [what, bad] of Object.entries({
        'no name': { ...good, output: undefined },
        'an unknown kind': { ...good, kind: 'pie' },
        'no bins': { ...good, bins: 0 },
        'too many bins': { ...good, bins: 65537 },
        'a member of another kind': { ...good, measures: { n: { fn: 'count' } } },
        'a member of none': { ...good, colour: 'red' },
        'an unknown function': { ...good, measure: { fn: 'middle', column: 'x' } },
        'a name that is empty': { ...good, table: '' },
        'a control byte in a name': { ...good, table: 'a\nb' },
    })) {
        refuses(define, JSON.parse(JSON.stringify(bad)), what);
    }
    const select = method('select.define').request;
    for (const clause of [{}, { column: 'c' }, { column: 'c', between: [1] }, { column: 'c', in: '$a', equals: '$a' }, { between: '$a' }, { column: 'c', between: '$a', ends: '[' }]) {
        refuses(select, { select: 's', table: 't', clauses: [clause] }, 'a clause');
    }
    refuses(method('table.page').request, { table: 't', limit: 1001 }, 'a long page');
    refuses(method('session.open').request, { token: 'x' }, 'an unknown member');
});

test('the data of another kind is refused', () => {
    const { schema } = notifications.find(({ name }) => name === 'output.value');
    for (const { params } of schema.examples) {
        for (const other of schema.examples.filter((example) => example.params.kind !== params.kind)) {
            refuses(schema.params, { ...params, data: other.params.data }, `${params.kind} with the data of ${other.params.kind}`);
        }
    }
});

test('an integer beyond 2^53 is a string', () => {
    check(type('integer'), 9007199254740992, '2^53');
    check(type('integer'), '-9223372036854775808', 'the least');
    refuses(type('integer'), 9007199254740994, 'a number that lost digits');
    refuses(type('integer'), '1.5', 'a fraction');
});
