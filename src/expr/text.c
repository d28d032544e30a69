#include "expr/text.h"

size_t sw_text_characters(struct sw_span text)
{
    size_t count = 0;
    for (size_t at = 0; at < text.length; at += sw_text_step(text, at)) {
        count++;
    }
    return count;
}

/* Byte offset of the character with index `character`, at most the length. */
static size_t offset_of(struct sw_span text, size_t from, int64_t characters)
{
    size_t at = from;
    for (int64_t i = 0; i < characters && at < text.length; i++) {
        at += sw_text_step(text, at);
    }
    return at;
}

/* SQLite's steps, in 128 bits so that no start or count overflows. */
struct sw_span sw_text_part(struct sw_span text, int64_t start, bool has_count, int64_t count)
{
    __int128 first = start;
    __int128 wanted = has_count ? count : INT64_MAX;
    bool is_before = wanted < 0;
    wanted = is_before ? -wanted : wanted;
    if (first < 0) {
        first += (__int128)sw_text_characters(text);
        if (first < 0) {
            wanted = wanted + first < 0 ? 0 : wanted + first;
            first = 0;
        }
    } else if (first > 0) {
        first--;
    } else if (wanted > 0) {
        wanted--;
    }
    if (is_before) {
        first -= wanted;
        if (first < 0) {
            wanted += first;
            first = 0;
        }
    }
    size_t begin = offset_of(text, 0, (int64_t)(first > INT64_MAX ? INT64_MAX : first));
    size_t end = offset_of(text, begin, (int64_t)(wanted > INT64_MAX ? INT64_MAX : wanted));
    return sw_span_of(text.data + begin, end - begin);
}

/* Is text[at, at + length) a character of the set? */
static bool has_character(struct sw_span set, const char *character, size_t length)
{
    for (size_t at = 0; at < set.length;) {
        size_t step = sw_text_step(set, at);
        if (step == length && memcmp(set.data + at, character, length) == 0) {
            return true;
        }
        at += step;
    }
    return false;
}

/* A character of the set at the end of the text: its bytes, or 0. */
static size_t ends_with_one(struct sw_span text, struct sw_span set)
{
    for (size_t at = 0; at < set.length;) {
        size_t step = sw_text_step(set, at);
        if (step <= text.length &&
            memcmp(text.data + text.length - step, set.data + at, step) == 0) {
            return step;
        }
        at += step;
    }
    return 0;
}

struct sw_span sw_text_trim(struct sw_span text, struct sw_span set, enum sw_text_side side)
{
    if ((side & SW_TEXT_LEFT) != 0) {
        while (text.length > 0) {
            size_t step = sw_text_step(text, 0);
            if (!has_character(set, text.data, step)) {
                break;
            }
            text.data += step;
            text.length -= step;
        }
    }
    if ((side & SW_TEXT_RIGHT) != 0) {
        for (size_t step = ends_with_one(text, set); text.length > 0 && step > 0;
             step = ends_with_one(text, set)) {
            text.length -= step;
        }
    }
    return text;
}

int64_t sw_text_find(struct sw_span text, struct sw_span part)
{
    if (part.length == 0) {
        return 1;
    }
    if (text.length < part.length) {
        return 0;
    }
    const char *found = memmem(text.data, text.length, part.data, part.length);
    if (found == NULL) {
        return 0;
    }
    return (int64_t)sw_text_characters(sw_span_of(text.data, (size_t)(found - text.data))) + 1;
}

struct sw_scalar sw_text_lower(struct sw_span text, struct sw_pool *pool)
{
    char *into = sw_pool_alloc(pool, text.length);
    if (into == NULL) {
        return sw_scalar_null();
    }
    for (size_t i = 0; i < text.length; i++) {
        char c = text.data[i];
        into[i] = (char)(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
    }
    return sw_scalar_text(sw_span_of(into, text.length));
}

struct sw_scalar sw_text_upper(struct sw_span text, struct sw_pool *pool)
{
    char *into = sw_pool_alloc(pool, text.length);
    if (into == NULL) {
        return sw_scalar_null();
    }
    for (size_t i = 0; i < text.length; i++) {
        char c = text.data[i];
        into[i] = (char)(c >= 'a' && c <= 'z' ? c - ('a' - 'A') : c);
    }
    return sw_scalar_text(sw_span_of(into, text.length));
}

static char *put(char *into, struct sw_span text)
{
    if (text.length > 0) {
        memcpy(into, text.data, text.length);
    }
    return into + text.length;
}

struct sw_scalar sw_text_join(struct sw_span a, struct sw_span b, struct sw_pool *pool)
{
    size_t length = a.length + b.length;
    char *into = sw_pool_alloc(pool, length);
    if (into == NULL) {
        return sw_scalar_null();
    }
    put(put(into, a), b);
    return sw_scalar_text(sw_span_of(into, length));
}

static size_t count_parts(struct sw_span text, struct sw_span part)
{
    size_t count = 0;
    const char *end = text.data + text.length;
    const char *at = text.data;
    while (at < end) {
        const char *found = memmem(at, (size_t)(end - at), part.data, part.length);
        if (found == NULL) {
            break;
        }
        count++;
        at = found + part.length;
    }
    return count;
}

struct sw_scalar sw_text_replace(struct sw_span text, struct sw_span part, struct sw_span by,
                                 struct sw_pool *pool)
{
    size_t parts = text.length == 0 ? 0 : count_parts(text, part);
    if (parts == 0) {
        return sw_scalar_text(text);
    }
    size_t added;
    bool is_huge = __builtin_mul_overflow(parts, by.length, &added) || added > SIZE_MAX / 4;
    size_t length = is_huge ? SIZE_MAX / 2 : text.length - parts * part.length + added;
    char *into = sw_pool_alloc(pool, length);
    if (into == NULL) {
        return sw_scalar_null();
    }
    const char *at = text.data;
    const char *end = text.data + text.length;
    char *out = into;
    for (size_t i = 0; i < parts; i++) {
        const char *found = memmem(at, (size_t)(end - at), part.data, part.length);
        out = put(put(out, sw_span_of(at, (size_t)(found - at))), by);
        at = found + part.length;
    }
    put(out, sw_span_of(at, (size_t)(end - at)));
    return sw_scalar_text(sw_span_of(into, length));
}
