/*
 * The main of a fuzzer that is built without libFuzzer: runs every file of the corpus folder given
 * as the argument through LLVMFuzzerTestOneInput and prints one line of TAP per file. A crash ends
 * the run before its plan is complete, which the runner counts as a failure.
 */
#include "support/fuzz.h"

#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Runs one file through the fuzzer; 0 when the file could be read. */
static int replay_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        return -1;
    }
    size_t size = 0;
    size_t room = 4096;
    uint8_t *data = malloc(room);
    while (data != NULL) {
        size += fread(data + size, 1, room - size, file);
        if (size < room) {
            break;
        }
        room *= 2;
        uint8_t *more = realloc(data, room);
        if (more == NULL) {
            free(data);
        }
        data = more;
    }
    fclose(file);
    if (data == NULL) {
        return -1;
    }
    /* An exact copy, so that ASan sees a read one byte past the end. */
    uint8_t *exact = malloc(size > 0 ? size : 1);
    if (exact != NULL) {
        memcpy(exact, data, size);
        LLVMFuzzerTestOneInput(exact, size);
    }
    free(exact);
    free(data);
    return exact != NULL ? 0 : -1;
}

static int is_visible(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: %s CORPUS_FOLDER\n", argv[0]);
        return 2;
    }
    struct dirent **entries = NULL;
    int n = scandir(argv[1], &entries, is_visible, alphasort);
    if (n <= 0) {
        printf("1..1\nnot ok 1 - %s has a corpus\n", argv[1]);
        return 1;
    }
    printf("1..%d\n", n);
    int failed = 0;
    for (int i = 0; i < n; i++) {
        char path[4096];
        snprintf(path, sizeof(path), "%s/%s", argv[1], entries[i]->d_name);
        fflush(stdout);
        int rc = replay_file(path);
        failed += rc != 0;
        printf("%s %d - replay %s\n", rc == 0 ? "ok" : "not ok", i + 1, entries[i]->d_name);
        free(entries[i]);
    }
    free(entries);
    return failed == 0 ? 0 : 1;
}
