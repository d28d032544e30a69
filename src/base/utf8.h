/* utf8: well-formed UTF-8 (RFC 3629: no overlong forms, no surrogates, nothing
 * above U+10FFFF).  Any thread.                                               */
#ifndef SW_BASE_UTF8_H
#define SW_BASE_UTF8_H

#include "base/span.h"

/* Bytes of the character at the start of `text`, 1 to 4; 0 when it is not well-formed or cut. */
size_t sw_utf8_step(struct sw_span text);
bool sw_utf8_is_valid(struct sw_span text);
/* The longest part of at most `length` bytes, not ending within a character: for messages. */
struct sw_span sw_utf8_cut(struct sw_span text, size_t length);

#endif
