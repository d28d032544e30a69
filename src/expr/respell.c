/* respell: an expression's text with other names for its columns, all else as written. */
#include <stdlib.h>

#include "expr/expr.h"
#include "expr/lex.h"
#include "expr/tree.h"

struct places {
    size_t count, capacity;
    size_t *at; /* owned */
    bool failed;
};

static void note_place(struct places *places, size_t position)
{
    if (places->count == places->capacity) {
        size_t capacity = places->capacity * 2 + 16;
        size_t *at = realloc(places->at, capacity * sizeof *at);
        if (at == NULL) {
            places->failed = true;
            return;
        }
        places->at = at;
        places->capacity = capacity;
    }
    places->at[places->count++] = position;
}

/* The depth is that of the tree, which the parser limits. */
static void collect_places(const struct sw_node *node, struct places *places)
{
    if (node->op == SW_OP_COLUMN) {
        note_place(places, node->position);
    }
    for (uint32_t i = 0; i < node->count; i++) {
        collect_places(node->child[i], places);
    }
}

static int by_place(const void *a, const void *b)
{
    const size_t x = *(const size_t *)a;
    const size_t y = *(const size_t *)b;
    return (x > y) - (x < y);
}

/* Words that mean something else where a value may stand, or end what stands before them. */
static bool is_reserved(struct sw_span name)
{
    static const char *const words[] = {
        "and",     "as",    "between", "case", "cast",      "date", "distinct", "else", "end",
        "escape",  "false", "from",    "glob", "in",        "is",   "isnull",   "like", "not",
        "notnull", "null",  "or",      "then", "timestamp", "true", "when"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (sw_name_same(name, sw_span_text(words[i]))) {
            return true;
        }
    }
    return false;
}

static bool is_bare(struct sw_span name)
{
    for (size_t i = 0; i < name.length; i++) {
        char c = name.data[i];
        bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
        if (!is_letter && (i == 0 || c < '0' || c > '9')) {
            return false;
        }
    }
    return name.length > 0 && !is_reserved(name);
}

static void put_name(struct sw_buf *out, struct sw_span name, bool is_quoted)
{
    if (!is_quoted && is_bare(name)) {
        sw_buf_put(out, name.data, name.length);
        return;
    }
    sw_buf_put_byte(out, '"');
    for (size_t i = 0; i < name.length; i++) {
        sw_buf_put_byte(out, name.data[i]);
        if (name.data[i] == '"') {
            sw_buf_put_byte(out, '"');
        }
    }
    sw_buf_put_byte(out, '"');
}

/* A column may stand in two places of the tree for one in the text (the left side of BETWEEN). */
static sw_status put_text(const struct sw_expr *expr, const struct places *places,
                          sw_expr_rename_fn rename, void *context, struct sw_arena *arena,
                          struct sw_buf *out, struct sw_err *err)
{
    size_t done = 0;
    for (size_t i = 0; i < places->count; i++) {
        if (i > 0 && places->at[i] == places->at[i - 1]) {
            continue;
        }
        struct sw_lexer lexer = {.text = expr->text, .at = places->at[i], .arena = arena};
        struct sw_token token;
        SW_TRY(sw_lexer_next(&lexer, &token, err));
        struct sw_span name = rename(context, token.name);
        if (sw_span_equal(name, token.name)) {
            continue;
        }
        sw_buf_put(out, expr->text.data + done, token.position - done);
        put_name(out, name, token.kind == SW_TOKEN_QUOTED);
        done = token.end;
    }
    sw_buf_put(out, expr->text.data + done, expr->text.length - done);
    return out->failed ? SW_NO_MEMORY : SW_OK;
}

sw_status sw_expr_respell(const struct sw_expr *expr, sw_expr_rename_fn rename, void *context,
                          struct sw_buf *out, struct sw_err *err)
{
    struct places places = {0};
    struct sw_arena arena;
    sw_arena_init(&arena);
    collect_places(expr->root, &places);
    sw_status status = places.failed ? SW_NO_MEMORY : SW_OK;
    if (status == SW_OK && places.count > 0) {
        qsort(places.at, places.count, sizeof *places.at, by_place);
    }
    if (status == SW_OK) {
        status = put_text(expr, &places, rename, context, &arena, out, err);
    }
    if (status == SW_NO_MEMORY) {
        (void)sw_fail(err, status, "There is not enough memory for this expression.");
    }
    free(places.at);
    sw_arena_fini(&arena);
    return status;
}
