/* pattern: LIKE and GLOB.  Both match greedily and go back to the last wildcard
 * only, so the work is at most the text's length times the pattern's, however
 * many wildcards there are.  Any thread, no allocation.                       */
#ifndef SW_EXPR_PATTERN_H
#define SW_EXPR_PATTERN_H

#include "base/span.h"

/* % any characters, _ one character; ASCII letters match in either case.  `escape` is one
 * character or empty.  */
bool sw_pattern_like(struct sw_span text, struct sw_span pattern, struct sw_span escape);
/* * any characters, ? one, [a-z] one of, [^a-z] none of; case matters. */
bool sw_pattern_glob(struct sw_span text, struct sw_span pattern);

#endif
