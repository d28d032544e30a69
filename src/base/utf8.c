#include "base/utf8.h"

static inline bool is_tail(unsigned char byte)
{
    return (byte & 0xc0) == 0x80;
}

/* Table 3-7 of the Unicode standard: only the second byte has ranges of its own. */
size_t sw_utf8_step(struct sw_span text)
{
    const unsigned char *at = (const unsigned char *)text.data;
    if (text.length == 0) {
        return 0;
    }
    if (at[0] < 0x80) {
        return 1;
    }
    if (at[0] < 0xc2 || at[0] > 0xf4 || text.length < 2) {
        return 0;
    }
    if (at[0] < 0xe0) {
        return is_tail(at[1]) ? 2 : 0;
    }
    if (text.length < 3 || !is_tail(at[1]) || !is_tail(at[2])) {
        return 0;
    }
    if (at[0] < 0xf0) {
        bool is_overlong = at[0] == 0xe0 && at[1] < 0xa0;
        bool is_surrogate = at[0] == 0xed && at[1] > 0x9f;
        return is_overlong || is_surrogate ? 0 : 3;
    }
    bool is_outside = (at[0] == 0xf0 && at[1] < 0x90) || (at[0] == 0xf4 && at[1] > 0x8f);
    return is_outside || text.length < 4 || !is_tail(at[3]) ? 0 : 4;
}

bool sw_utf8_is_valid(struct sw_span text)
{
    size_t at = 0;
    while (at < text.length) {
        size_t step = sw_utf8_step(sw_span_of(text.data + at, text.length - at));
        if (step == 0) {
            return false;
        }
        at += step;
    }
    return true;
}

struct sw_span sw_utf8_cut(struct sw_span text, size_t length)
{
    if (text.length <= length) {
        return text;
    }
    while (length > 0 && is_tail((unsigned char)text.data[length])) {
        length--;
    }
    return sw_span_of(text.data, length);
}
