/* expr: SQL expressions as SQLite understands them, over a table's columns and
 * `$input` names (PROTOCOL section 3).  Three steps:
 *   sw_expr_parse    text -> tree; errors carry position and what was expected
 *   sw_expr_compile  tree + schema + input values -> typed program
 *   sw_expr_eval     program + vector of 2,048 rows -> values and nulls
 * Parse and compile on any thread; a program is immutable and shared by workers,
 * each with its own sw_expr_state.                                              */
#ifndef SW_EXPR_EXPR_H
#define SW_EXPR_EXPR_H

#include "base/buf.h"
#include "base/json.h"
#include "kernel/batch.h"

struct sw_expr;
struct sw_program;
struct sw_expr_state;

/* SW_EXPRESSION with err->position, or SW_LIMIT. The text is copied. */
SW_MUST_USE sw_status sw_expr_parse(struct sw_span text, struct sw_expr **expr, struct sw_err *err);
void sw_expr_free(struct sw_expr *expr);
/* What it depends on, read off it: names of columns and of inputs (without `$`), each once. */
size_t sw_expr_columns(const struct sw_expr *expr, const struct sw_span **names);
size_t sw_expr_inputs(const struct sw_expr *expr, const struct sw_span **names);

/* The text with its columns named otherwise (quoted where they need it), the rest as written.
 * `rename` gives a name for a name, itself where it stays; the text may be borrowed from it. */
typedef struct sw_span (*sw_expr_rename_fn)(void *context, struct sw_span name);
SW_MUST_USE sw_status sw_expr_respell(const struct sw_expr *expr, sw_expr_rename_fn rename,
                                      void *context, struct sw_buf *out, struct sw_err *err);

/* Looks up an input's current value; NULL: unset (NULL in SQL). */
typedef const struct sw_json *(*sw_expr_input_fn)(void *context, struct sw_span name);

/* SW_NO_COLUMN (with the nearest name and position), SW_TYPE, SW_EXPRESSION. */
SW_MUST_USE sw_status sw_expr_compile(const struct sw_expr *expr, const struct sw_schema *schema,
                                      sw_expr_input_fn input, void *context,
                                      struct sw_program **program, struct sw_err *err);
void sw_program_free(struct sw_program *program);
/* Static type of its values (int for truth values); values that differ from row to row in SQLite's
 * dynamic way are described in docs/expressions.md. */
enum sw_type sw_program_type(const struct sw_program *program);
/* Indices of the schema's columns that it reads, each once (names match ASCII case aside). */
size_t sw_program_columns(const struct sw_program *program, const uint32_t **columns);

SW_MUST_USE sw_status sw_expr_state_new(const struct sw_program *program,
                                        struct sw_expr_state **state);
void sw_expr_state_free(struct sw_expr_state *state);

/* Values of one vector; borrowed from the state until its next eval. */
struct sw_expr_vector {
    enum sw_type type;
    const int64_t *ints; /* integral types */
    const double *floats;
    const struct sw_span *texts;
    const uint64_t *valid;   /* NULL: no nulls */
    const uint64_t *misfits; /* rows that are null here because an int overflowed to a float that
                                    the type cannot hold; NULL: none */
};
void sw_expr_eval(const struct sw_program *program, struct sw_expr_state *state,
                  struct sw_batch *batch, struct sw_expr_vector *vector);
/* The same as another type: ints, floats, or (any value) strings. A caller that wants overflowed
 * ints asks for SW_TYPE_FLOAT. */
void sw_expr_eval_as(const struct sw_program *program, struct sw_expr_state *state,
                     struct sw_batch *batch, enum sw_type type, struct sw_expr_vector *vector);
/* As a condition: bit i set where row i is true (not false, not null): into[SW_VECTOR_WORDS]. */
void sw_expr_test(const struct sw_program *program, struct sw_expr_state *state,
                  struct sw_batch *batch, uint64_t *into);
/* SW_OK, or why texts came out as NULL in some vector since _new: SW_LIMIT, SW_NO_MEMORY.
 * Ask once, after the last vector. */
SW_MUST_USE sw_status sw_expr_state_status(const struct sw_expr_state *state, struct sw_err *err);

/* What the zones of a group's chunks say about the condition: true in no row, in some, in all. */
enum sw_expr_reach { SW_EXPR_REACH_NONE, SW_EXPR_REACH_SOME, SW_EXPR_REACH_ALL };
enum sw_expr_reach sw_program_reach(const struct sw_program *program,
                                    const struct sw_rowgroup *group);

#endif
