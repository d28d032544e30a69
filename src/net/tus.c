#include "net/tus.h"

#include "base/digest.h"
#include "base/limits.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#define NUMBER_DIGITS_MAX 18 /* fits 63 bits with room to add */

bool sw_tus_read_number(struct sw_span text, int64_t *number)
{
    if (text.length == 0 || text.length > NUMBER_DIGITS_MAX) {
        return false;
    }
    int64_t value = 0;
    for (size_t i = 0; i < text.length; i++) {
        if (text.data[i] < '0' || text.data[i] > '9') {
            return false;
        }
        value = value * 10 + (text.data[i] - '0');
    }
    *number = value;
    return true;
}

static int base64_value(char c)
{
    if (c >= 'A' && c <= 'Z') {
        return c - 'A';
    }
    if (c >= 'a' && c <= 'z') {
        return c - 'a' + 26;
    }
    if (c >= '0' && c <= '9') {
        return c - '0' + 52;
    }
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

bool sw_tus_decode_base64(struct sw_span text, struct sw_buf *bytes)
{
    if (text.length % 4 != 0) {
        return false;
    }
    size_t digits = text.length;
    while (digits > 0 && text.length - digits < 2 && text.data[digits - 1] == '=') {
        digits--;
    }
    uint32_t bits = 0;
    unsigned held = 0;
    size_t before = bytes->length;
    for (size_t i = 0; i < digits; i++) {
        int value = base64_value(text.data[i]);
        if (value < 0) {
            bytes->length = before;
            return false;
        }
        bits = (bits << 6 | (uint32_t)value) & 0xffffffu;
        held += 6;
        if (held >= 8) {
            held -= 8;
            sw_buf_put_byte(bytes, (char)(unsigned char)(bits >> held));
        }
    }
    return true;
}

static struct sw_span trim(struct sw_span text)
{
    while (text.length > 0 && (text.data[0] == ' ' || text.data[0] == '\t')) {
        text.data++;
        text.length--;
    }
    while (text.length > 0 &&
           (text.data[text.length - 1] == ' ' || text.data[text.length - 1] == '\t')) {
        text.length--;
    }
    return text;
}

/* Takes the next comma-separated part off `rest`; false: there is none left. */
static bool next_pair(struct sw_span *rest, struct sw_span *key, struct sw_span *value)
{
    if (rest->data == NULL) {
        return false;
    }
    const char *comma = rest->length > 0 ? memchr(rest->data, ',', rest->length) : NULL;
    struct sw_span pair = *rest;
    if (comma != NULL) {
        pair.length = (size_t)(comma - rest->data);
        *rest = sw_span_of(comma + 1, rest->length - pair.length - 1);
    } else {
        *rest = sw_span_of(NULL, 0);
    }
    pair = trim(pair);
    const char *space = pair.length > 0 ? memchr(pair.data, ' ', pair.length) : NULL;
    *key = pair;
    *value = sw_span_of("", 0);
    if (space != NULL) {
        key->length = (size_t)(space - pair.data);
        *value = trim(sw_span_of(space, pair.length - key->length));
    }
    return true;
}

static bool is_key(struct sw_span key)
{
    for (size_t i = 0; i < key.length; i++) {
        if (key.data[i] <= ' ' || key.data[i] > '~') {
            return false;
        }
    }
    return key.length > 0 && key.length <= SW_NAME_BYTES_MAX;
}

static bool comes_again(struct sw_span rest, struct sw_span wanted)
{
    struct sw_span key;
    struct sw_span value;
    while (next_pair(&rest, &key, &value)) {
        if (sw_span_equal(key, wanted)) {
            return true;
        }
    }
    return false;
}

sw_status sw_tus_check_metadata(struct sw_span metadata, struct sw_err *err)
{
    if (metadata.length == 0) {
        return SW_OK;
    }
    if (metadata.length > SW_METADATA_BYTES_MAX) {
        return sw_fail_limit(err, "metadata_bytes", (int64_t)metadata.length, SW_METADATA_BYTES_MAX,
                             "Send less Upload-Metadata.");
    }
    struct sw_span rest = metadata;
    struct sw_span key;
    struct sw_span value;
    struct sw_buf decoded;
    sw_buf_init(&decoded);
    sw_status status = SW_OK;
    for (unsigned pair = 1; status == SW_OK && next_pair(&rest, &key, &value); pair++) {
        if (!is_key(key)) {
            status = sw_fail(err, SW_PARAMS,
                             "Upload-Metadata: pair %u needs a key of visible ASCII "
                             "characters, then a space and the value in base64.",
                             pair);
        } else if (!sw_tus_decode_base64(value, &decoded)) {
            status =
                sw_fail(err, SW_PARAMS, "Upload-Metadata: the value of \"%.*s\" is not base64.",
                        (int)key.length, key.data);
        } else if (comes_again(rest, key)) {
            status = sw_fail(err, SW_PARAMS, "Upload-Metadata: the key \"%.*s\" comes twice.",
                             (int)key.length, key.data);
        }
    }
    sw_buf_fini(&decoded);
    return status;
}

bool sw_tus_find_metadata(struct sw_span metadata, const char *wanted, struct sw_buf *value)
{
    struct sw_span rest = metadata.length > 0 ? metadata : sw_span_of(NULL, 0);
    struct sw_span key;
    struct sw_span text;
    while (next_pair(&rest, &key, &text)) {
        if (sw_span_equal(key, sw_span_text(wanted))) {
            return sw_tus_decode_base64(text, value);
        }
    }
    return false;
}

static sw_status read_digest(struct sw_span text, size_t length, unsigned char *digest,
                             struct sw_err *err)
{
    struct sw_buf bytes;
    sw_buf_init(&bytes);
    bool is_right = sw_tus_decode_base64(text, &bytes) && !bytes.failed && bytes.length == length;
    if (is_right) {
        memcpy(digest, bytes.data, length);
    }
    sw_buf_fini(&bytes);
    return is_right ? SW_OK
                    : sw_fail(err, SW_PARAMS,
                              "Upload-Checksum: the digest must be %zu bytes in base64.", length);
}

sw_status sw_tus_read_checksum(struct sw_span text, enum sw_checksum *kind,
                               unsigned char digest[SW_DIGEST_BYTES_MAX], struct sw_err *err)
{
    text = trim(text);
    const char *space = text.length > 0 ? memchr(text.data, ' ', text.length) : NULL;
    if (space == NULL) {
        return sw_fail(err, SW_PARAMS,
                       "Upload-Checksum: wanted is an algorithm (" SW_TUS_CHECKSUMS
                       "), a space and the digest in base64.");
    }
    struct sw_span name = sw_span_of(text.data, (size_t)(space - text.data));
    struct sw_span value = trim(sw_span_of(space, text.length - name.length));
    if (sw_span_equal(name, sw_span_text("sha1"))) {
        *kind = SW_CHECKSUM_SHA1;
        return read_digest(value, SW_SHA1_BYTES, digest, err);
    }
    if (sw_span_equal(name, sw_span_text("sha256"))) {
        *kind = SW_CHECKSUM_SHA256;
        return read_digest(value, SW_SHA256_BYTES, digest, err);
    }
    return sw_fail(err, SW_PARAMS,
                   "Upload-Checksum: \"%.*s\" is unknown here; these are known: " SW_TUS_CHECKSUMS
                   ".",
                   name.length > 32 ? 32 : (int)name.length, name.data);
}

void sw_tus_put_date(char date[SW_HTTP_DATE_BYTES], int64_t wall_ms)
{
    static const char days[][4] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static const char months[][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    time_t seconds = (time_t)(wall_ms / 1000);
    struct tm tm;
    gmtime_r(&seconds, &tm);
    snprintf(date, SW_HTTP_DATE_BYTES, "%s, %02u %s %04u %02u:%02u:%02u GMT",
             days[(unsigned)tm.tm_wday % 7], (unsigned)tm.tm_mday % 100,
             months[(unsigned)tm.tm_mon % 12], ((unsigned)tm.tm_year + 1900) % 10000,
             (unsigned)tm.tm_hour % 100, (unsigned)tm.tm_min % 100, (unsigned)tm.tm_sec % 100);
}
