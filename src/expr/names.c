/* names: functions and types an expression may name, and how far two names are apart. */
#include "expr/tree.h"

#include <stdarg.h>
#include <stdio.h>

#define ANY_NUMBER        UINT32_MAX
#define NAME_COMPARED_MAX 32

sw_status sw_expr_fail(struct sw_err *err, sw_status status, size_t position, const char *format,
                       ...)
{
    if (err == NULL) {
        return status;
    }
    char message[SW_ERR_MESSAGE_MAX];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    (void)sw_fail(err, status, "%s", message);
    err->has_position = true;
    err->position = position;
    return status;
}

static const struct sw_function functions[] = {
    {"abs", SW_OP_ABS, 1, 1},
    {"ceil", SW_OP_CEIL, 1, 1},
    {"ceiling", SW_OP_CEIL, 1, 1},
    {"coalesce", SW_OP_COALESCE, 2, ANY_NUMBER},
    {"date_part", SW_OP_DATE_PART, 2, 2},
    {"date_trunc", SW_OP_DATE_TRUNC, 2, 2},
    {"exp", SW_OP_EXP, 1, 1},
    {"floor", SW_OP_FLOOR, 1, 1},
    {"ifnull", SW_OP_COALESCE, 2, 2},
    {"iif", SW_OP_IIF, 3, 3},
    {"instr", SW_OP_INSTR, 2, 2},
    {"length", SW_OP_LENGTH, 1, 1},
    {"ln", SW_OP_LN, 1, 1},
    {"log10", SW_OP_LOG10, 1, 1},
    {"log2", SW_OP_LOG2, 1, 1},
    {"lower", SW_OP_LOWER, 1, 1},
    {"ltrim", SW_OP_LTRIM, 1, 2},
    {"max", SW_OP_MAX, 2, ANY_NUMBER},
    {"min", SW_OP_MIN, 2, ANY_NUMBER},
    {"nullif", SW_OP_NULLIF, 2, 2},
    {"pow", SW_OP_POW, 2, 2},
    {"power", SW_OP_POW, 2, 2},
    {"replace", SW_OP_REPLACE, 3, 3},
    {"round", SW_OP_ROUND, 1, 2},
    {"rtrim", SW_OP_RTRIM, 1, 2},
    {"sign", SW_OP_SIGN, 1, 1},
    {"sqrt", SW_OP_SQRT, 1, 1},
    {"substr", SW_OP_SUBSTR, 2, 3},
    {"substring", SW_OP_SUBSTR, 2, 3},
    {"trim", SW_OP_TRIM, 1, 2},
    {"trunc", SW_OP_TRUNC, 1, 1},
    {"upper", SW_OP_UPPER, 1, 1},
};

static const struct {
    const char *name;
    enum sw_cast cast;
} casts[] = {
    {"int", SW_CAST_TO_INT},         {"integer", SW_CAST_TO_INT},
    {"bigint", SW_CAST_TO_INT},      {"smallint", SW_CAST_TO_INT},
    {"tinyint", SW_CAST_TO_INT},     {"float", SW_CAST_TO_FLOAT},
    {"real", SW_CAST_TO_FLOAT},      {"double", SW_CAST_TO_FLOAT},
    {"text", SW_CAST_TO_TEXT},       {"string", SW_CAST_TO_TEXT},
    {"varchar", SW_CAST_TO_TEXT},    {"char", SW_CAST_TO_TEXT},
    {"numeric", SW_CAST_TO_NUMERIC}, {"decimal", SW_CAST_TO_NUMERIC},
    {"bool", SW_CAST_TO_BOOL},       {"boolean", SW_CAST_TO_BOOL},
    {"date", SW_CAST_TO_DATE},       {"timestamp", SW_CAST_TO_TIME},
    {"datetime", SW_CAST_TO_TIME},
};

static char lower(char c)
{
    return (char)(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
}

bool sw_name_same(struct sw_span a, struct sw_span b)
{
    if (a.length != b.length) {
        return false;
    }
    for (size_t i = 0; i < a.length; i++) {
        if (lower(a.data[i]) != lower(b.data[i])) {
            return false;
        }
    }
    return true;
}

size_t sw_name_distance(struct sw_span a, struct sw_span b, size_t most)
{
    size_t row[NAME_COMPARED_MAX + 1];
    if (a.length > NAME_COMPARED_MAX || b.length > NAME_COMPARED_MAX) {
        return most + 1;
    }
    for (size_t j = 0; j <= b.length; j++) {
        row[j] = j;
    }
    for (size_t i = 1; i <= a.length; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= b.length; j++) {
            size_t change = diagonal + (lower(a.data[i - 1]) == lower(b.data[j - 1]) ? 0 : 1);
            size_t step = (row[j] < row[j - 1] ? row[j] : row[j - 1]) + 1;
            diagonal = row[j];
            row[j] = change < step ? change : step;
        }
    }
    return row[b.length] > most ? most + 1 : row[b.length];
}

const struct sw_function *sw_function_find(struct sw_span name)
{
    for (size_t i = 0; i < sizeof functions / sizeof functions[0]; i++) {
        if (sw_name_same(name, sw_span_text(functions[i].name))) {
            return &functions[i];
        }
    }
    return NULL;
}

const char *sw_function_near(struct sw_span name)
{
    const char *best = NULL;
    size_t least = name.length < 4 ? 1 : 2;
    for (size_t i = 0; i < sizeof functions / sizeof functions[0]; i++) {
        size_t distance = sw_name_distance(name, sw_span_text(functions[i].name), least);
        if (distance <= least && (best == NULL || distance < least)) {
            best = functions[i].name;
            least = distance;
        }
    }
    return best;
}

bool sw_cast_find(struct sw_span name, enum sw_cast *cast)
{
    for (size_t i = 0; i < sizeof casts / sizeof casts[0]; i++) {
        if (sw_name_same(name, sw_span_text(casts[i].name))) {
            *cast = casts[i].cast;
            return true;
        }
    }
    return false;
}
