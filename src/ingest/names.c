/* See names.h. */
#include "ingest/names.h"

#include "base/limits.h"
#include "ingest/infer.h"

#include <uthash.h>

#include <stdio.h>
#include <stdlib.h>

#define SUFFIX_MAX 12 /* _4294967295 and NUL */

struct known {
    UT_hash_handle hh;
    const char *name; /* of the list */
    uint32_t next;    /* number to try for the next one alike */
};

void sw_names_free(char **names, uint32_t columns)
{
    for (uint32_t i = 0; names != NULL && i < columns; i++) {
        free(names[i]);
    }
    free(names);
}

/* The most bytes up to `length` that end at a character. */
static size_t cut_at_character(const char *text, size_t length)
{
    while (length > 0 && ((unsigned char)text[length] & 0xc0) == 0x80) {
        length--;
    }
    return length;
}

/* A copy with room for a suffix. */
static char *clean_name(struct sw_span text, uint32_t column)
{
    char *name = malloc(SW_NAME_BYTES_MAX + 1);
    if (name == NULL) {
        return NULL;
    }
    text = sw_infer_trim(text);
    size_t length = text.length;
    if (length > SW_NAME_BYTES_MAX) {
        length = cut_at_character(text.data, SW_NAME_BYTES_MAX);
    }
    for (size_t i = 0; i < length; i++) {
        const unsigned char byte = (unsigned char)text.data[i];
        name[i] = byte < 0x20 || byte == 0x7f ? ' ' : text.data[i];
    }
    name[length] = '\0';
    if (length == 0) {
        snprintf(name, SW_NAME_BYTES_MAX + 1, "column_%u", column + 1);
    }
    return name;
}

static struct known *find(struct known *list, const char *name)
{
    struct known *found;
    HASH_FIND(hh, list, name, strlen(name), found);
    return found;
}

static void add(struct known **list, struct known *known, const char *name)
{
    known->name = name;
    known->next = 2;
    HASH_ADD_KEYPTR(hh, *list, known->name, strlen(name), known);
}

/* The first number behind the name that is free; `alike` is the one with the same name. */
static void number_name(struct known *list, struct known *alike, char *name)
{
    char suffix[SUFFIX_MAX];
    size_t length = strlen(name);
    for (;; alike->next++) {
        snprintf(suffix, sizeof(suffix), "_%u", alike->next);
        size_t keep = length;
        if (keep + strlen(suffix) > SW_NAME_BYTES_MAX) {
            keep = cut_at_character(name, SW_NAME_BYTES_MAX - strlen(suffix));
        }
        char numbered[SW_NAME_BYTES_MAX + 1];
        snprintf(numbered, sizeof(numbered), "%.*s%s", (int)keep, name, suffix);
        if (find(list, numbered) == NULL) {
            memcpy(name, numbered, strlen(numbered) + 1);
            return;
        }
    }
}

static void make_unique(char **names, uint32_t columns, struct known *known)
{
    struct known *list = NULL;
    /* The first of each name keeps it, also against a number that would make another the same. */
    for (uint32_t i = 0; i < columns; i++) {
        if (find(list, names[i]) == NULL) {
            add(&list, &known[i], names[i]);
        }
    }
    for (uint32_t i = 0; i < columns; i++) {
        struct known *alike = find(list, names[i]);
        if (alike->name != names[i]) {
            number_name(list, alike, names[i]);
            add(&list, &known[i], names[i]);
        }
    }
    HASH_CLEAR(hh, list);
}

static bool take_names(const struct sw_rows *header, uint32_t columns, char **names,
                       struct sw_cells *cells)
{
    struct sw_buf scratch;
    sw_buf_init(&scratch);
    bool is_good = true;
    for (uint32_t i = 0; i < columns && is_good; i++) {
        struct sw_span text = {"", 0};
        if (header != NULL) {
            sw_rows_cells(header, i, 0, 1, cells);
            text = sw_cells_text(cells, 0, &scratch);
        }
        names[i] = clean_name(text, i);
        is_good = names[i] != NULL;
    }
    sw_buf_fini(&scratch);
    return is_good;
}

sw_status sw_names_new(const struct sw_rows *header, uint32_t columns, char ***names,
                       struct sw_err *err)
{
    char **made = calloc(columns, sizeof(*made));
    struct known *known = calloc(columns, sizeof(*known));
    struct sw_cells *cells = malloc(sizeof(*cells));
    bool is_good = made != NULL && known != NULL && cells != NULL;
    is_good = is_good && take_names(header, columns, made, cells);
    if (is_good) {
        make_unique(made, columns, known);
        *names = made;
    } else {
        sw_names_free(made, columns);
    }
    free(known);
    free(cells);
    return is_good ? SW_OK
                   : sw_fail(err, SW_NO_MEMORY, "There is not enough memory to read this table.");
}
