#include "expr/pattern.h"

#include "expr/text.h"

/* What the next element of a pattern asks for. */
enum element_kind {
    ELEMENT_ANY_RUN, /* % or * */
    ELEMENT_ANY_ONE, /* _ or ? */
    ELEMENT_LITERAL,
    ELEMENT_CLASS,     /* [...] */
    ELEMENT_IMPOSSIBLE /* an escape at the end, an open [ */
};

struct element {
    enum element_kind kind;
    struct sw_span bytes; /* LITERAL: the character; CLASS: between the brackets */
    size_t length;        /* in the pattern */
};

struct matcher {
    struct sw_span text;
    struct sw_span pattern;
    struct sw_span escape;
    bool is_glob;
};

static struct sw_span character_at(struct sw_span text, size_t at)
{
    return sw_span_of(text.data + at, sw_text_step(text, at));
}

/* [..] from the bracket on: ^ first negates, ] first is itself. */
static struct element read_class(struct sw_span pattern, size_t at)
{
    size_t p = at + 1;
    if (p < pattern.length && pattern.data[p] == '^') {
        p++;
    }
    if (p < pattern.length && pattern.data[p] == ']') {
        p++;
    }
    while (p < pattern.length && pattern.data[p] != ']') {
        p++;
    }
    if (p >= pattern.length) {
        return (struct element){.kind = ELEMENT_IMPOSSIBLE, .length = pattern.length - at};
    }
    return (struct element){.kind = ELEMENT_CLASS,
                            .bytes = sw_span_of(pattern.data + at + 1, p - at - 1),
                            .length = p + 1 - at};
}

static struct element read_element(const struct matcher *m, size_t at)
{
    struct sw_span one = character_at(m->pattern, at);
    struct element element = {.kind = ELEMENT_LITERAL, .bytes = one, .length = one.length};
    char c = one.data[0];
    if (m->is_glob) {
        if (c == '[') {
            return read_class(m->pattern, at);
        }
        element.kind = c == '*' ? ELEMENT_ANY_RUN : c == '?' ? ELEMENT_ANY_ONE : ELEMENT_LITERAL;
        return element;
    }
    if (m->escape.length > 0 && sw_span_equal(one, m->escape)) {
        if (at + one.length >= m->pattern.length) {
            element.kind = ELEMENT_IMPOSSIBLE;
            return element;
        }
        element.bytes = character_at(m->pattern, at + one.length);
        element.length = one.length + element.bytes.length;
        return element;
    }
    element.kind = c == '%' ? ELEMENT_ANY_RUN : c == '_' ? ELEMENT_ANY_ONE : ELEMENT_LITERAL;
    return element;
}

/* A character's code point, for the ranges of a class; bytes that are no UTF-8 as they come. */
static uint32_t code_point(struct sw_span one)
{
    const unsigned char *b = (const unsigned char *)one.data;
    if (one.length == 1) {
        return b[0];
    }
    uint32_t code = one.length == 2 ? b[0] & 0x1fu : one.length == 3 ? b[0] & 0x0fu : b[0] & 0x07u;
    for (size_t i = 1; i < one.length; i++) {
        code = (code << 6) | (b[i] & 0x3fu);
    }
    return code;
}

static bool class_has(struct sw_span class, uint32_t wanted)
{
    size_t at = 0;
    bool is_negated = class.length > 0 && class.data[0] == '^';
    at += is_negated ? 1 : 0;
    bool is_in = false;
    bool has_prior = false;
    uint32_t prior = 0;
    while (at < class.length) {
        struct sw_span one = character_at(class, at);
        at += one.length;
        if (one.data[0] == '-' && has_prior && at < class.length) {
            struct sw_span last = character_at(class, at);
            at += last.length;
            is_in = is_in || (wanted >= prior && wanted <= code_point(last));
            has_prior = false;
        } else {
            bool is_first_bracket = one.data[0] == ']';
            prior = code_point(one);
            is_in = is_in || wanted == prior;
            has_prior = !is_first_bracket;
        }
    }
    return is_in != is_negated;
}

static unsigned char fold_case(char c)
{
    return (unsigned char)(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
}

static bool matches_one(const struct matcher *m, const struct element *element,
                        struct sw_span character)
{
    switch (element->kind) {
    case ELEMENT_ANY_ONE:
        return true;
    case ELEMENT_CLASS:
        return class_has(element->bytes, code_point(character));
    case ELEMENT_LITERAL:
        if (!m->is_glob && character.length == 1 && element->bytes.length == 1) {
            return fold_case(character.data[0]) == fold_case(element->bytes.data[0]);
        }
        return sw_span_equal(character, element->bytes);
    case ELEMENT_ANY_RUN:
    case ELEMENT_IMPOSSIBLE:
        break;
    }
    return false;
}

/* One pass; after a mismatch the last run of any characters takes one more. */
static bool match(const struct matcher *m)
{
    size_t t = 0;
    size_t p = 0;
    bool has_run = false;
    size_t run_pattern = 0;
    size_t run_text = 0;
    while (true) {
        bool is_step = false;
        if (p < m->pattern.length) {
            struct element element = read_element(m, p);
            if (element.kind == ELEMENT_ANY_RUN) {
                p += element.length;
                has_run = true;
                run_pattern = p;
                run_text = t;
                continue;
            }
            if (t < m->text.length) {
                struct sw_span character = character_at(m->text, t);
                is_step = matches_one(m, &element, character);
                t += is_step ? character.length : 0;
                p += is_step ? element.length : 0;
            }
        } else if (t == m->text.length || (has_run && run_pattern == m->pattern.length)) {
            return true;
        }
        if (!is_step) {
            if (!has_run || run_text >= m->text.length) {
                return false;
            }
            run_text += sw_text_step(m->text, run_text);
            t = run_text;
            p = run_pattern;
        }
    }
}

/* Only ASCII, no _: the texts between the % can be looked for as bytes. */
static bool is_simple(struct sw_span pattern)
{
    for (size_t i = 0; i < pattern.length; i++) {
        if (pattern.data[i] == '_' || (unsigned char)pattern.data[i] >= 0x80) {
            return false;
        }
    }
    return true;
}

static bool equals_folded(const char *text, const char *part, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if (fold_case(text[i]) != fold_case(part[i])) {
            return false;
        }
    }
    return true;
}

/* Where the first `part` at or after `from` ends, or SIZE_MAX. */
static size_t find_folded(struct sw_span text, size_t from, struct sw_span part)
{
    unsigned char first = part.length > 0 ? fold_case(part.data[0]) : 0;
    for (size_t at = from; at + part.length <= text.length; at++) {
        if (part.length == 0 || (fold_case(text.data[at]) == first &&
                                 equals_folded(text.data + at, part.data, part.length))) {
            return at + part.length;
        }
    }
    return SIZE_MAX;
}

/* The part before the next % at or after `from`. */
static struct sw_span next_part(struct sw_span pattern, size_t from)
{
    size_t end = from;
    while (end < pattern.length && pattern.data[end] != '%') {
        end++;
    }
    return sw_span_of(pattern.data + from, end - from);
}

static bool match_simple(struct sw_span text, struct sw_span pattern)
{
    struct sw_span part = next_part(pattern, 0);
    if (part.length > text.length || !equals_folded(text.data, part.data, part.length)) {
        return false;
    }
    if (part.length == pattern.length) {
        return text.length == part.length;
    }
    size_t at = part.length;
    size_t p = part.length + 1;
    while (true) {
        part = next_part(pattern, p);
        p += part.length + 1;
        if (p > pattern.length) { /* the last one stands at the end */
            size_t tail = text.length - part.length;
            return part.length <= text.length - at &&
                   equals_folded(text.data + tail, part.data, part.length);
        }
        at = find_folded(text, at, part);
        if (at == SIZE_MAX) {
            return false;
        }
    }
}

bool sw_pattern_like(struct sw_span text, struct sw_span pattern, struct sw_span escape)
{
    if (escape.length == 0 && is_simple(pattern)) {
        return match_simple(text, pattern);
    }
    struct matcher m = {text, pattern, escape, false};
    return match(&m);
}

bool sw_pattern_glob(struct sw_span text, struct sw_span pattern)
{
    struct matcher m = {text, pattern, {NULL, 0}, true};
    return match(&m);
}
