#include "session/tables.h"

#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "base/buf.h"
#include "session/derived.h"
#include "session/history.h"

sw_status sw_table_new(struct sw_span name, struct sw_table **table)
{
    struct sw_table *made = calloc(1, sizeof *made);
    if (made == NULL) {
        return SW_NO_MEMORY;
    }
    made->name = sw_span_dup(name);
    if (made->name == NULL) {
        free(made);
        return SW_NO_MEMORY;
    }
    made->refs = 1;
    made->bytes_total = -1;
    *table = made;
    return SW_OK;
}

sw_status sw_table_copy(const struct sw_table *table, struct sw_table **copy)
{
    struct sw_table *made = NULL;
    SW_TRY(sw_table_new(sw_span_text(table->name), &made));
    memcpy(made->source, table->source, sizeof made->source);
    made->version = sw_version_ref(table->version);
    made->bytes_total = table->bytes_total;
    made->bytes_read = table->bytes_read;
    made->rows_read = table->rows_read;
    made->bad_count = table->bad_count;
    made->replaced_bytes = table->replaced_bytes;
    made->bad_kept = table->bad_kept;
    memcpy(made->bad, table->bad, sizeof made->bad);
    *copy = made;
    return SW_OK;
}

struct sw_table *sw_table_ref(struct sw_table *table)
{
    table->refs++;
    return table;
}

void sw_table_unref(struct sw_table *table)
{
    if (table == NULL || --table->refs > 0) {
        return;
    }
    sw_version_unref(table->version);
    sw_description_free(table->description);
    sw_history_free(table->history);
    sw_derived_free(table->derived);
    free(table->name);
    free(table);
}

void sw_table_set_version(struct sw_table *table, struct sw_version *version)
{
    sw_version_unref(table->version);
    table->version = version;
    table->followed = 0;
}

void sw_table_set_report(struct sw_table *table, const struct sw_load_report *report)
{
    table->bytes_read = report->bytes_read;
    table->rows_read = report->rows;
    table->bad_count = report->bad_count;
    table->replaced_bytes = report->replaced_bytes;
    table->bad_kept = report->bad_kept;
    if (report->bad_kept > 0) {
        memcpy(table->bad, report->bad, report->bad_kept * sizeof table->bad[0]);
    }
    (void)snprintf(table->source, sizeof table->source, "%s", report->source);
}

sw_status sw_table_renumber(struct sw_table *table, uint64_t number)
{
    const struct sw_version *now = table->version;
    struct sw_version *made = NULL;
    if (now == NULL || now->number == number) {
        return SW_OK;
    }
    SW_TRY(sw_version_new(number, now->schema, now->groups, now->group, now->next_row_id, &made));
    sw_table_set_version(table, made);
    return SW_OK;
}

uint64_t sw_table_version_number(const struct sw_table *table)
{
    return table->version == NULL ? 0 : table->version->number;
}

uint64_t sw_table_rows(const struct sw_table *table)
{
    return table->version == NULL ? 0 : table->version->rows;
}

void sw_tables_fini(struct sw_tables *tables)
{
    for (uint32_t i = 0; i < tables->count; i++) {
        sw_table_unref(tables->item[i]);
    }
    *tables = (struct sw_tables){0};
}

struct sw_table *sw_tables_find(const struct sw_tables *tables, struct sw_span name)
{
    for (uint32_t i = 0; i < tables->count; i++) {
        if (sw_span_equal(sw_span_text(tables->item[i]->name), name)) {
            return tables->item[i];
        }
    }
    return NULL;
}

sw_status sw_tables_need(const struct sw_tables *tables, struct sw_span name,
                         struct sw_table **table, struct sw_err *err)
{
    *table = sw_tables_find(tables, name);
    if (*table != NULL) {
        return SW_OK;
    }
    struct sw_buf known;
    sw_buf_init(&known);
    for (uint32_t i = 0; i < tables->count && i < 8; i++) {
        sw_buf_printf(&known, "%s`%s`", i == 0 ? "" : ", ", tables->item[i]->name);
    }
    sw_buf_put_byte(&known, '\0');
    (void)sw_fail(err, SW_NO_TABLE, "no table `%.*s`; %s%s",
                  (int)(name.length < 64 ? name.length : 64), name.data,
                  tables->count == 0 ? "none is loaded yet: upload a file first" : "there are ",
                  tables->count == 0 || known.failed ? "" : known.data);
    sw_buf_fini(&known);
    return SW_NO_TABLE;
}

sw_status sw_tables_add(struct sw_tables *tables, struct sw_table *table, struct sw_err *err)
{
    if (tables->count == SW_TABLES_MAX) {
        return sw_fail_limit(err, "tables", SW_TABLES_MAX + 1, SW_TABLES_MAX,
                             "drop tables that are no longer needed");
    }
    tables->item[tables->count++] = sw_table_ref(table);
    return SW_OK;
}

void sw_tables_remove(struct sw_tables *tables, struct sw_table *table)
{
    for (uint32_t i = 0; i < tables->count; i++) {
        if (tables->item[i] == table) {
            tables->count--;
            memmove(&tables->item[i], &tables->item[i + 1],
                    (tables->count - i) * sizeof tables->item[0]);
            sw_table_unref(table);
            return;
        }
    }
}

void sw_tables_replace(struct sw_tables *tables, struct sw_table *table, struct sw_table *with)
{
    for (uint32_t i = 0; i < tables->count; i++) {
        if (tables->item[i] == table) {
            tables->item[i] = sw_table_ref(with);
            sw_table_unref(table);
            return;
        }
    }
    sw_assert(false);
}

/* Bytes of `text` up to `most`, not cutting a UTF-8 sequence. */
static size_t cut_utf8(struct sw_span text, size_t most)
{
    size_t length = text.length < most ? text.length : most;
    while (length > 0 && length < text.length &&
           ((unsigned char)text.data[length] & 0xc0) == 0x80) {
        length--;
    }
    return length;
}

void sw_tables_free_name(const struct sw_tables *tables, struct sw_span wanted,
                         char into[SW_NAME_BYTES_MAX + 1])
{
    size_t length = cut_utf8(wanted, SW_NAME_BYTES_MAX - 8);
    char base[SW_NAME_BYTES_MAX + 1];
    for (size_t i = 0; i < length; i++) {
        unsigned char byte = (unsigned char)wanted.data[i];
        base[i] = byte < 0x20 || byte == 0x7f ? '_' : (char)byte;
    }
    base[length] = '\0';
    if (length == 0) {
        (void)snprintf(base, sizeof base, "table");
    }
    (void)snprintf(into, SW_NAME_BYTES_MAX + 1, "%s", base);
    for (unsigned i = 2; sw_tables_find(tables, sw_span_text(into)) != NULL; i++) {
        (void)snprintf(into, SW_NAME_BYTES_MAX + 1, "%.247s_%u", base, i);
    }
}

static bool ends_with(struct sw_span text, const char *ending)
{
    size_t length = strlen(ending);
    return text.length > length &&
           strncasecmp(text.data + text.length - length, ending, length) == 0;
}

struct sw_span sw_tables_name_of_file(struct sw_span path)
{
    static const char *const packings[] = {".gz", ".zst", ".zstd"};
    static const char *const formats[] = {".csv", ".tsv", ".tab", ".txt", ".psv"};
    for (size_t i = path.length; i > 0; i--) {
        if (path.data[i - 1] == '/' || path.data[i - 1] == '\\') {
            path = sw_span_of(path.data + i, path.length - i);
            break;
        }
    }
    for (size_t i = 0; i < sizeof packings / sizeof packings[0]; i++) {
        if (ends_with(path, packings[i])) {
            path.length -= strlen(packings[i]);
            break;
        }
    }
    for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++) {
        if (ends_with(path, formats[i])) {
            path.length -= strlen(formats[i]);
            break;
        }
    }
    return path;
}
