#include "parser/ast_make.h"
#include "parser/parser_internal.h"

struct backup *backup_make(struct parser *parser, struct ssql_span span, struct slice path, struct copy_options options)
{
    struct backup *backup = arena_alloc(parser->arena, sizeof *backup);

    if (backup != NULL)
        *backup = (struct backup){.path = path, .span = span, .options = options.items, .option_count = options.count};
    return backup;
}

struct statement *statement_make_backup(struct parser *parser, struct backup *backup)
{
    struct statement *statement = statement_make(parser, STATEMENT_BACKUP);

    if (statement != NULL)
        statement->backup = backup;
    return statement;
}
