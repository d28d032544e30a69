#include "ingest/sniff.h"

#include "support/test.h"

#include <stdio.h>
#include <string.h>

static void check_refused(const char *bytes, size_t length, const char *name)
{
    struct sw_err err = {0};
    assert_int_equal(sw_sniff_check(sw_span_of(bytes, length), &err), SW_UPLOAD);
    if (strstr(err.message, name) == NULL) {
        fail_msg("'%s' does not say '%s'", err.message, name);
    }
}

#define REFUSED(bytes, name) check_refused(bytes, sizeof(bytes) - 1, name)

static void known_formats_are_refused_by_name(void **state)
{
    (void)state;
    REFUSED("\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "PNG");
    REFUSED("\xff\xd8\xff\xe0\0\x10JFIF", "JPEG");
    REFUSED("GIF89a\1\0\1\0", "GIF");
    REFUSED("PAR1\x15\x04\x15", "Parquet");
    REFUSED("ARROW1\0\0\xff\xff", "Arrow");
    REFUSED("Obj\x01\x04\x16", "Avro");
    REFUSED("\x89HDF\r\n\x1a\n", "HDF5");
    REFUSED("SQLite format 3\0\x10\0", "SQLite");
    REFUSED("%PDF-1.7\n", "PDF");
    REFUSED("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\0\0", ".xls");
    REFUSED("PK\3\4\x14\0\6\0[Content_Types].xml........xl/workbook.xml", ".xlsx");
    REFUSED("PK\3\4\x14\0mimetypeapplication/vnd.oasis.opendocument.spreadsheet", ".ods");
    REFUSED("PK\3\4\x14\0data.csv", "zip");
    REFUSED("BZh91AY&SY", "bzip2");
    REFUSED("\xfd"
            "7zXZ\0",
            "xz");
    REFUSED("7z\xbc\xaf\x27\x1c\0", "7-Zip");
    REFUSED("\x7f"
            "ELF\2\1\1",
            "program");
    REFUSED("RDX3\nX\n\0\0", "R data");
    REFUSED("\x1f\x8b\x08\0", "gzip");
    REFUSED("  {\"a\": 1}", "JSON");
    REFUSED("[\n  {\"a\": 1}]", "JSON");
    REFUSED("\xef\xbb\xbf[[1, 2]]", "JSON");
    REFUSED("<!doctype HTML><html>", "web page");
    REFUSED("\n<?xml version=\"1.0\"?>", "XML");
    REFUSED("a\0,\0b\0\n\0001\0,\0002\0", "UTF-16");
    REFUSED("abc\0def\0\0\0\0\0", "binary");
    REFUSED("\1\2\3\4\5\6\7abc", "binary");
}

static void texts_that_only_look_a_little_like_them_are_taken(void **state)
{
    (void)state;
    static const char *const texts[] = {"ORCID,name\n",
                                        "PAR1,PAR2\n",
                                        "GIF8 size,x\n",
                                        "BZh,x\n",
                                        "[id],{name}\n",
                                        "{id},x\n",
                                        "%PDF,x\n",
                                        "RDX2,y\n",
                                        "PK,x\n",
                                        "<x>,y\n1,2\n",
                                        "a\tb\n",
                                        "",
                                        "x",
                                        "\xff\xfe"
                                        "a",
                                        "caf\xe9,x\n"};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct sw_err err = {0};
        if (sw_sniff_check(sw_span_text(texts[i]), &err) != SW_OK) {
            fail_msg("'%s' is refused: %s", texts[i], err.message);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_formats_are_refused_by_name),
        cmocka_unit_test(texts_that_only_look_a_little_like_them_are_taken),
    };
    return cmocka_run_group_tests_name("ingest/sniff", tests, NULL, NULL);
}
