/* See sniff.h. A signature is long enough that no header of a CSV begins with it. */
#include "ingest/sniff.h"

#include <strings.h>

#define CONTROL_SHARE_MAX 20 /* one control byte in so many: no text */

struct signature {
    size_t offset;
    const char *bytes;
    size_t length;
    const char *message;
};

#define SIGNATURE(offset, bytes, message)         \
    {                                             \
        offset, bytes, sizeof(bytes) - 1, message \
    }

#define AS_CSV "; export the table as CSV and upload that."

static const struct signature signatures[] = {
    SIGNATURE(0, "\x89PNG\r\n", "This is a PNG image, not a table" AS_CSV),
    SIGNATURE(0, "\xff\xd8\xff", "This is a JPEG image, not a table" AS_CSV),
    SIGNATURE(0, "GIF87a", "This is a GIF image, not a table" AS_CSV),
    SIGNATURE(0, "GIF89a", "This is a GIF image, not a table" AS_CSV),
    SIGNATURE(0, "PAR1\x15", "This is a Parquet file" AS_CSV),
    SIGNATURE(0, "ARROW1\0", "This is an Arrow (Feather) file" AS_CSV),
    SIGNATURE(0, "FEA1\0", "This is a Feather file" AS_CSV),
    SIGNATURE(0, "Obj\x01", "This is an Avro file" AS_CSV),
    SIGNATURE(0, "\x89HDF", "This is an HDF5 file" AS_CSV),
    SIGNATURE(0, "SQLite format 3", "This is a SQLite database" AS_CSV),
    SIGNATURE(0, "%PDF-", "This is a PDF document, not a table" AS_CSV),
    SIGNATURE(0, "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
              "This is an old Office file (probably an Excel .xls workbook). Open it, save it as "
              "CSV, and upload the .csv file."),
    SIGNATURE(0, "{\\rtf", "This is an RTF document, not a table" AS_CSV),
    SIGNATURE(4, "1AY&SY", "This is a bzip2 file. Unpack it, or pack it with gzip or zstd."),
    SIGNATURE(0,
              "\xfd"
              "7zXZ",
              "This is an xz file. Unpack it, or pack it with gzip or zstd."),
    SIGNATURE(0, "7z\xbc\xaf\x27\x1c", "This is a 7-Zip archive. Unpack it and upload the CSV."),
    SIGNATURE(0, "Rar!\x1a\x07", "This is a RAR archive. Unpack it and upload the CSV."),
    SIGNATURE(0, "\x04\x22\x4d\x18", "This is an LZ4 file. Unpack it, or use gzip or zstd."),
    SIGNATURE(257, "ustar\0", "This is a tar archive. Unpack it and upload the CSV inside."),
    SIGNATURE(257, "ustar  ", "This is a tar archive. Unpack it and upload the CSV inside."),
    SIGNATURE(0,
              "\x7f"
              "ELF",
              "This is a program, not a table" AS_CSV),
    SIGNATURE(0, "RDX2\n", "This is an R data file" AS_CSV),
    SIGNATURE(0, "RDX3\n", "This is an R data file" AS_CSV),
    SIGNATURE(0, "\x1f\x8b", "This file is packed twice with gzip. Unpack it once."),
};

static bool holds(struct sw_span head, const char *text)
{
    return memmem(head.data, head.length, text, strlen(text)) != NULL;
}

static const char *what_zip(struct sw_span head)
{
    if (holds(head, "xl/")) {
        return "This is an Excel workbook (.xlsx). In Excel choose File, Save As, CSV UTF-8, and "
               "upload the .csv file.";
    }
    if (holds(head, "opendocument.spreadsheet")) {
        return "This is an OpenDocument spreadsheet (.ods). Save the sheet as CSV and upload that.";
    }
    if (holds(head, "[Content_Types].xml")) {
        return "This is an Office document, probably an Excel workbook (.xlsx). Save the sheet as "
               "CSV UTF-8 and upload the .csv file.";
    }
    return "This is a zip archive. Unpack it and upload the CSV inside (gzip and zstd are read as "
           "they are).";
}

static bool is_blank(char byte)
{
    return byte == ' ' || byte == '\t' || byte == '\n' || byte == '\r';
}

static struct sw_span skip_blanks(struct sw_span text)
{
    while (text.length > 0 && is_blank(text.data[0])) {
        text.data++;
        text.length--;
    }
    return text;
}

/* { or [ followed by what JSON has there; a header may begin with a bracket too. */
static bool is_json(struct sw_span text)
{
    if (text.length < 2 || (text.data[0] != '{' && text.data[0] != '[')) {
        return false;
    }
    const bool is_object = text.data[0] == '{';
    struct sw_span inner = skip_blanks(sw_span_of(text.data + 1, text.length - 1));
    if (inner.length == 0) {
        return false;
    }
    return is_object ? inner.data[0] == '"' || inner.data[0] == '}'
                     : inner.data[0] == '{' || inner.data[0] == '[' || inner.data[0] == ']';
}

static bool begins(struct sw_span text, const char *word)
{
    const size_t length = strlen(word);
    return text.length >= length && strncasecmp(text.data, word, length) == 0;
}

static const char *what_text(struct sw_span head)
{
    static const char bom[] = "\xef\xbb\xbf";
    if (head.length >= 3 && memcmp(head.data, bom, 3) == 0) {
        head.data += 3;
        head.length -= 3;
    }
    struct sw_span text = skip_blanks(head);
    if (is_json(text)) {
        return "This is JSON, not CSV. Convert it to a table with one line per row and upload "
               "that.";
    }
    if (begins(text, "<!doctype html") || begins(text, "<html")) {
        return "This is a web page, not a table. Perhaps a download led to a login or an error "
               "page.";
    }
    if (begins(text, "<?xml")) {
        return "This is XML, not CSV. Export the table as CSV and upload that.";
    }
    return NULL;
}

/* UTF-16 of mostly Latin text shows as a zero at every other byte. */
static bool is_utf16(struct sw_span head)
{
    size_t zeros[2] = {0, 0};
    for (size_t i = 0; i < head.length; i++) {
        zeros[i & 1] += head.data[i] == '\0';
    }
    const size_t half = head.length / 2;
    return (zeros[0] > half / 2 && zeros[1] <= half / 10) ||
           (zeros[1] > half / 2 && zeros[0] <= half / 10);
}

static const char *what_binary(struct sw_span head)
{
    size_t zeros = 0;
    size_t controls = 0;
    for (size_t i = 0; i < head.length; i++) {
        const unsigned char byte = (unsigned char)head.data[i];
        zeros += byte == 0;
        controls += byte < 0x20 && !is_blank((char)byte) && byte != '\f' && byte != 0x1b;
    }
    if (zeros > 0 && head.length >= 4 && is_utf16(head)) {
        return "This looks like UTF-16 without a byte order mark. Save it as UTF-8.";
    }
    if (zeros > 0 || controls * CONTROL_SHARE_MAX > head.length) {
        return "This is a binary file, not a text with a table" AS_CSV;
    }
    return NULL;
}

static const char *what(struct sw_span head)
{
    for (size_t i = 0; i < sizeof(signatures) / sizeof(signatures[0]); i++) {
        const struct signature *signature = &signatures[i];
        if (head.length >= signature->offset + signature->length &&
            memcmp(head.data + signature->offset, signature->bytes, signature->length) == 0) {
            return signature->message;
        }
    }
    if (head.length >= 4 && memcmp(head.data, "PK\x03\x04", 4) == 0) {
        return what_zip(head);
    }
    const bool has_utf16_mark = head.length >= 2 && (memcmp(head.data, "\xff\xfe", 2) == 0 ||
                                                     memcmp(head.data, "\xfe\xff", 2) == 0);
    if (has_utf16_mark) {
        return NULL;
    }
    const char *message = what_text(head);
    return message != NULL ? message : what_binary(head);
}

sw_status sw_sniff_check(struct sw_span head, struct sw_err *err)
{
    const char *message = what(head);
    return message == NULL ? SW_OK : sw_fail(err, SW_UPLOAD, "%s", message);
}
