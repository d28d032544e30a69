// schema/ as a judge: every request, result, error and notification that passes a test's client is
// held against the file of its method. A method without a file is a failure as well.
import Ajv from 'ajv/dist/2020.js';
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { ROOT } from './server.mjs';

const FOLDER = path.join(ROOT, 'schema');
// Errors of JSON-RPC itself and of any session: every method may answer with them.
const COMMON_CODES = JSON.parse(readFileSync(path.join(FOLDER, 'errors.json'), 'utf8')).common;

function load(folder) {
    const files = existsSync(path.join(FOLDER, folder)) ? readdirSync(path.join(FOLDER, folder)) : [];
    return new Map(files.filter((file) => file.endsWith('.json')).sort().map((file) => {
        const schema = JSON.parse(readFileSync(path.join(FOLDER, folder, file), 'utf8'));
        return [schema.method ?? schema.notification ?? file.slice(0, -'.json'.length), schema];
    }));
}

export class Schemas {
    #ajv = new Ajv({ strict: false, allErrors: true, validateFormats: false });
    #validators = new Map();
    methods = load('methods');
    notifications = load('notifications');
    types = load('types');

    constructor() {
        for (const schema of this.types.values()) {
            this.#ajv.addSchema(schema);
        }
    }

    #check(schema, value, what) {
        let validate = this.#validators.get(schema);
        if (!validate) {
            validate = this.#ajv.compile(schema);
            this.#validators.set(schema, validate);
        }
        if (!validate(value)) {
            const why = validate.errors.slice(0, 5).map((e) => `${e.instancePath || '/'} ${e.message} ${JSON.stringify(e.params)}`);
            assert.fail(`${what} does not fit its schema:\n  ${why.join('\n  ')}\n  ${JSON.stringify(value).slice(0, 2000)}`);
        }
    }

    #method(name) {
        const schema = this.methods.get(name);
        assert.ok(schema, `schema/methods has no ${name}`);
        return schema;
    }

    request(method, params) {
        this.#check(this.#method(method).request, params ?? {}, `the request ${method}`);
    }

    result(method, result) {
        this.#check(this.#method(method).result, result, `the result of ${method}`);
    }

    error(method, error) {
        assert.ok(Number.isInteger(error.code), `an error has an integer code: ${JSON.stringify(error)}`);
        assert.ok(typeof error.message === 'string' && error.message.length > 0, `an error has a message: ${JSON.stringify(error)}`);
        const schema = this.methods.get(method);
        if (schema) {
            const listed = schema.errors.map(({ code }) => code);
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
        assert.ok(schema, `schema/notifications has no ${method}`);
        this.#check(schema.params, params, `the notification ${method}`);
    }
}

let shared = null;
export function schemas() {
    shared ??= new Schemas();
    return shared;
}
