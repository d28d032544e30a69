/* A folder that a test made goes with all that is in it. */
#ifndef SW_TEST_FOLDER_H
#define SW_TEST_FOLDER_H

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static inline void test_remove_folder(const char *path)
{
    char inner[4400];
    DIR *folder = opendir(path);
    const struct dirent *entry;
    while (folder != NULL && (entry = readdir(folder)) != NULL) {
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) {
            snprintf(inner, sizeof(inner), "%s/%s", path, entry->d_name);
            if (unlink(inner) != 0) {
                test_remove_folder(inner);
            }
        }
    }
    if (folder != NULL) {
        closedir(folder);
        rmdir(path);
    }
}

#endif
