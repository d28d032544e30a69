/*
 * demo_data ROWS [SEED]: writes a CSV of orders to standard output, the same bytes for the same
 * arguments on every machine. Only integers are computed with (fixed point, no libm), so that no
 * rounding of a compiler or a C library shows.
 *
 *   id        1, 2, 3 ...
 *   time      sorted over the year 2025, milliseconds, with Z
 *   category  apples 10 %, oranges 20 %, figs 40 %, pineapples 30 %
 *   x         normal, its mean a little different for each category
 *   y         normal, correlated with x (0.6); 3 % are empty
 *   price     log-normal with a season, 2 decimals
 *   quantity  1 to 50, small ones more often
 *   station   10,000 values, the n-th about 1/n as frequent as the first; all of them occur in
 *             1,000,000 rows
 *   note      quoted text, some with commas, doubled quotes and line breaks
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    STATIONS = 10000,
    STATION_EVERY = 100, /* every so many rows the next station in turn, so that none is missing */
    STATION_STRIDE = 7919, /* prime to STATIONS: popularity does not follow the alphabet */
    Y_EMPTY_PERMILLE = 30,
    DAY_MS = 24 * 60 * 60 * 1000,
    YEAR_DAYS = 365,
    FIXED_ONE = 1 << 16,    /* 1.0 in the fixed-point numbers below */
    LOG2_STATIONS = 870833, /* log2(10000 + 1) in fixed point */
    CATEGORIES = 4,
};

static const char *const category_names[CATEGORIES] = {"apples", "oranges", "figs", "pineapples"};
static const unsigned category_percent_up_to[CATEGORIES] = {10, 30, 70, 100};
static const int category_x_shift[CATEGORIES] = {-6000, 2000, 0, 4000}; /* units of 0.0001 */

/* splitmix64 (Steele, Lea, Flood 2014). */
static uint64_t next_bits(uint64_t *state)
{
    *state += 0x9e3779b97f4a7c15u;
    uint64_t z = *state;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static uint32_t next_below(uint64_t *state, uint32_t limit)
{
    return (uint32_t)(((next_bits(state) >> 32) * limit) >> 32);
}

/* A normal variate in units of 0.0001: the sum of twelve uniforms less their mean. */
static int next_normal(uint64_t *state)
{
    int sum = 0;
    for (int i = 0; i < 3; i++) {
        uint64_t bits = next_bits(state);
        for (int part = 0; part < 4; part++) {
            sum += (int)((bits >> (16 * part)) & 0xffff);
        }
    }
    int64_t centred = (int64_t)sum - 6 * 65536;
    return (int)(centred * 10000 / 65536);
}

/* 2^(exponent / FIXED_ONE) in units of 1/65536, for exponents of 0 and more; error below 0.02 %. */
static uint64_t exp2_fixed(uint32_t exponent)
{
    uint64_t f = exponent & (FIXED_ONE - 1);
    uint64_t p = 5113;
    p = 14823 + (p * f >> 16);
    p = 45584 + (p * f >> 16);
    p = 65536 + (p * f >> 16);
    return p << (exponent >> 16);
}

static unsigned next_category(uint64_t *state)
{
    uint32_t percent = next_below(state, 100);
    unsigned category = 0;
    while (percent >= category_percent_up_to[category]) {
        category++;
    }
    return category;
}

/* About 12.00 in the middle, up by half in mid-year. Cents. */
static uint64_t next_price_cents(uint64_t *state, uint32_t day)
{
    uint32_t season = day < YEAR_DAYS / 2 ? day : YEAR_DAYS - day;
    int64_t log2_cents = (int64_t)10 * FIXED_ONE + 15000 + (int64_t)season * 200;
    log2_cents += (int64_t)next_normal(state) * 65536 / 10000 * 8 / 10;
    if (log2_cents < 0) {
        log2_cents = 0;
    }
    return (exp2_fixed((uint32_t)log2_cents) >> 16) + 1;
}

static unsigned next_station(uint64_t *state, uint64_t row)
{
    uint64_t rank = row / STATION_EVERY;
    uint32_t exponent = next_below(state, LOG2_STATIONS);
    if (row % STATION_EVERY != 0) {
        rank = (exp2_fixed(exponent) >> 16) - 1;
    }
    return (unsigned)((rank % STATIONS) * STATION_STRIDE % STATIONS);
}

static void print_time(FILE *out, uint64_t ms)
{
    static const unsigned char month_days[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    unsigned day = (unsigned)(ms / DAY_MS);
    unsigned rest = (unsigned)(ms % DAY_MS);
    unsigned month = 0;
    while (day >= month_days[month]) {
        day -= month_days[month];
        month++;
    }
    fprintf(out, "2025-%02u-%02uT%02u:%02u:%02u.%03uZ", month + 1, day + 1, rest / 3600000,
            rest / 60000 % 60, rest / 1000 % 60, rest % 1000);
}

/* A number in units of 0.0001, after a comma. */
static void print_decimal(FILE *out, int value)
{
    unsigned size = (unsigned)(value < 0 ? -value : value);
    fprintf(out, ",%s%u.%04u", value < 0 ? "-" : "", size / 10000, size % 10000);
}

static void print_note(FILE *out, uint64_t *state)
{
    uint32_t number = next_below(state, 500) + 1;
    switch (next_below(state, 10)) {
    case 0:
        fprintf(out, "\"crate %" PRIu32 ", paid in cash\"\n", number);
        break;
    case 1:
        fprintf(out, "\"they called it \"\"lot %" PRIu32 "\"\", twice\"\n", number);
        break;
    case 2:
        fprintf(out, "\"left at gate %" PRIu32 "\nring the bell\"\n", number);
        break;
    case 3:
        fprintf(out, "\"for caf\303\251 %" PRIu32 "\"\n", number);
        break;
    default:
        fprintf(out, "\"order %" PRIu32 "\"\n", number);
        break;
    }
}

static void print_row(FILE *out, uint64_t row, uint64_t rows, uint64_t *state)
{
    /* Each row has its own slice of the year and falls anywhere in it: sorted without sorting. */
    uint64_t year_ms = (uint64_t)YEAR_DAYS * DAY_MS;
    uint64_t from = (uint64_t)((unsigned __int128)year_ms * row / rows);
    uint64_t to = (uint64_t)((unsigned __int128)year_ms * (row + 1) / rows);
    uint64_t ms = from + (to > from ? next_bits(state) % (to - from) : 0);
    unsigned category = next_category(state);
    int x = next_normal(state);
    int y = (x * 6 + next_normal(state) * 8) / 10;
    int y_is_empty = next_below(state, 1000) < Y_EMPTY_PERMILLE;
    uint64_t cents = next_price_cents(state, (uint32_t)(ms / DAY_MS));
    uint32_t one = next_below(state, 50);
    uint32_t two = next_below(state, 50);

    fprintf(out, "%" PRIu64 ",", row + 1);
    print_time(out, ms);
    fprintf(out, ",%s", category_names[category]);
    print_decimal(out, x + category_x_shift[category]);
    if (y_is_empty) {
        putc(',', out);
    } else {
        print_decimal(out, y);
    }
    fprintf(out, ",%" PRIu64 ".%02u,%" PRIu32 ",S%04u,", cents / 100, (unsigned)(cents % 100),
            (one < two ? one : two) + 1, next_station(state, row));
    print_note(out, state);
}

/* True when text is a whole number from low to high. */
static int parse_number(const char *text, uint64_t low, uint64_t high, uint64_t *value)
{
    char *end = NULL;
    errno = 0;
    *value = strtoull(text, &end, 10);
    return text[0] >= '0' && text[0] <= '9' && *end == '\0' && errno == 0 && *value >= low &&
           *value <= high;
}

int main(int argc, char **argv)
{
    uint64_t rows = 0;
    uint64_t seed = 1;
    if (argc < 2 || argc > 3 || !parse_number(argv[1], 0, UINT64_C(10000000000), &rows) ||
        (argc == 3 && !parse_number(argv[2], 0, UINT64_MAX, &seed))) {
        fprintf(stderr, "usage: %s ROWS [SEED] > FILE    (at most 10,000,000,000 rows)\n", argv[0]);
        return 2;
    }
    static char buffer[1 << 20];
    setvbuf(stdout, buffer, _IOFBF, sizeof(buffer));
    puts("id,time,category,x,y,price,quantity,station,note");
    for (uint64_t row = 0; row < rows; row++) {
        print_row(stdout, row, rows, &seed);
    }
    if (fflush(stdout) != 0 || ferror(stdout)) {
        perror("demo_data");
        return 1;
    }
    return 0;
}
