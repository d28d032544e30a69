// schema/ as a judge: every request, result, error and notification that passes a test's client is
// held against the file of its method. A method without a file is a failure as well.
import Ajv from 'ajv/dist/2020.js';
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { ROOT } from './server.mjs';

const FOLDER = path.join(ROOT, 'schema');
// Errors of JSON-RPC itself and of any session: every method may answer with them.
const COMMON_CODES = [-32700, -32600, -32601, -32602, -32603, -32001, -32010, -32011, -32050, -32070, -32080];

function load(folder) {
    const files = existsSync(path.join(FOLDER, folder)) ? readdirSync(path.join(FOLDER, folder)) : [];
    return new Map(files.filter((file) => file.endsWith('.json')).sort().map((file) => {
        const schema = JSON.parse(readFileSync(path.join(FOLDER, folder, file), 'utf8'));
        return [file.slice(0, -'.json'.length), schema];
    }));
}

/** The schema without the words that only people and other tools read. */
function plain(schema) {
    const { $schema, ...rest } = schema;
    return rest;
}

export class Schemas {
    #ajv = new Ajv({ strict: false, allErrors: true, validateFormats: false });
    #validators = new Map();
    methods = load('methods');
    notifications = load('notifications');
    types = load('types');

    constructor() {
        for (const [name, schema] of this.types) {
            const id = schema.$id ?? `types/${name}.json`;
            if (!this.#ajv.getSchema(id)) {
                this.#ajv.addSchema(plain(schema), id);
            }
        }
    }

    #check(key, schema, base, value, what) {
        if (schema === undefined) {
            return;
        }
        let validate = this.#validators.get(key);
        if (!validate) {
            // References are written relative to the file: ../types/x.json.
            const id = `${base}#${key.split(' ').pop()}`.replace('#', '/');
            validate = this.#ajv.compile({ ...plain(schema), $id: schema.$id ?? id });
            this.#validators.set(key, validate);
        }
        if (!validate(value)) {
            const why = validate.errors.slice(0, 5).map((e) => `${e.instancePath || '/'} ${e.message} ${JSON.stringify(e.params)}`);
            assert.fail(`${what} does not fit schema/${base}.json:\n  ${why.join('\n  ')}\n  ${JSON.stringify(value).slice(0, 2000)}`);
        }
    }

    #method(name) {
        const schema = this.methods.get(name);
        assert.ok(schema, `schema/methods/${name}.json does not exist`);
        return schema;
    }

    request(method, params) {
        this.#check(`${method} request`, this.#method(method).request, `methods/${method}`, params ?? {}, `the request ${method}`);
    }

    result(method, result) {
        this.#check(`${method} result`, this.#method(method).result, `methods/${method}`, result, `the result of ${method}`);
    }

    error(method, error) {
        assert.ok(Number.isInteger(error.code), `an error has an integer code: ${JSON.stringify(error)}`);
        assert.ok(typeof error.message === 'string' && error.message.length > 0, `an error has a message: ${JSON.stringify(error)}`);
        const schema = this.methods.get(method);
        if (schema) {
            const listed = (schema.errors ?? []).map((entry) => (typeof entry === 'number' ? entry : entry.code));
            assert.ok([...COMMON_CODES, ...listed].includes(error.code),
                `${method} answered ${error.code}, which its schema does not list: ${error.message}`);
        }
        if (error.code === -32050) {
            assert.ok(error.data && 'limit' in error.data && 'allowed' in error.data,
                `a limit error names the limit: ${JSON.stringify(error)}`);
        }
    }

    notification(method, params) {
        const schema = this.notifications.get(method);
        assert.ok(schema, `schema/notifications/${method}.json does not exist`);
        this.#check(`${method} params`, schema.params, `notifications/${method}`, params, `the notification ${method}`);
    }
}

let shared = null;
export function schemas() {
    shared ??= new Schemas();
    return shared;
}
