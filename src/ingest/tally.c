/* See tally.h. */
#include "ingest/tally.h"

#include "base/limits.h"

#define YEAR_FIRST  SW_FORMATS_OF(SW_ORDER_YMD)
#define DAY_FIRST   SW_FORMATS_OF(SW_ORDER_DMY)
#define MONTH_FIRST SW_FORMATS_OF(SW_ORDER_MDY)
#define SEPARATORS  3u
#define TIME_BYTES  64u

static bool is_digit(char byte)
{
    return byte >= '0' && byte <= '9';
}

static size_t skip_digits(struct sw_span text, size_t at)
{
    while (at < text.length && is_digit(text.data[at])) {
        at++;
    }
    return at;
}

static size_t skip_sign(struct sw_span text, size_t at)
{
    return at + (at < text.length && (text.data[at] == '-' || text.data[at] == '+'));
}

/* A number as people write it, whether or not a type holds it: 007, 1e999. */
static bool is_number(struct sw_span text)
{
    text = sw_infer_trim(text);
    size_t start = skip_sign(text, 0);
    size_t at = skip_digits(text, start);
    size_t digits = at - start;
    if (at < text.length && text.data[at] == '.') {
        size_t end = skip_digits(text, at + 1);
        digits += end - at - 1;
        at = end;
    }
    if (digits > 0 && at < text.length && (text.data[at] | 0x20) == 'e') {
        size_t first = skip_sign(text, at + 1);
        at = skip_digits(text, first);
        digits = at > first ? digits : 0;
    }
    return digits > 0 && at == text.length;
}

/* A time that were one without what it has behind the milliseconds? */
static bool is_fine_time(struct sw_span text)
{
    char cut[TIME_BYTES];
    text = sw_infer_trim(text);
    const char *point = text.length == 0 ? NULL : memchr(text.data, ':', text.length);
    point = point == NULL ? NULL : memchr(point, '.', text.length - (size_t)(point - text.data));
    if (point == NULL || text.length >= sizeof cut) {
        return false;
    }
    size_t from = (size_t)(point - text.data) + 1;
    size_t end = skip_digits(text, from);
    if (end <= from + 3) {
        return false;
    }
    memcpy(cut, text.data, from + 3);
    memcpy(cut + from + 3, text.data + end, text.length - end);
    bool has_time;
    return sw_moment_formats(sw_span_of(cut, from + 3 + text.length - end), &has_time) != 0;
}

static bool is_day_first(sw_formats formats)
{
    return (formats & DAY_FIRST) != 0 && (formats & MONTH_FIRST) == 0;
}

static bool is_month_first(sw_formats formats)
{
    return (formats & MONTH_FIRST) != 0 && (formats & DAY_FIRST) == 0;
}

static void add_moment(struct sw_tally *tally, struct sw_guess cell)
{
    for (unsigned i = 0; i < SW_FORMAT_COUNT; i++) {
        tally->format[i] += cell.formats >> i & 1;
    }
    tally->has_day_first |= is_day_first(cell.formats);
    tally->has_month_first |= is_month_first(cell.formats);
    if (cell.kind == SW_INFER_TIMESTAMP) {
        tally->with_time |= cell.formats;
    }
}

void sw_tally_add(struct sw_tally *tally, struct sw_span text, struct sw_guess cell)
{
    if (cell.kind == SW_INFER_NONE) {
        return;
    }
    tally->values++;
    switch (cell.kind) {
    case SW_INFER_BOOL:
        tally->bools++;
        break;
    case SW_INFER_INT:
        tally->ints++;
        tally->has_beyond_float |= cell.is_beyond_float;
        break;
    case SW_INFER_FLOAT:
        tally->floats++;
        break;
    case SW_INFER_DATE:
    case SW_INFER_TIMESTAMP:
        add_moment(tally, cell);
        break;
    case SW_INFER_STRING:
        tally->has_kept_number = tally->has_kept_number || is_number(text);
        tally->has_fine_time = tally->has_fine_time || is_fine_time(text);
        break;
    case SW_INFER_NONE:
    case SW_INFER_MAYBE:
        break;
    }
}

/* -- choosing --------------------------------------------------------------------------- */

/* May the format be the column's: is its order of day and month beyond doubt? */
static bool is_sure(const struct sw_tally *tally, unsigned format)
{
    sw_formats bit = (sw_formats)(1u << format);
    if ((bit & YEAR_FIRST) != 0) {
        return true;
    }
    bool is_dmy = (bit & DAY_FIRST) != 0;
    unsigned twin = is_dmy ? format + SEPARATORS : format - SEPARATORS;
    bool is_denied = is_dmy ? tally->has_month_first : tally->has_day_first;
    return !is_denied && tally->format[format] > tally->format[twin];
}

static void offer(struct sw_inferred *choice, uint64_t *most, enum sw_infer kind, uint64_t count)
{
    if (count > *most) {
        *most = count;
        *choice = (struct sw_inferred){.kind = kind};
    }
}

bool sw_tally_choose(const struct sw_tally *tally, struct sw_inferred *choice, uint64_t *misfits)
{
    uint64_t most = 0;
    *choice = (struct sw_inferred){.kind = SW_INFER_STRING};
    offer(choice, &most, SW_INFER_BOOL, tally->bools);
    if (!tally->has_kept_number && (tally->floats == 0 || !tally->has_beyond_float)) {
        offer(choice, &most, tally->floats == 0 ? SW_INFER_INT : SW_INFER_FLOAT,
              tally->ints + tally->floats);
    }
    for (unsigned i = 0; i < SW_FORMAT_COUNT && !tally->has_fine_time; i++) {
        if (is_sure(tally, i) && tally->format[i] > most) {
            bool has_time = (tally->with_time >> i & 1) != 0;
            offer(choice, &most, has_time ? SW_INFER_TIMESTAMP : SW_INFER_DATE, tally->format[i]);
            choice->formats = (sw_formats)(1u << i);
            choice->has_time = has_time;
        }
    }
    *misfits = tally->values - most;
    return choice->kind != SW_INFER_STRING;
}

bool sw_tally_is_hopeless(const struct sw_tally *tally)
{
    uint64_t most = tally->bools;
    uint64_t numbers = tally->has_kept_number ? 0 : tally->ints + tally->floats;
    most = numbers > most ? numbers : most;
    for (unsigned i = 0; i < SW_FORMAT_COUNT && !tally->has_fine_time; i++) {
        most = tally->format[i] > most ? tally->format[i] : most;
    }
    return tally->values - most > SW_EXCEPTIONS_MAX;
}

bool sw_tally_is_share(uint64_t misfits, uint64_t values)
{
    return misfits <= SW_EXCEPTIONS_MAX && values >= SW_EXCEPTION_VALUES_MIN &&
           misfits * SW_EXCEPTION_SHARE < values;
}

bool sw_tally_may_except(const struct sw_inferred *kind, struct sw_span text, struct sw_guess cell)
{
    switch (kind->kind) {
    case SW_INFER_BOOL:
        return true;
    case SW_INFER_INT:
    case SW_INFER_FLOAT:
        return cell.kind != SW_INFER_INT && cell.kind != SW_INFER_FLOAT && !is_number(text);
    case SW_INFER_DATE:
    case SW_INFER_TIMESTAMP:
        return (cell.formats & kind->formats) == 0 && !is_fine_time(text) &&
               !((kind->formats & DAY_FIRST) != 0 && is_month_first(cell.formats)) &&
               !((kind->formats & MONTH_FIRST) != 0 && is_day_first(cell.formats));
    case SW_INFER_NONE:
    case SW_INFER_MAYBE:
    case SW_INFER_STRING:
        break;
    }
    return false;
}
