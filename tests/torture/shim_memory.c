/* Memory that ends, for builds without a sanitizer: of the program's own calls alone, since the
 * libraries have tests of their own. See shim.c. */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

bool torture_is_short_of_memory(void *caller);

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *block, size_t size);

void *malloc(size_t size)
{
    if (torture_is_short_of_memory(__builtin_return_address(0))) {
        errno = ENOMEM;
        return NULL;
    }
    return __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
    if (torture_is_short_of_memory(__builtin_return_address(0))) {
        errno = ENOMEM;
        return NULL;
    }
    return __libc_calloc(count, size);
}

void *realloc(void *block, size_t size)
{
    if (torture_is_short_of_memory(__builtin_return_address(0))) {
        errno = ENOMEM;
        return NULL;
    }
    return __libc_realloc(block, size);
}
