/* Dot commands that bring rows in and out. */
#include "shell/commands.h"
#include "shell/dump_command.h"
#include "shell/export_command.h"
#include "shell/import_command.h"

/* FILE TABLE, in the order in which one reads it at the prompt. */
bool command_import(struct command_line *line)
{
    return transfer_command_line(&import_kind, line, true);
}

bool command_export(struct command_line *line)
{
    return transfer_command_line(&export_kind, line, false);
}

bool command_dump(struct command_line *line)
{
    return transfer_command_line(&dump_kind, line, false);
}
