/* formulas: columns of a session's tables that follow others and `$inputs`: which inputs
 * they have, and computing them before something reads them (a kind of prepare.h).
 *
 * The formulas of a table's version have the inputs of now, or nobody has read them since
 * they had: a table whose formulas follow an input that has changed gets another version
 * at once where something has read them, else when something does.  Such a version has the
 * next number only where a client can see the difference.  Loop thread.               */
#ifndef SW_SESSION_FORMULAS_H
#define SW_SESSION_FORMULAS_H

#include "session/prepare.h"

extern const struct sw_preparer sw_formulas_preparer;

/* Inputs have other values. */
void sw_formulas_inputs_changed(struct sw_session *session);
/* Something is about to read the table: its formulas get the inputs of now. */
SW_MUST_USE sw_status sw_formulas_refresh(struct sw_session *session, struct sw_table *table,
                                          struct sw_err *err);
/* `version` (a reference is added) becomes the table's, numbered one up from the present one and
 * with the inputs of now. */
SW_MUST_USE sw_status sw_formulas_install(struct sw_session *session, struct sw_table *table,
                                          struct sw_version *version, struct sw_err *err);

#endif
