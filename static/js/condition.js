/**
 * A filter as the expression that says the same.
 * @param {{name: string, type: string}} column
 * @param {any} value as its input carries it: [low, high], or a list of values
 * @param {'between' | 'in'} kind
 */
export function condition({ name, type }, value, kind) {
    const column = `"${name.replaceAll('"', '""')}"`;
    return kind === 'between' ? range(column, value, type) : list(column, value, type);
}

function range(column, [low, high], type) {
    const ends = [low === null ? null : `${column} >= ${literal(low, type)}`, high === null ? null : `${column} <= ${literal(high, type)}`];
    return ends.filter((end) => end !== null).join(' AND ') || 'TRUE';
}

function list(column, values, type) {
    const some = values.filter((value) => value !== null).map((value) => literal(value, type));
    const parts = [some.length > 0 ? `${column} IN (${some.join(', ')})` : null, some.length < values.length ? `${column} IS NULL` : null];
    return `(${parts.filter((part) => part !== null).join(' OR ')})`;
}

function literal(value, type) {
    if (type === 'date' || type === 'timestamp') {
        return `${type.toUpperCase()} '${value}'`;
    }
    return typeof value === 'string' ? `'${value.replaceAll("'", "''")}'` : String(value).toUpperCase();
}
