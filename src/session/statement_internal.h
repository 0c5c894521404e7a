/* statement_internal.h - what the three files of a prepared statement share: statement.c (plan and life),
 * statement_run.c, statement_parameter.c. Threads: the session's. */
#ifndef SSQL_SESSION_STATEMENT_INTERNAL_H
#define SSQL_SESSION_STATEMENT_INTERNAL_H

#include "session/statement.h"

/* Parses the text again and plans it against a schema. A failure leaves a statement that is planned again at the start
 * of its next run. */
MUST_CHECK bool prepared_plan_again(struct prepared *prepared, struct schema *schema, struct ssql_error *error);

/* Makes the places for parameters, all null, when the statement is planned for the first time. Fails with
 * SSQL_NO_MEMORY. */
MUST_CHECK bool prepared_create_parameters(struct prepared *prepared, const struct plan *plan,
                                           struct ssql_error *error);
void prepared_forget_parameters(struct prepared *prepared);

/* Gives all bound values the types that the plan wants. Fails with SSQL_TYPE_MISMATCH where one does not fit. */
MUST_CHECK bool prepared_fit_values(struct prepared *prepared, struct ssql_error *error);

#endif
